"""What was known of members when their messages were claimed, kept while the provider is called.

Under the customers' locks it holds still for every row whose `revision` is still the same: those needn't be read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlmodel import Session

from domain.customers.tables import CustomerRow
from domain.journeys.steps import LockedGroup, StepContext, lock, lock_group
from domain.journeys.tables import EnrollmentRow
from domain.ledger.tables import Message, MessageRow
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.plan.commands import Group

Revisions = Mapping[int, tuple[int, int]]
"""The revisions of the message and of the enrollment, by the message's key."""


class ClaimedRows(NamedTuple):
    """A member's rows as its claim has left them."""

    message: MessageRow
    enrollment: EnrollmentRow
    customer: CustomerRow

    @property
    def revisions(self) -> tuple[int, int]:
        return self.message.revision, self.enrollment.revision


@dataclass
class ClaimSnapshot:
    """Members as their claim has left them: their contexts and rows, by enrollment."""

    group: LockedGroup | None = None
    contexts: dict[int, StepContext] = field(default_factory=dict)
    messages: dict[int, MessageRow] = field(default_factory=dict)
    rows: dict[int, ClaimedRows] = field(default_factory=dict)

    def add(self, context: StepContext, message: Mapping[str, Any]) -> None:
        """Carry a context whose message was just inserted, with these columns."""
        self.contexts[context.enrollment_id] = context
        self.messages[context.enrollment_id] = MessageRow(**{**_NEW, **message})

    def close(self, group: LockedGroup) -> None:
        """All is written: keep the rows as they are now."""
        self.group = group
        self.rows = {
            id: ClaimedRows(self.messages[id], context.enrollment, context.customer)
            for id, context in self.contexts.items()
        }


def collect(
    work: UnitOfWork, group: Group, keys: Mapping[int, int], snapshot: ClaimSnapshot, now: datetime
) -> list[LockedGroup]:
    """Lock the group's customers; read the members that aren't in the snapshot or were changed since.

    The unit of work holds their messages, whose keys are given by enrollment.
    """
    library, _ = lock(work, keys)
    unchanged: list[StepContext] = []
    if snapshot.group is not None and snapshot.group.library is library:
        revisions = _revisions(work, [rows.message.id for rows in snapshot.rows.values()])
        unchanged = [
            snapshot.contexts[id]
            for id, rows in snapshot.rows.items()
            if id in keys and revisions.get(rows.message.id) == rows.revisions
        ]
    for context in unchanged:
        for row in snapshot.rows[context.enrollment_id]:
            work.hold(row)
    times = {member.enrollment: member.now or now for member in group.members}
    unchanged_ids = {context.enrollment_id for context in unchanged}
    changed = tuple(member for member in group.members if member.enrollment not in unchanged_ids)
    groups = []
    if changed:
        groups.append(lock_group(work, group.model_copy(update={"members": changed}), now))
        for values in work.connection().execute(_READ, {"ids": [keys[member.enrollment] for member in changed]}):
            work.hold(MessageRow._make(values))
    if snapshot.group is not None and unchanged:
        groups.append(snapshot.group.again(work, unchanged, times))
    return groups


def _revisions(session: Session, keys: Sequence[int]) -> Revisions:
    rows = session.connection().execute(_REVISIONS, {"ids": keys})
    return {key: (message, enrollment) for key, message, enrollment in rows}


_NEW: Mapping[str, Any] = {
    "reason": None, "refused": [], "called_at": None, "written_at": None, "provider_id": None, "look_at": None,
    "looks": 0, "revision": 0,
}  # fmt: skip
_READ = select(*Message.__table__.columns).where(is_among(Message.id))  # type: ignore[attr-defined]
_REVISIONS = text("""
    SELECT messages.id, messages.revision, enrollments.revision
    FROM messages JOIN enrollments ON enrollments.id = messages.enrollment_id
    WHERE messages.id = ANY (CAST(:ids AS bigint[]))
""")
