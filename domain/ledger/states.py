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

from sqlmodel import Session, col, select

from domain.coupons import issuing
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.ledger.tables import Message, MessageRow
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


def moved(message: MessageRow, to: Status, *, reason: str | None = None, provider_id: str | None = None) -> MessageRow:
    """The message in another state. Raises MessageStateError if that state can't follow."""
    if to not in LEGAL[message.status]:
        raise MessageStateError(f"message {message.id} is {message.status} and can't become {to}")
    refusal = [{"channel": message.channel, "reason": reason}] if to == "failed" else []
    return message._replace(
        status=to,
        reason=reason,
        provider_id=None if to == "claimed" else provider_id or message.provider_id,
        counts=to != "failed" and message.kind == "marketing",
        refused=[*message.refused, *refusal],
        look_at=message.look_at if to in OPEN else None,
    )


def move(
    work: UnitOfWork, message: MessageRow, to: Status, *, reason: str | None = None, provider_id: str | None = None
) -> MessageRow:
    """Bring a message into another state, and tell its enrollment of one that may have reached the customer.

    The caller holds the customer's lock. Raises MessageStateError if that state can't follow.
    """
    message = work.change(moved(message, to, reason=reason, provider_id=provider_id))
    if to in WENT or to == "unknown":
        enrollment = enrollment_of(work, message)
        last_sent_at = max(enrollment.last_sent_at or message.claimed_at, message.claimed_at)
        work.change(enrollment._replace(last_sent_at=last_sent_at))
    return message


def enrollment_of(work: UnitOfWork, message: MessageRow) -> EnrollmentRow:
    """The enrollment of a message, whose customer is locked."""
    if enrollment := work.find(EnrollmentRow, message.enrollment_id):
        return enrollment
    return work.read(EnrollmentRow, col(Enrollment.id) == message.enrollment_id)[0]


def claim(session: Session, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Write down new messages, as the columns of each, and give their keys.

    One that goes at once is written as `calling`: the instant of sending, for what follows this commit may reach the
    customer.
    """
    return [key for (key,) in insert_all(session, Message, rows, "id")] if rows else ()


def claim_again(work: UnitOfWork, message: MessageRow, row: Mapping[str, Any]) -> None:
    """Claim a message anew, as another channel or another time has it now; it may go at once."""
    if message.status == "failed":
        message = moved(message, "claimed")
    message = message._replace(**{**row, "status": message.status})
    work.change(moved(message, "calling") if row["status"] == "calling" else message)


def fail(work: UnitOfWork, message: MessageRow, reason: str | None) -> MessageRow:
    """Every channel has refused the message for good, so its coupon is taken back."""
    if message.status != "failed":
        message = move(work, message, "failed", reason=reason)
    issuing.revoke(work, message.enrollment_id, message.step)
    return message


def withdraw(work: UnitOfWork, message: MessageRow) -> None:
    """Delete a claimed message and revoke its coupon. Raises MessageStateError if it isn't `claimed`."""
    if message.status != "claimed":
        raise MessageStateError(f"message {message.id} is {message.status} and can't be withdrawn")
    issuing.revoke(work, message.enrollment_id, message.step)
    work.remove(message)
    remaining = select(Message.id).where(Message.enrollment_id == message.enrollment_id)
    work.change(enrollment_of(work, message)._replace(claimed=work.exec(remaining).first() is not None))


def receive(work: UnitOfWork, message: MessageRow, what: str, reason: str | None) -> None:
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
