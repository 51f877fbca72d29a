"""Temporal's runs, made anew from the database, where Temporal has lost them or is ahead of what was restored."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.intake import walks
from domain.intake.schedules import fires_on
from domain.ledger.tables import Message
from domain.plays.tables import PlayInstance
from domain.published.library import Library, mark_published, read_library
from domain.stock.tables import Replenishment, Stream
from domain.store.outbox import (
    FollowUp,
    GoOnWalking,
    LookAtPlay,
    LookAtRequirement,
    LookAtSupplier,
    Notice,
    ReadComments,
    Replenish,
    RestartRun,
    ReviewShow,
    StartRun,
)
from domain.store.work import UnitOfWork
from domain.voice.tables import Requirement
from runtime.platform.schedules import CATCH_UP
from workflows.plan.model import ScheduleTrigger
from workflows.terms.values import at_local, local_day, parse_time

REVIEWED = timedelta(days=8)
"""A show that ended longer ago has had its last review."""


def rebuild_runs(work: UnitOfWork, now: datetime, *, anew: bool = False) -> Mapping[str, int]:
    """Have Temporal told of all that goes on; what it knows of goes on undisturbed. Returns how many there are of each.

    `anew`: the runs of journeys begin anew from where the database stands, also those that Temporal knows of.
    """
    library = read_library(work)
    _keep_missed(work, library, now)
    counts = Counter({"run": _start_runs(work, RestartRun.kind if anew else StartRun.kind)})
    for notice in _notices(work, library, now):
        work.enqueue(notice)
        counts[notice.kind] += 1
    mark_published(work)  # so that every worker brings the Schedules in line
    return counts


def _start_runs(session: Session, kind: str) -> int:
    """Have the runs started that have open members and don't wait for it already. Returns how many."""
    return session.connection().execute(_START, {"kind": kind}).rowcount


_START = text(f"""
INSERT INTO outbox (kind, payload, attempts)
SELECT :kind, jsonb_build_object('enrollment', run), 0 FROM (
    SELECT coalesce(cohort_id, id) AS run FROM enrollments WHERE ending IS NULL GROUP BY 1 ORDER BY min(due_at), 1
) AS open WHERE NOT EXISTS (
    SELECT FROM outbox WHERE kind IN ('{StartRun.kind}', '{RestartRun.kind}')
    AND coalesce(enrollment_id, (payload ->> 'enrollment')::bigint) = open.run
)
""")


def _keep_missed(session: Session, library: Library, now: datetime) -> None:
    """Begin the walks of schedules that were due since they last walked, as far back as Temporal would catch up."""
    zone = library.policy_zone
    for journey, live in library.journeys.items():
        trigger = live.plan.trigger
        if not isinstance(trigger, ScheduleTrigger):
            continue
        since = max(walks.last_due(session, journey) or now - CATCH_UP, now - CATCH_UP)
        first = local_day(since, zone)
        for day in (first + timedelta(days=number) for number in range((local_day(now, zone) - first).days + 1)):
            due = at_local(day, parse_time(trigger.at), zone, now)
            if since < due <= now and fires_on(trigger, day, library.calendar):
                walks.walk_of_schedule(session, journey, due)


def _notices(session: Session, library: Library, now: datetime) -> Iterator[Notice]:
    """What else goes on: who acts first looks where the database stands."""
    yield from (GoOnWalking(each.id) for each in walks.open_walks(session))
    asked = select(Message.channel).where(col(Message.look_at).is_not(None)).distinct()
    yield from (FollowUp(each) for each in session.exec(asked))
    yield ReadComments()
    ended = select(Stream.stream_id).where(col(Stream.ended_at) > now - REVIEWED)
    yield from (ReviewShow(each) for each in session.exec(ended))
    of_alarm = select(Replenishment.alarm_id).where(col(Replenishment.closed_at).is_(None))
    yield from (Replenish(each) for each in session.exec(of_alarm))
    open_ = select(Requirement.id).where(col(Requirement.closed_at).is_(None))
    yield from (LookAtRequirement(each) for each in session.exec(open_))
    yield from (
        LookAtPlay(each) for each in session.exec(select(PlayInstance.id).where(col(PlayInstance.ended_at).is_(None)))
    )
    yield from (LookAtSupplier(each) for each in library.supply.suppliers)
