"""What a journey brought, and which variant of a split brings more.

Units are customers: the first enrollment of each counts, and only once its window is over, which ends with the goal's
time (30 days after the entry without a goal). Revenue is what was paid within the window less refunds, in fen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from domain.insight import statistics
from domain.insight.splits import split_of
from domain.insight.statistics import Difference, Moments, Sample, Verdict

WITHOUT_GOAL = timedelta(days=30)
BEFORE = timedelta(days=90)
"""The revenue of so long before a customer's entry is taken off what they differ in anyhow (CUPED)."""

MONTH = timedelta(days=30)
_EVER = datetime.min.replace(tzinfo=UTC)


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


@dataclass(frozen=True)
class Comparison:
    """A group beside the one that it is compared with.

    `goal` is the relative lift of the goal rate, `revenue` the difference in fen a customer; both hold however often
    one looks. The verdict is on the goal, or on revenue where nobody reached one. `more_days` is about how much longer
    it takes until a lift like this can be told from chance.
    """

    group: Group
    control: Group
    verdict: Verdict
    goal: Difference
    revenue: Difference
    more_days: int | None


@dataclass(frozen=True)
class Results:
    """What came of a journey in a span of entries. Money in fen; `a_month` is what it brings in 30 days, if known."""

    since: datetime | None
    entered: int
    sent: int
    clicked: int
    attributed_orders: int
    attributed_revenue: int
    comparison: Comparison
    a_month: Difference | None


@dataclass(frozen=True)
class Experiment:
    """A split: its first group is what the others are compared with. `chance_of_sizes` is that of a fair split."""

    step: str
    groups: Sequence[Group]
    comparisons: Sequence[Comparison]
    chance_of_sizes: float


_UNITS = """
, windows AS (
    SELECT unit.name, unit.at, unit.customer_id, coalesce(enrollments.goal_until, unit.at + :without) AS until,
        (enrollments.ending = 'goal' OR enrollments.converted_at IS NOT NULL) AS reached
    FROM unit JOIN enrollments ON enrollments.id = unit.enrollment_id
    WHERE unit.at >= :since
), measured AS (
    SELECT name, at, until <= :now AS over, coalesce(reached, false)::int AS reached,
        (SELECT coalesce(sum(total - refunded), 0)::float8 FROM orders
            WHERE orders.customer_id = windows.customer_id AND paid_at > windows.at AND paid_at <= until) AS paid,
        (SELECT coalesce(sum(total - refunded), 0)::float8 FROM orders WHERE orders.customer_id = windows.customer_id
            AND paid_at <= windows.at AND paid_at > windows.at - CAST(:before AS interval)) AS paid_before
    FROM windows
)
SELECT name, count(*) FILTER (WHERE NOT over), count(*) FILTER (WHERE over),
    coalesce(sum(reached) FILTER (WHERE over), 0),
    coalesce(sum(paid) FILTER (WHERE over), 0), coalesce(sum(paid * paid) FILTER (WHERE over), 0),
    coalesce(sum(paid_before) FILTER (WHERE over), 0), coalesce(sum(paid_before * paid_before) FILTER (WHERE over), 0),
    coalesce(sum(paid * paid_before) FILTER (WHERE over), 0), min(at)
FROM measured GROUP BY name
"""

_HELD_OUT = text(
    """
WITH unit AS (
    SELECT DISTINCT ON (customer_id) customer_id, enrollment_id, at,
        CASE WHEN reason IS NULL THEN 'treated' ELSE 'held out' END AS name
    FROM trail WHERE what = 'entered' AND (CAST(:journey AS text) IS NULL OR journey = :journey)
        AND (CAST(:journey AS text) IS NOT NULL OR reason IS DISTINCT FROM 'journey_holdout')
    ORDER BY customer_id, id
)"""
    + _UNITS
)
_VARIANTS = text(
    """
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
    + _UNITS
)
_JOURNEYS = text("SELECT DISTINCT journey FROM enrollments")
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
    count(*), coalesce(sum(total - refunded), 0)
FROM attributions JOIN orders USING (order_id)
WHERE attributions.journey = :journey AND attributions.paid_at >= :since
""")


def journeys(session: Session) -> set[str]:
    """The journeys that somebody ever entered."""
    return set(session.connection().execute(_JOURNEYS).scalars())


def results(session: Session, journey: str, now: datetime, since: datetime | None = None) -> Results:
    """What came of a journey for those who entered from `since` on."""
    parameters = {"journey": journey, "since": since or _EVER}
    entered, first, sent, clicked, orders, revenue = session.connection().execute(_TOTALS, parameters).one()
    groups = _groups(session, _HELD_OUT, parameters, now)
    treated, held_out = (groups.get(name) or _empty(name) for name in ("treated", "held out"))
    days = _days([treated, held_out], now)
    comparison = _compare(treated, held_out, days)
    return Results(first, entered, sent, clicked, orders, revenue, comparison, _a_month(comparison, days))


def of_all_journeys(session: Session, now: datetime, since: datetime | None = None) -> Comparison:
    """All journeys together: whoever would have entered one, by whether they are in the global holdout."""
    groups = _groups(session, _HELD_OUT, {"journey": None, "since": since or _EVER}, now)
    treated, held_out = (groups.get(name) or _empty(name) for name in ("treated", "held out"))
    return _compare(treated, held_out, _days([treated, held_out], now))


def experiment(
    session: Session,
    journey: str,
    step: str,
    now: datetime,
    since: datetime | None = None,
) -> Experiment:
    """How the variants of a split of the live version differ: `control`, else the first, is what others are beside.

    Customers count who were split as it splits now: by a version with the same variants and weights. Raises
    UnknownSplitError.
    """
    weights, plans = split_of(session, journey, step)
    parameters = {"journey": journey, "step": step, "plans": plans, "since": since or _EVER}
    found = _groups(session, _VARIANTS, parameters, now)
    names = sorted(weights, key=lambda name: name != "control")
    groups = [found.get(name) or _empty(name) for name in names]
    chance = statistics.mismatch([group.n + group.still_open for group in groups], [weights[name] for name in names])
    days = _days(groups, now)
    comparisons = _compared(groups[1:], groups[0], chance, days)
    return Experiment(step, groups, comparisons, chance)


def _groups(session: Session, query: Any, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Group]:
    given = {**parameters, "now": now, "without": WITHOUT_GOAL, "before": BEFORE}
    rows = session.connection().execute(query, given).all()
    moments = [
        Moments(Sample(paid, paid_squares, n), Sample(before, before_squares, n), product)
        for _, _, n, _, paid, paid_squares, before, before_squares, product, _ in rows
    ]
    revenues = statistics.cuped(moments)
    return {
        row[0]: Group(row[0], row[1], Sample.of_proportion(row[3], row[2]), revenue, moment.outcome, row[9])
        for row, moment, revenue in zip(rows, moments, revenues, strict=True)
    }


def _empty(name: str) -> Group:
    none = Sample(0, 0, 0)
    return Group(name, 0, none, none, none)


def _compare(group: Group, control: Group, days: float) -> Comparison:
    return _compared([group], control, 1.0, days)[0]


def _compared(groups: Sequence[Group], control: Group, chance: float, days: float) -> list[Comparison]:
    """Each group beside the control; whether they differ is judged of all of them together."""
    compare = statistics.sequential_difference
    samples = [_judged(group, control) for group in groups]
    chances = [compare(*pair).p for pair in samples]
    alpha = statistics.level(chances)
    for_revenue = statistics.level([compare(control.revenue, group.revenue).p for group in groups])
    comparisons = []
    for group, pair, p in zip(groups, samples, chances, strict=True):
        verdict = statistics.verdict(*pair, chance_of_sizes=chance, p=p, alpha=alpha)
        goal = compare(control.reached, group.reached, relative=True, alpha=alpha)
        revenue = compare(control.revenue, group.revenue, alpha=for_revenue)
        more = _more_days(control, group, days) if verdict == "keep going" else None
        comparisons.append(Comparison(group, control, verdict, goal, revenue, more))
    return comparisons


def _judged(group: Group, control: Group) -> tuple[Sample, Sample]:
    if group.reached.total or control.reached.total:
        return control.reached, group.reached
    return control.revenue, group.revenue


def _more_days(control: Group, group: Group, days: float) -> int | None:
    """At today's pace of the smaller group; None while nothing can be planned, as when nobody reached anything."""
    smaller = min(control.n, group.n)
    base, lift = control.reached.mean, group.reached.mean - control.reached.mean
    if not (smaller and days and 0 < base < 1 and 0 < group.reached.mean < 1 and lift):
        return None
    needed = statistics.sample_needed(base, lift / base)
    return max(round((needed - smaller) / (smaller / days)), 1)


def _days(groups: Sequence[Group], now: datetime) -> float:
    """How long it is since the first customer of any of the groups came in."""
    return max(((now - group.first) / timedelta(days=1) for group in groups if group.first), default=0.0)


def _a_month(comparison: Comparison, days: float) -> Difference | None:
    """The money that the treated bring in a month beyond what they would have brought."""
    gain = comparison.revenue
    if gain.p is None or days <= 0:
        return None
    customers = comparison.group.n / days * (MONTH / timedelta(days=1))
    return Difference(gain.estimate * customers, gain.low * customers, gain.high * customers, gain.p)
