"""Coupons at the till: quoted, locked for an order, redeemed, released, refunded. All idempotent by order.

A lock taken before the coupon expires holds until the lock's own end, after which the coupon counts as not locked.

Requests that arrive together are answered in one transaction, in order; the customers, then the budgets, are locked for
all of them at once. A request that is refused has changed nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, cast

from sqlmodel import Session, col, select

from domain.coupons.baskets import Line, Reason, discounts, returned_share, spread, worst_case
from domain.coupons.checkout import (
    Answer,
    Applied,
    Basket,
    Cancel,
    Conflict,
    CouponsRefused,
    HeldCoupons,
    Lock,
    NotLeft,
    Quote,
    Redeem,
    Refund,
    RefundedDiscount,
    Refusal,
    Rejection,
    Request,
    UnknownOrder,
)
from domain.coupons.codes import is_slip
from domain.coupons.issuing import Status, book_costs, lock_budgets, move, take_budget
from domain.coupons.tables import Coupon, CouponOrder
from domain.customers.resolution import find_ids, lock_customers
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.language.policy import CouponTerms
from workflows.terms.quantities import NONE, number_of, quantity_of

Discrepancy = Literal["not_yours", "used_twice", "held", "revoked", "expired"]
"""Why a till can't have taken a coupon: another customer's, used on or held by another order, taken back, over."""


class _RejectedError(Exception):
    """A request can't be met; nothing was changed for it."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection)
        self.rejection = rejection


def quote(session: Session, baskets: Sequence[Basket], now: datetime) -> list[Quote]:
    """What coupons would take off each of the baskets now. Changes nothing."""
    ids = find_ids(session, {basket.customer for basket in baskets})
    coupons = _coupons_by_code(session, {code for basket in baskets for code in basket.codes})
    return [_quote(coupons, ids.get(basket.customer), basket, now) for basket in baskets]


def carry_out(work: UnitOfWork, requests: Sequence[Request], now: datetime) -> list[Answer]:
    """Do what is asked, in turn. One that can't be met is answered by a Rejection, and has changed nothing."""
    till = _Till(work, requests, now)
    return [till.answer(request) for request in requests]


def restore(work: UnitOfWork, order_id: str, customer_id: int, now: datetime) -> None:
    """Restore a customer's coupons, where their terms allow it, after an event says that the whole order was refunded.

    What of the discount belongs to each line can still be asked for by a refund.
    """
    of_order = (col(Coupon.order_id) == order_id) & (col(Coupon.customer_id) == customer_id)
    query = select(Coupon).where(of_order, Coupon.status == "redeemed").order_by(col(Coupon.campaign))
    for coupon in work.exec(query).all():
        _refund_coupon(work, coupon, now, refund=coupon.cost, complete=True)


class _Till:
    """The orders and coupons of the requests. Locks their customers, in the order of their ids, then the budgets."""

    def __init__(self, work: UnitOfWork, requests: Sequence[Request], now: datetime) -> None:
        self._work = work
        self._now = now
        baskets = [request for request in requests if isinstance(request, Lock)]
        self._ids = find_ids(work, {basket.customer for basket in baskets})
        of_orders = col(CouponOrder.order_id).in_({request.order_id for request in requests})
        owners = work.exec(select(CouponOrder.customer_id).where(of_orders)).all()
        self._customers = lock_customers(work, {*self._ids.values(), *owners})
        self._ids = {name: self._customers[id].id for name, id in self._ids.items()}
        self._orders = {order.order_id: order for order in work.exec(select(CouponOrder).where(of_orders))}
        codes = {code for basket in baskets for code in basket.codes}
        self._coupons = _coupons_by_code(work, codes.union(*(order.codes for order in self._orders.values())))
        changing = {
            request.order_id for request in requests if isinstance(request, Redeem | Refund)
        } & self._orders.keys()
        lock_budgets(work, {coupon.campaign for order_id in changing for coupon in self._of(self._orders[order_id])})

    def answer(self, request: Request) -> Answer:
        try:
            match request:
                case Lock():
                    return self._lock(request)
                case Redeem():
                    return self._redeem(self._order(request))
                case Cancel():
                    return self._cancel(self._order(request))
                case Refund():
                    return self._refund(self._order(request), request)
        except _RejectedError as rejected:
            return rejected.rejection

    def _order(self, request: Redeem | Cancel | Refund) -> CouponOrder:
        order = self._orders.get(request.order_id)
        if order is None or order.customer_id not in self._customers:
            raise _RejectedError(UnknownOrder())
        return order

    def _of(self, order: CouponOrder) -> list[Coupon]:
        """The coupons that the order holds or has used."""
        coupons = [self._coupons[code] for code in order.codes]
        return [
            coupon for coupon in coupons if (coupon.order_id, coupon.customer_id) == (order.order_id, order.customer_id)
        ]

    def _lock(self, request: Lock) -> HeldCoupons:
        customer = self._ids.get(request.customer)
        order = self._orders.get(request.order_id)
        if order is not None and customer in self._customers:
            if order.customer_id != customer:
                raise _RejectedError(Conflict("The order is another customer's."))
            if order.redeemed_at or any(is_held(coupon, self._now) for coupon in self._of(order)):
                if (order.lines, order.codes) != ([line.stored() for line in request.lines], list(request.codes)):
                    done = "has used" if order.redeemed_at else "holds"
                    raise _RejectedError(Conflict(f"The order {done} coupons for another basket; cancel it first."))
                return self._held(order)
        quoted = _quote(self._coupons, customer, request, self._now)
        if quoted.refusals:
            raise _RejectedError(CouponsRefused(quoted.refusals))
        if order is None:
            assert customer is not None  # a quote without refusals has an owner
            order = CouponOrder(order_id=request.order_id, customer_id=customer)
            self._work.add(order)
            self._orders[order.order_id] = order
        order.lines, order.codes = [line.stored() for line in request.lines], list(request.codes)
        order.shares = {applied.code: applied.lines for applied in quoted.coupons}
        coupons = [self._coupons[code] for code in request.codes]
        until = self._now + request.span
        move(self._work, [coupon for coupon in coupons if coupon.status == "locked"], "issued", self._now)
        move(self._work, coupons, "locked", self._now, order_id=order.order_id, until=until)
        return HeldCoupons(order.order_id, "locked", until, quoted)

    def _redeem(self, order: CouponOrder) -> HeldCoupons:
        if not order.redeemed_at:
            coupons = self._of(order)
            held_codes = {coupon.code for coupon in coupons if is_held(coupon, self._now)}
            refusals = [Refusal(code, "expired") for code in order.codes if code not in held_codes]
            if refusals:
                raise _RejectedError(CouponsRefused(refusals))
            costs = {code: sum(shares) for code, shares in order.shares.items()}
            move(self._work, coupons, "redeemed", self._now, order_id=order.order_id, costs=costs)
            order.redeemed_at = self._now
        return self._held(order)

    def _cancel(self, order: CouponOrder) -> HeldCoupons:
        if order.redeemed_at:
            raise _RejectedError(Conflict("The order has used its coupons; refund it."))
        move(self._work, self._of(order), "issued", self._now)
        return HeldCoupons(order.order_id, "open", None, self._quote_of(order))

    def _refund(self, order: CouponOrder, request: Refund) -> RefundedDiscount:
        if order.redeemed_at is None:
            raise _RejectedError(Conflict("The order has used no coupons."))
        units = request.units
        wanted = None if units is None else [[line, number_of(quantity)] for line, quantity in units]
        if earlier := order.refunds.get(request.refund_id):
            if earlier["wanted"] != wanted:
                raise _RejectedError(Conflict("That refund was of something else."))
            return RefundedDiscount(earlier["discount"], earlier["lines"], earlier["restored"])
        before = _returned_before(order)
        returning = _units_returned(order, before, units)
        refunded, discounted = _given_back(order, [self._coupons[code] for code in order.codes], before, returning)
        lines = [
            {"line": index, "quantity": number_of(quantity), "discount": discounted[index]}
            for index, quantity in sorted(returning.items())
        ]
        bought = sum(Line.of(line).quantity for line in order.lines)
        complete = sum(before) + sum(returning.values()) == bought
        restored = [
            coupon.code
            for coupon in self._of(order)
            if _refund_coupon(
                self._work, coupon, self._now, refund=min(refunded[coupon.code], coupon.cost), complete=complete
            )
        ]
        result = RefundedDiscount(sum(refunded.values()), lines, restored)
        order.refunds = {**order.refunds, request.refund_id: {"wanted": wanted, "shares": refunded, **asdict(result)}}
        return result

    def _held(self, order: CouponOrder) -> HeldCoupons:
        times = [coupon.locked_until for coupon in self._of(order) if coupon.locked_until and not order.redeemed_at]
        state = (order.order_id, "redeemed" if order.redeemed_at else "locked", max(times, default=None))
        return HeldCoupons(*state, self._quote_of(order))

    def _quote_of(self, order: CouponOrder) -> Quote:
        rows = [self._coupons[code] for code in order.codes]
        applied = [Applied(row.code, row.campaign, row.terms["name"], order.shares[row.code]) for row in rows]
        return Quote([sum(shares) for shares in zip(*order.shares.values(), strict=True)], applied, [])


def _coupons_by_code(session: Session, codes: Collection[str]) -> Mapping[str, Coupon]:
    return {coupon.code: coupon for coupon in session.exec(select(Coupon).where(col(Coupon.code).in_(codes)))}


def _refusal_reason(coupon: Coupon | None, customer: int | None, now: datetime) -> Reason | None:
    """Why a coupon is refused before its basket is looked at. Another customer's is only ever not_yours."""
    if coupon is None:
        return "unknown"
    if coupon.customer_id != customer:
        return "not_yours"
    if coupon.status == "redeemed" or is_held(coupon, now):
        return "locked"
    if coupon.status in ("expired", "revoked") or coupon.expires_at <= now:
        return "expired"
    return "not_eligible" if coupon.outside else None


def is_held(coupon: Coupon, now: datetime) -> bool:
    """Whether an order's lock on it isn't over."""
    return coupon.status == "locked" and coupon.locked_until is not None and coupon.locked_until > now


def state_at(coupon: Coupon, now: datetime) -> Status:
    """The status of a coupon as a quote sees it, whether or not what was over by then has been swept."""
    status = "issued" if coupon.status == "locked" and not is_held(coupon, now) else coupon.status
    return "expired" if status == "issued" and coupon.expires_at <= now else cast(Status, status)


def discrepancy_of(coupon: Coupon, customer_id: int, order_id: str | None, at: datetime) -> Discrepancy | None:
    """What doesn't fit when a till says that it took a coupon of this customer, at that instant, on that order.

    That an order holds it, or used it, is none if it is the same one, or the till doesn't say which it was.
    """
    if coupon.customer_id != customer_id:
        return "not_yours"
    is_other = order_id is not None and coupon.order_id != order_id
    if coupon.status == "redeemed":
        return "used_twice" if is_other else None
    if is_held(coupon, at):
        return "held" if is_other else None
    if coupon.status == "revoked":
        return "revoked"
    return "expired" if coupon.expires_at <= at else None


def _quote(coupons: Mapping[str, Coupon], customer: int | None, basket: Basket, now: datetime) -> Quote:
    left = [line.total for line in basket.lines]
    applied: list[Applied] = []
    refusals = []
    combining = True
    for code in basket.codes:
        coupon = coupons.get(code)
        if reason := _refusal_reason(coupon, customer, now):
            refusals.append(Refusal(code, reason, slip=coupon is None and is_slip(code)))
            continue
        assert coupon is not None
        terms = CouponTerms.model_validate(coupon.terms)
        shares: list[int] | Reason = "not_eligible"
        if not applied or (combining and terms.combines):
            shares = discounts(terms, basket.lines, left)
        if isinstance(shares, str):
            refusals.append(Refusal(code, shares))
            continue
        applied.append(Applied(code, coupon.campaign, terms.name, shares))
        combining = combining and terms.combines
        left = [unpaid - share for unpaid, share in zip(left, shares, strict=True)]
    return Quote([line.total - unpaid for line, unpaid in zip(basket.lines, left, strict=True)], applied, refusals)


def _returned_before(order: CouponOrder) -> list[Decimal]:
    before = [NONE] * len(order.lines)
    for earlier in order.refunds.values():
        for part in earlier["lines"]:
            before[part["line"]] += quantity_of(part["quantity"])
    return before


def _units_returned(
    order: CouponOrder, before: Sequence[Decimal], units: Sequence[tuple[int, Decimal]] | None
) -> Mapping[int, Decimal]:
    left = [Line.of(line).quantity - returned for line, returned in zip(order.lines, before, strict=True)]
    if units is None:
        return {index: quantity for index, quantity in enumerate(left) if quantity}
    for position, (index, quantity) in enumerate(units):
        returnable = left[index] if index < len(left) else NONE
        if quantity > returnable:
            raise _RejectedError(NotLeft(position, returnable))
    return dict(units)


def _given_back(
    order: CouponOrder, coupons: Sequence[Coupon], before: Sequence[Decimal], returning: Mapping[int, Decimal]
) -> tuple[dict[str, int], list[int]]:
    """What of the discount belongs to units given back: for each code, and for each line of the order.

    Of a coupon that prices anew it is what the lines that are kept no longer earn, up to what the units given back
    cost; of any other, each unit's share.
    """
    basket = [Line.of(line) for line in order.lines]
    after = [quantity + returning.get(index, NONE) for index, quantity in enumerate(before)]
    kept_before, kept = (
        [replace(line, quantity=line.quantity - units) for line, units in zip(basket, returned, strict=True)]
        for returned in (before, after)
    )
    value = [earlier.total - now.total for earlier, now in zip(kept_before, kept, strict=True)]
    left, discounted = [line.total for line in kept], [0] * len(basket)
    refunded: dict[str, int] = {}
    for coupon in coupons:
        terms, shares = CouponTerms.model_validate(coupon.terms), order.shares[coupon.code]
        if terms.partial_refund == "reprice":
            still = discounts(terms, kept, left)
            remaining = [0] * len(basket) if isinstance(still, str) else still
            given_back = sum(each["shares"].get(coupon.code, 0) for each in order.refunds.values())
            amount = min(sum(shares) - given_back - sum(remaining), sum(value) - sum(discounted))
            parts = spread(max(amount, 0), [worth - part for worth, part in zip(value, discounted, strict=True)])
        else:
            parts = [
                returned_share(share, line.quantity, start, end - start)
                for share, line, start, end in zip(shares, basket, before, after, strict=True)
            ]
            remaining = [
                share - returned_share(share, line.quantity, NONE, end)
                for share, line, end in zip(shares, basket, after, strict=True)
            ]
        refunded[coupon.code] = sum(parts)
        discounted = [sum(pair) for pair in zip(discounted, parts, strict=True)]
        left = [unpaid - part for unpaid, part in zip(left, remaining, strict=True)]
    return refunded, discounted


def _refund_coupon(work: UnitOfWork, coupon: Coupon, now: datetime, *, refund: int, complete: bool) -> bool:
    """Lower what a coupon cost; once its whole order is back, it may be used again if its campaign lets it."""
    terms = CouponTerms.model_validate(coupon.terms)
    if complete and terms.refund == "restore" and coupon.expires_at > now:
        full_cost = worst_case(terms)
        budget = read_library(work).campaigns.get(coupon.campaign, terms)
        if take_budget(work, coupon.campaign, budget, count=0, money=full_cost - coupon.cost):
            coupon.cost = full_cost
            move(work, [coupon], "issued", now)
            return True
    book_costs(work, coupon.campaign, 0, -refund)
    coupon.cost -= refund
    return False
