"""What came of campaigns: their coupons, counted by status and by the day of issue. Money is integer fen.

The status of a coupon is the one that is stored: a lock or a coupon whose time is over counts as such once it is swept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Date, cast, func, tuple_
from sqlmodel import Session, col, select

from domain.coupons.issuing import EVENT, Status
from domain.coupons.tables import CampaignUse, Coupon
from domain.intake.tables import Event

_LIVE = ("issued", "locked")


@dataclass
class CampaignFigures:
    """How many coupons of a campaign are in each status, and what they cost.

    `liability` is the most that those which live can still take off, `discounts` what the redeemed took off; `used`
    and `used_money` are what counts towards the budgets.
    """

    counts: dict[str, int] = field(default_factory=dict)
    liability: int = 0
    discounts: int = 0
    used: int = 0
    used_money: int = 0


def figures(session: Session, campaign: str | None = None) -> Mapping[str, CampaignFigures]:
    """The figures of one campaign, or of each that has coupons."""
    found: dict[str, CampaignFigures] = {}
    query = select(Coupon.campaign, Coupon.status, func.count(), func.sum(Coupon.cost))
    query = query.group_by(Coupon.campaign, Coupon.status)
    uses = select(CampaignUse)
    if campaign is not None:
        query, uses = query.where(Coupon.campaign == campaign), uses.where(CampaignUse.campaign == campaign)
    for name, status, number, cost in session.exec(query):
        each = found.setdefault(name, CampaignFigures())
        each.counts[status] = number
        each.liability += int(cost) if status in _LIVE else 0
        each.discounts += int(cost) if status == "redeemed" else 0
    for use in session.exec(uses):
        each = found.setdefault(use.campaign, CampaignFigures())
        each.used, each.used_money = use.issued, use.money
    return found


def by_day(session: Session, campaign: str, since: datetime, zone: ZoneInfo) -> Mapping[date, Mapping[str, int]]:
    """What became of the coupons that were issued since an instant, by the local day of their issue."""
    day = cast(func.timezone(str(zone), Coupon.issued_at), Date)
    query = select(day, Coupon.status, func.count()).where(Coupon.campaign == campaign, Coupon.issued_at >= since)
    days: dict[date, dict[str, int]] = {}
    for at, status, number in session.exec(query.group_by(day, Coupon.status)):
        days.setdefault(at, {})[status] = number
    return days


def coupons_of(
    session: Session, campaign: str, *, status: Status | None, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Coupon]:
    """Coupons of a campaign, the newest first; those in a status, or after a place."""
    query = select(Coupon).where(Coupon.campaign == campaign)
    if status is not None:
        query = query.where(Coupon.status == status)
    if after is not None:
        query = query.where(tuple_(col(Coupon.issued_at), col(Coupon.code)) < after)
    return session.exec(query.order_by(col(Coupon.issued_at).desc(), col(Coupon.code).desc()).limit(limit)).all()


def life(session: Session, coupon: Coupon) -> Sequence[Event]:
    """The events that tell what became of a coupon, in their order."""
    told = select(Event).where(Event.customer_id == coupon.customer_id, col(Event.type).in_(set(EVENT.values())))
    of_this = told.where(col(Event.data)["code"].astext == coupon.code)
    return session.exec(of_this.order_by(col(Event.time), col(Event.id))).all()
