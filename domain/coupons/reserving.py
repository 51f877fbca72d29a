"""Coupons of an outside service: reserved before a claim, noted down within it, then confirmed or released.

The service knows a coupon by its key, which names the enrollment and the step; calls are
idempotent by key. The service is never called while a transaction is open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from domain.conditions.facts import CustomerFacts
from domain.coupons.issuing import move
from domain.coupons.tables import Coupon
from domain.customers.resolution import lock_customers
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.published.library import read_plan
from domain.store.work import UnitOfWork
from workflows.plan.commands import Group
from workflows.verbs.base import Path

Issue = Callable[[UnitOfWork, CustomerFacts, EnrollmentRow, Path, str], Coupon]
"""Gives a step its coupon of a campaign, within the claim. Raises IssueRefusedError."""


@dataclass(frozen=True)
class ReservationRequest:
    """A coupon that a member may need."""

    enrollment: int
    step: Path
    campaign: str
    customer: int

    @property
    def key(self) -> str:
        return key_of(self.enrollment, self.step)


@dataclass(frozen=True)
class Reservation:
    """A coupon that the service keeps for us."""

    code: str
    expires_at: datetime


@dataclass(frozen=True)
class PendingNotice:
    """A notice that the service has yet to get: a coupon is `confirmed`, or `released`."""

    code: str
    customer: int
    key: str
    outside: str


def key_of(enrollment_id: int, step: Path) -> str:
    """The key by which the service knows the coupon of a step."""
    return f"{enrollment_id}:{step}"


def reservations_needed(session: Session, group: Group) -> list[ReservationRequest]:
    """The coupons that the group's members may need and don't have."""
    step = read_plan(session, group.plan_id).steps[group.path]
    campaign = step.campaign_given
    if campaign is None:
        return []
    members = [member.enrollment for member in group.members]
    has_one = select(Coupon.enrollment_id).where(Coupon.step == step.name, Coupon.status != "revoked")
    query = select(Enrollment.id, Enrollment.customer_id).where(
        col(Enrollment.id).in_(members), col(Enrollment.ending).is_(None), col(Enrollment.id).not_in(has_one)
    )
    return [
        ReservationRequest(id, step.name, campaign, customer)
        for id, customer in session.exec(query.order_by(col(Enrollment.id)))
    ]


def unused_reservations(session: Session, requests: Sequence[ReservationRequest]) -> list[ReservationRequest]:
    """Those of them that no claim took."""
    query = select(Coupon.enrollment_id, Coupon.step).where(
        col(Coupon.enrollment_id).in_([request.enrollment for request in requests]), Coupon.status != "revoked"
    )
    taken = set(session.exec(query).all())
    return [request for request in requests if (request.enrollment, request.step) not in taken]


def pending_notices(session: Session, limit: int) -> list[PendingNotice]:
    """The notices that the service has yet to get. A revoked coupon is released."""
    revoked = col(Coupon.status) == "revoked"
    query = select(Coupon).where(or_(col(Coupon.outside) == "reserved", revoked & (col(Coupon.outside) == "confirmed")))
    return [
        PendingNotice(
            coupon.code,
            coupon.customer_id,
            key_of(coupon.enrollment_id, coupon.step),
            "released" if coupon.status == "revoked" else "confirmed",
        )
        for coupon in session.exec(query.order_by(col(Coupon.code)).limit(limit))
        if coupon.enrollment_id is not None
    ]


def note_delivered(work: UnitOfWork, notice: PendingNotice, now: datetime, *, kept: bool = True) -> None:
    """Record that the service got the notice. A coupon that it didn't keep is revoked. Locks the customer."""
    lock_customers(work, [notice.customer])
    coupon = work.get_one(Coupon, notice.code, populate_existing=True)
    coupon.outside = notice.outside if kept else "released"
    if not kept and coupon.status == "issued":
        move(work, [coupon], "revoked", now)
