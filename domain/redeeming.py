"""Coupons at the till: quoted, locked for an order, redeemed, released, given back. All idempotent by order.

A lock taken in time holds to its end, even past the coupon's own; from then on it is as if it had never been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.baskets import Line, Reason, returned, taken_off, worst_case
from domain.codes import is_slip
from domain.coupons import book, move, take
from domain.customers import lock_customers
from domain.library import read_library
from domain.tables import Coupon, CouponOrder, Customer
from workflows.policy import CouponTerms

LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=2)


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
class Held:
    """What coupons take off an order: `locked` until a time, `redeemed`, or `open` when it holds none."""

    order_id: str
    status: str
    locked_until: datetime | None
    quote: Quote


@dataclass(frozen=True)
class Returned:
    """What of the discount belongs to what was given back, in all and by line, and the coupons that may be used again.

    A coupon stays used while part of its order is kept, when its campaign says so, when its time is over, and when its
    budget has no room for it any more.
    """

    discount: int
    lines: list[dict[str, int]]
    restored: list[str]


class RefusedError(Exception):
    """Coupons can't be used on an order; none of them is."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(", ".join(refusal.reason for refusal in refusals))
        self.refusals = list(refusals)


class ConflictError(Exception):
    """What is asked doesn't go with what is known of the order; the message says how."""


class UnknownOrderError(LookupError):
    """No coupon was ever locked for the order."""


class NotLeftError(ValueError):
    """More is given back than is left of a line: `index` is its place in the request."""

    def __init__(self, index: int, left: int) -> None:
        super().__init__(f"only {left} of the line are left to give back")
        self.index = index


def quote(
    session: Session, customer: Customer | None, lines: Sequence[Line], codes: Sequence[str], now: datetime
) -> Quote:
    """What these coupons would take off the basket now. Changes nothing."""
    return _quote(_fresh(session, col(Coupon.code).in_(codes)), customer, lines, codes, now)


def lock(
    session: Session,
    order_id: str,
    customer: Customer | None,
    lines: Sequence[Line],
    codes: Sequence[str],
    now: datetime,
    span: timedelta = LOCK,
) -> Held:
    """Hold the coupons for an order. The same call again, while it holds them, gives the same answer.

    Raises RefusedError, and holds none, if one can't be used; ConflictError if the order holds coupons for another
    basket, or has used them.
    """
    if customer is None:
        raise RefusedError(quote(session, None, lines, codes, now).refusals)
    lock_customers(session, [customer.id])
    order = _order_of(session, order_id, customer)
    basket = [asdict(line) for line in lines]
    mine = _coupons(session, order)
    if order.redeemed_at or any(_is_held(coupon, now) for coupon in mine):
        if (order.lines, order.codes) != (basket, list(codes)):
            done = "has used" if order.redeemed_at else "holds"
            raise ConflictError(f"The order {done} coupons for another basket; cancel it first.")
        return _held(session, order, mine)
    named = _fresh(session, col(Coupon.code).in_(codes))
    coupons = [coupon for coupon in named if coupon.customer_id == customer.id]
    held_too_long = [coupon for coupon in coupons if coupon.status == "locked" and not _is_held(coupon, now)]
    move(session, held_too_long, "issued", now)
    found = _quote(named, customer, lines, codes, now)
    if found.refusals:
        raise RefusedError(found.refusals)
    order.lines, order.codes = basket, list(codes)
    order.shares = {applied.code: applied.lines for applied in found.coupons}
    move(session, coupons, "locked", now, order_id=order_id, until=now + span)
    return Held(order_id, "locked", now + span, found)


def redeem(session: Session, order_id: str, now: datetime) -> Held:
    """Use the coupons that the order holds. Once it has, the same call always gives the same answer.

    Raises UnknownOrderError, or RefusedError (`expired`) if the order's lock is over or was cancelled.
    """
    order = _locked_order(session, order_id)
    mine = _coupons(session, order)
    if not order.redeemed_at:
        held = {coupon.code for coupon in mine if _is_held(coupon, now)}
        gone = [Refusal(code, "expired") for code in order.codes if code not in held]
        if gone:
            raise RefusedError(gone)
        costs = {code: sum(shares) for code, shares in order.shares.items()}
        move(session, mine, "redeemed", now, order_id=order_id, costs=costs)
        order.redeemed_at = now
    return _held(session, order, mine)


def cancel(session: Session, order_id: str, now: datetime) -> Held:
    """Let go of the coupons that the order holds, if it holds any.

    Raises UnknownOrderError, or ConflictError if it has used them: then they are refunded.
    """
    order = _locked_order(session, order_id)
    if order.redeemed_at:
        raise ConflictError("The order has used its coupons; refund it.")
    mine = _coupons(session, order)
    move(session, mine, "issued", now)
    return Held(order_id, "open", None, _quote_of(session, order))


def refund(
    session: Session, order_id: str, refund_id: str, units: Sequence[tuple[int, int]] | None, now: datetime
) -> Returned:
    """Give back units of an order's lines, as (line, quantity), or all that is left of it.

    The same `refund_id` again gives the same answer. Raises UnknownOrderError; ConflictError if the order has used no
    coupons, or that refund was of something else; NotLeftError.
    """
    order = _locked_order(session, order_id)
    if order.redeemed_at is None:
        raise ConflictError("The order has used no coupons.")
    wanted = None if units is None else [list(each) for each in units]
    if earlier := order.refunds.get(refund_id):
        if earlier["wanted"] != wanted:
            raise ConflictError("That refund was of something else.")
        return Returned(earlier["discount"], earlier["lines"], earlier["restored"])
    before = _returned_before(order)
    now_back = _now_back(order, before, units)
    gone: dict[str, int] = dict.fromkeys(order.codes, 0)
    parts = []
    for index, quantity in sorted(now_back.items()):
        whole = order.lines[index]["quantity"]
        shares = {code: returned(order.shares[code][index], whole, before[index], quantity) for code in order.codes}
        for code, share in shares.items():
            gone[code] += share
        parts.append({"line": index, "quantity": quantity, "discount": sum(shares.values())})
    complete = all(before[index] + now_back.get(index, 0) == line["quantity"] for index, line in enumerate(order.lines))
    restored = [coupon.code for coupon in _coupons(session, order) if _give_back(session, coupon, gone, now, complete)]
    result = Returned(sum(gone.values()), parts, [code for code in order.codes if code in restored])
    order.refunds = {**order.refunds, refund_id: {"wanted": wanted, **asdict(result)}}
    return result


def _objection(coupon: Coupon | None, customer: Customer | None, now: datetime) -> Reason | None:
    """What speaks against a coupon before its basket is looked at. Of somebody else's nothing more is said."""
    if coupon is None:
        return "unknown"
    if customer is None or coupon.customer_id != customer.id:
        return "not_yours"
    if coupon.status == "redeemed" or _is_held(coupon, now):
        return "locked"
    if coupon.status in ("expired", "revoked") or coupon.expires_at <= now:
        return "expired"
    return "not_eligible" if coupon.outside else None


def _is_held(coupon: Coupon, now: datetime) -> bool:
    return coupon.status == "locked" and coupon.locked_until is not None and coupon.locked_until > now


def _quote(
    coupons: Sequence[Coupon], customer: Customer | None, lines: Sequence[Line], codes: Sequence[str], now: datetime
) -> Quote:
    found = {coupon.code: coupon for coupon in coupons}
    left = [line.total for line in lines]
    applied: list[Applied] = []
    refusals = []
    combining = True
    for code in codes:
        coupon = found.get(code)
        if reason := _objection(coupon, customer, now):
            refusals.append(Refusal(code, reason, slip=coupon is None and is_slip(code)))
            continue
        assert coupon is not None
        terms = CouponTerms.model_validate(coupon.terms)
        shares: list[int] | Reason = "not_eligible"
        if not applied or (combining and terms.combines):
            shares = taken_off(terms, lines, left)
        if isinstance(shares, str):
            refusals.append(Refusal(code, shares))
            continue
        applied.append(Applied(code, coupon.campaign, terms.name, shares))
        combining = combining and terms.combines
        left = [rest - share for rest, share in zip(left, shares, strict=True)]
    return Quote([line.total - rest for line, rest in zip(lines, left, strict=True)], applied, refusals)


def _order_of(session: Session, order_id: str, customer: Customer) -> CouponOrder:
    """The customer's order, new if it isn't known. Raises ConflictError if it is another customer's."""
    row = {"order_id": order_id, "customer_id": customer.id, "lines": [], "codes": [], "shares": {}, "refunds": {}}
    begun = insert(CouponOrder).values(row).on_conflict_do_nothing().returning(CouponOrder)
    order = session.scalars(begun).first() or session.get_one(CouponOrder, order_id, populate_existing=True)
    if order.customer_id != customer.id:
        raise ConflictError("The order is another customer's.")
    return order


def _locked_order(session: Session, order_id: str) -> CouponOrder:
    """The order, as it is under its customer's lock. Raises UnknownOrderError."""
    owner = session.exec(select(CouponOrder.customer_id).where(CouponOrder.order_id == order_id)).first()
    if owner is None:
        raise UnknownOrderError(order_id)
    lock_customers(session, [owner])
    return session.get_one(CouponOrder, order_id, populate_existing=True)


def _coupons(session: Session, order: CouponOrder) -> list[Coupon]:
    """The coupons that the order holds or has used."""
    mine = (col(Coupon.order_id) == order.order_id) & (col(Coupon.customer_id) == order.customer_id)
    return _fresh(session, mine & col(Coupon.code).in_(order.codes)) if order.codes else []


def _fresh(session: Session, where: ColumnElement[bool]) -> list[Coupon]:
    """In campaign order, as they are now."""
    query = select(Coupon).where(where).order_by(col(Coupon.campaign), col(Coupon.code))
    return list(session.exec(query.execution_options(populate_existing=True)))


def _held(session: Session, order: CouponOrder, coupons: Sequence[Coupon]) -> Held:
    until = (
        None if order.redeemed_at else max((each.locked_until for each in coupons if each.locked_until), default=None)
    )
    status = "redeemed" if order.redeemed_at else "locked"
    return Held(order.order_id, status, until, _quote_of(session, order))


def _quote_of(session: Session, order: CouponOrder) -> Quote:
    rows = [session.get_one(Coupon, code) for code in order.codes]
    applied = [Applied(row.code, row.campaign, row.terms["name"], order.shares[row.code]) for row in rows]
    return Quote([sum(shares) for shares in zip(*order.shares.values(), strict=True)], applied, [])


def _returned_before(order: CouponOrder) -> list[int]:
    before = [0] * len(order.lines)
    for earlier in order.refunds.values():
        for part in earlier["lines"]:
            before[part["line"]] += part["quantity"]
    return before


def _now_back(order: CouponOrder, before: Sequence[int], units: Sequence[tuple[int, int]] | None) -> Mapping[int, int]:
    left = [line["quantity"] - back for line, back in zip(order.lines, before, strict=True)]
    if units is None:
        return {index: quantity for index, quantity in enumerate(left) if quantity}
    for place, (index, quantity) in enumerate(units):
        most = left[index] if index < len(left) else 0
        if quantity > most:
            raise NotLeftError(place, most)
    return dict(units)


def _give_back(session: Session, coupon: Coupon, gone: Mapping[str, int], now: datetime, complete: bool) -> bool:
    """Lower what a coupon cost; once its whole order is back, it may be used again if its campaign lets it."""
    book(session, coupon.campaign, 0, -gone[coupon.code])
    coupon.cost -= gone[coupon.code]
    terms = CouponTerms.model_validate(coupon.terms)
    if not complete or terms.refund != "restore" or coupon.expires_at <= now:
        return False
    budget = read_library(session).campaigns.get(coupon.campaign, terms)
    cost = worst_case(terms)
    if not take(session, coupon.campaign, budget, count=0, money=cost):
        return False
    before, coupon.cost = coupon.cost, cost  # what `take` has booked already
    assert before == 0
    move(session, [coupon], "issued", now)
    return True
