"""The trail: every decision about a customer, written where it is made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from domain.tables import Enrollment, TrailEntry

What = Literal[
    "sent", "suppressed", "held", "unknown", "failed", "coupon", "refused", "todo", "tag", "untag", "webhook",
    "branch", "variant", "waited", "not_entered", "entered", "restarted", "ended", "converted",
    "settled",
]  # fmt: skip


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
    """Note what was decided about an enrollment: `value` is the template, campaign, step, tag, branch or ending."""
    session.add(
        TrailEntry(
            at=at,
            customer_id=enrollment.customer_id,
            journey=enrollment.journey,
            enrollment_id=enrollment.id,
            step=step,
            what=what,
            value=value,
            via=via,
            reason=reason,
            until=until,
            because=because,
        )
    )


def not_entered(
    customer_id: int, journey: str, reason: str, at: datetime, because: str | None = None
) -> Mapping[str, Any]:
    """The entry that says that a customer did not enter a journey, and why."""
    return {
        "at": at, "customer_id": customer_id, "journey": journey, "what": "not_entered", "value": reason,
        "because": because,
    }  # fmt: skip
