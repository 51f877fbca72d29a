"""The cohort's workflow on Temporal's time-skipping server; its activities are written down here."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import workflows.cohort
from runtime.embedded import time_skipping_server
from runtime.temporal import DATA_CONVERTER
from workflows.cohort import CohortWorkflow
from workflows.commands import Answer, Cohort, Group, Traveller
from workflows.compile import compile_plan
from workflows.spec import Journey

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = compile_plan(
    Journey.model_validate(
        {
            "journey": "j",
            "trigger": {"event": "x"},
            "entry": {"again": "never"},
            "steps": [
                {"wait": "1d"},
                {"tag": "one"},
                {"wait": "1d"},
                {"tag": "two"},
            ],
        }
    )
)


class Desk:
    """Answers for the database: a wait takes a day (and its member's number of seconds), a tag is set at once."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, str, tuple[int, ...]]] = []
        self.over: set[int] = set()
        self.gone: set[int] = set()
        self.spread = timedelta(0)
        self.slow: Callable[[Group], Any] | None = None

    @activity.defn
    async def arrive(self, group: Group) -> list[Answer]:
        return await self._answer("arrive", group)

    @activity.defn
    async def tag(self, group: Group) -> list[Answer]:
        return await self._answer("tag", group)

    async def _answer(self, name: str, group: Group) -> list[Answer]:
        self.commands.append((name, group.path, tuple(member.enrollment for member in group.members)))
        if self.slow:
            await self.slow(group)
        return [self._one(name, group.path, member.enrollment, member.at or START)
                for member in group.members if member.enrollment not in self.gone]  # fmt: skip

    def _one(self, name: str, path: str, number: int, at: datetime) -> Answer:
        if number in self.over:
            return Answer(enrollment=number, kind="over", at=at, result="goal")
        if not path:
            return Answer(enrollment=number, kind="over", at=at, result="finished")
        wait = DAY + number * self.spread
        if name == "arrive":
            return Answer(enrollment=number, kind="later", at=at, due=at + wait, seconds=wait.total_seconds())
        following = PLAN.after(path, "done")
        if following is None:
            return Answer(enrollment=number, kind="done", at=at, result="done")
        return Answer(
            enrollment=number, kind="done", at=at, result="done", due=at + wait, seconds=wait.total_seconds()
        )


def cohort(count: int) -> Cohort:
    travellers = tuple(Traveller(enrollment=number, customer=number, generation=0) for number in range(count))
    return Cohort(plan_id="p", version=1, plan=PLAN, travellers=travellers)


def runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows", "pydantic")
    )


def story(desk: Desk, count: int, tell: Callable[[WorkflowEnvironment, WorkflowHandle[Any, Any]], Any]) -> Any:
    """Run a cohort and let `tell` happen to it. Every run of it replays."""

    async def whole() -> Any:
        async with (
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER
            ) as env,
            Worker(
                env.client,
                task_queue="q",
                workflows=[CohortWorkflow],
                activities=[desk.arrive, desk.tag],
                workflow_runner=runner(),
            ),
        ):
            run = await env.client.start_workflow(CohortWorkflow.run, cohort(count), id="j/0", task_queue="q")
            found = await tell(env, run)
            replayer = Replayer(workflows=[CohortWorkflow], data_converter=DATA_CONVERTER, workflow_runner=runner())
            await replayer.replay_workflow(await run.fetch_history())
            return found

    return asyncio.run(whole())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_member_whose_answer_is_on_its_way_is_not_asleep_while_another_stirs() -> None:
    """Its time comes meanwhile: were it counted as asleep, the wait would pass before the database has spoken."""
    desk, answered = Desk(), asyncio.Event()

    async def tell(env: WorkflowEnvironment, run: WorkflowHandle[Any, Any]) -> Any:
        await until(lambda: len(desk.commands) == 1)
        await env.sleep(timedelta(hours=23))

        async def slow(group: Group) -> None:
            if [member.enrollment for member in group.members] == [1]:
                await answered.wait()

        desk.slow, desk.over = slow, {1}
        await run.signal(CohortWorkflow.wake, 1)
        await until(lambda: len(desk.commands) == 2)
        await env.sleep(timedelta(hours=2))
        await run.signal(CohortWorkflow.wake, [2])
        await until(lambda: ("tag", "2", (0, 2)) in desk.commands or ("tag", "2", (0,)) in desk.commands)
        answered.set()
        return await run.result()

    endings = story(desk, 3, tell)
    assert endings == {"goal": 1, "finished": 2}
    assert {path for name, path, members in desk.commands if 1 in members} == {"1"}
