"""What was known of members when their messages were claimed, kept while the provider is called.

Under the customers' locks it holds still for every row that nobody wrote meanwhile, which Postgres tells by `xmin`
(https://www.postgresql.org/docs/current/ddl-system-columns.html): those needn't be read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlmodel import Session

from domain.journeys.steps import LockedGroup, StepContext, lock, lock_group
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.store.bulk import BulkRows, is_among
from domain.store.work import UnitOfWork
from workflows.plan.commands import Group

Versions = Mapping[int, tuple[str, str]]
"""Which versions of the message and of the enrollment there are, by the message's key."""


@dataclass
class ClaimSnapshot:
    """Members as their claim has left them: contexts and messages by enrollment, and where those were written."""

    group: LockedGroup | None = None
    contexts: dict[int, StepContext] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    rows: BulkRows[Message] = field(default_factory=lambda: BulkRows(Message))
    versions: Versions = field(default_factory=dict)

    def add(self, context: StepContext, message: Mapping[str, Any]) -> None:
        """Carry a context whose message was just written, by these columns."""
        self.contexts[context.enrollment.id] = context
        self.messages[context.enrollment.id] = self.rows.make(message)

    def close(self, session: Session) -> None:
        """All is written: take note of which versions that made."""
        self.versions = _versions(session, (message.id for message in self.messages.values()))


@dataclass
class SettleSet:
    """The members of a group, locked, with their contexts or answers and their messages by enrollment."""

    groups: list[LockedGroup]
    messages: Mapping[int, Message]

    @property
    def enrollments(self) -> Mapping[int, Enrollment]:
        return {id: enrollment for group in self.groups for id, enrollment in group.enrollments.items()}


def collect(
    work: UnitOfWork, group: Group, keys: Mapping[int, int], snapshot: ClaimSnapshot, now: datetime
) -> SettleSet:
    """Lock the group's customers; read the members that aren't in the snapshot or were changed since.

    `keys` are those of the messages, by enrollment.
    """
    library = lock(work, keys)
    unchanged: list[StepContext] = []
    if snapshot.group is not None and snapshot.group.library is library:
        versions = _versions(work, (message.id for message in snapshot.messages.values()))
        unchanged = [
            context
            for id, context in snapshot.contexts.items()
            if snapshot.versions.get(key := snapshot.messages[id].id, ()) == versions.get(key)
        ]
    times = {member.enrollment: member.now or now for member in group.members}
    unchanged_ids = {context.enrollment.id for context in unchanged}
    changed = tuple(member for member in group.members if member.enrollment not in unchanged_ids)
    message_rows = work.track(BulkRows(Message))
    work.track(snapshot.rows)
    parameters = {"ids": [keys[member.enrollment] for member in changed]}
    rows = work.connection().execute(_READ, parameters) if changed else ()
    messages = {id: snapshot.messages[id] for id in unchanged_ids} | {
        row.enrollment_id: row for row in map(message_rows.add, rows)
    }
    groups = [lock_group(work, group.model_copy(update={"members": changed}), now)] if changed else []
    if snapshot.group is not None and unchanged:
        groups.append(snapshot.group.again(work, unchanged, times))
    return SettleSet(groups, messages)


def _versions(session: Session, keys: Iterable[int]) -> Versions:
    rows = session.connection().execute(_VERSIONS, {"ids": list(keys)})
    return {key: (message, enrollment) for key, message, enrollment in rows}


_READ = select(*Message.__table__.columns).where(is_among(Message.id))  # type: ignore[attr-defined]
_VERSIONS = text("""
    SELECT messages.id, CAST(messages.xmin AS text), CAST(enrollments.xmin AS text)
    FROM messages JOIN enrollments ON enrollments.id = messages.enrollment_id
    WHERE messages.id = ANY (CAST(:ids AS bigint[]))
""")
