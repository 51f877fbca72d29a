"""Measures: one number, or one value, worked out of many. The database does it alike."""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

from workflows.terms.comparing import as_number, canonical

FUNCTIONS = ("sum", "count", "average", "min", "max", "latest", "first", "distinct", "share")
MOST_EVENTS = 1000
"""How many events of one customer a measure looks at, the newest ones."""
DIGITS = 6
"""Averages and shares are rounded to so many places."""

_EXACT = Context(prec=2000)


def work_out(function: str, values: Sequence[Any]) -> Any:
    """What a measure comes to; None where there is nothing to work it out of.

    `values` are what its argument is in each row, oldest first: of `count` and `share`, whether the row counts.
    `sum`, `average`, `min` and `max` go by numbers and pass over anything else.
    """
    match function:
        case "count":
            return len(values)
        case "share":
            return _average([int(value) for value in values])
        case "latest" | "first":
            known = [value for value in values if value is not None and value != []]
            return (known[-1] if function == "latest" else known[0]) if known else None
        case "distinct":
            return len({canonical(part) for part in _parts(values)})
    numbers = [number for part in _parts(values) if (number := as_number(part)) is not None]
    match function:
        case "sum":
            return _total(numbers)
        case "average":
            return _average(numbers)
        case "min":
            return min(numbers, default=None)
    return max(numbers, default=None)


def plain_number(value: Decimal) -> int | float:
    """A number as JSON and texts have it."""
    return int(value) if value == value.to_integral_value() else float(value)


def _parts(values: Sequence[Any]) -> Iterator[Any]:
    """The values, and the items of those that are lists."""
    for value in values:
        yield from (part for part in (value if isinstance(value, list) else [value]) if part is not None)


def _total(numbers: Sequence[int | Decimal]) -> Decimal:
    return reduce(_EXACT.add, map(Decimal, numbers), Decimal(0))


def _average(numbers: Sequence[int | Decimal]) -> Decimal | None:
    """Rounded, a half away from zero."""
    if not numbers:
        return None
    scaled = Fraction(_total(numbers)) * 10**DIGITS / len(numbers)
    rounded = int(abs(scaled) + Fraction(1, 2))
    return Decimal(rounded if scaled >= 0 else -rounded).scaleb(-DIGITS, _EXACT)
