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
    """Walks its travellers through their plan until each is over."""

    @workflow.init
    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._walkers = {traveller.enrollment: Runner(cohort.plan, traveller) for traveller in cohort.travellers}
        self._until = {traveller.enrollment: traveller.wakes for traveller in cohort.travellers if traveller.wakes}
        self._running: dict[asyncio.Task[None], Sequence[Runner]] = {}
        self._endings = Counter(cohort.endings)
        self._stirred = False
        self._say = Wording(cohort.language)

    @workflow.run
    async def run(self, _: Cohort) -> dict[str, int]:
        """Returns how many enrollments came to which ending."""
        while self._walkers or self._running:
            if not _has_grown_long():
                for (name, path), walkers in self._commands().items():
                    task = asyncio.create_task(self._carry_out(name, path, walkers))
                    self._running[task] = walkers
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
            if walker := self._walkers.get(enrollment):
                walker.wake()
                self._stirred = True

    def _carried_over(self) -> Cohort:
        travellers = (walker.traveller() for walker in self._walkers.values())
        enrollments = (
            traveller.model_copy(update={"wakes": self._until[traveller.enrollment]}) if traveller.due else traveller
            for traveller in travellers
        )
        return self._cohort.model_copy(update={"travellers": tuple(enrollments), "endings": dict(self._endings)})

    def _idle(self) -> list[Runner]:
        """The walkers that wait for no answer."""
        busy = {walker.enrollment for walkers in self._running.values() for walker in walkers}
        return [walker for walker in self._walkers.values() if walker.enrollment not in busy]

    def _commands(self) -> dict[tuple[str, Path], list[Runner]]:
        commands: dict[tuple[str, Path], list[Runner]] = {}
        for walker in self._idle():
            if walker.activity is not None:
                commands.setdefault((walker.activity, walker.path), []).append(walker)
        return commands

    async def _carry_out(self, name: str, path: Path, walkers: Sequence[Runner]) -> None:
        step = self._cohort.plan.steps.get(path)
        group = Group(
            plan_id=self._cohort.plan_id, path=path, members=tuple(pack(walker.command() for walker in walkers))
        )
        answers: list[Answer] = await workflow.execute_activity(
            name,
            group,
            result_type=list[Answer],
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            priority=_priority(step, len(walkers)),
            summary=self._summary(step),
        )
        by_enrollment = {enrollment: answer for answer in answers for enrollment in (answer.enrollment, *answer.others)}
        now = workflow.now()
        for walker in walkers:
            self._take(walker, by_enrollment.get(walker.enrollment), now)
        self._stirred = True

    def _take(self, walker: Runner, answer: Answer | None, now: datetime) -> None:
        """An enrollment that the database knows nothing of any more is over, too."""
        if answer is not None:
            walker.answered(answer)
            self._until[walker.enrollment] = now + timedelta(seconds=answer.seconds)
        if answer is None or walker.over:
            del self._walkers[walker.enrollment]
            self._endings[answer.result if answer else "gone"] += 1

    async def _rest(self) -> None:
        """Sleep until the next enrollments are due, an activity has answered, or something wakes one."""
        asleep = [walker for walker in self._idle() if walker.activity is None]
        first = min(asleep, key=lambda walker: self._until[walker.enrollment], default=None)
        if first is not None and (due := self._until[first.enrollment]) > workflow.now():
            dues = (self._until[walker.enrollment] for walker in asleep)
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
        for walker in asleep:
            if self._until[walker.enrollment] <= workflow.now():
                walker.elapsed()

    def _say_where_it_stands(self) -> None:
        walkers = list(self._walkers.values())
        if len(walkers) <= NAMED:
            lines = [self._say.pick(
                f"- 客户 {walker.customer} 的旅程 {walker.enrollment}：{self._standing(walker)}",
                f"- enrollment {walker.enrollment} of customer {walker.customer}: {self._standing(walker)}",
            ) for walker in walkers]  # fmt: skip
        else:
            counts = Counter(walker.path for walker in walkers)
            first = {walker.path: walker for walker in reversed(walkers)}
            lines = [self._say.pick(
                f"- {count} 位客户：{self._standing(first[path], ahead=False)}",
                f"- {count} customers: {self._standing(first[path], ahead=False)}",
            ) for path, count in counts.most_common(NAMED)]  # fmt: skip
        workflow.set_current_details("\n".join(lines))

    def _standing(self, walker: Runner, *, ahead: bool = True) -> str:
        step = f"**{self._summary(walker.step)}**" if walker.step else self._summary(None)
        if not ahead:
            return step
        pick = self._say.pick
        due = f"{walker.due:%Y-%m-%d %H:%M} UTC" if walker.due else ""
        until = pick(f"，到 {due}", f" until {due}") if due else ""
        after = self._cohort.plan.after(walker.path, "") if walker.path != END else None
        following = self._summary(after) if after else ""
        return step + until + (pick(f"，然后{following}", f", then {following}") if after else "")

    def _say_how_it_ended(self) -> None:
        ended = [f"- {ending_words(name, self._say)}: {count}" for name, count in sorted(self._endings.items())]
        title = self._say.pick("全部结束", "everybody is at the end")
        workflow.set_current_details("\n".join([f"**{title}**", *ended]))

    def _summary(self, step: Step | None) -> str:
        """A step in one line; without one, the journey's end."""
        return summary(step, self._cohort.language) if step else self._say.pick("结束", "the end")


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
