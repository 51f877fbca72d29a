"""Coupons of an outside service: reserved before a claim, noted down within it, then confirmed or released.

The service knows a coupon by its key, which names the enrollment and the step, or who wins what in a play; calls are
idempotent by key. The service is never called while a transaction is open.
"""

from collections.abc import Callable, Mapping
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

Gift = Callable[[UnitOfWork, CustomerFacts, str, Path], Coupon]
"""Gives somebody a coupon of a campaign outside of any journey, once for each step, within the transaction that decides
about it. Raises IssueRefusedError, and NotAskedError."""


class NotAskedError(Exception):
    """The service has to be asked first, before the transaction."""


@dataclass(frozen=True)
class ReservationRequest:
    """A coupon that a member of a journey may need, or somebody without an `enrollment`."""

    enrollment: int | None
    step: Path
    campaign: str
    customer: int

    @property
    def key(self) -> str:
        return key_of(self.enrollment, self.step, self.campaign)


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


def key_of(enrollment_id: int | None, step: Path, campaign: str) -> str:
    """The key by which the service knows the coupon of a step; who wins in a play may get one campaign or another."""
    return f"{step}/{campaign}" if enrollment_id is None else f"{enrollment_id}:{step}"


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


def unused_reservations(
    session: Session, reserved: Mapping[ReservationRequest, Reservation]
) -> list[ReservationRequest]:
    """Those of them that nothing took."""
    members = [request.enrollment for request in reserved if request.enrollment is not None]
    is_theirs = or_(
        col(Coupon.enrollment_id).in_(members), col(Coupon.code).in_([each.code for each in reserved.values()])
    )
    query = select(Coupon.enrollment_id, Coupon.step, Coupon.campaign).where(is_theirs, Coupon.status != "revoked")
    taken = {key_of(*row) for row in session.exec(query)}
    return [request for request in reserved if request.key not in taken]


def pending_notices(session: Session, limit: int) -> list[PendingNotice]:
    """The notices that the service has yet to get. A revoked coupon is released."""
    revoked = col(Coupon.status) == "revoked"
    query = select(Coupon).where(or_(col(Coupon.outside) == "reserved", revoked & (col(Coupon.outside) == "confirmed")))
    return [
        PendingNotice(
            coupon.code,
            coupon.customer_id,
            key_of(coupon.enrollment_id, coupon.step, coupon.campaign),
            "released" if coupon.status == "revoked" else "confirmed",
        )
        for coupon in session.exec(query.order_by(col(Coupon.code)).limit(limit))
    ]


def note_delivered(work: UnitOfWork, notice: PendingNotice, now: datetime, *, kept: bool = True) -> None:
    """Record that the service got the notice. A coupon that it didn't keep is revoked. Locks the customer."""
    lock_customers(work, [notice.customer])
    coupon = work.get_one(Coupon, notice.code, populate_existing=True)
    coupon.outside = notice.outside if kept else "released"
    if not kept and coupon.status == "issued":
        move(work, [coupon], "revoked", now)
