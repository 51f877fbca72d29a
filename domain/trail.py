"""The trail: every decision about a customer, written where it is made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from domain.bulk import insert_all
from domain.tables import Enrollment, TrailEntry

What = Literal[
    "sent", "suppressed", "held", "unknown", "failed", "coupon", "refused", "todo", "tag", "untag", "webhook",
    "branch", "variant", "waited", "not_entered", "entered", "restarted", "ended", "converted",
    "settled",
]  # fmt: skip


def entry(
    enrollment: Enrollment,
    what: What,
    value: str,
    at: datetime,
    *,
    step: str | None = None,
    via: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    because: str | None = None,
) -> Mapping[str, Any]:
    """What was decided about an enrollment: `value` is the template, campaign, step, tag, branch or ending."""
    return {
        "at": at, "customer_id": enrollment.customer_id, "journey": enrollment.journey, "enrollment_id": enrollment.id,
        "step": step, "what": what, "value": value, "via": via, "reason": reason, "until": until, "because": because,
    }  # fmt: skip


def record(
    session: Session,
    enrollment: Enrollment,
    what: What,
    value: str,
    at: datetime,
    *,
    step: str | None = None,
    via: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    because: str | None = None,
) -> None:
    """Note what was decided about an enrollment."""
    noted = entry(enrollment, what, value, at, step=step, via=via, reason=reason, until=until, because=because)
    session.add(TrailEntry(**noted))


def record_all(session: Session, entries: Sequence[Mapping[str, Any]]) -> None:
    """Note many decisions at once, after those that were noted before."""
    session.flush()
    if entries:
        insert_all(session, TrailEntry, entries)


def not_entered(
    customer_id: int, journey: str, reason: str, at: datetime, because: str | None = None
) -> Mapping[str, Any]:
    """The entry that says that a customer did not enter a journey, and why."""
    return {
        "at": at, "customer_id": customer_id, "journey": journey, "what": "not_entered", "value": reason,
        "because": because,
    }  # fmt: skip
