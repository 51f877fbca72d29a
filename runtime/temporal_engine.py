"""The Temporal engine of journey tests: the real worker and relay, on Temporal's time-skipping server."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, SQLModel
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.clock import VirtualClock
from runtime.cases import Case
from runtime.embedded import time_skipping_server
from runtime.relay import Relay
from runtime.temporal import DATA_CONVERTER, register_search_attributes
from runtime.worker import working
from runtime.world import Line, Shelf, World, agenda
from workflows.commands import FanOut
from workflows.paging import ScheduleWorkflow

STUCK_SECONDS = 30
TICK = timedelta(milliseconds=20)


class TemporalEngine:
    """Plays cases one at a time: the server has one clock for all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._db = sessionmaker(engine, class_=Session, expire_on_commit=False)
        self._loop = asyncio.Runner()
        self._cases = 0

    def __enter__(self) -> Self:
        self._env = self._loop.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._env.shutdown())
        self._loop.close()

    @property
    def environment(self) -> WorkflowEnvironment:
        """The server, for reading what it recorded."""
        return self._env

    def play(self, case: Case, shelf: Shelf) -> list[Line]:
        """Play a case on an emptied database and return its timeline."""
        return self._loop.run(self._play(case, shelf))

    async def _start(self) -> WorkflowEnvironment:
        env = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER
        )
        await register_search_attributes(env.client)
        return env

    async def _play(self, case: Case, shelf: Shelf) -> list[Line]:
        names = ", ".join(table.name for table in SQLModel.metadata.sorted_tables)
        with self._engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        world = World(self._db, case, shelf)
        self._cases += 1
        async with working(self._env.client, self._db, world.clock, f"case-{self._cases}") as relay:
            for instant, numbers, fires in agenda(world):
                await self._move(world.clock, instant - world.clock.now())
                for number in numbers:
                    world.post(number)
                started = [await self._fire(shelf.plan.journey, instant.isoformat())] if fires else []
                await self._settle(world, relay, started)
        return world.timeline()

    async def _move(self, clock: VirtualClock, span: timedelta) -> None:
        clock.set(clock.now() + span)
        if span:
            await self._env.sleep(span)

    async def _fire(self, journey: str, instant: str) -> str:
        handle = await self._env.client.start_workflow(
            ScheduleWorkflow.run,
            FanOut(journey=journey),
            id=f"schedule/{journey}/{self._cases}/{instant}",
            task_queue=f"case-{self._cases}",
        )
        return handle.id

    async def _settle(self, world: World, relay: Relay, started: Sequence[str]) -> None:
        """Let everything be done that is due; Temporal's clock moves on a little, so that its timers fire."""
        pending = set(started)
        async with asyncio.timeout(STUCK_SECONDS):
            while True:
                told = await relay.drain()
                pending.update(name for name in told if name.startswith("fan-out/"))
                pending = {name for name in pending if not await self._is_over(name)}
                if not told and not pending and world.at_rest():
                    return
                await self._env.sleep(TICK)

    async def _is_over(self, name: str) -> bool:
        description = await self._env.client.get_workflow_handle(name).describe()
        return description.status is WorkflowExecutionStatus.COMPLETED
