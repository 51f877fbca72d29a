"""What texts and shared documents were: each that was published, who did it and why."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from domain.access.actors import Actor
from domain.published.tables import WrittenVersion

KEPT = 200
"""Versions that are listed, at most."""


def keep(
    session: Session, what: str, before: str | None, text: str, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Write down that a text replaces the one `before`; nothing if it is the same. `now` is real time.

    Where the one before isn't the newest that is known, since a release that kept none published it, it is written down
    first.
    """
    if text == before:
        return
    newest = _newest(session, what)
    number = newest.version if newest else 0
    if before is not None and (newest is None or newest.text != before):
        number += 1
        session.add(WrittenVersion(what=what, version=number, text=before))
    session.add(
        WrittenVersion(
            what=what, version=number + 1, text=text, by=actor.reference, name=actor.name, reason=reason, at=now
        )
    )
    session.flush()


def live(session: Session, what: str, text: str | None) -> int | None:
    """The number of the version that is live, by its text; of one that isn't written down yet, which it gets."""
    if text is None:
        return None
    newest = _newest(session, what)
    if newest is None:
        return 1
    return newest.version if newest.text == text else newest.version + 1


def versions(session: Session, what: str) -> Sequence[WrittenVersion]:
    """The versions that are known, the newest first."""
    query = select(WrittenVersion).where(WrittenVersion.what == what)
    return session.exec(query.order_by(col(WrittenVersion.version).desc()).limit(KEPT)).all()


def version(session: Session, what: str, number: int) -> WrittenVersion | None:
    """One of them; None if it isn't known."""
    return session.get(WrittenVersion, (what, number))


def _newest(session: Session, what: str) -> WrittenVersion | None:
    query = select(WrittenVersion).where(WrittenVersion.what == what)
    return session.exec(query.order_by(col(WrittenVersion.version).desc()).limit(1)).first()
