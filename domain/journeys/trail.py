"""The trail: every decision about a customer, noted where it is made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from domain.journeys.counts import BY_VALUE, counted, quarter
from domain.journeys.tables import EnrollmentRow
from domain.store.work import Counted, UnitOfWork

Holdout = Literal["holdout", "journey_holdout"]
"""Who gets nothing sent, issued or assigned: that of all journeys together, or that of one."""


class Details(TypedDict, total=False):
    """What some decisions add: the path of the step, the channel, a reason's code, an end, and what decided it."""

    step: str | None
    via: str | None
    reason: str | None
    until: datetime | None
    because: str | None


def entry(
    enrollment: EnrollmentRow, what: str, value: str, at: datetime, **details: Unpack[Details]
) -> Mapping[str, Any]:
    """What the trail says of a decision about an enrollment, as the columns of an entry.

    `value` is the template, campaign, step, tag, branch or ending. The kinds that a verb writes are named in its
    `trail`.
    """
    return {"at": at, "customer_id": enrollment.customer_id, "journey": enrollment.journey,
            "enrollment_id": enrollment.id, "what": what, "value": value, **details}  # fmt: skip


def record(
    work: UnitOfWork, enrollment: EnrollmentRow, what: str, value: str, at: datetime, **details: Unpack[Details]
) -> None:
    """Note a decision about an enrollment, and count it."""
    note(work, enrollment, entry(enrollment, what, value, at, **details))


def note(work: UnitOfWork, enrollment: EnrollmentRow, said: Mapping[str, Any]) -> None:
    """Note what `entry` says, and count it."""
    work.note(said)
    detail = said["value"] if said["what"] in BY_VALUE else said.get("reason")
    work.count(counted(enrollment, said.get("step"), said["what"], detail, said["at"]))


def record_not_entered(
    work: UnitOfWork, customer_id: int, journey: str, reason: str, at: datetime, because: str | None = None
) -> None:
    """Note that a customer did not enter a journey, and why."""
    work.note(
        {"at": at, "customer_id": customer_id, "journey": journey, "what": "not_entered", "value": reason,
         "because": because}
    )  # fmt: skip
    work.count(Counted(journey, "", "", "not_entered", reason, quarter(at)))


def record_entered(
    work: UnitOfWork,
    customer_id: int,
    journey: str,
    plan_id: str,
    enrollment_id: int,
    at: datetime,
    held_out: Holdout | None,
) -> None:
    """Note that a customer entered a journey, in the version of the plan, and the holdout that they are in."""
    work.note(
        {"at": at, "customer_id": customer_id, "journey": journey, "enrollment_id": enrollment_id, "what": "entered",
         "value": journey, "reason": held_out}
    )  # fmt: skip
    work.count(Counted(journey, plan_id, "", "entered", held_out or "", quarter(at)))
