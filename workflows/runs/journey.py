"""The workflow of a cohort: many enrollments walked side by side, equal commands grouped into one activity."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plan.commands import END, Answer, Cohort, Group, pack
    from workflows.plan.interpreter import Runner
    from workflows.plan.model import Plan
    from workflows.terms.values import local_words
    from workflows.terms.wording import Wording
    from workflows.verbs.base import Path, Step
    from workflows.words.describe import summary
    from workflows.words.telling import ending_words

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(hours=2)
HEARTBEAT = timedelta(seconds=45)
TOGETHER = timedelta(seconds=1)
"""Members that are due within such a span go on together, when the last of them is due."""
TICK = timedelta(milliseconds=1)
"""What the SDK rounds timers to: one that is rounded down ends too early, and one of nothing lets no time pass."""
FIRST, LAST = Priority(priority_key=1), Priority(priority_key=5)
NAMED = 20
"""A cohort of up to so many tells the operator of each member; a larger one counts them by step."""


@workflow.defn(name="Journey")
class JourneyWorkflow:
    """Walks its states through their plan until each is over."""

    @workflow.init
    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._plans = {cohort.plan_id: cohort.plan, **cohort.plans}
        self._plan_ids = {state.enrollment: state.plan_id or cohort.plan_id for state in cohort.enrollments}
        self._runners = {
            state.enrollment: Runner(self._plans[self._plan_ids[state.enrollment]], state)
            for state in cohort.enrollments
        }
        self._until = {state.enrollment: state.wakes for state in cohort.enrollments if state.wakes}
        self._running: dict[asyncio.Task[None], Sequence[Runner]] = {}
        self._endings = Counter(cohort.endings)
        self._stirred = False
        self._say = Wording(cohort.language)

    @workflow.run
    async def run(self, _: Cohort) -> dict[str, int]:
        """Returns how many enrollments came to which ending."""
        while self._runners or self._running:
            if not _has_grown_long():
                for (name, plan_id, path), runners in self._commands().items():
                    task = asyncio.create_task(self._carry_out(name, plan_id, path, runners))
                    self._running[task] = runners
            elif not self._running:
                workflow.continue_as_new(self._carried_over())
            self._say_where_it_stands()
            await self._rest()
            for task in [task for task in self._running if task.done()]:
                del self._running[task]
                task.result()
        self._say_how_it_ended()
        return dict(self._endings)

    @workflow.signal
    def wake(self, enrollments: int | list[int]) -> None:
        """The database decided something about these enrollments, or this one; look at them."""
        for enrollment in enrollments if isinstance(enrollments, list) else [enrollments]:
            if runner := self._runners.get(enrollment):
                runner.wake()
                self._stirred = True

    def _carried_over(self) -> Cohort:
        elsewhere = {id: plan for id, plan in self._plan_ids.items() if plan != self._cohort.plan_id}
        states = []
        for runner in self._runners.values():
            state = runner.state()
            own = {"wakes": self._until[state.enrollment]} if state.due else {}
            states.append(state.model_copy(update={**own, "plan_id": elsewhere.get(state.enrollment)}))
        plans = {plan_id: self._plans[plan_id] for plan_id in sorted(set(elsewhere.values()))}
        carried = {"enrollments": tuple(states), "endings": dict(self._endings), "plans": plans}
        return self._cohort.model_copy(update=carried)

    def _idle(self) -> list[Runner]:
        """The runners that wait for no answer."""
        busy = {runner.enrollment for runners in self._running.values() for runner in runners}
        return [runner for runner in self._runners.values() if runner.enrollment not in busy]

    def _commands(self) -> dict[tuple[str, str, Path], list[Runner]]:
        """The runners that have the same to do, by the activity, the plan and the step."""
        commands: dict[tuple[str, str, Path], list[Runner]] = {}
        for runner in self._idle():
            if runner.activity is not None:
                key = runner.activity, self._plan_ids[runner.enrollment], runner.path
                commands.setdefault(key, []).append(runner)
        return commands

    async def _carry_out(self, name: str, plan_id: str, path: Path, runners: Sequence[Runner]) -> None:
        step = self._plans[plan_id].steps.get(path)
        group = Group(plan_id=plan_id, path=path, members=tuple(pack(runner.command() for runner in runners)))
        answers: list[Answer] = await workflow.execute_activity(
            name,
            group,
            result_type=list[Answer],
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            priority=_priority(step, len(runners)),
            summary=self._summary(step),
        )
        for unknown in sorted({answer.plan_id for answer in answers if answer.plan_id} - self._plans.keys()):
            self._plans[unknown] = await workflow.execute_activity(
                "plan", unknown, result_type=Plan, start_to_close_timeout=TIMEOUT, retry_policy=RETRY
            )
        by_enrollment = {enrollment: answer for answer in answers for enrollment in (answer.enrollment, *answer.others)}
        now = workflow.now()
        for runner in runners:
            self._take(runner, by_enrollment.get(runner.enrollment), now)
        self._stirred = True

    def _take(self, runner: Runner, answer: Answer | None, now: datetime) -> None:
        """An enrollment that the database knows nothing of any more is over, too."""
        if answer is not None:
            if answer.plan_id:
                self._plan_ids[runner.enrollment] = answer.plan_id
            runner.answered(answer, self._plans.get(answer.plan_id))
            self._until[runner.enrollment] = now + timedelta(seconds=answer.seconds)
        if answer is None or runner.over:
            del self._runners[runner.enrollment], self._plan_ids[runner.enrollment]
            self._endings[answer.result if answer else "gone"] += 1

    async def _rest(self) -> None:
        """Sleep until the next enrollments are due, an activity has answered, or something wakes one."""
        asleep = [runner for runner in self._idle() if runner.activity is None]
        first = min(asleep, key=lambda runner: self._until[runner.enrollment], default=None)
        if first is not None and (due := self._until[first.enrollment]) > workflow.now():
            dues = (self._until[runner.enrollment] for runner in asleep)
            last = max(item for item in dues if item <= due + TOGETHER)
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stirred,
                    timeout=ceil((last - workflow.now()) / TICK) * TICK,
                    timeout_summary=self._summary(first.step),
                )
        elif first is None and self._running:
            await workflow.wait_condition(lambda: self._stirred)
        self._stirred = False
        for runner in asleep:
            if self._until[runner.enrollment] <= workflow.now():
                runner.elapsed()

    def _say_where_it_stands(self) -> None:
        runners = list(self._runners.values())
        if len(runners) <= NAMED:
            lines = [self._say.pick(
                f"- 客户 {runner.customer} 的旅程 {runner.enrollment}：{self._standing(runner)}",
                f"- enrollment {runner.enrollment} of customer {runner.customer}: {self._standing(runner)}",
            ) for runner in runners]  # fmt: skip
        else:
            counts = Counter(runner.path for runner in runners)
            first = {runner.path: runner for runner in reversed(runners)}
            lines = [self._say.pick(
                f"- {count} 位客户：{self._standing(first[path], ahead=False)}",
                f"- {count} customers: {self._standing(first[path], ahead=False)}",
            ) for path, count in counts.most_common(NAMED)]  # fmt: skip
        workflow.set_current_details("\n".join(lines))

    def _standing(self, runner: Runner, *, ahead: bool = True) -> str:
        step = f"**{self._summary(runner.step)}**" if runner.step else self._summary(None)
        if not ahead:
            return step
        pick = self._say.pick
        due = local_words(runner.due, self._cohort.timezone) if runner.due else ""
        until = pick(f"，到 {due}", f" until {due}") if due else ""
        after = runner.plan.after(runner.path, "") if runner.path != END else None
        following = self._summary(after) if after else ""
        return step + until + (pick(f"，然后{following}", f", then {following}") if after else "")

    def _say_how_it_ended(self) -> None:
        ended = [f"- {ending_words(name, self._say)}: {count}" for name, count in sorted(self._endings.items())]
        title = self._say.pick("全部结束", "everybody is at the end")
        workflow.set_current_details("\n".join([f"**{title}**", *ended]))

    def _summary(self, step: Step | None) -> str:
        """A step in one line; without one, the journey's end."""
        return summary(step, self._say) if step else self._say.pick("结束", "the end")


@workflow.defn(name="Cohort")
class CohortWorkflow(JourneyWorkflow):
    """Goes on with the runs that were started under the name that journeys had up to 0.1."""

    @workflow.init
    def __init__(self, cohort: Cohort) -> None:
        super().__init__(cohort)

    @workflow.run
    async def run(self, cohort: Cohort) -> dict[str, int]:
        return await super().run(cohort)


def _priority(step: Step | None, members: int) -> Priority:
    """Where there is more to do than workers can: what was asked for comes first, and bulk comes last."""
    if step is not None and step.urgent:
        return FIRST
    return LAST if members > NAMED else Priority.default


def _has_grown_long() -> bool:
    """Temporal says so, by events and by bytes. What is under way is waited for before the run is continued anew."""
    return workflow.info().is_continue_as_new_suggested()
