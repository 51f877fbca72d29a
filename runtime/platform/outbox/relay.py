"""The relay: tells Temporal what the outbox says, as soon as Postgres announces it, and as long as Temporal is away."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.channels.staff import TellsStaff
from domain.journeys.starting import form_cohort
from domain.published.library import read_plan
from domain.store.outbox import (
    CHANNEL,
    Notice,
    count_waiting_starts,
    lock_oldest,
    lock_undecided_starts,
    notice_of,
    put_off,
)
from domain.store.tables import Outbox
from domain.store.tracing import SpanKind, span
from domain.store.work import Database
from runtime.platform.database import WORKER
from runtime.platform.measures import RELAY
from runtime.platform.outbox.gathering import CohortPolicy, StartRate
from runtime.platform.outbox.journey_tellers import Call, Calls, Notices, Temporal
from runtime.platform.outbox.tellers import TELLERS

logger = logging.getLogger(__name__)

_Found = TypeVar("_Found")

BATCH = 200
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Relay:
    """Starts and wakes workflows. Any number may run at once: each takes what no other has locked."""

    def __init__(
        self,
        db: Database,
        client: Client,
        task_queue: str,
        gathering: CohortPolicy | None = None,
        public_url: str | None = None,
        staff: Sequence[TellsStaff] = (),
    ) -> None:
        self._db = db
        self._temporal = Temporal(db, client, task_queue, public_url, staff)
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
                except Exception as problem:
                    logger.warning("relay waits: %s", type(problem).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not count:
                    await self._sleep()

    async def drain(self) -> list[str]:
        """Tell Temporal one batch of the outbox. Returns the ids of the workflows told; raises if Temporal is away.

        What can't be told while other notices can is put off, by itself.
        """
        with self._db() as session:
            rows = await _to_end(self._take, session)
            calls = await _to_end(lambda: list(self._prepare(session, rows)))
            results = await asyncio.gather(*(_traced(rows, call) for rows, call in calls), return_exceptions=True)
            delivered = [(row_ids, result) for (row_ids, _), result in zip(calls, results, strict=True)]
            await _to_end(_settle, session, delivered)
        RELAY.beat()
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
        return lock_oldest(session, BATCH, datetime.now(UTC))

    def _prepare(self, session: Session, rows: Sequence[Outbox]) -> Calls:
        """What to tell Temporal, each with the rows that say so."""
        by_kind: dict[str, list[tuple[Outbox, Notice]]] = {}
        for row in rows:
            try:
                by_kind.setdefault(row.kind, []).append((row, notice_of(row)))
            except (LookupError, TypeError) as problem:
                yield [row], _fail(problem)
        for kind, told in by_kind.items():
            try:
                yield from self._ask(session, kind, told)
            except DBAPIError:
                raise
            except Exception:  # one of them can't be looked up: each by itself
                for each in told:
                    try:
                        yield from self._ask(session, kind, [each])
                    except DBAPIError:
                        raise
                    except Exception as problem:
                        yield [each[0]], _fail(problem)

    def _ask(self, session: Session, kind: str, told: Notices) -> list[Call]:
        """How these notices are told: all of it, or an error and nothing."""
        calls: list[Call] = []
        try:
            for call in TELLERS[kind](self._temporal, session, told):
                calls.append(call)
        except BaseException:
            for _, telling in calls:
                telling.close()
            raise
        return calls


def _traced(rows: Sequence[Outbox], call: Coroutine[Any, Any, str]) -> Coroutine[Any, Any, str]:
    """The call in the trace of the event that brought it about; of several, of the first."""
    parent = next((row.traceparent for row in rows if row.traceparent), None)
    return _in_trace(f"outbox {rows[0].kind}", parent, len(rows), call) if parent else call


async def _in_trace(name: str, parent: str, rows: int, call: Coroutine[Any, Any, str]) -> str:
    with span(name, parent, SpanKind.PRODUCER, {"outbox.rows": rows}):
        return await call


async def _to_end(act: Callable[..., _Found], *arguments: object) -> _Found:
    """Act in a thread, to its end even when the relay is stopped: its session isn't closed meanwhile."""
    acting = asyncio.ensure_future(asyncio.to_thread(act, *arguments))
    try:
        return await asyncio.shield(acting)
    except asyncio.CancelledError:
        await asyncio.wait([acting])
        raise


async def _fail(problem: Exception) -> str:
    raise problem


def _settle(session: Session, delivered: Sequence[tuple[Sequence[Outbox], str | BaseException]]) -> None:
    """Forget what was told; put off what could not be. Raises the problem where it is that Temporal is away."""
    failed = [result for _, result in delivered if isinstance(result, BaseException)]
    if failed and len(failed) == len(delivered) and all(map(_is_away, failed)):
        raise failed[0]
    now = datetime.now(UTC)
    for rows, result in delivered:
        for row in rows:
            if isinstance(result, BaseException):
                put_off(row, _name(result), now)
                logger.warning("outbox row %s (%s) can't be told: %s", row.id, row.kind, row.problem)
            else:
                session.delete(row)
    session.commit()


def _is_away(problem: BaseException) -> bool:
    """Whether it says nothing of the notice that could not be told."""
    is_refused = isinstance(problem, RPCError) and problem.status in _REFUSED
    return isinstance(problem, RPCError | DBAPIError | asyncio.CancelledError) and not is_refused


_REFUSED = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE)


def _name(problem: BaseException) -> str:
    """What it is, without what it says: that may be the customer's data."""
    status = f" {problem.status.name}" if isinstance(problem, RPCError) else ""
    return type(problem).__name__ + status
