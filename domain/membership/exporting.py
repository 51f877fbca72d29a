"""A segment as a table for people: its customers, what names them and which tags they have."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from domain.membership.previewing import members
from domain.published.library import Library
from workflows.terms.conditions import Condition

HEAD = ["编号 id", "姓名 name", "手机号 phone", "其他标识 identifiers", "标签 tags", "订单 orders", "消费(元) spent"]
BOM = "\ufeff"
"""By which Excel knows that a CSV is UTF-8."""

PAGE = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(session: Session, library: Library, condition: Condition, now: datetime) -> Iterator[list[str]]:
    """The head, and a row for each customer for whom it holds, by id; read in pages. Raises TooSlowError."""
    ids = members(session, library, condition, now)
    yield HEAD
    for start in range(0, len(ids), PAGE):
        for row in session.connection().execute(_ROWS, {"ids": list(ids[start : start + PAGE]), "now": now}):
            yield [cell(value) for value in row]


def cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula."""
    shown = "" if value is None else str(value)
    is_phone = shown.startswith("+") and shown[1:].isdecimal()
    return f"'{shown}" if shown.startswith(_FORMULA) and not is_phone else shown


_ROWS = text("""
SELECT customers.id, name,
    (SELECT string_agg(value, '; ' ORDER BY value) FROM identifiers
     WHERE customer_id = customers.id AND kind = 'phone'),
    (SELECT string_agg(kind || ':' || value, '; ' ORDER BY kind, value) FROM identifiers
     WHERE customer_id = customers.id AND kind NOT IN ('phone', 'device_id:unnamed')),
    (SELECT string_agg(tag, '; ' ORDER BY tag) FROM customer_tags
     WHERE customer_id = customers.id AND (until IS NULL OR until > :now)),
    (SELECT count(*) FROM orders WHERE customer_id = customers.id AND (refunded < total OR total = 0)),
    (SELECT round(coalesce(sum(total - refunded), 0) / 100.0, 2) FROM orders WHERE customer_id = customers.id)
FROM customers WHERE id = ANY (CAST(:ids AS bigint[])) ORDER BY id
""")
