"""The workflow of a requirement: from what customers say to a product that is measured.

The database decides; the workflow is woken, asks, and sleeps until the next thing is due.
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plan.lessons import RequirementState
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
TIMEOUT = timedelta(minutes=2)


@workflow.defn(name="Requirement")
class RequirementWorkflow:
    """Sees one requirement through: reviews with reminders, the decision, the launch, the result."""

    def __init__(self) -> None:
        self._stirred = False

    @workflow.run
    async def run(self, requirement: int, language: Language = "en") -> str:
        """Returns what became of it; the run's page is written in the `language`."""
        say = Wording(language)
        while True:
            self._stirred = False
            standing: RequirementState = await workflow.execute_activity(
                "look_after_requirement",
                requirement,
                result_type=RequirementState,
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary=say.pick("看看定了什么、有什么到期", "see what was decided, and what is due"),
            )
            _say_where_it_stands(standing, say)
            if standing.over:
                return standing.status
            with suppress(TimeoutError):
                timeout = None if standing.seconds is None else max(standing.seconds, 1.0)
                until = say.pick("到下次提醒", "the next reminder") if standing.status == "review" else None
                await workflow.wait_condition(lambda: self._stirred, timeout=timeout, timeout_summary=until)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[requirement, language])

    @workflow.signal
    def wake(self) -> None:
        """The database knows something new; look at it."""
        self._stirred = True


def _say_where_it_stands(standing: RequirementState, say: Wording) -> None:
    missing = f": {', '.join(standing.waits_for)}" if standing.waits_for else ""
    product = f"\n\n{say.pick('商品', 'product')} {standing.new_sku}" if standing.new_sku else ""
    workflow.set_current_details(f"**{say.pick(*_WORDS[standing.status])}**{missing}\n\n{standing.title}{product}")


_WORDS = {
    "draft": ("要求修改，等改好", "Changes were asked for; waiting for them"),
    "review": ("等待评审", "Waiting for the reviews"),
    "approved": ("已通过，等待 product.launched", "Approved; waiting for product.launched"),
    "refused": ("已否决", "Refused"),
    "lapsed": ("没有人评审", "Nobody reviewed it"),
    "launched": ("已上架，等首场直播结束", "Launched; waiting for the end of its first show"),
    "closed": ("已衡量，已关闭", "Measured and closed"),
}

REQUIREMENT = (
    """\
客户说的一个话题成了需求。产品、供应、营销各自评审：通过、要求修改或否决，有提醒，也会上报；通过后由 `product.launched`
关联到商品，首场直播与平时相比。每一步都由数据库决定，这个运行只是醒来看一看。
""",
    """\
A topic of what customers say became a requirement. Product, supply and marketing review it, each approving, asking for
changes or refusing, with reminders and an escalation; once it is approved, `product.launched` links it to a product,
whose first show is measured against the usual one. The database decides each of these: this run only wakes up and asks.
""",
)
"""What the run's page in Temporal says of every requirement."""
