"""Coupons, for shops: `/v1/coupons`. What the rules are is told in `docs/coupons.md`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session, col, select

from api.coupons.bodies import (
    Basket,
    CodeInPath,
    CouponState,
    LockBody,
    OrderBody,
    OrderState,
    Quoted,
    RefundBody,
    Refunded,
    RefusedCoupon,
)
from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.customers import CustomerName, find_customer
from api.http.problems import (
    BodyTooLarge,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
    documented,
)
from api.http.transactions import in_transaction
from domain.access import audit
from domain.access.actors import Actor
from domain.coupons import checkout, redeeming
from domain.coupons.codes import is_slip, tidy
from domain.coupons.issuing import CouponStateError, move
from domain.coupons.tables import Coupon
from domain.customers.identifiers import Ident, IdentifierError
from domain.customers.resolution import lock_customers, read_name
from domain.store.clock import Clock
from domain.store.work import Database
from workflows.terms.quantities import written

router = APIRouter(tags=["coupons"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Shop = Annotated[Actor, Depends(require("coupons.use"))]
Reader = Annotated[Actor, Depends(require("coupons.read"))]
Revoker = Annotated[Actor, Depends(require("coupons.revoke"))]


PARTY = 50
"""Requests that are settled in one transaction."""


_BASKET: dict[str, Any] = {
    "customer": "unionid:u1",
    "lines": [
        {"sku": "beans-250", "category": "咖啡豆", "quantity": 1, "price": 5900},
        {"sku": "filters", "quantity": 2, "price": 990},
    ],
    "codes": ["7K2M4PQR9XT"],
}
_ORDER = {"order_id": "o-881"}
_BACK = _ORDER | {"refund_id": "r-1", "lines": [{"line": 0, "quantity": 1}]}


@router.post(
    "/v1/coupons/quote",
    summary="Ask what coupons take off a basket",
    responses=documented(BodyTooLarge),
    openapi_extra=described(Basket, _BASKET),
)
async def post_quote(request: Request, _: Shop) -> Quoted:
    """Changes nothing. A code that can't be used is in `refusals`, with its reason; the others apply.

    `expired` · `locked` (an order holds it, or has used it) · `not_eligible` (no line is one that it holds for, or it
    doesn't combine with those before it) · `below_threshold` · `not_yours` · `unknown`.
    """
    body = await read_json(request, Basket)
    basket = checkout.Basket(_customer(body.customer), [line.line for line in body.lines], body.codes)
    (quote,) = await context(request).quotes.ask([basket])
    return Quoted(**_quoted(quote), refusals=[_refused(refusal) for refusal in quote.refusals])


@router.post(
    "/v1/coupons/lock",
    summary="Hold coupons for an order",
    responses=documented(BodyTooLarge, Refused, Conflict),
    openapi_extra=described(LockBody, _ORDER | _BASKET | {"ttl": 900}),
)
async def post_lock(request: Request, _: Shop) -> OrderState:
    """All of the coupons, or none: a code that can't be used is a `409` with `refusals`, as a quote tells them.

    The same call again gives the same answer, while the lock holds and after it was redeemed. With another basket it is
    a `409`: cancel first. When `ttl` seconds are over, or the order is cancelled, the coupons are free again.
    """
    body = await read_json(request, LockBody)
    lines = [line.line for line in body.lines]
    span = timedelta(seconds=body.ttl)
    lock = checkout.Lock(_customer(body.customer), lines, body.codes, body.order_id, span)
    return _state(await _settled(request, lock))


@router.post(
    "/v1/coupons/redeem",
    summary="Use the coupons that an order holds",
    responses=documented(BodyTooLarge, NotFound, Refused),
    openapi_extra=described(OrderBody, _ORDER),
)
async def post_redeem(request: Request, _: Shop) -> OrderState:
    """The same call again gives the same answer. `409` (`expired`) if the lock is over: lock again."""
    body = await read_json(request, OrderBody)
    return _state(await _settled(request, checkout.Redeem(body.order_id)))


@router.post(
    "/v1/coupons/cancel",
    summary="Let go of the coupons that an order holds",
    responses=documented(BodyTooLarge, NotFound, Conflict),
    openapi_extra=described(OrderBody, _ORDER),
)
async def post_cancel(request: Request, _: Shop) -> OrderState:
    """The same call again gives the same answer. `409` if the order has used them: refund it."""
    body = await read_json(request, OrderBody)
    return _state(await _settled(request, checkout.Cancel(body.order_id)))


@router.post(
    "/v1/coupons/refund",
    summary="Give an order back, whole or by line",
    responses=documented(BodyTooLarge, NotFound, Conflict),
    openapi_extra=described(RefundBody, _BACK),
)
async def post_refund(request: Request, _: Shop) -> Refunded:
    """Answers with what of the discount belongs to what is given back: pay back its price less that.

    Once the whole order is back its coupons may be used again, where their campaigns say so, their time isn't over and
    the budget has room for them: those are in `restored`. The same `refund_id` again gives the same answer.
    """
    body = await read_json(request, RefundBody)
    units = None if body.lines is None else [(line.line, line.quantity) for line in body.lines]
    refund = await _settled(request, checkout.Refund(body.order_id, body.refund_id, units))
    return Refunded.model_validate({"order_id": body.order_id, "refund_id": body.refund_id, **vars(refund)})


@router.post("/v1/coupons/{code}/revoke", summary="Take a coupon back", responses=documented(NotFound, Conflict))
def post_revoke(request: Request, caller: Revoker, code: CodeInPath) -> CouponState:
    """Taking it back twice is taking it back once. `409` if an order holds it, or if it was used or has expired."""
    env = context(request)
    with env.db.begin() as work:
        lock_customers(work, [find_coupon(work, code).customer_id])
        coupon = find_coupon(work, code)
        before = {"status": coupon.status}
        if coupon.status != "revoked":
            if coupon.status == "locked" and not redeeming.is_held(coupon, env.clock.now()):
                move(work, [coupon], "issued", env.clock.now())
            try:
                move(work, [coupon], "revoked", env.clock.now())
            except CouponStateError:
                raise Conflict(f"The coupon is {coupon.status}.") from None
        now, after = env.wall.now(), {"status": "revoked"}
        audit.record(work, caller, "coupon.revoke", f"coupon:{coupon.code}", now, before=before, after=after)
        return as_answer(coupon, env.clock.now())


@router.get("/v1/coupons/{code}", summary="Read a coupon", responses=documented(NotFound))
def get_coupon(request: Request, _: Reader, code: CodeInPath) -> CouponState:
    """As a quote sees it now: a lock that is over holds nothing."""
    env = context(request)
    with env.db() as session:
        return as_answer(find_coupon(session, code), env.clock.now())


@router.get("/v1/customers/{id}/coupons", summary="Read a customer's coupons", responses=documented(NotFound))
def get_coupons(
    request: Request,
    _: Reader,
    name: CustomerName,
    limit: Annotated[int, Query(ge=1, le=1000, description="coupons, at most")] = 100,
) -> list[CouponState]:
    """The newest first."""
    env = context(request)
    with env.db() as session:
        query = select(Coupon).where(Coupon.customer_id == find_customer(session, name).id)
        query = query.order_by(col(Coupon.issued_at).desc(), col(Coupon.code)).limit(limit)
        return [as_answer(coupon, env.clock.now()) for coupon in session.exec(query)]


def quote(db: Database, clock: Clock, baskets: Sequence[checkout.Basket]) -> list[checkout.Quote]:
    """Quote the baskets of several requests."""
    with db() as session:
        return redeeming.quote(session, baskets, clock.now())


def carry_out(db: Database, clock: Clock, asks: Sequence[checkout.Request]) -> list[checkout.Answer]:
    """Do what several requests ask for, in one transaction."""
    return in_transaction(db, lambda work: redeeming.carry_out(work, asks, clock.now()))


async def _settled(request: Request, ask: checkout.Request) -> Any:
    """What was done. An ask that can't be met becomes a problem."""
    match (await context(request).tills.ask([ask]))[0]:
        case checkout.CouponsRefused() as refused:
            raise Refused(refusals=[_refused(refusal).model_dump() for refusal in refused.refusals])
        case checkout.Conflict() as conflict:
            raise Conflict(conflict.detail)
        case checkout.UnknownOrder():
            raise NotFound("No coupon was ever locked for this order.")
        case checkout.NotLeft(index, left):
            detail = f"only {written(left)} of the line is left to give back"
            raise Invalid(errors=[{"field": f"lines.{index}.quantity", "reason": "not_left", "detail": detail}])
        case answer:
            return answer


def _customer(name: str) -> int | Ident:
    try:
        return read_name(name)
    except IdentifierError as error:
        raise Invalid(errors=[{"field": "customer", "reason": "bad_identifier", "detail": str(error)}]) from None


def find_coupon(session: Session, written: str) -> Coupon:
    """The coupon of a code. Raises NotFound, which tells one that was mistyped."""
    code = tidy(written)
    coupon = session.get(Coupon, code, populate_existing=True)
    if coupon is None:
        raise NotFound("The code was mistyped." if is_slip(code) else "There is no such coupon.")
    return coupon


def as_answer(coupon: Coupon, now: datetime) -> CouponState:
    """A coupon as a quote sees it."""
    values = {**coupon.model_dump(), "name": coupon.terms["name"], "customer": coupon.customer_id}
    values["status"] = redeeming.state_at(coupon, now)
    if coupon.status == "locked" != values["status"]:
        values |= {"order_id": None, "locked_until": None}
    return CouponState.model_validate(values)


def _quoted(quote: checkout.Quote) -> dict[str, Any]:
    coupons = [{**vars(applied), "discount": applied.discount} for applied in quote.coupons]
    return {"discount": quote.discount, "lines": quote.lines, "coupons": coupons}


def _state(held: checkout.HeldCoupons) -> OrderState:
    return OrderState.model_validate(
        {
            "order_id": held.order_id,
            "status": held.status,
            "locked_until": held.locked_until,
            **_quoted(held.quote),
        }
    )


def _refused(refusal: checkout.Refusal) -> RefusedCoupon:
    return RefusedCoupon(code=refusal.code, reason=refusal.reason, slip=refusal.slip)
