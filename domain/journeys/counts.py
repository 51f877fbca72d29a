"""What happened in journeys, counted: by plan, step and day, so that nobody needs to look through the trail.

Counted are the kinds of the trail, each with its reason as `detail` (`ended` with the ending, `not_entered` with the
reason, without a plan), and as `passed` the outcomes in the enrollments' histories, with the result. An enrollment
that is restarted takes its outcomes back, one that ends in a wait takes back the outcome that was to come.

A transaction adds what it counts as rows of its own (`UnitOfWork.count`), which are then folded into the counts of
days. Both are read together, in one statement, so that the counts are exact at every instant.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from domain.journeys.tables import EnrollmentRow
from domain.store.work import Counted, UnitOfWork
from workflows.plan.model import MOVED

BIN = 900
"""Seconds: the midnights of all time zones are multiples of it."""

BY_VALUE = frozenset({"ended", "not_entered", "settled"})
"""The kinds whose detail is the trail's value."""

FOLD = 5000
"""Changes that are folded in one transaction."""

PASSED = "passed"


@dataclass(frozen=True)
class Count:
    """How often something happened; `step` is empty for what concerns the journey as a whole, `n` is never 0."""

    plan_id: str
    step: str
    what: str
    detail: str
    n: int


@dataclass(frozen=True)
class Day:
    """How many entered a journey on a day, how many messages it sent, and how many reached its goal."""

    entered: int = 0
    sent: int = 0
    goals: int = 0


def counted(enrollment: EnrollmentRow, step: str | None, what: str, detail: str | None, at: datetime) -> Counted:
    """What is counted when something happens to an enrollment."""
    return Counted(enrollment.journey, enrollment.plan_id, step or "", what, detail or "", quarter(at))


def quarter(at: datetime) -> datetime:
    """The beginning of the quarter of an hour."""
    return datetime.fromtimestamp(at.timestamp() // BIN * BIN, UTC)


def outcomes_of(enrollment: EnrollmentRow, since: datetime | None = None) -> Iterator[Counted]:
    """The enrollment's outcomes after an instant, or all, as they were counted; one that can't be read never was."""
    for outcome in enrollment.outcomes:
        with suppress(TypeError, ValueError):
            path, result, at = outcome[0], outcome[1], datetime.fromisoformat(outcome[2])
            if path != MOVED and (since is None or at > since):
                yield counted(enrollment, path, PASSED, result, at)


def counts_of(session: Session, journey: str, since: datetime | None = None) -> Sequence[Count]:
    """The counts of a journey, over all time or since a midnight of the policy's time zone."""
    parameters = {"journey": journey, "since": since}
    return [Count(*row) for row in session.connection().execute(_READ if since is None else _READ_SINCE, parameters)]


def totals(session: Session, since: datetime) -> Counter[tuple[str, str]]:
    """How often each kind of thing happened in all journeys together since a midnight: by kind, and by kind and detail.

    The kind alone has an empty detail.
    """
    sums: Counter[tuple[str, str]] = Counter()
    for what, detail, n in session.connection().execute(_TOTALS, {"since": since}):
        sums[what, ""] += n
        if detail:
            sums[what, detail] += n
    return sums


def by_day(session: Session, since: datetime, zone: ZoneInfo) -> Mapping[str, Mapping[date, Day]]:
    """What happened on each day since a midnight of the zone, by journey; days on which nothing did are left out."""
    found: dict[str, dict[date, Day]] = {}
    for journey, day, *sums in session.connection().execute(_BY_DAY, {"since": since, "zone": str(zone)}):
        found.setdefault(journey, {})[day] = Day(*sums)
    return found


def fold(work: UnitOfWork, zone: ZoneInfo) -> int:
    """Fold changes into the counts of days, as the zone has them. Returns how many."""
    folded = work.connection().execute(_FOLD, {"zone": str(zone), "limit": FOLD}).scalar_one()
    return int(folded)


def recount(work: UnitOfWork) -> tuple[int, int]:
    """Count anew, from the trail and the enrollments. Whoever counts meanwhile waits until this is committed.

    Returns how many counts there are, and how many weren't what they should have been.
    """
    work.write_rows()
    connection = work.connection()
    connection.execute(text("LOCK TABLE count_changes IN ACCESS EXCLUSIVE MODE"))
    kept = set(connection.execute(_ALL).all())
    connection.execute(text("TRUNCATE count_changes, journey_counts"))
    connection.execute(_COUNT)
    right = set(connection.execute(_ALL).all())
    return len(right), len({row[:-1] for row in kept ^ right})


_BOTH = """
    SELECT plan_id, step, what, detail, sum(n)::bigint FROM (
        SELECT plan_id, step, what, detail, n FROM journey_counts WHERE journey = :journey {since}
        UNION ALL
        SELECT plan_id, step, what, detail, n FROM count_changes WHERE journey = :journey {at}
    ) AS counts GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4
"""
_READ = text(_BOTH.format(since="", at=""))
_READ_SINCE = text(_BOTH.format(since="AND since >= :since", at="AND at >= :since"))

_ALL = text("""
    SELECT journey, plan_id, step, what, detail, sum(n)::bigint FROM (
        SELECT journey, plan_id, step, what, detail, n FROM journey_counts
        UNION ALL
        SELECT journey, plan_id, step, what, detail, n FROM count_changes
    ) AS counts GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
""")

_TOTALS = text("""
    SELECT what, detail, sum(n)::bigint FROM (
        SELECT what, detail, n FROM journey_counts WHERE since >= :since AND journey <> 'send_test'
        UNION ALL
        SELECT what, detail, n FROM count_changes WHERE at >= :since AND journey <> 'send_test'
    ) AS counts WHERE what <> 'passed' GROUP BY 1, 2
""")

_BY_DAY = text("""
    SELECT journey, (at AT TIME ZONE :zone)::date,
        coalesce(sum(n) FILTER (WHERE what = 'entered'), 0)::bigint,
        coalesce(sum(n) FILTER (WHERE what = 'sent'), 0)::bigint,
        coalesce(sum(n) FILTER (WHERE what = 'converted' OR what = 'ended' AND detail = 'goal'), 0)::bigint
    FROM (
        SELECT journey, since AS at, what, detail, n FROM journey_counts WHERE since >= :since
        UNION ALL
        SELECT journey, at, what, detail, n FROM count_changes WHERE at >= :since
    ) AS counts WHERE what IN ('entered', 'sent', 'converted', 'ended') GROUP BY 1, 2
""")

_FOLD = text("""
    WITH gone AS (
        DELETE FROM count_changes WHERE id = ANY (ARRAY(
            SELECT id FROM count_changes ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
        )) RETURNING *
    ), folded AS (
        INSERT INTO journey_counts (journey, plan_id, step, what, detail, since, n)
        SELECT journey, plan_id, step, what, detail, date_trunc('day', at, :zone), sum(n) FROM gone
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (journey, plan_id, step, what, detail, since) DO UPDATE SET n = journey_counts.n + excluded.n
    )
    SELECT count(*) FROM gone
""")

_COUNT = text(f"""
    INSERT INTO count_changes (journey, plan_id, step, what, detail, at, n)
    SELECT journey, plan_id, step, what, detail, date_bin('{BIN} seconds', at, timestamptz 'epoch'), count(*)
    FROM (
        SELECT trail.journey, coalesce(plan_id, '') AS plan_id, coalesce(step, '') AS step, what,
               CASE WHEN what IN ({", ".join(f"'{each}'" for each in sorted(BY_VALUE))}) THEN value
                    ELSE coalesce(trail.reason, '') END AS detail,
               at
        FROM trail LEFT JOIN enrollments ON enrollments.id = enrollment_id
        UNION ALL
        SELECT journey, plan_id, outcome ->> 0, '{PASSED}', outcome ->> 1, (outcome ->> 2)::timestamptz
        FROM enrollments CROSS JOIN LATERAL jsonb_array_elements(outcomes) AS outcome
        WHERE CASE WHEN pg_input_is_valid(outcome ->> 2, 'timestamptz')
                   THEN (outcome ->> 2)::timestamptz <= coalesce(ended_at, 'infinity') END
    ) AS happened
    GROUP BY 1, 2, 3, 4, 5, 6
""")
