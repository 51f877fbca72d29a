"""The workflow of a replenishment: from a stock alarm to the receipt, with the buyer's decision in between.

The database decides; the workflow is woken, asks, and sleeps until the next thing is due.
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from workflows.plan.supply import AlarmRaised, Decided, Decision, ReplenishmentState, refusal
    from workflows.terms.quantities import written

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
TIMEOUT = timedelta(minutes=2)


@workflow.defn(name="Replenishment")
class ReplenishmentWorkflow:
    """Sees one alarm through: propose, ask, order, await the goods."""

    @workflow.init
    def __init__(self, alarm: AlarmRaised) -> None:
        self._alarm = alarm
        self._standing: ReplenishmentState | None = None
        self._stirred = False

    @workflow.run
    async def run(self, _: AlarmRaised) -> str:
        """Returns what became of it."""
        self._standing = await self._act("propose_order", "work out how much to order")
        while not self._standing.over:
            self._say_where_it_stands(self._standing)
            if self._standing.status == "approved":
                self._standing = await self._act(
                    "place_order", f"order {written(self._standing.quantity)} units from the ERP"
                )
                continue
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stirred, timeout=self._standing.seconds, timeout_summary=_WAITS[self._standing.status]
                )
            self._stirred = False
            self._standing = await self._act("look_after_order", "see what was decided, and what is due")
        self._say_where_it_stands(self._standing)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._standing.status

    @workflow.signal
    def wake(self) -> None:
        """The database knows something new; look at it."""
        self._stirred = True

    @workflow.update
    async def decide(self, decision: Decision) -> ReplenishmentState:
        """Take the buyer's decision. Fails with the reason as its type if another was taken before."""
        await workflow.wait_condition(lambda: self._standing is not None)
        self._refuse_nonsense(decision)
        decided = Decided(event=self._alarm.event, decision=decision)
        standing: ReplenishmentState | None = await workflow.execute_activity(
            "decide_order",
            decided,
            result_type=ReplenishmentState,
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary=f"the buyer's decision: {decision.verdict}",
        )
        self._stirred = True
        if standing is None:
            raise ApplicationError("decided already", type="decided_already", non_retryable=True)
        return standing

    @decide.validator
    def _refuse_nonsense(self, decision: Decision) -> None:
        """Refused here, a decision leaves no trace in the history."""
        if self._standing is not None and (reason := refusal(self._standing, decision)):
            raise ApplicationError(reason, type=reason, non_retryable=True)

    async def _act(self, name: str, summary: str) -> ReplenishmentState:
        standing: ReplenishmentState = await workflow.execute_activity(
            name,
            self._alarm,
            result_type=ReplenishmentState,
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary=summary,
        )
        return standing

    def _say_where_it_stands(self, standing: ReplenishmentState) -> None:
        until = f" until {standing.due:%Y-%m-%d %H:%M} UTC" if standing.due and standing.status in _WAITS else ""
        units = f"{written(standing.quantity)} units of " if standing.quantity else ""
        workflow.set_current_details(f"**{_WORDS[standing.status]}**{until}\n\n{units}{standing.sku}")


_WAITS = {
    "proposed": "the buyer's time to decide",
    "escalated": "the second buyer's time to decide",
    "ordered": "the promised day",
    "overdue": "the next reminder",
}

_WORDS = {
    "proposed": "Waiting for the buyer",
    "escalated": "Waiting for whom it was escalated to",
    "approved": "Ordering",
    "ordered": "Waiting for the goods",
    "overdue": "The goods are overdue",
    "enough": "There is enough; nothing to order",
    "duplicate": "Another order of this product is under way",
    "refused": "The buyer refused",
    "lapsed": "Nobody decided, or nothing came",
    "failed": "The ERP refused the order",
    "received": "The goods are here",
    "stopped": "Stopped by an operator",
}

DETAILS = """\
A product ran short. How much to order is worked out from its sales, its lead time and its shelf life; the buyer
approves, changes or refuses it, or it is escalated; the order goes to the ERP once; then the goods are awaited, with
reminders when they are late. The database decides each of these: this run only wakes up and asks.
"""
"""What the run's page in Temporal says of every replenishment."""
