"""The workflow of a supplier: each cycle from the proposal to the receipt.

The database decides; the workflow is woken, asks, and sleeps until the next thing is due.
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plan.supply import SupplyState
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
TIMEOUT = timedelta(minutes=5)


@workflow.defn(name="Supply")
class SupplyWorkflow:
    """Sees a supplier's deliveries through, one cycle after the other."""

    def __init__(self) -> None:
        self._stirred = False

    @workflow.run
    async def run(self, supplier: str, language: Language = "en") -> str:
        """Returns when the supplier is no longer in the published terms; the page is written in the `language`."""
        say = Wording(language)
        while True:
            self._stirred = False
            standing: SupplyState = await workflow.execute_activity(
                "look_after_supplier",
                supplier,
                result_type=SupplyState,
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary=say.pick("看看答复了什么、有什么到期", "see what was answered, and what is due"),
            )
            if standing.over:
                return "over"
            waits = "\n".join(f"- {each}" for each in standing.waits_for)
            workflow.set_current_details(f"**{say.pick('供应计划', 'Deliveries')}**\n\n{waits}")
            for plan in standing.orders:
                await workflow.execute_activity(
                    "order_delivery",
                    plan,
                    start_to_close_timeout=TIMEOUT,
                    retry_policy=RETRY,
                    summary=say.pick(f"向 ERP 下单：计划 {plan}", f"order plan {plan} from the ERP"),
                )
            if standing.orders:
                continue
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stirred,
                    timeout=max(standing.seconds, 1.0),
                    timeout_summary=say.pick("到下一件事", "the next thing that is due"),
                )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[supplier, language])

    @workflow.signal
    def wake(self) -> None:
        """The database knows something new; look at it."""
        self._stirred = True


SUPPLY = (
    """\
一家供应商的供货：每个周期算出该送什么，等供应商答复，例外由采购决定，向 ERP 下单一次，等发货通知和到货，
逾期会提醒、上报。每一步都由数据库决定，这个运行只是醒来看一看。
""",
    """\
A supplier's deliveries: in each cycle what to bring is worked out, the supplier answers, exceptions are the buyer's to
decide, the order goes to the ERP once, then the notice and the goods are awaited, with reminders. The database decides
each of these: this run only wakes up and looks.
""",
)
"""What the run's page in Temporal says, in Chinese and in English."""
