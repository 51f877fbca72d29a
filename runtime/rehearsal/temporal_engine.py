"""The Temporal engine of journey tests: the real worker and relay, on Temporal's time-skipping server."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment

from domain.intake.ingest import ingest_given
from domain.journeys.tables import Enrollment
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database
from runtime.platform.embedded import time_skipping_server
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.platform.runs import workflow_id
from runtime.platform.temporal import DATA_CONVERTER, TASK_QUEUE, add_search_attributes
from runtime.platform.worker import working
from runtime.rehearsal.cases import Case
from runtime.rehearsal.play_world import make_world
from runtime.rehearsal.scratch import empty_tables
from runtime.rehearsal.world import CaseStock, Line, World, agenda
from workflows.plan.commands import FanOut
from workflows.runs.paging import ScheduleWorkflow

STUCK_SECONDS = 60
TICK = timedelta(milliseconds=20)
EVE = timedelta(seconds=5)
"""How long before an instant Temporal is told what happens then: what it starts counts its time from there."""
AT_ONCE = CohortPolicy(seconds=0, paging=0)
"""Nobody waits for others: Temporal's clock stands still while starts are told."""


QUIET = Runtime(
    telemetry=TelemetryConfig(logging=LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR")))
)
"""The test server is older than the SDK, which warns of that each time."""


class StuckError(ValueError):
    """A case that doesn't come to rest, with what it waits for."""


class _CaseClock:
    """The clock of the case being played."""

    def __init__(self) -> None:
        self.of_case: Clock = SystemClock()

    def now(self) -> datetime:
        return self.of_case.now()

    def seconds_until(self, instant: datetime) -> float:
        return self.of_case.seconds_until(instant)


class TemporalEngine:
    """Plays cases one at a time, on a database of which it empties every table: the server has one clock for all."""

    def __init__(self, engine: Engine, gathering: CohortPolicy = AT_ONCE) -> None:
        self._engine = engine
        self._gathering = gathering
        self._db = Database(engine, ingest_given)
        self._clock = _CaseClock()
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._runs: list[str] = []

    def __enter__(self) -> Self:
        self._loop.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._stack.aclose())
        self._loop.close()

    def play(self, case: Case, shelf: CaseStock) -> list[Line]:
        """Play a case on the empty database and return its timeline; the database is left empty.

        Raises StuckError for a case that doesn't come to rest.
        """
        return self._loop.run(self._play(case, shelf))

    def histories(self) -> Mapping[str, WorkflowHistory]:
        """What Temporal recorded of the last case, by workflow id."""
        return self._loop.run(self._histories())

    async def _histories(self) -> Mapping[str, WorkflowHistory]:
        handles = {name: self._env.client.get_workflow_handle(name) for name in self._runs}
        return {name: await handle.fetch_history() for name, handle in handles.items()}

    async def _start(self) -> None:
        empty_tables(self._engine)
        env = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER, runtime=QUIET
        )
        self._env = await self._stack.enter_async_context(env)
        await add_search_attributes(env.client)
        self._relay = await self._stack.enter_async_context(
            working(env.client, self._db, self._clock, gathering=self._gathering)
        )

    async def _play(self, case: Case, shelf: CaseStock) -> list[Line]:
        world = make_world(self._db, case, shelf)
        self._clock.of_case = world.clock
        runs: set[str] = set()
        self._runs.clear()
        try:
            await self._go(world, runs)
            lines = world.timeline()
            async with asyncio.timeout(STUCK_SECONDS):
                await self._clear_up(runs)
        except TimeoutError:
            awaited = await self._what_is_awaited(world)
            await self._begin_anew()
            raise StuckError(awaited) from None
        return lines

    async def _go(self, world: World, runs: set[str]) -> None:
        for instant, numbers, fires in agenda(world):
            asleep = world.next_due() is not None  # else nobody minds what time Temporal has
            span = instant - world.clock.now() if asleep else timedelta()
            world.clock.set(instant)
            if numbers:
                world.post(numbers)
            if span > EVE:
                await self._sleep(span - EVE)
            if fires:
                self._runs.append(await self._fire(world.shelf.plan.journey))
                runs.add(self._runs[-1])
            await self._reach(runs)  # before timers fire: at equal instants events come before them
            if span:
                await self._sleep(min(span, EVE))
            await self._settle(world, runs)

    async def _fire(self, journey: str) -> str:
        name = f"schedule/{journey}/{uuid4()}"
        await self._env.client.start_workflow(
            ScheduleWorkflow.run, FanOut(journey=journey), id=name, task_queue=TASK_QUEUE
        )
        return name

    async def _settle(self, world: World, runs: set[str]) -> None:
        """Let everything be done that is due; Temporal's clock moves on a little, so that its timers fire."""
        async with asyncio.timeout(STUCK_SECONDS):
            while True:
                delivered = await self._deliver(runs)
                if not await self._is_paging(runs) and not delivered and world.at_rest():
                    return
                await self._env.sleep(TICK)

    async def _reach(self, runs: set[str]) -> None:
        """Let what happens come to everybody whom it is about, while Temporal's clock stands still."""
        async with asyncio.timeout(STUCK_SECONDS):
            while await self._deliver(runs) or await self._is_paging(runs):
                await asyncio.sleep(TICK.total_seconds())

    async def _is_paging(self, runs: set[str]) -> bool:
        """Whether a schedule or an event about the business is still on its way; those that arrived are forgotten."""
        paging = {name for name in runs if name.startswith(("fan-out/", "schedule/"))}
        over = {name for name in paging if await self._is_over(name)}
        runs -= over
        return paging != over

    async def _what_is_awaited(self, world: World) -> str:
        """Where everybody stands, and which activities are tried again and again."""
        zone = world.zone
        now = f"{world.clock.now().astimezone(zone):%Y-%m-%d %H:%M}"
        lines = [f"at {now} this has not come to rest within {STUCK_SECONDS} seconds:"]
        with self._db() as session:
            query = select(Enrollment).where(col(Enrollment.ending).is_(None)).order_by(col(Enrollment.id))
            for row in session.exec(query):
                due = f", due {row.due_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.due_at else ""
                step = f"before step {row.position}" if row.position else "at the end"
                lines.append(f"  {world.names[row.customer_id]} stands {step}{due}")
        for name in self._runs:
            description = await self._env.client.get_workflow_handle(name).describe()
            for activity in description.raw_description.pending_activities:
                failure = activity.last_failure.message.partition("\n")[0]
                words = f"attempt {activity.attempt}" + (f": {failure}" if failure else "")
                lines.append(f"  the activity {activity.activity_type.name} of {name} is not done, {words}")
        return "\n".join([*lines, "  play it with --engine rehearsal, which raises what an activity only tries again"])

    async def _begin_anew(self) -> None:
        """Start another server: that of a case broken off may have lost the lock on its time, and stand for ever."""
        self._runs.clear()
        await self._stack.aclose()
        await self._start()

    async def _sleep(self, span: timedelta) -> None:
        """Let Temporal's clock move on. Raises TimeoutError if it stands."""
        async with asyncio.timeout(STUCK_SECONDS):
            await self._env.sleep(span)

    async def _deliver(self, runs: set[str]) -> bool:
        delivered = await self._relay.drain()
        runs.update(name for name in delivered if name)
        self._runs += [name for name in delivered if name and name not in self._runs]
        return bool(delivered)

    async def _is_over(self, name: str) -> bool:
        description = await self._env.client.get_workflow_handle(name).describe()
        return description.status is not WorkflowExecutionStatus.RUNNING

    async def _is_resting(self, name: str) -> bool:
        """Whether a run has done all it can do now, and waits for its timer."""
        history = await self._env.client.get_workflow_handle(name).fetch_history()
        return history.events[-1].event_type == EventType.EVENT_TYPE_TIMER_STARTED

    async def _clear_up(self, runs: set[str]) -> None:
        """Let the runs whose enrollment is over come to their end, and end the others, and reviews of shows.

        The server leaks its lock on time when a run is ended in the middle of a workflow task, so nothing is hurried.
        """
        with self._db() as session:
            query = select(Enrollment).where(col(Enrollment.ending).is_(None))
            asleep = {workflow_id(row.journey, row.run) for row in session.exec(query)}
        asleep |= {name for name in runs if name.startswith(("review/", "play/")) and not await self._is_over(name)}
        for name in runs:
            while name not in asleep and not await self._is_over(name):
                await asyncio.sleep(TICK.total_seconds())
        for name in asleep & runs:
            while not await self._is_resting(name):
                await asyncio.sleep(TICK.total_seconds())
            await self._env.client.get_workflow_handle(name).terminate("the case is over")
        empty_tables(self._engine)
