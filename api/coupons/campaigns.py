"""Coupon campaigns: what was issued, used and is left of each, and the life of one coupon."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from api.coupons.bodies import CodeInPath, CouponState
from api.coupons.routes import as_answer, find_coupon
from api.http.auth import require
from api.http.context import context
from api.http.places import place, read_place
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.coupons import campaigns
from domain.coupons.campaigns import CampaignFigures
from domain.coupons.issuing import Status
from domain.published.library import read_library
from workflows.language.policy import CouponTerms, PartialRefund, Products, Refund
from workflows.terms.values import at_local, local_day, parse_time

router = APIRouter(tags=["coupons"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("coupons.read"))]
CampaignName = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="the campaign's name")
]
DAYS = 30
_OVER = ("redeemed", "expired", "revoked")


class CouponLimit(BaseModel):
    """At most `count` coupons for one customer within `days` or, without, for ever."""

    count: int
    days: int | None = None


class Terms(BaseModel):
    """What a coupon of the campaign is worth, as published. Money is fen; see `docs/coupons.md`."""

    name: str
    amount_off: int | None
    percent_off: int | None
    ceiling: int | None
    threshold: int
    valid: str = Field(description="`4d`, `3d to the end of the day` or `until 2026-12-31`")
    per_customer: CouponLimit | None
    budget_count: int | None
    budget_money: int | None
    products: Products | None
    skus: list[str]
    categories: list[str]
    combines: bool
    refund: Refund
    partial_refund: PartialRefund


class Campaign(BaseModel):
    """A campaign. `terms` is null if it isn't published any more; its coupons keep theirs.

    `issued` were given ever, of which `live` can still be used (`locked` of them are held by an order), and `redeemed`,
    `expired` and `revoked` can't. `liability` is the most, in fen, that the live ones can take off; `discounts` what
    the redeemed took off. `left` and `left_money` are what is left of the budgets; null without one.
    """

    campaign: str
    terms: Terms | None
    issued: int
    live: int
    locked: int
    redeemed: int
    expired: int
    revoked: int
    liability: int
    discounts: int
    left: int | None
    left_money: int | None


class CampaignDay(BaseModel):
    """What became of the coupons that were issued on a day of the policy's time zone."""

    day: date
    issued: int
    live: int
    redeemed: int
    expired: int
    revoked: int


class CampaignDetail(Campaign):
    """A campaign, and its last 30 days, the oldest first."""

    days: list[CampaignDay]


class CouponPage(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    coupons: list[CouponState]
    next: str | None


class CouponEvent(BaseModel):
    """What became of a coupon: `coupon.issued`, `coupon.locked`, `coupon.redeemed` …"""

    at: datetime
    type: str
    order_id: str | None


class CouponLife(CouponState):
    """A coupon, whose pass through which journey it was issued for, and its life."""

    enrollment: int | None
    step: str
    lot_id: str | None
    terms: Terms
    cost: int = Field(description="the most, in fen, that it can take off; once redeemed, what it took off")
    life: list[CouponEvent]


@router.get("/v1/campaigns", summary="List the coupon campaigns")
def get_campaigns(request: Request, _: Reader) -> list[Campaign]:
    """Those that are published and those that have coupons, by name. What is over counts as such once it is swept."""
    with context(request).db() as session:
        published = read_library(session).campaigns
        found = campaigns.figures(session)
    return [
        Campaign.model_validate(_figures(name, published.get(name), found.get(name, CampaignFigures())))
        for name in sorted(published.keys() | found.keys())
    ]


@router.get("/v1/campaigns/{name}", summary="Read a coupon campaign", responses=documented(NotFound))
def get_campaign(request: Request, _: Reader, name: CampaignName) -> CampaignDetail:
    """With what became of the coupons of each of the last 30 days."""
    env = context(request)
    with env.db() as session:
        library = read_library(session)
        found = campaigns.figures(session, name).get(name)
        terms = library.campaigns.get(name)
        if found is None and terms is None:
            raise NotFound("There is no such campaign.")
        zone = library.policy_zone
        today = local_day(env.clock.now(), zone)
        since = at_local(today - timedelta(days=DAYS - 1), parse_time("00:00"), zone, env.clock.now())
        by_day = campaigns.by_day(session, name, since, zone)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return CampaignDetail.model_validate(
        _figures(name, terms, found or CampaignFigures())
        | {"days": [{"day": day} | _counts(by_day.get(day, {})) for day in days]}
    )


@router.get("/v1/campaigns/{name}/coupons", summary="List the coupons of a campaign")
def get_campaign_coupons(
    request: Request,
    _: Reader,
    name: CampaignName,
    status: Annotated[Status | None, Query(description="only those in this state, as it is stored")] = None,
    after: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> CouponPage:
    env = context(request)
    with env.db() as session:
        rows = campaigns.coupons_of(session, name, status=status, after=read_place(after), limit=limit + 1)
    shown = rows[:limit]
    following = place(shown[-1].issued_at, shown[-1].code) if len(rows) > limit else None
    return CouponPage(coupons=[as_answer(each, env.clock.now()) for each in shown], next=following)


@router.get("/v1/coupons/{code}/life", summary="Read what became of a coupon", responses=documented(NotFound))
def get_life(request: Request, _: Reader, code: CodeInPath) -> CouponLife:
    """With the terms it was issued on, and every change of its state."""
    env = context(request)
    with env.db() as session:
        coupon = find_coupon(session, code)
        events = campaigns.life(session, coupon)
        return CouponLife(
            **as_answer(coupon, env.clock.now()).model_dump(),
            enrollment=coupon.enrollment_id,
            step=coupon.step,
            lot_id=coupon.lot_id,
            terms=_terms(CouponTerms.model_validate(coupon.terms)),
            cost=coupon.cost,
            life=[CouponEvent(at=each.time, type=each.type, order_id=each.data.get("order_id")) for each in events],
        )


def _terms(terms: CouponTerms) -> Terms:
    written = terms.model_dump(mode="json")
    return Terms.model_validate({name: written.get(name) for name in Terms.model_fields})


def _figures(name: str, terms: CouponTerms | None, found: CampaignFigures) -> dict[str, Any]:
    def left(budget: int | None, used: int) -> int | None:
        return None if budget is None else max(0, budget - used)

    return {
        "campaign": name,
        "terms": _terms(terms) if terms else None,
        "locked": found.counts.get("locked", 0),
        "liability": found.liability,
        "discounts": found.discounts,
        "left": left(terms.budget_count if terms else None, found.used),
        "left_money": left(terms.budget_money if terms else None, found.used_money),
    } | _counts(found.counts)


def _counts(counts: Mapping[str, int]) -> dict[str, Any]:
    live = counts.get("issued", 0) + counts.get("locked", 0)
    over = {status: counts.get(status, 0) for status in _OVER}
    return {"issued": sum(counts.values()), "live": live, **over}
