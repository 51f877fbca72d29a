"""What a worker sees to now and then: Schedules as published, enrollments whose run is gone, coupons that ran out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.adapters.coupons import CouponAdapter
from domain.connectors.pulls import forget_rows
from domain.coupons import issuing
from domain.customers.resolution import lock_customers
from domain.insight import rollups
from domain.intake.retention import RetentionCursor, forget
from domain.journeys import counts
from domain.journeys.enrollments import end
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.membership import sweeping
from domain.plays.running import overdue_plays
from domain.published.library import Library, read_library
from domain.stock.replenishment import stalled_alarms, stop
from domain.store.bulk import is_among
from domain.store.clock import Clock, SystemClock
from domain.store.outbox import LookAtPlay, LookAtSupplier, Replenish, RestartRun, StartRun, started_enrollment
from domain.store.tables import Outbox
from domain.store.work import Database, UnitOfWork
from domain.supply.planning import overdue_suppliers
from runtime.platform.measures import DUTIES_FAILED, HOUSEKEEPING
from runtime.platform.outbox.tellers import replenishment_id
from runtime.platform.runs import look_up, workflow_id
from runtime.platform.schedules import Schedules

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 10
OVERDUE = timedelta(minutes=1)
PAGE = 100
FORGET_PAGE, PAGES_AT_ONCE = 1000, 20
SWEEP_EVERY = timedelta(days=1)

_LOST = (WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.CANCELED, WorkflowExecutionStatus.TIMED_OUT)


async def keep_house(
    client: Client, db: Database, clock: Clock, source: CouponAdapter, keep_events: int | None = None
) -> None:
    """Look after Schedules, lost runs, coupons that ran out and events that are so many days old, until cancelled.

    Each duty is tried by itself: what keeps one from being done, as Temporal being away, doesn't hold up the others.
    """
    schedules = Schedules(client, db, paused=not isinstance(clock, SystemClock))
    duties: list[Callable[[], Awaitable[object]]] = [
        schedules.sync,
        partial(find_lost, client, db, clock),
        partial(find_lost_replenishments, client, db, clock),
        partial(asyncio.to_thread, look_at_overdue_plays, db, clock),
        partial(asyncio.to_thread, look_at_suppliers, db, clock),
        partial(asyncio.to_thread, expire_coupons, db, clock),
        partial(asyncio.to_thread, source.catch_up),
        partial(asyncio.to_thread, fold_counts, db),
        partial(asyncio.to_thread, forget_metrics, db),
        partial(asyncio.to_thread, forget_set_aside_rows, db, clock),
        partial(asyncio.to_thread, MembershipSweep(db, clock).go_on),
    ]
    if keep_events:
        duties.append(partial(asyncio.to_thread, Forgetting(db, clock, timedelta(days=keep_events)).go_on))
    while True:
        all_done = True
        for duty in duties:
            try:
                await duty()
            except (RPCError, DBAPIError, RuntimeError) as problem:
                logger.warning("housekeeping waits: %s", type(problem).__name__)
                DUTIES_FAILED.inc()
                all_done = False
        if all_done:
            HOUSEKEEPING.beat()
        await asyncio.sleep(INTERVAL_SECONDS)


async def find_lost(client: Client, db: Database, clock: Clock) -> None:
    """Look at the members of overdue runs: those that no run carries are started again.

    Those carried by a run that an operator ended are stopped; those that a run left behind at its own end have failed.
    """
    for run_id, journey in await asyncio.to_thread(_overdue, db, clock):
        try:
            run = await look_up(client, workflow_id(journey, run_id))
        except RPCError as problem:
            if problem.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.to_thread(_start_again, db, run_id)
            continue
        if run.status in _LOST:
            await asyncio.to_thread(_stop, db, clock, run_id, run.carries, "stopped", "run_ended")
        elif run.status in (WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.COMPLETED):
            await asyncio.to_thread(_stop, db, clock, run_id, run.carries, "failed", "run failed")
        if await asyncio.to_thread(_has_others, db, run_id, run.carries):
            await asyncio.to_thread(_start_again, db, run_id)


async def find_lost_replenishments(client: Client, db: Database, clock: Clock) -> None:
    """The same for replenishments."""
    for alarm_id in await asyncio.to_thread(_doubtful_replenishments, db, clock):
        try:
            description = await client.get_workflow_handle(replenishment_id(alarm_id)).describe()
        except RPCError as problem:
            if problem.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.to_thread(_replenish_again, db, alarm_id)
            continue
        if description.status is not WorkflowExecutionStatus.RUNNING:
            await asyncio.to_thread(_stop_replenishment, db, clock, alarm_id)


def _doubtful_replenishments(db: Database, clock: Clock) -> list[int]:
    with db() as session:
        return stalled_alarms(session, clock.now() - OVERDUE, PAGE)


def _replenish_again(db: Database, alarm_id: int) -> None:
    with db.begin() as work:
        work.enqueue(Replenish(alarm_id))


def _stop_replenishment(db: Database, clock: Clock, alarm_id: int) -> None:
    with db.begin() as work:
        stop(work, alarm_id, clock.now())


def look_at_overdue_plays(db: Database, clock: Clock) -> None:
    """Have plays looked at that should have gone on: their run was ended, or Temporal has lost it."""
    with db.begin() as work:
        for instance in overdue_plays(work, clock.now() - OVERDUE, PAGE):
            work.enqueue(LookAtPlay(instance))


def look_at_suppliers(db: Database, clock: Clock) -> None:
    """Have suppliers looked at whose run has never begun, or should have acted: they are new, or it was ended."""
    with db.begin() as work:
        for supplier in overdue_suppliers(work, clock.now() - OVERDUE):
            work.enqueue(LookAtSupplier(supplier))


def expire_coupons(db: Database, clock: Clock) -> None:
    """Let go of coupons that orders held too long, and end those that ran out, in small transactions."""
    looked_at = PAGE
    while looked_at == PAGE:
        with db.begin() as work:
            looked_at = issuing.expire(work, clock.now(), PAGE)


def fold_counts(db: Database) -> None:
    """Fold what was counted into the counts of days, in small transactions."""
    folded = counts.FOLD
    while folded == counts.FOLD:
        with db.begin() as work:
            folded = counts.fold(work, read_library(work).policy_zone)


def forget_metrics(db: Database) -> None:
    """Forget what is kept of metrics' periods in which something changed since."""
    with db.begin() as work:
        rollups.forget(work)


def forget_set_aside_rows(db: Database, clock: Clock) -> None:
    """Forget rows of connected systems that were set aside long ago."""
    with db.begin() as work:
        forget_rows(work, clock.now())


class MembershipSweep:
    """Keeps tags and segments true where no event does, in small transactions; counts the segments hourly."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._counted_at: datetime | None = None
        self._followed: Library | None = None

    def go_on(self) -> None:
        """Do all that is due, and some pages of what was published."""
        with self._db.begin() as work:
            library, now = read_library(work), self._clock.now()
            if not sweeping.is_ours(work):
                return
            if library is not self._followed:
                sweeping.follow_rules(work, library, now)
            sweeping.follow_shows(work, library, now)
        self._followed = library
        while self._page(sweeping.look_again) >= sweeping.PAGE:
            pass
        for _ in range(PAGES_AT_ONCE):
            if not self._page(sweeping.ask_everybody):
                break
        if self._counted_at is None or now - self._counted_at >= sweeping.COUNT_EVERY:
            with self._db.begin() as work:
                sweeping.count_segments(work, read_library(work), now)
            self._counted_at = now

    def _page(self, do: Callable[[UnitOfWork, Library, datetime], int]) -> int:
        """A page of work; none if another process does it."""
        with self._db.begin() as work:
            return do(work, read_library(work), self._clock.now()) if sweeping.is_ours(work) else 0


class Forgetting:
    """Goes through the old events from the first to the last, in small transactions, and begins again a day later."""

    def __init__(self, db: Database, clock: Clock, keep: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._keep = keep
        self._mark: RetentionCursor | None = RetentionCursor()
        self._done_at: datetime | None = None

    def go_on(self) -> None:
        """Look through as many events as may come in meanwhile, so that neither the sweep nor the rest falls behind."""
        now = self._clock.now()
        if self._mark is None and self._done_at is not None and now - self._done_at >= SWEEP_EVERY:
            self._mark = RetentionCursor()
        for _ in range(PAGES_AT_ONCE):
            if self._mark is None:
                return
            with self._db.begin() as work:
                self._mark = forget(work, read_library(work), now, self._keep, self._mark, FORGET_PAGE)
            self._done_at = now


def _overdue(db: Database, clock: Clock) -> list[tuple[int, str]]:
    run = func.coalesce(Enrollment.cohort_id, Enrollment.id)
    begins_anew = select(Outbox.id).where(Outbox.kind == RestartRun.kind, started_enrollment() == run)
    late = select(run, Enrollment.journey).where(
        col(Enrollment.ending).is_(None), col(Enrollment.due_at) < clock.now() - OVERDUE, ~begins_anew.exists()
    )
    query = late.group_by(run, col(Enrollment.journey)).order_by(func.min(Enrollment.due_at)).limit(PAGE)
    with db() as session:
        return list(session.exec(query))


def _start_again(db: Database, run: int) -> None:
    """Start a run again, unless it still waits to be started: it may be put together with others yet."""
    with db.begin() as work:
        waits = work.exec(select(Outbox.id).where(Outbox.kind == StartRun.kind, started_enrollment() == run)).first()
        if waits is None:
            work.enqueue(StartRun(run))


def _has_others(db: Database, run: int, carried: Collection[int]) -> bool:
    """Whether a run has members that go on, but for these."""
    going_on = select(Enrollment.id).where(_belongs_to(run), col(Enrollment.ending).is_(None))
    with db() as session:
        return not set(session.exec(going_on)).issubset(carried)


def _belongs_to(run: int) -> ColumnElement[bool]:
    alone = (col(Enrollment.id) == run) & col(Enrollment.cohort_id).is_(None)
    return or_(alone, col(Enrollment.cohort_id) == run)


def _stop(db: Database, clock: Clock, run: int, carried: Collection[int], ending: str, reason: str) -> None:
    """End those of a run's members that it carried and that go on."""
    members: Sequence[int] | None = None
    while members is None or len(members) == PAGE:
        with db.begin() as work:
            open_ = _belongs_to(run) & is_among(Enrollment.id, carried) & col(Enrollment.ending).is_(None)
            page = work.exec(select(Enrollment.id, Enrollment.customer_id).where(open_).limit(PAGE)).all()
            lock_customers(work, (customer for _, customer in page))
            members = [id for id, _ in page]
            for enrollment in work.read(EnrollmentRow, is_among(Enrollment.id, members)):
                if enrollment.ending is None:
                    end(work, enrollment, ending, clock.now(), reason, wake=False)
