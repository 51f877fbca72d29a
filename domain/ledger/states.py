"""The ledger's state machine: which state of a message may follow which, and what goes with each.

    claimed -> calling -> sent -> delivered -> read
                       -> pending_staff -> sent …
                       -> failed          refused for good: another channel may take over (claimed)
                       -> unknown         nobody can say; the provider, an operator or a receipt may settle it
                       -> claimed         certainly not taken: it is tried again

A claimed message that may go no longer is withdrawn: its row is deleted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import delete
from sqlmodel import Session, col, select

from domain.coupons import issuing
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.store.bulk import insert_all
from domain.store.work import UnitOfWork

Status = Literal["claimed", "calling", "pending_staff", "sent", "delivered", "read", "failed", "unknown"]

LEGAL: Mapping[str, frozenset[Status]] = {
    "claimed": frozenset({"calling"}),
    "calling": frozenset({"claimed", "pending_staff", "sent", "delivered", "read", "failed", "unknown"}),
    "pending_staff": frozenset({"sent", "delivered", "read", "failed"}),
    "sent": frozenset({"delivered", "read", "failed"}),
    "delivered": frozenset({"read"}),
    "read": frozenset(),
    "failed": frozenset({"claimed", "delivered", "read"}),
    "unknown": frozenset({"pending_staff", "sent", "delivered", "read", "failed"}),
}
"""What may follow a state. A receipt proves a message that was thought lost or refused."""

OPEN: frozenset[Status] = frozenset({"unknown", "pending_staff"})
"""The states that are followed up."""

WENT: frozenset[str] = frozenset({"pending_staff", "sent", "delivered", "read"})
"""The states of a message that its provider has taken."""


class MessageStateError(ValueError):
    """A message can't come into a state from where it is."""


def move(
    session: Session,
    message: Message,
    to: Status,
    *,
    reason: str | None = None,
    provider_id: str | None = None,
    enrollment: Enrollment | None = None,
) -> None:
    """Bring a message into another state. The caller holds the customer's lock, and perhaps the message's enrollment.

    Raises MessageStateError if that state can't follow.
    """
    if to not in LEGAL[message.status]:
        raise MessageStateError(f"message {message.id} is {message.status} and can't become {to}")
    message.status, message.reason = to, reason
    message.provider_id = None if to == "claimed" else provider_id or message.provider_id
    message.counts = to != "failed" and message.kind == "marketing"
    if to == "failed":
        message.refused = [*message.refused, {"channel": message.channel, "reason": reason}]
    if to not in OPEN:
        message.look_at = None
    if to in WENT or to == "unknown":
        enrollment = enrollment or session.get_one(Enrollment, message.enrollment_id)
        enrollment.last_sent_at = max(enrollment.last_sent_at or message.claimed_at, message.claimed_at)


def claim(session: Session, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Write down new messages, as the columns of each, and give their keys.

    One that goes at once is written as `calling`: the instant of sending, for what follows this commit may reach the
    customer.
    """
    return [key for (key,) in insert_all(session, Message, rows, "id")] if rows else ()


def claim_again(session: Session, message: Message, row: Mapping[str, Any]) -> None:
    """Claim a message anew, as another channel or another time has it now; it may go at once."""
    if message.status == "failed":
        move(session, message, "claimed")
    for name, value in row.items():
        if name != "status":
            setattr(message, name, value)
    if row["status"] == "calling":
        move(session, message, "calling")


def fail(work: UnitOfWork, message: Message, reason: str | None) -> None:
    """Every channel has refused the message for good, so its coupon is taken back."""
    if message.status != "failed":
        move(work, message, "failed", reason=reason)
    issuing.revoke(work, message.enrollment_id, message.step)


def withdraw(work: UnitOfWork, message: Message, enrollment: Enrollment) -> None:
    """Delete a claimed message and revoke its coupon. Raises MessageStateError if it isn't `claimed`."""
    if message.status != "claimed":
        raise MessageStateError(f"message {message.id} is {message.status} and can't be withdrawn")
    issuing.revoke(work, message.enrollment_id, message.step)
    work.execute(delete(Message).where(col(Message.id) == message.id))
    remaining = select(Message.id).where(Message.enrollment_id == message.enrollment_id)
    enrollment.claimed = work.exec(remaining).first() is not None


def receive(work: UnitOfWork, message: Message, what: str, reason: str | None) -> None:
    """A receipt says what became of the message; one that is no news any more changes nothing."""
    to: Status | None = _RECEIPTS.get(what)
    if to is None or to not in LEGAL[message.status]:
        return
    if to == "failed" and message.written_at is not None:
        fail(work, message, reason)
    else:
        move(work, message, to, reason=reason)


_RECEIPTS: Mapping[str, Status] = {
    "message.delivered": "delivered",
    "message.read": "read",
    "message.failed": "failed",
}
