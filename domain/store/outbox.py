"""The outbox: what Temporal or an employee must be told, written in the transaction that decided it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, get_args

from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, select

from domain.store.tables import Outbox

CHANNEL = "outbox"
"""Where Postgres announces, at commit, that there is something in the outbox."""


@dataclass(frozen=True)
class StartRun:
    """Start the run that is named after an enrollment, with all who are in its cohort."""

    kind: ClassVar = "start"
    enrollment: int


@dataclass(frozen=True)
class RestartRun:
    """Start the run that is named after an enrollment anew, in place of whatever Temporal has of that name."""

    kind: ClassVar = "restart"
    enrollment: int


@dataclass(frozen=True)
class WakeRun:
    """Let the run of an enrollment look at it."""

    kind: ClassVar = "wake"
    enrollment: int


@dataclass(frozen=True)
class TakeToJourney:
    """Take a stored event about the business to all whom it enters into a journey or ends in it."""

    kind: ClassVar = "fan_out"
    journey: str
    event: int


@dataclass(frozen=True)
class GoOnWalking:
    """Go on with a walk over many customers that Temporal has lost."""

    kind: ClassVar = "walk"
    walk: int


@dataclass(frozen=True)
class FollowUp:
    """Ask the provider of a channel about its open messages."""

    kind: ClassVar = "follow_up"
    channel: str


@dataclass(frozen=True)
class Replenish:
    """Start the replenishment of a `stock.alarm`, which is named by the id of its event."""

    kind: ClassVar = "replenish"
    alarm: int


@dataclass(frozen=True)
class Restocked:
    """Tell the replenishment of an alarm that goods have come."""

    kind: ClassVar = "restocked"
    alarm: int


@dataclass(frozen=True)
class ReadComments:
    """Have the comments read that nobody has read yet."""

    kind: ClassVar = "comments"


@dataclass(frozen=True)
class ReviewShow:
    """Begin the review of a show that is over."""

    kind: ClassVar = "review"
    stream: str


@dataclass(frozen=True)
class LookAtRequirement:
    """Have a requirement looked at: it is new, or something happened to it."""

    kind: ClassVar = "requirement"
    requirement: int


@dataclass(frozen=True)
class TellStaff:
    """Send a notice to an employee, named as in `customer.owner`."""

    kind: ClassVar = "staff"
    to: str
    text: str


@dataclass(frozen=True)
class LookAtSupplier:
    """Have a supplier looked at: something was answered, shipped or decided, or it is due."""

    kind: ClassVar = "supplier"
    supplier: str


@dataclass(frozen=True)
class LookAtPlay:
    """Have an instance of a play looked at: it was opened, or there is something to do."""

    kind: ClassVar = "play"
    instance: int


Notice = (
    StartRun
    | RestartRun
    | WakeRun
    | TakeToJourney
    | GoOnWalking
    | FollowUp
    | Replenish
    | Restocked
    | ReadComments
    | ReviewShow
    | LookAtRequirement
    | TellStaff
    | LookAtPlay
    | LookAtSupplier
)
_NOTICES: Mapping[str, type[Notice]] = {notice.kind: notice for notice in get_args(Notice)}


def notice_of(row: Outbox) -> Notice:
    """What a row says. Raises LookupError or TypeError for one that this release can't read."""
    return _NOTICES[row.kind](**row.payload if row.payload is not None else _payload_before_0008(row))


def _payload_before_0008(row: Outbox) -> Mapping[str, object]:
    match row.kind:
        case "start" | "wake":
            return {"enrollment": row.enrollment_id}
        case "fan_out":
            return {"journey": row.journey, "event": row.event_id}
        case "follow_up":
            return {"channel": row.channel}
        case _:
            return {"alarm": row.event_id}


PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 60, 300, 600))
"""After its attempts a notice is put off for so long each; the next one that fails is the last."""


def lock_oldest(session: Session, limit: int, now: datetime) -> Sequence[Outbox]:
    """Lock the oldest entries that no other transaction holds and that aren't put off; those that failed come last.

    The starts that may yet be gathered stay.
    """
    is_due = or_(col(Outbox.next_at).is_(None), col(Outbox.next_at) <= now) & col(Outbox.given_up_at).is_(None)
    query = select(Outbox).where(col(Outbox.gather).is_(None), is_due).order_by(col(Outbox.attempts), col(Outbox.id))
    return session.exec(query.limit(limit).with_for_update(skip_locked=True)).all()


def lock_undecided_starts(session: Session, limit: int, *, except_plans: Iterable[str]) -> Sequence[Outbox]:
    """Lock the oldest starts of which it isn't decided whether they are gathered, but for those of `except_plans`.

    One that starts alone must be committed with no `gather` before Temporal is called: it could else become the
    first of a cohort, whose run would have the same name and carry only this one.
    """
    query = select(Outbox).where(col(Outbox.gather).is_not(None), col(Outbox.gather).not_in(except_plans))
    return session.exec(query.order_by(col(Outbox.id)).limit(limit).with_for_update(skip_locked=True)).all()


def put_off(row: Outbox, problem: str, now: datetime) -> None:
    """Put off a notice that could not be told, for longer each time; at last it is given up."""
    row.problem = problem
    if row.attempts < len(PAUSES):
        row.next_at = now + PAUSES[row.attempts]
    else:
        row.given_up_at = now
    row.attempts += 1


def list_given_up(session: Session, limit: int = 100) -> Sequence[Outbox]:
    """The notices that were given up, the first first."""
    query = select(Outbox).where(_GIVEN_UP).order_by(col(Outbox.given_up_at), col(Outbox.id))
    return session.exec(query.limit(limit)).all()


def count_given_up(session: Session) -> int:
    """How many notices were given up."""
    return session.exec(select(func.count()).select_from(Outbox).where(_GIVEN_UP)).one()


def tell_again(session: Session) -> int:
    """Have the notices that were given up told again. Returns how many there are."""
    anew = {"attempts": 0, "next_at": None, "given_up_at": None}
    return len(session.execute(update(Outbox).where(_GIVEN_UP).values(anew).returning(col(Outbox.id))).all())


_GIVEN_UP = col(Outbox.given_up_at).is_not(None)


def count_waiting_starts(session: Session, plan_ids: Iterable[str]) -> Mapping[str, int]:
    """How many starts wait to be put together, by plan."""
    query = select(Outbox.gather, func.count()).where(col(Outbox.gather).in_(plan_ids)).group_by(col(Outbox.gather))
    return {plan_id: count for plan_id, count in session.exec(query) if plan_id}


def started_enrollment() -> ColumnElement[int]:
    """SQL of the enrollment that a start is of."""
    return func.coalesce(col(Outbox.enrollment_id), col(Outbox.payload)["enrollment"].as_integer())
