"""The workflow of a cohort: many enrollments walked side by side, equal commands grouped into one activity."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.commands import END, Answer, Cohort, Group
    from workflows.describe import summary
    from workflows.interpreter import Walker
    from workflows.plan import Path

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(hours=2)
HEARTBEAT = timedelta(seconds=45)


@workflow.defn(name="Cohort")
class CohortWorkflow:
    """Walks its travellers through their plan until each is over."""

    @workflow.init
    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._walkers = {traveller.enrollment: Walker(cohort.plan, traveller) for traveller in cohort.travellers}
        self._until: dict[int, datetime] = {}
        self._running: dict[asyncio.Task[None], Sequence[Walker]] = {}
        self._stirred = False

    @workflow.run
    async def run(self, _: Cohort) -> dict[str, int]:
        """Returns how many enrollments came to which ending."""
        endings: dict[str, int] = {}
        while self._walkers or self._running:
            for (name, path), walkers in self._commands().items():
                task = asyncio.create_task(self._carry_out(name, path, walkers, endings))
                self._running[task] = walkers
            self._say_where_it_stands()
            await self._rest()
            for task in [task for task in self._running if task.done()]:
                del self._running[task]
                task.result()
            if workflow.info().is_continue_as_new_suggested() and not self._running and self._walkers:
                travellers = tuple(walker.traveller() for walker in self._walkers.values())
                workflow.continue_as_new(self._cohort.model_copy(update={"travellers": travellers}))
        return endings

    @workflow.signal
    def wake(self, enrollment: int) -> None:
        """The database decided something about this enrollment; look at it."""
        if walker := self._walkers.get(enrollment):
            walker.wake()
            self._stirred = True

    def _idle(self) -> list[Walker]:
        """The walkers that wait for no answer."""
        busy = {walker.enrollment for walkers in self._running.values() for walker in walkers}
        return [walker for walker in self._walkers.values() if walker.enrollment not in busy]

    def _commands(self) -> dict[tuple[str, Path], list[Walker]]:
        commands: dict[tuple[str, Path], list[Walker]] = {}
        for walker in self._idle():
            if walker.activity is not None:
                commands.setdefault((walker.activity, walker.path), []).append(walker)
        return commands

    async def _carry_out(self, name: str, path: Path, walkers: Sequence[Walker], endings: dict[str, int]) -> None:
        step = self._cohort.plan.steps.get(path)
        group = Group(plan_id=self._cohort.plan_id, path=path, members=tuple(walker.command() for walker in walkers))
        answers: list[Answer] = await workflow.execute_activity(
            name,
            group,
            result_type=list[Answer],
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
            summary=summary(step) if step else "the end",
        )
        now = workflow.now()
        for answer in answers:
            walker = self._walkers[answer.enrollment]
            walker.answered(answer)
            self._until[walker.enrollment] = now + timedelta(seconds=answer.seconds)
            if walker.over:
                del self._walkers[walker.enrollment]
                endings[answer.result] = endings.get(answer.result, 0) + 1
        self._stirred = True

    async def _rest(self) -> None:
        """Sleep until the next enrollment is due, an activity has answered, or something wakes one."""
        asleep = [walker for walker in self._idle() if walker.activity is None]
        first = min(asleep, key=lambda walker: self._until[walker.enrollment], default=None)
        if first is not None and self._until[first.enrollment] > workflow.now():
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stirred,
                    timeout=self._until[first.enrollment] - workflow.now(),
                    timeout_summary=summary(first.step) if first.step else "the end",
                )
        elif first is None and self._running:
            await workflow.wait_condition(lambda: self._stirred)
        self._stirred = False
        for walker in asleep:
            if self._until[walker.enrollment] <= workflow.now():
                walker.elapsed()

    def _say_where_it_stands(self) -> None:
        lines = []
        for walker in list(self._walkers.values())[:20]:
            step = f"**{summary(walker.step)}**" if walker.step else "the end"
            until = f" until {walker.due:%Y-%m-%d %H:%M} UTC" if walker.due else ""
            after = self._cohort.plan.after(walker.path, "") if walker.path != END else None
            following = f", then {summary(after)}" if after else ""
            lines.append(f"- enrollment {walker.enrollment} of customer {walker.customer}: {step}{until}{following}")
        more = len(self._walkers) - len(lines)
        workflow.set_current_details("\n".join([*lines, f"- and {more} more"] if more > 0 else lines))
