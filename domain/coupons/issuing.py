"""The life of a coupon, and the budgets it draws on. Money is integer fen.

    issued -> locked -> redeemed      an order holds it, and uses it
              locked -> issued        the order is cancelled, or its time is over
              redeemed -> issued      the order was given back
    issued -> expired | revoked
              expired -> redeemed     it was used in time, which was told late

Every change of status goes through `move`, which keeps the budgets and has the unit of work take in the event about
it. Whoever calls holds the customer's lock; budgets are locked after it, in
campaign order.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import BigInteger, Executable, Integer, bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, or_, select

from domain.catalogue.sources import COUPONS
from domain.conditions.facts import CustomerFacts
from domain.coupons.baskets import worst_case
from domain.coupons.codes import make_code
from domain.coupons.tables import CampaignUse, Coupon
from domain.customers.resolution import lock_customers
from domain.journeys.tables import EnrollmentRow
from domain.stock.book import available
from domain.stock.companions import MOST, skus_in
from domain.store.work import EventGiven, UnitOfWork
from workflows.language.policy import CouponTerms
from workflows.terms.values import local_day
from workflows.verbs.base import Path

Status = Literal["issued", "locked", "redeemed", "expired", "revoked"]

EVENT: Mapping[tuple[str, Status], str] = {
    ("", "issued"): "coupon.issued",
    ("issued", "locked"): "coupon.locked",
    ("locked", "issued"): "coupon.released",
    ("locked", "redeemed"): "coupon.redeemed",
    ("redeemed", "issued"): "coupon.restored",
    ("issued", "expired"): "coupon.expired",
    ("expired", "redeemed"): "coupon.redeemed",
    ("issued", "revoked"): "coupon.revoked",
}
"""The legal changes of status, and the type of the event of each. A coupon begins as issued."""


class IssueRefusedError(Exception):
    """A coupon can't be issued; the message is the reason."""


class CouponStateError(ValueError):
    """A coupon can't come into a state from where it is."""


def issue(work: UnitOfWork, facts: CustomerFacts, enrollment: EnrollmentRow, step: Path, campaign: str) -> Coupon:
    """Issue one coupon for this step, or give the one that it has.

    Raises IssueRefusedError, whose text is the reason: per_customer, budget, unknown_campaign, campaign_over if it
    would have run out already, or no_companions if there is nothing that it would hold for.
    """
    if earlier := facts.subjects.held(enrollment.id, step):
        return earlier
    return _issue(work, facts, enrollment.id, step, campaign)


def issue_to(work: UnitOfWork, facts: CustomerFacts, campaign: str, step: Path) -> Coupon:
    """Issue one coupon to a customer outside of any journey; that it is given once, `step`, is the caller's to see to.

    Raises IssueRefusedError, as `issue` does.
    """
    return _issue(work, facts, None, step, campaign)


def _issue(work: UnitOfWork, facts: CustomerFacts, enrollment_id: int | None, step: Path, campaign: str) -> Coupon:
    terms = facts.library.campaigns.get(campaign)
    if terms is None:
        raise IssueRefusedError("unknown_campaign")
    if not _within_customer_limit(facts, campaign, terms):
        raise IssueRefusedError("per_customer")
    if terms.valid.after(facts.now, facts.zone) <= facts.now:
        raise IssueRefusedError("campaign_over")
    terms = _with_companions(facts, terms)
    cost = worst_case(terms)
    if not _lot_has_room(facts, terms) or not take_budget(work, campaign, terms, count=1, money=cost):
        raise IssueRefusedError("budget")
    return _new(work, facts, enrollment_id, step, campaign, terms, code=make_code(), cost=cost)


def accept(
    work: UnitOfWork,
    facts: CustomerFacts,
    enrollment: EnrollmentRow,
    step: Path,
    campaign: str,
    code: str,
    expires_at: datetime,
) -> Coupon:
    """Note down the coupon that an outside service has reserved for this step; its budgets are that service's.

    Raises IssueRefusedError: unknown_campaign, since its terms are our own; budget, if its lot has no unit left;
    no_companions.
    """
    if earlier := facts.subjects.held(enrollment.id, step):
        return earlier
    return _accept(work, facts, enrollment.id, step, campaign, code, expires_at)


def accept_for(
    work: UnitOfWork, facts: CustomerFacts, campaign: str, step: Path, code: str, expires_at: datetime
) -> Coupon:
    """Note down the coupon that an outside service has reserved for a customer outside of any journey, as `accept`."""
    return _accept(work, facts, None, step, campaign, code, expires_at)


def _accept(
    work: UnitOfWork, facts: CustomerFacts, enrollment_id: int | None, step: Path, campaign: str, code: str,
    expires_at: datetime,
) -> Coupon:  # fmt: skip
    terms = facts.library.campaigns.get(campaign)
    if terms is None:
        raise IssueRefusedError("unknown_campaign")
    if not _lot_has_room(facts, terms):
        raise IssueRefusedError("budget")
    terms = _with_companions(facts, terms)
    coupon = _new(work, facts, enrollment_id, step, campaign, terms, code=code, cost=0)
    coupon.expires_at, coupon.outside = expires_at, "reserved"
    return coupon


def _lot_has_room(facts: CustomerFacts, terms: CouponTerms) -> bool:
    """Whether the lot that the coupon would hold for has a unit that no other coupon may claim."""
    lot_id = _lot_of(facts, terms)
    if lot_id is None:
        return True
    known = facts.subjects.lot(lot_id)
    if known is None:
        return False
    lot, product, _ = known
    today = local_day(facts.now, facts.library.policy_zone)
    return facts.subjects.units_promised(lot_id, facts.now) < available(lot, product, today)


def _with_companions(facts: CustomerFacts, terms: CouponTerms) -> CouponTerms:
    """The terms with the products named that go with those of the trigger, if it is these that the coupon holds for."""
    if terms.products != "companions":
        return terms
    city = facts.customer.fields.get("city")
    bought = [*skus_in(facts.field("trigger.items")), *skus_in(facts.field("trigger.sku"))]
    companions = facts.subjects.companions(local_day(facts.now, facts.library.policy_zone))
    found = companions.of(bought, MOST, city=city if isinstance(city, str) else None)
    if not found:
        raise IssueRefusedError("no_companions")
    return terms.model_copy(update={"skus": tuple(each.sku for each in found)})


def _lot_of(facts: CustomerFacts, terms: CouponTerms) -> str | None:
    return facts.field("lot.id") if terms.products == "lot" else None


def held(session: Session, enrollment_id: int, step: Path) -> Coupon | None:
    """The coupon that was issued for this step, unless it was taken back."""
    query = select(Coupon).where(Coupon.enrollment_id == enrollment_id, Coupon.step == step)
    return session.exec(query.where(Coupon.status != "revoked")).first()


def revoke(work: UnitOfWork, enrollment_id: int, step: Path) -> None:
    """Revoke the coupon of a message that was not sent, if it is still issued."""
    coupon = held(work, enrollment_id, step)
    if coupon is not None:
        take_back(work, coupon)


def take_back(work: UnitOfWork, coupon: Coupon) -> None:
    """Revoke a coupon, perhaps one issued in this transaction, if it is still issued."""
    if coupon.status == "issued":
        work.flush()
        move(work, [coupon], "revoked", coupon.issued_at)


def move(
    work: UnitOfWork,
    coupons: Sequence[Coupon],
    to: Status,
    at: datetime,
    *,
    order_id: str | None = None,
    until: datetime | None = None,
    costs: Mapping[str, int] | None = None,
    announced: bool = False,
) -> None:
    """Bring coupons into another state. What each costs from now on is in `costs`, by its code; else it follows.

    `order_id` is the order that it happens for, `until` the end of its lock. `announced` says that an event from
    outside tells of it already.

    Raises CouponStateError, and changes nothing, if that state can't follow.
    """
    for coupon in coupons:
        if (coupon.status, to) not in EVENT:
            raise CouponStateError(f"coupon is {coupon.status} and can't become {to}")
    counts: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for coupon in coupons:
        type, before = EVENT[coupon.status, to], coupon.cost
        if costs is not None:
            coupon.cost = costs[coupon.code]
        elif to in ("expired", "revoked"):
            coupon.cost = 0
        elif coupon.status == "expired" and not coupon.outside:
            coupon.cost = worst_case(CouponTerms.model_validate(coupon.terms))
        if not coupon.outside:
            counts[coupon.campaign] += (coupon.status == "expired") - (to in ("expired", "revoked"))
        money[coupon.campaign] += coupon.cost - before
        coupon.status, coupon.moves = to, coupon.moves + 1
        for_order = order_id or coupon.order_id
        coupon.order_id = for_order if to in ("locked", "redeemed") else None
        coupon.locked_until = until
        if not announced:
            _announce(work, coupon, type, at, for_order)
    for campaign in sorted(counts):
        book_costs(work, campaign, counts[campaign], money[campaign])


def lock_budgets(session: Session, campaigns: Collection[str]) -> None:
    """Lock the budgets of campaigns, in their order; one alone needs no order and is locked when it is booked."""
    if len(campaigns) > 1:
        query = select(CampaignUse.campaign).where(col(CampaignUse.campaign).in_(campaigns))
        session.exec(query.order_by(col(CampaignUse.campaign)).with_for_update(key_share=True)).all()


def book_costs(session: Session, campaign: str, count: int, money: int) -> None:
    """Change what is used of a campaign's budgets."""
    if count or money:
        use = col(CampaignUse.campaign) == campaign
        values = {"issued": CampaignUse.issued + count, "money": CampaignUse.money + money}
        session.execute(update(CampaignUse).where(use).values(values))


def take_budget(session: Session, campaign: str, terms: CouponTerms, *, count: int, money: int) -> bool:
    """Use so much of a campaign's budgets, if that much is left of them."""
    amounts = {
        "wanted": campaign,
        "count": count,
        "most": terms.budget_count,
        "sum": money,
        "limit": terms.budget_money,
    }
    connection = session.connection()
    if connection.execute(_TAKE, amounts).first() is not None:
        return True
    connection.execute(insert(CampaignUse).values(campaign=campaign, issued=0, money=0).on_conflict_do_nothing())
    return connection.execute(_TAKE, amounts).first() is not None


def _take_statement() -> Executable:
    """The statement is made once, for a group issues many."""
    issued = col(CampaignUse.issued) + bindparam("count", type_=Integer)
    money = col(CampaignUse.money) + bindparam("sum", type_=BigInteger)
    most, limit = bindparam("most", type_=BigInteger), bindparam("limit", type_=BigInteger)
    room = or_(most.is_(None), issued <= most) & or_(limit.is_(None), money <= limit)
    statement = update(CampaignUse).where(col(CampaignUse.campaign) == bindparam("wanted"), room)
    return statement.values(issued=issued, money=money).returning(col(CampaignUse.issued))


_TAKE = _take_statement()


def expire(work: UnitOfWork, now: datetime, limit: int) -> int:
    """Let go of locks whose time is over, then end coupons whose time is over. Returns how many coupons it looked at.

    Another sweep may do the same meanwhile: each coupon is looked at again under its customer's lock.
    """
    is_due = or_(
        (col(Coupon.status) == "locked") & (col(Coupon.locked_until) <= now),
        (col(Coupon.status) == "issued") & (col(Coupon.expires_at) <= now),
    )
    due = work.exec(select(Coupon.code, Coupon.customer_id).where(is_due).limit(limit)).all()
    lock_customers(work, {customer for _, customer in due})
    still_due = select(Coupon).where(col(Coupon.code).in_([code for code, _ in due]), is_due).order_by(col(Coupon.code))
    coupons = work.exec(still_due.execution_options(populate_existing=True)).all()
    move(work, [coupon for coupon in coupons if coupon.status == "locked"], "issued", now)
    move(work, [coupon for coupon in coupons if coupon.expires_at <= now], "expired", now)
    return len(due)


def _announce(work: UnitOfWork, coupon: Coupon, type: str, at: datetime, order_id: str | None) -> None:
    """Have the coupon's latest change taken in as an event."""
    data: dict[str, object] = {
        "code": coupon.code,
        "campaign": coupon.campaign,
        "step": coupon.step,
    }
    if coupon.enrollment_id is not None:
        data["enrollment"] = coupon.enrollment_id
    if order_id:
        data["order_id"] = order_id
    work.give_rise_to(EventGiven(COUPONS, f"{coupon.code}/{coupon.moves}", type, at, data, coupon.customer_id))


def _new(
    work: UnitOfWork,
    facts: CustomerFacts,
    enrollment_id: int | None,
    step: Path,
    campaign: str,
    terms: CouponTerms,
    *,
    code: str,
    cost: int,
) -> Coupon:
    if terms.products == "lot":
        terms = terms.model_copy(update={"sku": facts.field("lot.sku")})
    coupon = Coupon(
        code=code,
        campaign=campaign,
        customer_id=facts.customer.id,
        enrollment_id=enrollment_id,
        step=step,
        lot_id=_lot_of(facts, terms),
        terms=terms.model_dump(mode="json"),
        status="issued",
        issued_at=facts.now,
        expires_at=terms.valid.after(facts.now, facts.zone),
        cost=cost,
        moves=1,
    )
    work.add(coupon)
    facts.subjects.add_coupon(coupon)
    _announce(work, coupon, EVENT["", "issued"], facts.now, None)
    return coupon


def _within_customer_limit(facts: CustomerFacts, campaign: str, terms: CouponTerms) -> bool:
    limit = terms.per_customer
    if limit is None:
        return True
    issued_at = [coupon.issued_at for coupon in facts.subjects.coupons_of(facts.customer.id, campaign)]
    if limit.days is not None:
        since = local_day(facts.now, facts.zone) - timedelta(days=limit.days - 1)
        issued_at = [at for at in issued_at if local_day(at, facts.zone) >= since]
    return len(issued_at) < limit.count
