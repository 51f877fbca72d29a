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
    from workflows.terms.values import local_words
    from workflows.terms.wording import Wording

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
        self._say = Wording(alarm.language)

    @workflow.run
    async def run(self, _: AlarmRaised) -> str:
        """Returns what became of it."""
        self._standing = await self._act("propose_order", ("算出该订多少", "work out how much to order"))
        while not self._standing.over:
            self._say_where_it_stands(self._standing)
            if self._standing.status == "approved":
                units = written(self._standing.quantity)
                told = f"向 ERP 订 {units} 件", f"order {units} units from the ERP"
                self._standing = await self._act("place_order", told)
                continue
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stirred,
                    timeout=self._standing.seconds,
                    timeout_summary=self._say.pick(*_WAITS[self._standing.status]),
                )
            self._stirred = False
            self._standing = await self._act(
                "look_after_order", ("看看怎么决定的、什么到期了", "see what was decided, and what is due")
            )
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
            summary=self._say.pick(
                f"采购的决定：{_VERDICTS[decision.verdict]}", f"the buyer's decision: {decision.verdict}"
            ),
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

    async def _act(self, name: str, summary: tuple[str, str]) -> ReplenishmentState:
        standing: ReplenishmentState = await workflow.execute_activity(
            name,
            self._alarm,
            result_type=ReplenishmentState,
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary=self._say.pick(*summary),
        )
        return standing

    def _say_where_it_stands(self, standing: ReplenishmentState) -> None:
        pick, until = self._say.pick, ""
        if standing.due and standing.status in _WAITS:
            at = local_words(standing.due, self._alarm.timezone)
            until = pick(f"，到 {at}", f" until {at}")
        units = pick(f"{written(standing.quantity)} 件 ", f"{written(standing.quantity)} units of ")
        goods = f"{units if standing.quantity else ''}{standing.sku}"
        workflow.set_current_details(f"**{pick(*_WORDS[standing.status])}**{until}\n\n{goods}")


_VERDICTS = {"approve": "批准", "change": "改数量", "refuse": "拒绝"}
_WAITS = {
    "proposed": ("采购决定的期限", "the buyer's time to decide"),
    "escalated": ("上一级决定的期限", "the second buyer's time to decide"),
    "ordered": ("约定到货的日子", "the promised day"),
    "overdue": ("下一次提醒", "the next reminder"),
}
_WORDS = {
    "proposed": ("等采购决定", "Waiting for the buyer"),
    "escalated": ("已上报，等决定", "Waiting for whom it was escalated to"),
    "approved": ("正在下单", "Ordering"),
    "ordered": ("等货到", "Waiting for the goods"),
    "overdue": ("逾期未到货", "The goods are overdue"),
    "enough": ("够卖，不用订", "There is enough; nothing to order"),
    "duplicate": ("这个商品已有一张补货单", "Another order of this product is under way"),
    "refused": ("采购拒绝了", "The buyer refused"),
    "lapsed": ("没有人决定，或货没有来", "Nobody decided, or nothing came"),
    "failed": ("ERP 拒收了订单", "The ERP refused the order"),
    "received": ("货已到", "The goods are here"),
    "stopped": ("由操作人员终止", "Stopped by an operator"),
}
"""What the states are waits for, and what they are, in Chinese and in English."""

DETAILS = (
    """\
一个商品快不够了。订多少由销量、交货时间和保质期算出；采购批准、改数量或拒绝，逾期就上报；订单只向 ERP 下一次；
之后等货到，晚了会提醒。每一步都由数据库决定，这个运行只是醒来去问。
""",
    """\
A product ran short. How much to order is worked out from its sales, its lead time and its shelf life; the buyer
approves, changes or refuses it, or it is escalated; the order goes to the ERP once; then the goods are awaited, with
reminders when they are late. The database decides each of these: this run only wakes up and asks.
""",
)
"""What the run's page in Temporal says of every replenishment, in Chinese and in English."""
