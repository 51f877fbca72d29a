"""The cohort's workflow on Temporal's time-skipping server; its activities are written down here."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

import workflows.runs.journey
from runtime.platform.embedded import time_skipping_server
from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import sandbox
from workflows.language.compile import compile_plan
from workflows.language.spec import Journey
from workflows.plan.commands import Answer, Cohort, EnrollmentState, Group, unpack
from workflows.runs.journey import JourneyWorkflow

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
        self.put_off: dict[int, datetime] = {}
        self.reached: dict[tuple[str, int], datetime | None] = {}
        self.slow: Callable[[Group], Any] | None = None

    @activity.defn
    async def arrive(self, group: Group) -> list[Answer]:
        return await self._answer("arrive", group)

    @activity.defn
    async def tag(self, group: Group) -> list[Answer]:
        return await self._answer("tag", group)

    async def _answer(self, name: str, group: Group) -> list[Answer]:
        members = unpack(group.members)
        self.commands.append((name, group.path, tuple(member.enrollment for member in members)))
        self.reached.update({(group.path, member.enrollment): member.at for member in members})
        if self.slow:
            await self.slow(group)
        return [self._one(name, group.path, member.enrollment, member.at or START)
                for member in members if member.enrollment not in self.gone]  # fmt: skip

    def _one(self, name: str, path: str, number: int, at: datetime) -> Answer:
        if number in self.over:
            return Answer(enrollment=number, kind="over", at=at, result="goal")
        if not path:
            return Answer(enrollment=number, kind="over", at=at, result="finished")
        wait = DAY + number * self.spread
        if number in self.put_off:
            return Answer(enrollment=number, kind="later", at=at, due=self.put_off.pop(number), seconds=3600)
        if name == "arrive":
            return Answer(enrollment=number, kind="later", at=at, due=at + wait, seconds=wait.total_seconds())
        following = PLAN.after(path, "done")
        if following is None:
            return Answer(enrollment=number, kind="done", at=at, result="done")
        return Answer(enrollment=number, kind="done", at=at, result="done", due=at + wait, seconds=wait.total_seconds())


def cohort(count: int) -> Cohort:
    states = tuple(EnrollmentState(enrollment=number, customer=number, generation=0) for number in range(count))
    read_in: dict[str, Any] = {"language": "zh", "timezone": "Asia/Shanghai"}
    return Cohort(plan_id="p", version=1, plan=PLAN, enrollments=states, **read_in)


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
                workflows=[JourneyWorkflow],
                activities=[desk.arrive, desk.tag],
                workflow_runner=sandbox(),
            ),
        ):
            run = await env.client.start_workflow(JourneyWorkflow.run, cohort(count), id="j/0", task_queue="q")
            found = await tell(env, run)
            replayer = Replayer(workflows=[JourneyWorkflow], data_converter=DATA_CONVERTER, workflow_runner=sandbox())
            await replayer.replay_workflow(await run.fetch_history())
            return found

    return asyncio.run(whole())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_member_whose_answer_is_on_its_way_is_not_asleep_while_another_stirs() -> None:
    """Its time comes meanwhile: were it counted as asleep, its wait would pass before the database puts it off."""
    desk, answered = Desk(), asyncio.Event()

    async def tell(env: WorkflowEnvironment, run: WorkflowHandle[Any, Any]) -> Any:
        await until(lambda: len(desk.commands) == 1)
        await env.sleep(DAY - timedelta(seconds=1))

        async def slow(group: Group) -> None:
            if [member.enrollment for member in group.members] == [1]:
                await answered.wait()

        desk.slow, desk.put_off = slow, {1: START + DAY + timedelta(hours=1)}
        await run.signal(JourneyWorkflow.wake, 1)
        await until(lambda: len(desk.commands) == 2)
        await run.signal(JourneyWorkflow.wake, [2])  # time stands still for nobody while an activity runs
        await until(lambda: any(name == "tag" for name, _, _ in desk.commands))
        answered.set()
        return await run.result()

    assert story(desk, 3, tell) == {"finished": 3}
    assert desk.reached["2", 0] == START + DAY
    assert desk.reached["2", 1] == START + DAY + timedelta(hours=1)


@pytest.mark.parametrize(
    ("count", "standing"),
    [
        (1, "- 客户 0 的旅程 0：**等待 1 天**，到 2026-03-03 20:00，然后打上标签「one」"),
        (49, "- 49 位客户：**等待 1 天**"),
    ],
)
def test_its_page_tells_where_they_stand_and_at_the_end_how_it_ended(count: int, standing: str) -> None:
    """On the shop's clock, in its language."""

    async def tell(_: WorkflowEnvironment, run: WorkflowHandle[Any, Any]) -> Any:
        await until(lambda: len(desk.commands) == 1)
        before = (await run.query("__temporal_workflow_metadata")).current_details
        await run.result()
        return before, (await run.query("__temporal_workflow_metadata")).current_details

    desk = Desk()
    assert story(desk, count, tell) == (standing, f"**全部结束**\n- 走完全程: {count}")


def test_a_long_run_goes_on_as_a_new_one_with_all_it_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its members sleep for is carried over: the new run asks for nothing twice."""
    monkeypatch.setattr(
        workflows.runs.journey, "_has_grown_long", lambda: workflow.info().get_current_history_length() > 20
    )
    desk = Desk()
    desk.spread = timedelta(minutes=1)

    async def tell(env: WorkflowEnvironment, run: WorkflowHandle[Any, Any]) -> Any:
        await until(lambda: len(desk.commands) == 1)
        desk.over, desk.gone = {3}, {4}
        await run.signal(JourneyWorkflow.wake, [3, 4])
        endings = await run.result()
        described = await env.client.get_workflow_handle("j/0").describe()
        assert described.run_id != run.first_execution_run_id
        return endings

    assert story(desk, 12, tell) == {"goal": 1, "gone": 1, "finished": 10}
    asked = Counter((name, path, member) for name, path, members in desk.commands for member in members)
    assert set(asked.values()) == {1, 2}
    assert {member for (_, _, member), times in asked.items() if times == 2} == {3, 4}


def test_members_due_within_a_second_go_on_together() -> None:
    desk = Desk()
    desk.spread = timedelta(milliseconds=10)

    async def tell(_: WorkflowEnvironment, run: WorkflowHandle[Any, Any]) -> Any:
        return await run.result()

    assert story(desk, 50, tell) == {"finished": 50}
    assert [len(members) for _, _, members in desk.commands] == [50] * len(desk.commands)
