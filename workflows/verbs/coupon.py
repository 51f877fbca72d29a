"""`coupon`: a coupon of a campaign."""

from typing import ClassVar, Literal

from workflows.source.tree import Node
from workflows.terms.wording import Wording
from workflows.terms.written import Text
from workflows.verbs.base import Position, Step, StepSpec

COUPONS_LIFE = {
    "coupon.locked": ("被订单{}占用", "is held by order{}"),
    "coupon.released": ("已由订单{}放开", "is let go of by order{}"),
    "coupon.redeemed": ("用于订单{}", "was used on order{}"),
    "coupon.restored": ("因订单{}退回而恢复可用", "may be used again, for order{} was given back"),
    "coupon.expired": ("已过期", "ran out"),
    "coupon.revoked": ("已收回", "was taken back"),
    "coupon.discrepancy": (
        "被报告由订单{}使用，与记录对不上，没有改动",
        "was told to be used on order{}, which doesn't fit; nothing changed",
    ),
}
"""The events that tell what became of a coupon, in Chinese and in English, with a place for the order."""


class IssueCoupon(Step):
    verb: Literal["coupon"] = "coupon"
    campaign: str

    noun = ("发券", "coupon")
    field_names = {"campaign": ("优惠券活动", "the campaign")}
    trail = {
        "coupon": lambda it, say: say.pick(
            f"发放优惠券 {say.campaign(it.value)}", f"coupon {say.campaign(it.value)} issued"
        ),
        "refused": lambda it, say: say.pick(
            f"不发放优惠券 {say.campaign(it.value)}：{it.reason}",
            f"coupon {say.campaign(it.value)} refused: {it.reason}",
        ),
    }
    visible = ("coupon", "refused")
    reasons = {
        "per_customer": ("该客户已领满", "the customer has had as many as allowed"),
        "budget": ("预算已用完", "the budget is used up"),
        "campaign_over": ("活动已经结束", "its campaign is over"),
        "unknown_campaign": ("没有这个优惠券活动", "there is no such coupon campaign"),
        "no_companions": ("没有和所购商品搭配的商品", "nothing goes with what was bought"),
    }

    @property
    def campaign_given(self) -> str | None:
        return self.campaign

    def words(self, say: Wording) -> str:
        return say.pick(f"发放优惠券 {say.coupon(self.campaign)}", f"give coupon {say.coupon(self.campaign)}")


class CouponStep(StepSpec):
    verb: ClassVar = "coupon"

    coupon: Text

    def compiled(self, position: Position) -> IssueCoupon:
        return IssueCoupon(**position.fields(self), campaign=self.coupon)

    @classmethod
    def campaign_in(cls, step: Node) -> Node | None:
        return step.get("coupon")
