"""The customers of journeys and experiments, by the day on which their windows closed: what is compared is summed here.

Units are customers: the first enrollment of each counts, and only once its window is over, which begins with what the
customer entered on (an event may be told late) and ends with the goal's time (after 30 days without a goal). Revenue is
what was paid within the window less refunds, in fen.

The sums are kept as of each night, whole, so that late events and refunds correct past days; `aftershow metric rebuild`
does the same at once. Of journeys that few entered those of the holdout are, for the list of all journeys alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, DateTime, Float, Numeric, String, case, cast, column, delete, func, select, text
from sqlmodel import Session, col

from domain.conditions.json_values import is_a
from domain.conditions.sql import measured_between
from domain.customers.tables import Customer
from domain.insight import statistics
from domain.insight.splits import experiments_of, split_of
from domain.insight.statistics import Moments, Sample
from domain.insight.tables import JourneyTotal, UnitDay
from domain.published.library import read_library
from domain.store.bulk import as_json
from workflows.terms.conditions import Measure

WITHOUT_GOAL = timedelta(days=30)
BEFORE = timedelta(days=90)
"""The revenue of so long before a customer's entry is taken off what they differ in anyhow (CUPED)."""

KEPT_FROM = 20_000
"""Entries of a journey from which whoever looks at it sees what is kept; of fewer it is counted then."""

EVER = datetime.min.replace(tzinfo=UTC)
HOLDOUT = ""
"""In place of a split: those held out beside the others."""

ALL = ""
"""In place of a journey: all of them together."""


@dataclass(frozen=True)
class Group:
    """Customers who are compared: how many, in how many the window is still open, and what came of the others.

    `first` is when the first of them came in.
    """

    name: str
    still_open: int
    reached: Sample
    revenue: Sample
    plain_revenue: Sample
    first: datetime | None = None

    @property
    def n(self) -> int:
        """The customers whose window is over."""
        return self.reached.n


class Part(NamedTuple):
    """Customers of a group whose windows closed on a day of the business, or are still open (None), and their sums."""

    name: str
    day: date | None
    n: int
    reached: int
    paid: float
    paid_squares: float
    before: float
    before_squares: float
    product: float
    first: datetime


class Totals(NamedTuple):
    """How often a journey was entered, since when, the messages, and what is owed to them, in fen."""

    entered: int
    first: datetime | None
    sent: int
    clicked: int
    orders: int
    revenue: int


_WINDOWS = """
, windows AS (
    SELECT unit.name, anchor AS at, unit.customer_id, coalesce(enrollments.goal_until, anchor + :without) AS until,
        (enrollments.ending = 'goal' OR enrollments.converted_at IS NOT NULL) AS reached
    FROM unit JOIN enrollments ON enrollments.id = unit.enrollment_id
    WHERE unit.at >= :since
)"""
_UNITS = (
    _WINDOWS
    + """, measured AS (
    SELECT name, at, CASE WHEN until <= :now THEN (until AT TIME ZONE :zone)::date END AS day,
        coalesce(reached, false)::int AS reached,
        (SELECT coalesce(sum(total - refunded), 0)::float8 FROM orders
            WHERE orders.customer_id = windows.customer_id AND paid_at > windows.at AND paid_at <= until) AS paid,
        (SELECT coalesce(sum(total - refunded), 0)::float8 FROM orders WHERE orders.customer_id = windows.customer_id
            AND paid_at <= windows.at AND paid_at > windows.at - CAST(:before AS interval)) AS paid_before
    FROM windows
)
SELECT name, day, count(*), sum(reached), sum(paid), sum(paid * paid), sum(paid_before),
    sum(paid_before * paid_before), sum(paid * paid_before), min(at)
FROM measured GROUP BY name, day ORDER BY name, day
"""
)
_HELD_OUT = text(
    """
WITH unit AS (
    SELECT DISTINCT ON (customer_id) customer_id, enrollment_id, at,
        CASE WHEN reason = 'holdout' OR (reason IS NOT NULL AND CAST(:journey AS text) IS NOT NULL) THEN 'held out'
            ELSE 'treated' END AS name
    FROM trail WHERE what = 'entered' AND (CAST(:journey AS text) IS NULL OR journey = :journey)
    ORDER BY customer_id, id
)"""
    + _UNITS
)
_OF_VARIANTS = """
WITH given AS (
    SELECT DISTINCT ON (customer_id) customer_id, enrollment_id, at, value AS name
    FROM trail WHERE what = 'variant' AND journey = :journey
        AND (step = :step OR right(step, length(:step) + 1) = '.' || :step)
    ORDER BY customer_id, id
), unit AS (
    SELECT * FROM given WHERE NOT EXISTS (
        SELECT FROM trail WHERE trail.customer_id = given.customer_id AND trail.enrollment_id = given.enrollment_id
            AND trail.what = 'entered' AND trail.reason IS NOT NULL)
        AND EXISTS (SELECT FROM enrollments
            WHERE enrollments.id = given.enrollment_id AND enrollments.plan_id = ANY (:plans))
)"""
_VARIANTS = text(_OF_VARIANTS + _UNITS)
_OVER = text(_OF_VARIANTS + _WINDOWS + " SELECT name, customer_id, at, until FROM windows WHERE until <= :now")
_TOTALS = text("""
WITH entries AS (
    SELECT at FROM trail WHERE what = 'entered' AND journey = :journey AND at >= :since
)
SELECT (SELECT count(*) FROM entries), (SELECT min(at) FROM entries),
    (SELECT count(*) FROM messages WHERE journey = :journey AND called_at >= :since
        AND status IN ('pending_staff', 'sent', 'delivered', 'read')),
    (SELECT count(*) FROM messages WHERE journey = :journey AND called_at >= :since AND EXISTS (
        SELECT FROM events WHERE events.customer_id = messages.customer_id AND events.type = 'message.clicked'
            AND events.data->>'message' = messages.id::text)),
    count(*), coalesce(sum(total - refunded), 0)::bigint
FROM attributions JOIN orders USING (order_id)
WHERE attributions.journey = :journey AND attributions.paid_at >= :since
""")
_OF_SPLIT = "FROM unit_days WHERE journey = :journey AND step = :step AND plans = CAST(:plans AS jsonb)"
_KEPT_BY_DAY = text(f"SELECT {', '.join(Part._fields)} {_OF_SPLIT} ORDER BY name, day")
_KEPT = text(f"""
SELECT name, max(day), sum(n)::bigint, sum(reached)::bigint, sum(paid), sum(paid_squares), sum(before),
    sum(before_squares), sum(product), min(first)
{_OF_SPLIT} GROUP BY name, day IS NULL ORDER BY name, day IS NULL
""")
_KEPT_HOLDOUTS = text("""
SELECT journey, name, max(day), sum(n)::bigint, sum(reached)::bigint, sum(paid), sum(paid_squares), sum(before),
    sum(before_squares), sum(product), min(first)
FROM unit_days WHERE step = '' AND journey <> '' GROUP BY journey, name, day IS NULL ORDER BY journey, name, day IS NULL
""")
_ENTERED = text("SELECT journey, count(*) >= :least FROM enrollments GROUP BY journey ORDER BY journey")


def held_out_parts(session: Session, journey: str | None, now: datetime, since: datetime | None = None) -> list[Part]:
    """Those held out and the others; without a journey those of all, by the global holdout alone."""
    return _parts(session, _HELD_OUT, {"journey": journey}, now, since)


def variant_parts(
    session: Session, journey: str, step: str, plans: Sequence[str], now: datetime, since: datetime | None = None
) -> list[Part]:
    """Those whom a split of these plans gave each of its variants, and who weren't held out."""
    return _parts(session, _VARIANTS, {"journey": journey, "step": step, "plans": list(plans)}, now, since)


def measured(
    session: Session,
    journey: str,
    step: str,
    plans: Sequence[str],
    now: datetime,
    since: datetime | None,
    measure: Measure,
) -> Mapping[str, Sample]:
    """What a measure comes to of a split's customers, over the windows that closed; where it is no number, 0."""
    windows = _OVER.columns(
        column("name", String), column("customer_id", BigInteger), column("at", DateTime(timezone=True)),
        column("until", DateTime(timezone=True)),
    ).subquery("windows")  # fmt: skip
    worth = measured_between(measure, read_library(session), now, windows, (windows.c.at, windows.c.until))
    of_each = (
        select(windows.c.name, worth.label("worth"))
        .select_from(windows)
        .join(Customer, col(Customer.id) == windows.c.customer_id)
        .offset(0)
        .subquery()
    )
    number = case((is_a(of_each.c.worth, "number"), cast(cast(of_each.c.worth, Numeric), Float)), else_=0.0)
    sums = select(of_each.c.name, func.sum(number), func.sum(number * number), func.count()).group_by(of_each.c.name)
    given = {"journey": journey, "step": step, "plans": list(plans), "now": now, "since": since or EVER,
             "without": WITHOUT_GOAL}  # fmt: skip
    return {name: Sample(total, squares, n) for name, total, squares, n in session.connection().execute(sums, given)}


def totals(session: Session, journey: str, since: datetime | None = None) -> Totals:
    """What came of a journey, counted now."""
    row = session.connection().execute(_TOTALS, {"journey": journey, "since": since or EVER}).one()
    return Totals(*row)


def groups_of(parts: Sequence[Part]) -> Mapping[str, Group]:
    """The groups by name."""
    closed = [part for part in parts if part.day is not None]
    still_open: Counter[str] = Counter()
    for part in parts:
        still_open[part.name] += part.n if part.day is None else 0
    first = {part.name: part.first for part in sorted(parts, key=lambda part: part.first, reverse=True)}
    return _groups({name: _sum([part for part in closed if part.name == name]) for name in first}, still_open, first)


def groups_by_day(parts: Sequence[Part]) -> Iterator[tuple[date, Mapping[str, Group]]]:
    """The groups as they were at the end of each day on which windows closed; those that are open aren't counted."""
    first = {part.name: part.first for part in sorted(parts, key=lambda part: part.first, reverse=True)}
    sums = {name: _sum([]) for name in first}
    days = sorted((part.day, part) for part in parts if part.day is not None)
    for day, group in groupby(days, key=lambda pair: pair[0]):
        for _, part in group:
            sums[part.name] = _sum([sums[part.name], part])
        yield day, _groups(sums, Counter(), first)


def _groups(sums: Mapping[str, Part], still_open: Mapping[str, int], first: Mapping[str, datetime]) -> dict[str, Group]:
    moments = [
        Moments(
            Sample(each.paid, each.paid_squares, each.n), Sample(each.before, each.before_squares, each.n), each.product
        )
        for each in sums.values()
    ]
    return {
        name: Group(
            name, still_open.get(name, 0), Sample.of_proportion(each.reached, each.n), revenue, moment.outcome,
            first[name],
        )
        for (name, each), moment, revenue in zip(sums.items(), moments, statistics.cuped(moments), strict=True)
    }  # fmt: skip


def keep(session: Session, now: datetime) -> list[str]:
    """Keep the sums of all journeys anew. Returns those that many entered."""
    rows = session.connection().execute(_ENTERED, {"least": KEPT_FROM})
    entered: dict[str, bool] = {row[0]: row[1] for row in rows}
    names = [name for name, are_many in entered.items() if are_many]
    session.connection().execute(delete(JourneyTotal))
    session.connection().execute(delete(UnitDay))
    library = read_library(session)
    for name in entered:
        _keep(session, name, HOLDOUT, [], held_out_parts(session, name, now))
    for name in names:
        session.add(JourneyTotal(journey=name, at=now, **totals(session, name)._asdict()))
        live = library.journeys.get(name)
        for step in experiments_of(live.plan) if live else ():
            _, plans = split_of(session, name, step)
            _keep(session, name, step, plans, variant_parts(session, name, step, plans, now))
    if names:
        session.add(JourneyTotal(journey=ALL, at=now, entered=0, sent=0, clicked=0, orders=0, revenue=0))
        _keep(session, ALL, HOLDOUT, [], held_out_parts(session, None, now))
    return names


def kept_totals(session: Session, journey: str) -> tuple[datetime, Totals] | None:
    """What is kept of a journey, and as of when."""
    row = session.get(JourneyTotal, journey)
    if row is None:
        return None
    return row.at, Totals(row.entered, row.first, row.sent, row.clicked, row.orders, row.revenue)


def kept_parts(
    session: Session, journey: str, step: str = HOLDOUT, plans: Sequence[str] = (), *, by_day: bool = False
) -> list[Part]:
    """The sums that are kept of a journey's holdout, or of a split as it splits in these plans.

    Without `by_day` all windows that closed are one part of each group, of the newest day.
    """
    given = {"journey": journey, "step": step, "plans": as_json(list(plans))}
    rows = session.connection().execute(_KEPT_BY_DAY if by_day else _KEPT, given)
    return [Part(*row) for row in rows]


def kept_holdouts(session: Session) -> Mapping[str, Sequence[Part]]:
    """The sums that are kept of each journey's holdout, all windows that closed as one part of each group."""
    rows = session.connection().execute(_KEPT_HOLDOUTS).all()
    return {name: [Part(*row[1:]) for row in group] for name, group in groupby(rows, key=lambda row: row[0])}


def _keep(session: Session, journey: str, step: str, plans: Sequence[str], parts: Sequence[Part]) -> None:
    session.add_all(UnitDay(journey=journey, step=step, plans=list(plans), **part._asdict()) for part in parts)
    session.flush()


def _parts(
    session: Session, query: Any, parameters: Mapping[str, Any], now: datetime, since: datetime | None
) -> list[Part]:
    zone = read_library(session).policy_zone.key
    given = {**parameters, "now": now, "since": since or EVER, "without": WITHOUT_GOAL, "before": BEFORE, "zone": zone}
    return [Part(*row) for row in session.connection().execute(query, given)]


def _sum(parts: Sequence[Part]) -> Part:
    first = min((part.first for part in parts), default=EVER)
    return Part(
        "", None, sum(part.n for part in parts), sum(part.reached for part in parts), sum(part.paid for part in parts),
        sum(part.paid_squares for part in parts), sum(part.before for part in parts),
        sum(part.before_squares for part in parts), sum(part.product for part in parts), first,
    )  # fmt: skip
