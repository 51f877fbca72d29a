"""The workflows that go through many customers in pages: schedules, and events about the business."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from workflows.plan.commands import FanOut

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(minutes=2)
SCHEDULED_FOR = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""When Temporal's Schedule was due that began a run; https://docs.temporal.io/search-attribute names it."""


@workflow.defn(name="FanOut")
class FanOutWorkflow:
    """Takes an event about the business to the enrollments it ends and the customers it lets in."""

    @workflow.run
    async def run(self, work: FanOut) -> None:
        await _pages("fan_out", work)


@workflow.defn(name="Schedule")
class ScheduleWorkflow:
    """Emits the events that a journey's schedule stands for."""

    @workflow.run
    async def run(self, work: FanOut) -> None:
        due = workflow.info().typed_search_attributes.get(SCHEDULED_FOR) if work.nominal else None
        await _pages("emit", work.model_copy(update={"due": work.due or due}))


def _from(work: FanOut) -> str:
    if work.language == "zh":
        return f"{work.journey}，从 {work.cursor} 起" if work.cursor else f"{work.journey}，从头开始"
    return f"{work.journey} from {work.cursor or 'the first'}"


async def _pages(name: str, work: FanOut) -> None:
    while True:
        cursor: str | None = await workflow.execute_activity(
            name,
            work,
            result_type=str,
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary=_from(work),
        )
        if cursor is None:
            return
        work = work.model_copy(update={"cursor": cursor})
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(work)
