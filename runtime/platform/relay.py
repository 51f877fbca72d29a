"""The relay: tells Temporal what the outbox says, as soon as Postgres announces it, and as long as Temporal is away."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Collection, Iterator, Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.intake.schedules import FIRST
from domain.intake.tables import Event
from domain.journeys.starting import Start, form_cohort, set_apart, start_of, wakes_of
from domain.published.library import read_plan
from domain.store.outbox import CHANNEL, count_waiting_starts, lock_oldest, lock_undecided_starts
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.database import WORKER
from runtime.platform.gathering import CohortPolicy, StartRate
from runtime.platform.runs import look_up, workflow_id
from workflows.plan.commands import FanOut
from workflows.plan.supply import AlarmRaised
from workflows.runs.journey import JourneyWorkflow
from workflows.runs.paging import FanOutWorkflow
from workflows.runs.replenishment import DETAILS, ReplenishmentWorkflow
from workflows.runs.tracking import FollowUpWorkflow
from workflows.words.describe import describe

logger = logging.getLogger(__name__)

BATCH = 200
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
CUSTOMERS_IN_SEARCH = 50
"""Cohorts of up to so many carry their customers' ids as a search attribute (a value is limited to 2 KB)."""

JOURNEY = SearchAttributeKey.for_keyword("Journey")
VERSION = SearchAttributeKey.for_int("JourneyVersion")
TRIGGER = SearchAttributeKey.for_keyword("Trigger")
COHORT_SIZE = SearchAttributeKey.for_int("CohortSize")
CUSTOMER_ID = SearchAttributeKey.for_keyword_list("CustomerId")


def replenishment_id(alarm_id: int) -> str:
    """The id of the workflow that an alarm began."""
    return f"replenishment/{alarm_id}"


class Relay:
    """Starts and wakes workflows. Any number may run at once: each takes what no other has locked."""

    def __init__(self, db: Database, client: Client, task_queue: str, gathering: CohortPolicy | None = None) -> None:
        self._db = db
        self._client = client
        self._queue = task_queue
        self._gathering = gathering or CohortPolicy()
        self._pace = StartRate(self._gathering)
        self._news = asyncio.Event()

    async def run(self, engine: Engine) -> None:
        """Drain the outbox whenever there is news, until cancelled. Survives both Postgres and Temporal being away."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(engine))
            while True:
                self._news.clear()
                try:
                    count = await self.drain()
                except (DBAPIError, RPCError, RuntimeError) as problem:
                    logger.warning("relay waits: %s", type(problem).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not count:
                    await self._sleep()

    async def drain(self) -> list[str]:
        """Tell Temporal one batch of the outbox. Returns the ids of the workflows told; raises if Temporal is away."""
        with self._db() as session:
            rows = await asyncio.to_thread(self._take, session)
            calls = await asyncio.to_thread(lambda: list(self._prepare(session, rows)))
            results = await asyncio.gather(*(call for _, call in calls), return_exceptions=True)
            delivered = [(row_ids, result) for (row_ids, _), result in zip(calls, results, strict=True)]
            await asyncio.to_thread(_settle, session, delivered)
        return [result for result in results if isinstance(result, str)]

    async def _listen(self, engine: Engine) -> None:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    url, autocommit=True, options=WORKER.options
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._news.set()
                    async for _ in connection.notifies():
                        self._news.set()
            except psycopg.OperationalError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), self._gathering.seconds if self._pace.gathered else POLL_SECONDS)
        except TimeoutError:
            return

    def _take(self, session: Session) -> Sequence[Outbox]:
        """Lock what is to be told now. In a burst the starts of a plan are left until they are formed into cohorts.

        Which starts are told together, and which alone, is committed before.
        """
        fresh = lock_undecided_starts(session, BATCH, except_plans=self._pace.gathered)
        self._pace.note(Counter(row.gather for row in fresh if row.gather))
        plan_ids = self._pace.gathered
        for row in fresh:
            row.gather = row.gather if row.gather in plan_ids else None
        session.commit()
        paged = {item for item in plan_ids if read_plan(session, item).trigger.for_each}
        for plan_id in self._pace.ripe(count_waiting_starts(session, plan_ids) if plan_ids else {}, paged):
            form_cohort(session, plan_id, self._gathering.size)
            session.commit()
        return lock_oldest(session, BATCH)

    def _prepare(self, session: Session, rows: Sequence[Outbox]) -> Iterator[tuple[Sequence[Outbox], Awaitable[str]]]:
        """What to tell Temporal, each with the rows that say so: wakes of one run are told at once."""
        wakes: dict[int, list[Outbox]] = {}
        for row in rows:
            if row.kind == "fan_out" and row.journey is not None:
                yield [row], self._fan_out(row.journey, row.event_id or 0)
            elif row.kind == "follow_up" and row.channel is not None:
                yield [row], self._follow_up(row.channel)
            elif row.kind == "replenish" and row.event_id is not None:
                sku = str(session.get_one(Event, row.event_id).data.get("sku"))
                yield [row], self._replenish(row.event_id, sku)
            elif row.kind == "restocked" and row.event_id is not None:
                yield [row], self._restocked(row.event_id)
            elif row.enrollment_id is not None and row.kind == "wake":
                wakes.setdefault(row.enrollment_id, []).append(row)
            elif row.enrollment_id is not None:
                start = start_of(session, row.enrollment_id)
                yield [row], self._start(start) if start else _nothing()
        for wake in wakes_of(session, wakes) if wakes else ():
            name = workflow_id(wake.journey, wake.run)
            call = self._wake(name, wake.enrollments) if wake.enrollments else _nothing()
            yield [row for item in wake.because_of for row in wakes[item]], call

    async def _start(self, start: Start, reuse: WorkflowIDReusePolicy = WorkflowIDReusePolicy.REJECT_DUPLICATE) -> str:
        cohort = start.cohort
        plan, travellers = cohort.plan, cohort.travellers
        customers = [str(traveller.customer) for traveller in travellers]
        who = f"customer {customers[0]}" if len(customers) == 1 else f"{len(customers)} customers"
        pairs: list[SearchAttributePair[Any]] = [
            SearchAttributePair(JOURNEY, plan.journey),
            SearchAttributePair(VERSION, cohort.version),
            SearchAttributePair(TRIGGER, start.trigger),
            SearchAttributePair(COHORT_SIZE, len(customers)),
        ]
        if len(customers) <= CUSTOMERS_IN_SEARCH:
            pairs.append(SearchAttributePair(CUSTOMER_ID, customers))
        name = workflow_id(plan.journey, start.run)
        try:
            await self._client.start_workflow(
                JourneyWorkflow.run,
                cohort,
                id=name,
                task_queue=self._queue,
                id_reuse_policy=reuse,
                search_attributes=TypedSearchAttributes(pairs),
                static_summary=f"{plan.name} · version {cohort.version} · {who}",
                static_details=describe(plan),
                request_eager_start=True,
            )
        except WorkflowAlreadyStartedError:
            return await self._see_who_is_carried(start)
        return name

    async def _see_who_is_carried(self, start: Start) -> str:
        """Temporal had a run of this name before: see that the members it doesn't carry get a run, too.

        If it is over and carries none of them, theirs takes its name; otherwise they are set apart.
        """
        run = await look_up(self._client, workflow_id(start.cohort.plan.journey, start.run))
        members = {traveller.enrollment for traveller in start.cohort.travellers}
        if not run.goes_on and members.isdisjoint(run.carries):
            return await self._start(start, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        if uncarried := members - run.carries:
            await asyncio.to_thread(self._set_apart, start.run, uncarried)
        return ""

    def _set_apart(self, run: int, enrollment_ids: Collection[int]) -> None:
        with self._db.begin() as work:
            set_apart(work, run, enrollment_ids)

    async def _wake(self, name: str, enrollments: Sequence[int]) -> str:
        """A workflow that isn't there, or is over, needs no waking: what it does first is look."""
        woken = enrollments[0] if len(enrollments) == 1 else list(enrollments)
        try:
            await self._client.get_workflow_handle(name).signal(JourneyWorkflow.wake, woken)
        except RPCError as problem:
            if problem.status is not RPCStatusCode.NOT_FOUND:
                raise
            return ""
        return name

    async def _fan_out(self, journey: str, event_id: int) -> str:
        name = f"fan-out/{journey}/{event_id}"
        try:
            await self._client.start_workflow(
                FanOutWorkflow.run,
                FanOut(journey=journey, event=event_id, cursor=FIRST),
                id=name,
                task_queue=self._queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"event {event_id} · to {journey}",
            )
        except WorkflowAlreadyStartedError:
            return ""
        return name

    async def _replenish(self, event_id: int, sku: str) -> str:
        """A run that is gone may be started again, for what it does first is look where the database stands."""
        name = replenishment_id(event_id)
        try:
            await self._client.start_workflow(
                ReplenishmentWorkflow.run,
                AlarmRaised(event=event_id),
                id=name,
                task_queue=self._queue,
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(JOURNEY, "replenishment"), SearchAttributePair(TRIGGER, "stock.alarm")]
                ),
                static_summary=f"restock {sku} · alarm {event_id}",
                static_details=DETAILS,
                request_eager_start=True,
            )
        except WorkflowAlreadyStartedError:
            return ""
        return name

    async def _restocked(self, event_id: int) -> str:
        """A run that is over needs no waking."""
        name = replenishment_id(event_id)
        try:
            await self._client.get_workflow_handle(name).signal(ReplenishmentWorkflow.wake)
        except RPCError as problem:
            if problem.status is not RPCStatusCode.NOT_FOUND:
                raise
            return ""
        return name

    async def _follow_up(self, channel: str) -> str:
        name = f"follow-up/{channel}"
        await self._client.start_workflow(
            FollowUpWorkflow.run,
            channel,
            id=name,
            task_queue=self._queue,
            start_signal="look",
            static_summary=f"what became of messages by {channel}",
        )
        return name


async def _nothing() -> str:
    return ""


def _settle(session: Session, delivered: Sequence[tuple[Sequence[Outbox], str | BaseException]]) -> None:
    """Forget what was told; keep what could not be, behind the rest."""
    for rows, result in delivered:
        for row in rows:
            if isinstance(result, BaseException):
                row.attempts += 1
            else:
                session.delete(row)
    session.commit()
    failed = [result for _, result in delivered if isinstance(result, BaseException)]
    if failed:
        raise failed[0]
