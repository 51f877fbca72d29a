"""What operators ask of the ledger: what is open, how the providers' accounts stand, and settling by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from domain.channels.tables import ProviderAccount
from domain.customers.resolution import lock_customers
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message, MessageRow
from domain.published.tables import JourneyAction, PublishedPlan
from domain.sending import tracking
from domain.store.work import UnitOfWork


class UnknownMessageError(LookupError):
    """There is no message of this number."""


def list_messages(
    session: Session,
    *,
    status: str | None = None,
    journey: str | None = None,
    customer: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> Sequence[Message]:
    """A page of the ledger, by number: of those in a state, of a journey, to a customer."""
    query = select(Message).where(col(Message.id) > after).order_by(col(Message.id)).limit(limit)
    if status is not None:
        query = query.where(Message.status == status)
    if journey is not None:
        query = query.where(Message.journey == journey)
    if customer is not None:
        query = query.where(Message.customer_id == customer)
    return session.exec(query).all()


def settle_by_hand(work: UnitOfWork, number: int, to: Literal["sent", "failed"], now: datetime, by: str) -> MessageRow:
    """Settle an open message by hand, and record by whom.

    Raises UnknownMessageError, and MessageStateError for a message that isn't open.
    """
    owner = work.exec(select(Message.customer_id).where(Message.id == number)).first()
    if owner is None:
        raise UnknownMessageError(f"there is no message {number}")
    lock_customers(work, [owner])
    (message,) = work.read(MessageRow, col(Message.id) == number)
    tracking.settle_message(work, message, to, "settled_by_hand", now)
    version = select(PublishedPlan.version).join(Enrollment, col(Enrollment.plan_id) == col(PublishedPlan.id))
    work.add(
        JourneyAction(
            journey=message.journey, action="settled_message", by=by, at=now,
            version=work.exec(version.where(Enrollment.id == message.enrollment_id)).one(),
            details={"message": number, "as": to},
        )
    )  # fmt: skip
    return work.held(MessageRow, number)


def status_of(session: Session, number: int) -> str | None:
    """How a message stands; None if there is none of this number."""
    return session.exec(select(Message.status).where(Message.id == number)).first()


def accounts(session: Session) -> Sequence[ProviderAccount]:
    """How the accounts with providers stand."""
    return session.exec(select(ProviderAccount).order_by(col(ProviderAccount.name))).all()
