"""Commands about suppliers and what they bring."""

import json
from pathlib import Path
from typing import Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.forecast import LEAST
from runtime.cli.shared import Data, database, existing, record, say, table

app = typer.Typer(help="Suppliers, and what they bring.", no_args_is_help=True)

MOST_DAYS, MOST_PRODUCTS = 730, 5_000


@app.callback()
def supply() -> None:
    """Suppliers, and what they bring."""


@app.command()
def link(
    supplier: Annotated[str, typer.Argument(help="As `_supply.yaml` names it.")],
    data: Data = None,
    url: Annotated[str, typer.Option(help="Where the API is reached by the supplier.")] = "http://127.0.0.1:8000",
) -> None:
    """Make a link to a supplier's page. Whoever has it can read that and answer for the supplier, for half a year."""
    from urllib.parse import quote

    from api.http.page_links import SUPPLIERS
    from domain.published.library import read_library
    from runtime.platform.environment import environment_value

    with database(data) as db, db() as session:
        if supplier not in read_library(session).supply.suppliers:
            raise StartError(f"there is no supplier {supplier} in the published terms")
    key = environment_value(data, "AFTERSHOW_SIGNING_KEY")
    say(f"{url.rstrip('/')}/supplier/{quote(supplier, safe='')}?token={SUPPLIERS.sign(key, supplier)}")


@app.command()
def answer(
    plan: Annotated[int, typer.Argument(min=1, help="The plan's number.")],
    file: Annotated[Path, typer.Argument(help="A sheet or CSV: sku, quantity; only what changes.")],
    data: Data = None,
) -> None:
    """Take a supplier's answer from a file; the products that it doesn't name come as they were asked for."""
    from domain.published.library import read_library
    from domain.supply.answers import AnswerError
    from domain.supply.planning import ClosedError, take_answer
    from domain.supply.tables import SupplyPlan
    from runtime.imports.answers import read_answer
    from runtime.platform.stored_clock import clock_of
    from workflows.language.supply import Supplier

    existing(file)
    with database(data) as db, db.begin() as work:
        asked = work.get(SupplyPlan, plan)
        if asked is None:
            raise StartError(f"there is no plan {plan}")
        terms = read_library(work).supply.suppliers.get(asked.supplier, Supplier()).products
        changes = read_answer(file, {sku: each.pack for sku, each in terms.items()})
        try:
            taken = take_answer(work, plan, "change" if changes else "confirm", changes, clock_of(db).now())
        except AnswerError as wrong:
            raise StartError(f"{file}: {wrong.field} {wrong.reason}") from None
        except ClosedError as closed:
            raise StartError(f"plan {plan} can't be answered: {closed}") from None
        status = taken.status
        record(work, "supply.answer", f"supply_plan:{plan}", after={"status": status})
    say(f"plan {plan}: {status}")


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
