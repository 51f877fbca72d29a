"""What tills ask about coupons, and what they are answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.coupons.baskets import Line, Reason
from domain.customers.identifiers import Ident

LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=2)


@dataclass(frozen=True)
class Basket:
    """Codes, in the order in which they apply, to be used on lines by the customer of an id or an identifier."""

    customer: int | Ident
    lines: Sequence[Line]
    codes: Sequence[str]


@dataclass(frozen=True)
class Lock(Basket):
    """Hold the coupons for an order. The same request again, while it holds them, gets the same answer.

    Answered by CouponsRefused, and none is held, if one can't be used; Conflict if the order holds coupons
    for another basket, or has used them.
    """

    order_id: str
    span: timedelta = LOCK


@dataclass(frozen=True)
class Redeem:
    """Use the coupons that the order holds. Once it has, the same request always gets the same answer.

    Answered by UnknownOrder, or CouponsRefused (`expired`) if the order's lock is over or was cancelled.
    """

    order_id: str


@dataclass(frozen=True)
class Cancel:
    """Let go of the coupons that the order holds, if it holds any.

    Answered by UnknownOrder, or Conflict if it has used them: then they are refunded.
    """

    order_id: str


@dataclass(frozen=True)
class Refund:
    """Give back `units` of an order's lines, as (line, quantity), or all that is left of it.

    The same `refund_id` again gets the same answer. Answered by UnknownOrder; Conflict if the order has
    used no coupons, or that refund was of something else; NotLeft.
    """

    order_id: str
    refund_id: str
    units: Sequence[tuple[int, Decimal]] | None = None


Request = Lock | Redeem | Cancel | Refund


@dataclass(frozen=True)
class Refusal:
    """Why a code is refused. `slip` says that it can't be right as it is written."""

    code: str
    reason: Reason
    slip: bool = False


@dataclass(frozen=True)
class Applied:
    """What a coupon takes off each line of a basket, in fen."""

    code: str
    campaign: str
    name: str
    lines: list[int]

    @property
    def discount(self) -> int:
        return sum(self.lines)


@dataclass(frozen=True)
class Quote:
    """What coupons take off a basket, and which are refused."""

    lines: list[int]
    coupons: list[Applied]
    refusals: list[Refusal]

    @property
    def discount(self) -> int:
        return sum(self.lines)


@dataclass(frozen=True)
class HeldCoupons:
    """What coupons take off an order: `locked` until a time, `redeemed`, or `open` when it holds none."""

    order_id: str
    status: str
    locked_until: datetime | None
    quote: Quote


@dataclass(frozen=True)
class RefundedDiscount:
    """What of the discount belongs to what was given back, in all and by line, and the coupons that may be used again.

    A coupon stays used while part of its order is kept, when its campaign says so, when its time is over, and when its
    budget has no room for it any more.
    """

    discount: int
    lines: list[dict[str, int | float]]
    restored: list[str]


@dataclass(frozen=True)
class CouponsRefused:
    """Coupons can't be used on an order; none of them is."""

    refusals: list[Refusal]


@dataclass(frozen=True)
class Conflict:
    """The request doesn't go with what is known of the order; `detail` says how."""

    detail: str


@dataclass(frozen=True)
class UnknownOrder:
    """No coupon was ever locked for the order."""


@dataclass(frozen=True)
class NotLeft:
    """More is given back than the `left` units of a line; `index` is its place in the request."""

    index: int
    left: Decimal


Rejection = CouponsRefused | Conflict | UnknownOrder | NotLeft
Answer = HeldCoupons | RefundedDiscount | Rejection
