"""The relay: tells Temporal what the outbox says, as soon as Postgres announces it, and as long as Temporal is away."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.outbox import CHANNEL, start_of, take
from domain.schedules import FIRST
from domain.tables import Event, Outbox
from workflows.cohort import CohortWorkflow
from workflows.commands import Cohort, FanOut
from workflows.describe import describe
from workflows.following import FollowUpWorkflow
from workflows.paging import FanOutWorkflow
from workflows.replenishment import DETAILS, ReplenishmentWorkflow
from workflows.supply import AlarmRaised

logger = logging.getLogger(__name__)

BATCH = 100
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
CUSTOMERS_IN_SEARCH = 50
"""Cohorts of up to so many carry their customers' ids as a search attribute (a value is limited to 2 KB)."""

JOURNEY = SearchAttributeKey.for_keyword("Journey")
VERSION = SearchAttributeKey.for_int("JourneyVersion")
TRIGGER = SearchAttributeKey.for_keyword("Trigger")
COHORT_SIZE = SearchAttributeKey.for_int("CohortSize")
CUSTOMER_ID = SearchAttributeKey.for_keyword_list("CustomerId")


def workflow_id(journey: str, enrollment_id: int) -> str:
    """The id of an enrollment's workflow."""
    return f"{journey}/{enrollment_id}"


def replenishment_id(alarm_id: int) -> str:
    """The id of the workflow that an alarm began."""
    return f"replenishment/{alarm_id}"


class Relay:
    """Starts and wakes workflows. Any number may run at once: each takes what no other has locked."""

    def __init__(self, db: sessionmaker[Session], client: Client, task_queue: str) -> None:
        self._db = db
        self._client = client
        self._queue = task_queue
        self._news = asyncio.Event()

    async def run(self, engine: Engine) -> None:
        """Drain the outbox whenever there is news, until cancelled. Survives both Postgres and Temporal being away."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(engine))
            while True:
                self._news.clear()
                try:
                    told = await self.drain()
                except (DBAPIError, RPCError, RuntimeError) as problem:
                    logger.warning("relay waits: %s", type(problem).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not told:
                    await self._sleep()

    async def drain(self) -> list[str]:
        """Tell Temporal one batch of the outbox. Returns the ids of the workflows told; raises if Temporal is away."""
        with self._db() as session:
            rows = await asyncio.to_thread(take, session, BATCH)
            calls = await asyncio.to_thread(self._prepare, session, rows)
            results = await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.to_thread(_settle, session, rows, results)
        return [result for result in results if isinstance(result, str)]

    async def _listen(self, engine: Engine) -> None:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._news.set()
                    async for _ in connection.notifies():
                        self._news.set()
            except psycopg.OperationalError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    def _prepare(self, session: Session, rows: Sequence[Outbox]) -> list[Awaitable[str]]:
        calls: list[Awaitable[str]] = []
        for row in rows:
            if row.kind == "start" and row.enrollment_id is not None:
                start = start_of(session, row.enrollment_id)
                calls.append(self._start(*start) if start else _nothing())
            elif row.kind == "wake" and row.enrollment_id is not None:
                calls.append(self._wake(workflow_id(row.journey, row.enrollment_id), row.enrollment_id))
            elif row.kind == "replenish" and row.event_id is not None:
                sku = str(session.get_one(Event, row.event_id).data.get("sku"))
                calls.append(self._replenish(row.event_id, sku))
            elif row.kind == "restocked" and row.event_id is not None:
                calls.append(self._restocked(row.event_id))
            elif row.kind == "follow_up":
                calls.append(self._follow_up(row.journey))
            else:
                calls.append(self._fan_out(row.journey, row.event_id or 0))
        return calls

    async def _start(self, cohort: Cohort, trigger: str) -> str:
        plan, travellers = cohort.plan, cohort.travellers
        customers = [str(traveller.customer) for traveller in travellers]
        who = f"customer {customers[0]}" if len(customers) == 1 else f"{len(customers)} customers"
        pairs: list[SearchAttributePair[Any]] = [
            SearchAttributePair(JOURNEY, plan.journey),
            SearchAttributePair(VERSION, cohort.version),
            SearchAttributePair(TRIGGER, trigger),
            SearchAttributePair(COHORT_SIZE, len(customers)),
        ]
        if len(customers) <= CUSTOMERS_IN_SEARCH:
            pairs.append(SearchAttributePair(CUSTOMER_ID, customers))
        name = workflow_id(plan.journey, travellers[0].enrollment)
        try:
            await self._client.start_workflow(
                CohortWorkflow.run,
                cohort,
                id=name,
                task_queue=self._queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=TypedSearchAttributes(pairs),
                static_summary=f"{plan.name} · version {cohort.version} · {who}",
                static_details=describe(plan),
                request_eager_start=True,
            )
        except WorkflowAlreadyStartedError:
            return ""
        return name

    async def _wake(self, name: str, enrollment_id: int) -> str:
        """A workflow that isn't there, or is over, needs no waking: what it does first is look."""
        try:
            await self._client.get_workflow_handle(name).signal(CohortWorkflow.wake, enrollment_id)
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


def _settle(session: Session, rows: Sequence[Outbox], results: Sequence[str | BaseException]) -> None:
    """Forget what was told; keep what could not be, behind the rest."""
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, BaseException):
            row.attempts += 1
        else:
            session.delete(row)
    session.commit()
    failed = [result for result in results if isinstance(result, BaseException)]
    if failed:
        raise failed[0]
