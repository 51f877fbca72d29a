"""What shops send and are answered about coupons. Amounts are in fen."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from domain.coupons import checkout
from domain.coupons.baskets import MAX_LINES, MAX_PRICE, MAX_QUANTITY, Line, Reason
from domain.coupons.codes import tidy
from workflows.terms.quantities import Quantity

Name = Annotated[str, Field(min_length=1, max_length=200)]
_MOST = 10
"""Codes on one order."""


def _distinct(codes: list[str]) -> list[str]:
    codes = [tidy(code) for code in codes]
    if len(set(codes)) < len(codes):
        raise PydanticCustomError("repeated", "holds a code twice")
    return codes


def _distinct_lines(lines: list["BackLine"] | None) -> list["BackLine"] | None:
    if lines and len({line.line for line in lines}) < len(lines):
        raise PydanticCustomError("repeated", "names a line twice")
    return lines


CodeInPath = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="the coupon's code")]
Codes = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=50)]],
    Field(min_length=1, max_length=_MOST, description="in the order in which they apply; case, blanks and - are free"),
    AfterValidator(_distinct),
]


class Body(BaseModel):
    """What is sent: nothing that isn't known, no text for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BasketLine(Body):
    """A line of a basket."""

    sku: Name
    category: Name | None = None
    quantity: Annotated[Quantity, Field(gt=0, le=MAX_QUANTITY, description="pieces, or kilograms")]
    price: Annotated[int, Strict(), Field(ge=0, le=MAX_PRICE, description="of one unit, in fen")]

    @property
    def line(self) -> Line:
        return Line(self.sku, self.quantity, self.price, self.category)


class Basket(Body):
    """A basket, whose it is, and the codes to use on it."""

    customer: Annotated[Name, Field(description="an identifier, `kind:value`, or the customer's id")]
    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=MAX_LINES)]
    codes: Codes


class LockBody(Basket):
    """A basket that becomes an order."""

    order_id: Name
    ttl: Annotated[
        int,
        Strict(),
        Field(ge=1, le=int(checkout.LONGEST_LOCK.total_seconds()), description="seconds that the lock holds"),
    ] = int(checkout.LOCK.total_seconds())


class OrderBody(Body):
    """An order that coupons were locked for."""

    order_id: Name


class BackLine(Body):
    """Units given back; `line` is the place in the order's basket, from 0."""

    line: Annotated[int, Strict(), Field(ge=0, le=MAX_LINES - 1)]
    quantity: Annotated[Quantity, Field(gt=0, le=MAX_QUANTITY)]


class RefundBody(OrderBody):
    """What of an order is given back; all that is left of it without `lines`."""

    refund_id: Annotated[Name, Field(description="names this refund of the order, for ever")]
    lines: Annotated[
        list[BackLine] | None, Field(min_length=1, max_length=MAX_LINES), AfterValidator(_distinct_lines)
    ] = None


class AppliedCoupon(BaseModel):
    """What a coupon takes off, in fen: in all, and of each line."""

    code: str
    campaign: str
    name: str
    discount: int
    lines: list[int]


class RefusedCoupon(BaseModel):
    """Why a code is refused. With `slip` it was mistyped: no code is written so."""

    code: str
    reason: Reason
    slip: bool


class Quoted(BaseModel):
    """What is taken off, in fen: in all, of each line, and by each coupon; and the codes that are refused."""

    discount: int
    lines: list[int]
    coupons: list[AppliedCoupon]
    refusals: list[RefusedCoupon] = []


class OrderState(BaseModel):
    """What coupons take off an order. `status` is `locked` (until then), `redeemed`, or `open` if it holds none."""

    order_id: str
    status: str
    locked_until: datetime | None
    discount: int
    lines: list[int]
    coupons: list[AppliedCoupon]


class ReturnedLine(BaseModel):
    """Units given back, and what of the discount belongs to them."""

    line: int
    quantity: Quantity
    discount: int


class Refunded(BaseModel):
    """What of the discount belongs to what was given back, and the codes that may be used again."""

    order_id: str
    refund_id: str
    discount: int
    lines: list[ReturnedLine]
    restored: list[str]


class CouponState(BaseModel):
    """A coupon. `order_id` is the order that holds it or has used it."""

    code: str
    campaign: str
    name: str
    status: str
    customer: int
    issued_at: datetime
    expires_at: datetime
    order_id: str | None
    locked_until: datetime | None
