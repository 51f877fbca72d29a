"""What was known of members when their messages were claimed, kept while the provider is called.

Under the customers' locks it holds still for every row that nobody wrote meanwhile, which Postgres tells by `xmin`
(https://www.postgresql.org/docs/current/ddl-system-columns.html): those needn't be read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlmodel import Session

from domain.journeys.steps import LockedGroup, StepContext, lock, lock_group
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.store.bulk import BulkRows, is_among
from workflows.plan.commands import Group

Versions = Mapping[int, tuple[str, str]]
"""Which versions of the message and of the enrollment there are, by the message's key."""


@dataclass
class ClaimSnapshot:
    """Members, as their claim has left them: their visits and messages by enrollment, and where those were written."""

    met: LockedGroup | None = None
    visits: dict[int, StepContext] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    sheet: BulkRows[Message] = field(default_factory=lambda: BulkRows(Message))
    versions: Versions = field(default_factory=dict)

    def add(self, visit: StepContext, message: Mapping[str, Any]) -> None:
        """Carry a visit whose message was just written, by these columns."""
        self.visits[visit.enrollment.id] = visit
        self.messages[visit.enrollment.id] = self.sheet.make(message)

    def close(self, session: Session) -> None:
        """All is written: take note of which versions that made."""
        self.versions = _versions(session, (message.id for message in self.messages.values()))


@dataclass
class SettleSet:
    """The members of a group, locked, with their visits or answers and their messages by enrollment."""

    met: list[LockedGroup]
    messages: Mapping[int, Message]
    sheets: Sequence[BulkRows[Message]]

    @property
    def enrollments(self) -> Mapping[int, Enrollment]:
        return {id: enrollment for met in self.met for id, enrollment in met.enrollments.items()}

    def write(self, session: Session) -> None:
        """Write down what was changed in them."""
        for met in self.met:
            met.write(session)
        for sheet in self.sheets:
            sheet.write(session)


def collect(
    session: Session, group: Group, keys: Mapping[int, int], carried: ClaimSnapshot, now: datetime
) -> SettleSet:
    """Lock the group's customers; read the members that weren't carried here, or that somebody has changed since.

    `keys` are those of the messages, by enrollment.
    """
    library = lock(session, keys)
    unchanged: list[StepContext] = []
    if carried.met is not None and carried.met.library is library:
        present = _versions(session, (message.id for message in carried.messages.values()))
        unchanged = [
            visit
            for id, visit in carried.visits.items()
            if carried.versions.get(key := carried.messages[id].id, ()) == present.get(key)
        ]
    times = {member.enrollment: member.now or now for member in group.members}
    known = {visit.enrollment.id for visit in unchanged}
    rest = tuple(member for member in group.members if member.enrollment not in known)
    sheet = BulkRows(Message)
    read = {"ids": [keys[member.enrollment] for member in rest]}
    rows = session.connection().execute(_READ, read) if rest else ()
    messages = {id: carried.messages[id] for id in known} | {row.enrollment_id: row for row in map(sheet.add, rows)}
    met = [lock_group(session, group.model_copy(update={"members": rest}), now)] if rest else []
    if carried.met is not None and unchanged:
        met.append(carried.met.again(session, unchanged, times))
    return SettleSet(met, messages, [carried.sheet, sheet])


def _versions(session: Session, keys: Iterable[int]) -> Versions:
    rows = session.connection().execute(_VERSIONS, {"ids": list(keys)})
    return {key: (message, enrollment) for key, message, enrollment in rows}


_READ = select(*Message.__table__.columns).where(is_among(Message.id))  # type: ignore[attr-defined]
_VERSIONS = text("""
    SELECT messages.id, CAST(messages.xmin AS text), CAST(enrollments.xmin AS text)
    FROM messages JOIN enrollments ON enrollments.id = messages.enrollment_id
    WHERE messages.id = ANY (CAST(:ids AS bigint[]))
""")
