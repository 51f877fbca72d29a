"""Measures in SQL: what `workflows.terms.measuring` works out, over a table of values."""

from decimal import Decimal
from typing import Any

from sqlalchemy import FromClause, Numeric, case, cast, func, literal, not_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from domain.conditions.json_values import Json, Value, is_a, itself_or_items, present
from workflows.terms.measuring import DIGITS


def work_out(function: str, rows: FromClause) -> Json:
    """What a measure comes to, as JSON; NULL where there is nothing to work it out of.

    `rows` have a `place` and the `value` of the argument in JSON; of `share`, 1 or 0.
    """
    value, place = rows.c.value, rows.c.place
    match function:
        case "count":
            return _json(select(func.count()).select_from(rows))
        case "share":
            return _json(select(_average(cast(value, Numeric))).select_from(rows))
        case "latest" | "first":
            order = place.desc() if function == "latest" else place
            return select(value).where(present(Value(value))).order_by(order).limit(1).scalar_subquery()
    parts = itself_or_items(value)
    part = parts.c.value
    over_parts = rows.join(parts, true())
    if function == "distinct":
        different = select(func.count(part.distinct())).select_from(over_parts).where(not_(is_a(part, "null")))
        return _json(different)
    number = case((is_a(part, "number"), cast(part, Numeric)))
    worked_out = {
        "sum": func.coalesce(func.sum(number), 0),
        "average": _average(number),
        "min": func.min(number),
        "max": func.max(number),
    }[function]
    return _json(select(worked_out).select_from(over_parts))


def _average(number: Any) -> Any:
    return average(func.sum(number), func.count(number))


def average(total: Any, count: Any) -> Any:
    """A total by a count: exact, then rounded, a half away from zero; NULL of nothing."""
    total = cast(total, Numeric)
    scaled = total * 2 * 10**DIGITS + func.sign(total) * count
    return func.div(scaled, func.nullif(2 * count, 0)) * literal(Decimal(1).scaleb(-DIGITS), Numeric)


def _json(query: Any) -> Json:
    return func.to_jsonb(query.scalar_subquery(), type_=JSONB)
