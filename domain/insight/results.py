"""What a journey brought, and which variant of a split brings more (`units.py` says who counts, and for what)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from domain.insight import statistics, units
from domain.insight.splits import split_of
from domain.insight.statistics import Difference, Sample, Verdict
from domain.insight.units import Group, Part, groups_by_day, groups_of

MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Comparison:
    """A group beside the one that it is compared with.

    `goal` is the relative lift of the goal rate, `revenue` the difference in fen a customer; both hold however often
    one looks. The verdict is on the goal, or on revenue where nobody reached one. `more_days` is about how much longer
    it takes until a lift like this can be told from chance, and `more_customers` how many that are in each group.
    """

    group: Group
    control: Group
    verdict: Verdict
    goal: Difference
    revenue: Difference
    more_days: int | None
    more_customers: int | None = None


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
    """A split: its first group is what the others are compared with. `chance_of_sizes` is that of a fair split."""

    step: str
    as_of: datetime
    groups: Sequence[Group]
    comparisons: Sequence[Comparison]
    chance_of_sizes: float


@dataclass(frozen=True)
class Look:
    """What could be said of an experiment at the end of a day: each variant beside the first."""

    day: date
    comparisons: Sequence[Comparison]


MOST_LOOKS = 60

_JOURNEYS = text("SELECT DISTINCT journey FROM enrollments")


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
    comparison = _compare(treated, held_out, days)
    entered, first, sent, clicked, orders, revenue = totals
    return Results(now, first, entered, sent, clicked, orders, revenue, comparison, _a_month(comparison, days))


def of_all_journeys(session: Session, now: datetime, since: datetime | None = None) -> Comparison:
    """All journeys together: whoever would have entered one, by whether they are in the global holdout."""
    treated, held_out = _holdout(units.held_out_parts(session, None, now, since))
    return _compare(treated, held_out, _days([treated, held_out], now))


def experiment(
    session: Session, journey: str, step: str, now: datetime, since: datetime | None = None, *, kept: bool = False
) -> Experiment:
    """How the variants of a split of the live version differ: `control`, else the first, is what others are beside.

    Customers count who were split as it splits now: by a version with the same variants and weights. Of a split that is
    gone, they are those of the newest version that had it. With `kept` and of many, it is as of the last night. Raises
    UnknownSplitError.
    """
    weights, plans = split_of(session, journey, step)
    now, parts = _of_split(session, journey, step, plans, now, since, kept=kept)
    groups = _variants(weights, groups_of(parts))
    names = [group.name for group in groups]
    chance = statistics.mismatch([group.n + group.still_open for group in groups], [weights[name] for name in names])
    comparisons = _compared(groups[1:], groups[0], chance, _days(groups, now))
    return Experiment(step, now, groups, comparisons, chance)


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
        missing = _missing(control, group) if verdict == "keep going" and days else None
        smaller = min(control.n, group.n)
        more_days = max(round(missing / (smaller / days)), 1) if missing is not None and days else None
        comparisons.append(Comparison(group, control, verdict, goal, revenue, more_days, missing))
    return comparisons


def _judged(group: Group, control: Group) -> tuple[Sample, Sample]:
    if group.reached.total or control.reached.total:
        return control.reached, group.reached
    return control.revenue, group.revenue


def _missing(control: Group, group: Group) -> int | None:
    """Customers whom each group lacks; None while nothing can be planned, as when nobody reached anything."""
    smaller = min(control.n, group.n)
    base, lift = control.reached.mean, group.reached.mean - control.reached.mean
    if not (smaller and 0 < base < 1 and 0 < group.reached.mean < 1 and lift):
        return None
    return max(statistics.sample_needed(base, lift / base) - smaller, 1)


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
