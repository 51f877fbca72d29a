"""Whose birthday it is: a day on the customer's own calendar, and by the lunar one for those who keep that."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache

from lunar_python import LunarYear, Solar
from sqlalchemy import ColumnElement, Date, and_, cast, false, func, or_
from sqlmodel import Session, col, select

from domain.conditions.json_values import zone_of
from domain.customers.tables import Customer
from domain.published.library import Library


def born_on(session: Session, library: Library, at: datetime, *, after: int, limit: int) -> Sequence[int]:
    """The next customers, by id, for whom it is their birthday at an instant, where they live.

    Those of 29 February have it a day earlier in years without one. A lunar birthday is in the month of its number,
    never in a leap month beside it; one on the 30th is on the last day of a month that has 29.
    """
    birthday, lunar = (_text(name) for name in ("birthday", "birthday_lunar"))
    zone = zone_of(col(Customer.timezone), library.policy.timezone)
    today = cast(func.timezone(zone, at), Date)
    days = [at.date() + timedelta(days=shift) for shift in (-1, 0, 1)]
    born = or_(
        *(and_(today == day, or_(_is_one_of(birthday, _solar(day)), _is_one_of(lunar, _lunar(day)))) for day in days)
    )
    query = (
        select(Customer.id)
        .where(Customer.id > after, col(Customer.merged_into).is_(None), born)
        .order_by(col(Customer.id))
        .limit(limit)
    )
    return session.exec(query).all()


def _text(name: str) -> ColumnElement[str]:
    text: ColumnElement[str] = col(Customer.fields)[name].astext
    return text


def _is_one_of(birthday: ColumnElement[str], days: Sequence[str]) -> ColumnElement[bool]:
    """Whether the day is one of these, with a year or without (`1992-03-05`, `--03-05`, `03-05`)."""
    return birthday.regexp_match(f"^(.*-)?({'|'.join(days)})$") if days else false()


def _solar(day: date) -> Sequence[str]:
    days = [f"{day:%m-%d}"]
    return [*days, "02-29"] if days == ["02-28"] and (day + timedelta(days=1)).day == 1 else days


@cache
def _lunar(day: date) -> Sequence[str]:
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    month, number = lunar.getMonth(), lunar.getDay()
    if month < 0:
        return []
    length = LunarYear.fromYear(lunar.getYear()).getMonth(month).getDayCount()
    return [f"{month:02}-{each:02}" for each in range(number, 31 if number == length else number + 1)]
