"""Issuing coupons from the Postgres ledger, within their budgets. Money is integer fen."""

import secrets
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain import inventory
from domain.facts import CustomerFacts
from domain.tables import CampaignUse, Coupon, Enrollment
from workflows.plan import Path
from workflows.policy import CouponTerms
from workflows.values import local_day

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH = 10


class RefusedError(Exception):
    """A coupon can't be issued; the message is the reason."""


def issue(facts: CustomerFacts, enrollment: Enrollment, step: Path, campaign: str) -> Coupon:
    """Issue one coupon for this step, or give the one that it has. The caller holds the customer's lock.

    Raises RefusedError, whose text is the reason: per_customer, budget or unknown_campaign.
    """
    session = facts.session
    if earlier := held(session, enrollment.id, step):
        return earlier
    terms = facts.library.campaigns.get(campaign)
    if terms is None:
        raise RefusedError("unknown_campaign")
    if not _within_customer_limit(facts, campaign, terms):
        raise RefusedError("per_customer")
    lot_id = facts.field("lot.id") if terms.products == "lot" else None
    if lot_id is not None and not inventory.room_for_coupon(session, lot_id, facts.now, facts.library.policy_zone):
        raise RefusedError("budget")
    if not _take_from_budget(session, campaign, terms):
        raise RefusedError("budget")
    coupon = Coupon(
        code="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        campaign=campaign,
        customer_id=enrollment.customer_id,
        enrollment_id=enrollment.id,
        step=step,
        lot_id=lot_id,
        terms={**terms.model_dump(mode="json"), "sku": facts.field("lot.sku") if terms.products == "lot" else None},
        status="issued",
        issued_at=facts.now,
        expires_at=terms.valid.after(facts.now, facts.zone),
    )
    session.add(coupon)
    return coupon


def held(session: Session, enrollment_id: int, step: Path) -> Coupon | None:
    """The coupon that was issued for this step."""
    return session.exec(select(Coupon).where(Coupon.enrollment_id == enrollment_id, Coupon.step == step)).first()


def revoke(session: Session, enrollment_id: int, step: Path) -> None:
    """Take back a coupon whose message was refused for good, and give its place in the budget back."""
    query = select(Coupon).where(Coupon.enrollment_id == enrollment_id, Coupon.step == step, Coupon.status == "issued")
    coupon = session.exec(query).first()
    if coupon is None:
        return
    coupon.status = "revoked"
    cost = worst_case(CouponTerms.model_validate({k: v for k, v in coupon.terms.items() if k != "sku"}))
    session.exec(
        update(CampaignUse)
        .where(col(CampaignUse.campaign) == coupon.campaign)
        .values(issued=CampaignUse.issued - 1, money=CampaignUse.money - cost)
    )


def worst_case(terms: CouponTerms) -> int:
    """The most that one coupon can cost, in fen."""
    return terms.amount_off or terms.ceiling or 0


def _within_customer_limit(facts: CustomerFacts, campaign: str, terms: CouponTerms) -> bool:
    limit = terms.per_customer
    if limit is None:
        return True
    query = select(Coupon.issued_at).where(
        Coupon.customer_id == facts.customer.id, Coupon.campaign == campaign, Coupon.status != "revoked"
    )
    given = facts.session.exec(query).all()
    if limit.days is not None:
        since = local_day(facts.now, facts.zone) - timedelta(days=limit.days - 1)
        given = [at for at in given if local_day(at, facts.zone) >= since]
    return len(given) < limit.count


def _take_from_budget(session: Session, campaign: str, terms: CouponTerms) -> bool:
    cost = worst_case(terms)
    session.execute(insert(CampaignUse).values(campaign=campaign, issued=0, money=0).on_conflict_do_nothing())
    room = [col(CampaignUse.campaign) == campaign]
    if terms.budget_count is not None:
        room.append(col(CampaignUse.issued) < terms.budget_count)
    if terms.budget_money is not None:
        room.append(col(CampaignUse.money) + cost <= terms.budget_money)
    more = {"issued": CampaignUse.issued + 1, "money": CampaignUse.money + cost}
    taken = session.execute(update(CampaignUse).where(*room).values(more).returning(col(CampaignUse.issued)))
    return taken.first() is not None
