"""Commands about suppliers and what they bring."""

import json
from pathlib import Path
from typing import Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.forecast import LEAST
from runtime.cli.shared import say, table

app = typer.Typer(help="Suppliers, and what they bring.", no_args_is_help=True)

MOST_DAYS, MOST_PRODUCTS = 730, 5_000


@app.callback()
def supply() -> None:
    """Suppliers, and what they bring."""


@app.command()
def simulate(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days to play.")] = 90,
    products: Annotated[int, typer.Option(min=1, max=MOST_PRODUCTS, help="Of the shipped scenario.")] = 60,
    demand: Annotated[Path | None, typer.Option(help="A CSV of recorded demand in place of the scenario.")] = None,
    calendar: Annotated[Path | None, typer.Option(help="A CSV of its days, as for a forecast.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Play days of stock under the plan with the supplier, beside today's rule and a fixed minimum and maximum."""
    from domain.supply.simulating import RULES, SUPPLIER, TERMS, recorded, shipped
    from domain.supply.simulating import simulate as play
    from runtime.imports.demand import read_demand

    if calendar is not None and demand is None:
        raise StartError("--calendar tells of the days of --demand; give both")
    if demand is None:
        scenario = shipped(products, days)
    else:
        series = read_demand(demand, calendar)
        if series.history.days - days < LEAST:
            left = series.history.days - days
            raise StartError(f"--days {days} leaves {left} days to learn from; {LEAST} are needed")
        scenario = recorded(series.history, series.products, days, TERMS, SUPPLIER)
    outcomes = [play(scenario, days, name, rule) for name, rule in RULES]
    if as_json:
        told = [
            {
                "rule": each.rule,
                "fill_rate": round(each.fill, 4),
                "turnover_days": round(each.turnover, 2),
                "expired_units": each.expired,
                "expired_rate": round(each.wasted, 5),
                "sold_units": each.sold,
                "orders": each.orders,
            }
            for each in outcomes
        ]
        typer.echo(json.dumps({"days": days, "products": len(scenario.skus), "rules": told}, indent=2))
        return
    shown = table("rule", "fill rate", "turnover (days)", "expired", "expired / sold", "orders")
    for each in outcomes:
        shown.add_row(
            each.rule,
            f"{each.fill:.2%}",
            f"{each.turnover:.1f}",
            f"{each.expired:g}",
            f"{each.wasted:.2%}",
            str(each.orders),
        )
    CONSOLE.print(shown)
    say(f"{len(scenario.skus)} products, {days} days")
