"""Commands about what will be sold."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import say, table, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.forecast.evaluate import Measured

app = typer.Typer(help="What will be sold.", no_args_is_help=True)

LEAST = 56
"""Days before those that are tested, of which fewer teach too little."""


@app.callback()
def forecast() -> None:
    """What will be sold."""


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="A CSV: a column a product, a row a day.")],
    calendar: Annotated[
        Path | None, typer.Option(help="A CSV of the days: `date`, `is_closed`, and what else is known beforehand.")
    ] = None,
    test: Annotated[str, typer.Option(help="The last part of the days, like 30%, or so many days.")] = "30%",
    quantiles: Annotated[str, typer.Option(help="Quantiles, with commas between them.")] = ".5,.75,.9",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how good the forecast would have been, one day ahead, beside simple ways to the same."""
    from domain.forecast.evaluate import evaluate as measure
    from runtime.imports.demand import read_demand

    taus = _quantiles(quantiles)
    series = read_demand(file, calendar)
    tested = _tested(test, series.history.days)
    measured = measure(series.history, tested, taus)
    if as_json:
        first = series.history.days - tested
        day = series.history.first.toordinal() + first
        report: dict[str, Any] = {
            "products": list(series.products),
            "days": series.history.days,
            "tested": tested,
            "tested_from": type(series.history.first).fromordinal(day).isoformat() if series.dated else None,
            "calendar": {"used": list(series.history.flag_names), "unused": list(series.unused)},
            "quantiles": [_as_json(each, series.products) for each in measured],
        }
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
        return
    shown = table("quantile", "loss / mean demand", "coverage", *measured[0].baselines)
    for each in measured:
        others = [_figure(loss) for loss, _ in each.baselines.values()]
        shown.add_row(f"{each.quantile:g}", _figure(each.loss), _figure(each.coverage), *others)
    CONSOLE.print(shown)
    for each in measured:
        for worse in _loses(each, series.products):
            of, to = f"{worse['product']}, {each.quantile:g}", told(worse["to"])
            say(f"loses: {of}: {worse['pinball']}, {to} {worse['its_pinball']}")
    if series.unused:
        say(f"columns that are not known the day before, and so not used: {', '.join(series.unused)}")


def _quantiles(text: str) -> list[float]:
    try:
        taus = sorted({float(part) for part in text.split(",")})
    except ValueError:
        taus = []
    if not taus or not all(0 < tau < 1 for tau in taus):
        raise StartError(f"--quantiles {text} must be numbers between 0 and 1, like .5,.75,.9")
    return taus


def _tested(text: str, days: int) -> int:
    """The days to test: the model and its baselines learn from all that are before, floor(days · (1 - part))."""
    try:
        tested = days - math.floor(days * (1 - float(text[:-1]) / 100) + 1e-9) if text.endswith("%") else int(text)
    except (ValueError, OverflowError):
        raise StartError(f"--test {text} must be a part like 30%, or a number of days") from None
    if tested < 1:
        raise StartError(f"--test {text} leaves no day to test")
    if days - tested < LEAST:
        raise StartError(f"--test {text} leaves {days - tested} days to learn from; {LEAST} are needed")
    return tested


def _loses(each: "Measured", products: "Sequence[str]") -> list[dict[str, Any]]:
    """Where a simple way did better, by product."""
    return [
        {"product": product, "to": name, "pinball": round(ours, 4), "its_pinball": round(its, 4)}
        for name, (_, losses) in each.baselines.items()
        for product, ours, its in zip(products, each.by_product.tolist(), losses.tolist(), strict=True)
        if round(its, 4) < round(ours, 4)
    ]


def _as_json(each: "Measured", products: "Sequence[str]") -> dict[str, Any]:
    by_product = dict(zip(products, map(_number, each.by_product.tolist()), strict=True))
    return {
        "quantile": each.quantile,
        "pinball": _number(each.loss),
        "coverage": _number(each.coverage),
        "baselines": {name: _number(loss) for name, (loss, _) in each.baselines.items()},
        "by_product": by_product,
        "loses": _loses(each, products),
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
