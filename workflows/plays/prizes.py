"""Prizes: what winners get, in the order of the file, and what the law and the budgets allow."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.language.policy import CouponTerms, Fen
from workflows.plays.base import PlayScope
from workflows.plays.people import ALL, Among
from workflows.source.diagnostics import quoted
from workflows.source.tree import Node
from workflows.terms.fields import check_campaign
from workflows.terms.values import Frozen, money_words
from workflows.terms.wording import Wording
from workflows.terms.written import Text

LARGEST = 5_000_000
"""Fen. The largest prize of a lottery is worth 50,000 元 at most: 规范促销行为暂行规定 第十七条, which carries out
反不正当竞争法 第十条 (now 第十一条).
"""

MOST = 100_000


class Gift(Frozen):
    """A coupon of a campaign, a tag, points that are added to a field of the customer, or a thing that has a name.

    A thing has a `value`, for the law counts it: the shop hands it over itself.
    """

    coupon: Text | None = None
    tag: Text | None = None
    points: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    thing: Text | None = None
    value: Fen | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.coupon, self.tag, self.points, self.thing)) != 1:
            raise PydanticCustomError("E041", "it is exactly one of `coupon`, `tag`, `points` and `thing`")
        if (self.thing is None) != (self.value is None):
            raise PydanticCustomError("E041", "`value` goes with `thing`, and a thing needs it: what one costs")
        return self

    def words(self, say: Wording) -> str:
        """`优惠券「满99减20」`."""
        if self.coupon:
            return say.pick(f"优惠券{say.coupon(self.coupon)}", f"coupon {say.coupon(self.coupon)}")
        if self.tag:
            return say.pick(f"标签「{self.tag}」", f"tag “{self.tag}”")
        if self.points:
            return say.pick(f"{self.points} 积分", f"{self.points} points")
        return self.thing or ""

    def worth(self, terms: CouponTerms | None) -> int | None:
        """What one can cost at most, in fen; None where nothing limits it."""
        if self.coupon:
            return None if terms is None else terms.amount_off or terms.ceiling
        return self.value or 0


class Prize(Gift):
    """A gift, and how many of it there are."""

    count: Annotated[int, Field(ge=1, le=MOST)] = 1


class Winning(Frozen):
    """What `draw` and `rank` have in common: how many win, what, and among whom."""

    winners: Annotated[int, Field(ge=1, le=MOST)] | None = None
    prizes: tuple[Prize, ...] = ()
    among: Among = ALL

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        given = sum(prize.count for prize in self.prizes)
        if self.winners is None and not self.prizes:
            raise PydanticCustomError("E071", "it has neither `winners` nor `prizes`")
        if self.prizes and self.winners is not None and given != self.winners:
            raise PydanticCustomError(
                "E071", "{winners} winners for {count} prizes; there is one for each",
                {"winners": self.winners, "count": given},
            )  # fmt: skip
        return self

    @property
    def most(self) -> int:
        """How many win, where there are as many entries."""
        return self.winners or sum(prize.count for prize in self.prizes)

    def prize_of(self, place: int) -> int | None:
        """The number of the prize that the winner in a place gets, both from 0; None without prizes."""
        for number, prize in enumerate(self.prizes):
            if place < prize.count:
                return number
            place -= prize.count
        return None

    def words(self, say: Wording) -> str:
        """`50 名：10 份优惠券「满99减20」、…`."""
        prizes = say.pick("、", ", ").join(
            say.pick(f"{prize.count} 份{prize.words(say)}", f"{prize.count} × {prize.words(say)}")
            for prize in self.prizes
        )
        who = say.pick(f"{self.most} 名", f"{self.most} winners")
        return f"{who}{say.pick('：', ': ')}{prizes}" if prizes else who


def check_prizes(node: Node, scope: PlayScope) -> None:
    """Report campaigns that there aren't or that can't give so many, and prizes that the law forbids."""
    counts: dict[str, int] = {}
    for prize in node.below("prizes"):
        check_gift(prize, scope)
        name, count = prize.get("coupon"), prize.get("count")
        number = count.value if count is not None and isinstance(count.value, int) else 1
        terms = scope.terms.get(name.text) if scope.terms is not None and name is not None and name.text else None
        if name is None or terms is None:
            continue
        counts[name.text or ""] = counts.get(name.text or "", 0) + number
        most, money = terms.budget_count, terms.budget_money
        worth = terms.amount_off or terms.ceiling or 0
        if money is not None and worth:
            most = min(most or money // worth, money // worth)
        if most is not None and counts[name.text or ""] > most:
            message = f"{counts[name.text or '']} coupons of {quoted(name.text)}, whose budget holds {most}"
            scope.report(prize, "E071", message)


def check_gift(node: Node | None, scope: PlayScope) -> None:
    """Report a coupon campaign that there isn't, one that needs what a play has not, and a value that is too high."""
    if node is None:
        return
    name = node.get("coupon")
    if name is not None:
        check_campaign(name, scope.conditions)
        terms = scope.terms.get(name.text or "") if scope.terms is not None else None
        if terms is not None and terms.products:
            message = f"{quoted(name.text)} holds for products of a journey (`products: {terms.products}`)"
            scope.report(name, "E071", f"{message}; a play has none")
        if terms is not None and (terms.amount_off or terms.ceiling or 0) > LARGEST:
            scope.report(name, "E071", _too_large(terms.amount_off or terms.ceiling or 0))
    value = node.get("value")
    try:
        fen = Gift.model_validate({"thing": "x", "value": value.value}).value if value is not None else None
    except ValueError:
        return
    if fen is not None and fen > LARGEST:
        scope.report(value, "E071", _too_large(fen))


def _too_large(fen: int) -> str:
    return f"a prize of {money_words(fen)}; the law allows {money_words(LARGEST)} at most"
