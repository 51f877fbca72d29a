"""What a journey brought, and which variant of a split brings more (`units.py` says who counts, and for what)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import text
from sqlmodel import Session

from domain.insight import statistics, units
from domain.insight.splits import split_of
from domain.insight.statistics import LEAST, Difference, Doubt, Sample, Verdict
from domain.insight.units import Group, Part, groups_by_day, groups_of
from domain.published.library import read_library
from workflows.terms.conditions import Measure

MONTH = timedelta(days=30)
SILENCE = timedelta(days=7)
"""So long without an event by which goals are reached, of anybody, while customers enter: it isn't told any more."""


@dataclass(frozen=True)
class Comparison:
    """A group beside the one that it is compared with.

    `goal` is the relative lift of the goal rate, `rates` the difference of the two rates, `revenue` that in fen a
    customer; they hold however often one looks, and for all groups and numbers together. The verdict is on the
    difference of the rates, or on revenue where nobody reached the goal; the lift is less sure, for its base is only
    known about. `doubt` is why it can't be trusted, if so. `more_days` is about how much longer it takes until a lift
    like this can be told from chance, and `more_customers` how many that are in each group.
    """

    group: Group
    control: Group
    verdict: Verdict
    goal: Difference
    rates: Difference
    revenue: Difference
    more_days: int | None
    more_customers: int | None = None
    doubt: Doubt | None = None
    measure: Difference | None = None


@dataclass(frozen=True)
class Together:
    """All journeys together, by the global holdout; `a_month` is what they bring in 30 days in fen, if known."""

    as_of: datetime
    comparison: Comparison
    a_month: Difference | None


@dataclass(frozen=True)
class Results:
    """What came of a journey in a span of entries. Money in fen; `a_month` is what it brings in 30 days, if known.

    `as_of` is the instant up to which is counted.
    """

    as_of: datetime
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
    """A split: its first group is what the others are compared with. `chance_of_sizes` is that of a fair split.

    `measure` is one by which they are compared, too, by its name.
    """

    step: str
    as_of: datetime
    groups: Sequence[Group]
    comparisons: Sequence[Comparison]
    chance_of_sizes: float
    measure: str | None = None


@dataclass(frozen=True)
class Look:
    """What could be said of an experiment at the end of a day: each variant beside the first."""

    day: date
    comparisons: Sequence[Comparison]


class UnknownMeasureError(LookupError):
    """There is no measure of events by this name."""


MOST_LOOKS = 60
_NOTHING = Sample(0, 0, 0)

_JOURNEYS = text("SELECT DISTINCT journey FROM enrollments")
_IS_LOST = text("""
SELECT NOT EXISTS (
    SELECT FROM events WHERE customer_id IS NOT NULL AND type = :type AND time > :since AND time <= :until
) AND (
    SELECT count(*) FROM (
        SELECT FROM trail WHERE what = 'entered' AND journey = :journey AND at > :since AND at <= :until LIMIT :least
    ) AS entered
) >= :least
""")


def journeys(session: Session) -> set[str]:
    """The journeys that somebody ever entered."""
    return set(session.connection().execute(_JOURNEYS).scalars())


def results(
    session: Session, journey: str, now: datetime, since: datetime | None = None, *, kept: bool = False
) -> Results:
    """What came of a journey for those who entered from `since` on; with `kept` and of many, as of the last night."""
    found = units.kept_totals(session, journey) if kept and since is None else None
    if found:
        now, totals = found
        parts = units.kept_parts(session, journey)
    else:
        totals, parts = units.totals(session, journey, since), units.held_out_parts(session, journey, now, since)
    treated, held_out = _holdout(parts)
    days = _days([treated, held_out], now)
    comparison = _compare(treated, held_out, days, is_lost=_is_lost(session, journey, parts, now))
    entered, first, sent, clicked, orders, revenue = totals
    return Results(now, first, entered, sent, clicked, orders, revenue, comparison, _a_month(comparison, days))


def lifts(session: Session) -> Mapping[str, Comparison]:
    """By journey, those who weren't held out beside those who were, as of the last night."""
    found = {name: _holdout(parts) for name, parts in units.kept_holdouts(session).items()}
    return {name: _compare(treated, held_out, 0.0) for name, (treated, held_out) in found.items()}


def of_all_journeys(session: Session, now: datetime, since: datetime | None = None, *, kept: bool = False) -> Together:
    """Whoever would have entered a journey, by whether they are in the global holdout; `kept` as of one's `results`."""
    found = units.kept_totals(session, units.ALL) if kept and since is None else None
    if found:
        now, parts = found[0], units.kept_parts(session, units.ALL)
    else:
        parts = units.held_out_parts(session, None, now, since)
    treated, held_out = _holdout(parts)
    days = _days([treated, held_out], now)
    comparison = _compare(treated, held_out, days)
    return Together(now, comparison, _a_month(comparison, days))


def experiment(
    session: Session,
    journey: str,
    step: str,
    now: datetime,
    since: datetime | None = None,
    *,
    kept: bool = False,
    measure: str | None = None,
) -> Experiment:
    """How the variants of a split of the live version differ: `control`, else the first, is what others are beside.

    Customers count who were split as it splits now: by a version with the same variants and weights. Of a split that is
    gone, they are those of the newest version that had it. With `kept` and of many, it is as of the last night; a
    `measure` that has a name is always counted, for each customer over the same window. Raises UnknownSplitError and
    UnknownMeasureError.
    """
    weights, plans = split_of(session, journey, step)
    by = None if measure is None else _measure(session, measure)
    worth = units.measured(session, journey, step, plans, now, since, by) if by else None
    now, parts = _of_split(session, journey, step, plans, now, since, kept=kept)
    groups = _variants(weights, groups_of(parts))
    names = [group.name for group in groups]
    chance = statistics.mismatch([group.n + group.still_open for group in groups], [weights[name] for name in names])
    is_lost = _is_lost(session, journey, parts, now)
    comparisons = _compared(groups[1:], groups[0], chance, _days(groups, now), is_lost=is_lost, worth=worth)
    return Experiment(step, now, groups, comparisons, chance, measure)


def _measure(session: Session, name: str) -> Measure:
    measures = {name: each for name, each in read_library(session).measures.items() if not each.of_list}
    if name not in measures:
        raise UnknownMeasureError(
            f"there is no measure of events {name} in _tags.yaml; there are {', '.join(measures) or 'none'}"
        )
    return measures[name]


def history(session: Session, journey: str, step: str, now: datetime, *, kept: bool = False) -> Sequence[Look]:
    """What could be said of an experiment at the end of each day on which windows closed, of `MOST_LOOKS` at most.

    Raises UnknownSplitError.
    """
    weights, plans = split_of(session, journey, step)
    _, parts = _of_split(session, journey, step, plans, now, None, kept=kept, by_day=True)
    days = list(groups_by_day(parts))
    pace = -(-len(days) // MOST_LOOKS) or 1
    looks = []
    for day, found in days[::-1][::pace][::-1]:
        groups = _variants(weights, found)
        looks.append(Look(day, _compared(groups[1:], groups[0], 1.0, 0.0)))
    return looks


def _of_split(
    session: Session,
    journey: str,
    step: str,
    plans: Sequence[str],
    now: datetime,
    since: datetime | None,
    *,
    kept: bool,
    by_day: bool = False,
) -> tuple[datetime, Sequence[Part]]:
    found = units.kept_totals(session, journey) if kept and since is None else None
    if found and (parts := units.kept_parts(session, journey, step, plans, by_day=by_day)):
        return found[0], parts
    return now, units.variant_parts(session, journey, step, plans, now, since)


def _variants(weights: Mapping[str, float], found: Mapping[str, Group]) -> Sequence[Group]:
    return [found.get(name) or _empty(name) for name in sorted(weights, key=lambda name: name != "control")]


def _holdout(parts: Sequence[Part]) -> tuple[Group, Group]:
    found = groups_of(parts)
    treated, held_out = (found.get(name) or _empty(name) for name in ("treated", "held out"))
    return treated, held_out


def _empty(name: str) -> Group:
    return Group(name, 0, _NOTHING, _NOTHING, _NOTHING)


def _is_lost(session: Session, journey: str, parts: Sequence[Part], now: datetime) -> bool:
    """Whether, in the last week of windows that closed, many entered and nobody's event of the journey's goal came."""
    library = read_library(session)
    live = library.journeys.get(journey)
    last = max((part.day for part in parts if part.day), default=None)
    if live is None or live.plan.goal is None or last is None:
        return False
    until = min(datetime.combine(last + timedelta(days=1), time(), library.policy_zone), now)
    if min(part.first for part in parts) > until - SILENCE:
        return False
    given = {"journey": journey, "type": live.plan.goal.condition.event, "since": until - SILENCE, "until": until,
             "least": LEAST}  # fmt: skip
    return bool(session.connection().execute(_IS_LOST, given).scalar_one())


def _compare(group: Group, control: Group, days: float, *, is_lost: bool = False) -> Comparison:
    return _compared([group], control, 1.0, days, is_lost=is_lost)[0]


def _compared(
    groups: Sequence[Group],
    control: Group,
    chance: float,
    days: float,
    *,
    is_lost: bool = False,
    worth: Mapping[str, Sample] | None = None,
) -> list[Comparison]:
    """Each group beside the control; whether they differ is judged of all of them and all numbers together.

    `worth` is what a measure comes to, of each group.
    """
    compare = statistics.sequential_difference
    samples = [_judged(group, control) for group in groups]
    chances = [compare(*pair).p for pair in samples]
    measured = [tuple((worth or {}).get(each.name, _NOTHING) for each in (control, group)) for group in groups]
    for_money = [compare(control.revenue, group.revenue).p for group in groups]
    every = [*chances, *for_money, *(compare(*pair).p for pair in measured)]
    alpha, least = statistics.level(every), statistics.ALPHA / max(sum(p is not None for p in every), 1)
    comparisons = []
    for group, pair, p, by in zip(groups, samples, chances, measured, strict=True):
        doubt = statistics.doubt(*pair, chance_of_sizes=chance, is_lost=is_lost)
        verdict = statistics.verdict(*pair, doubt=doubt, p=p, alpha=alpha)
        goal = compare(control.reached, group.reached, relative=True, alpha=alpha)
        rates = compare(control.reached, group.reached, alpha=alpha)
        revenue = compare(control.revenue, group.revenue, alpha=alpha)
        smaller = min(control.n, group.n)
        missing = _missing(control, group, least) if verdict == "keep going" or doubt == "few" else None
        if doubt == "few":
            missing = max(missing or 0, LEAST - smaller)
        more_days = max(round(missing * days / smaller), 1) if missing is not None and days and smaller else None
        measure = None if worth is None else compare(*by, alpha=alpha)
        comparisons.append(
            Comparison(group, control, verdict, goal, rates, revenue, more_days, missing, doubt, measure)
        )
    return comparisons


def _judged(group: Group, control: Group) -> tuple[Sample, Sample]:
    if group.reached.total or control.reached.total:
        return control.reached, group.reached
    return control.revenue, group.revenue


def _missing(control: Group, group: Group, alpha: float) -> int | None:
    """Customers whom each group lacks; None while nothing can be planned, as when nobody reached anything."""
    smaller = min(control.n, group.n)
    base, lift = control.reached.mean, group.reached.mean - control.reached.mean
    if not (smaller and 0 < base < 1 and 0 < group.reached.mean < 1 and lift):
        return None
    return max(statistics.sample_needed(base, lift / base, alpha=alpha) - smaller, 1)


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
