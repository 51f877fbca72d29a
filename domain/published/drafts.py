"""Drafts: what the next version of a journey, or of a shared document, may become, with every text it has had.

A draft is shared by all who edit it.
A save says which revision it goes out from. Whoever is second is told, and merges or overwrites knowingly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.access.actors import Actor
from domain.published import history
from domain.published.tables import Document, Draft, DraftPresence, DraftRevision, Journey, PublishedPlan
from workflows.language.documents import FORMS

KEPT = 200
"""Revisions of a draft, so many of the newest."""

PRESENT = timedelta(seconds=40)
"""So long after the last word from somebody's editor they count as there."""


@dataclass(frozen=True)
class DraftState:
    """A draft as it stands. Revision 0 is no draft yet: its text is the live version's, or empty.

    `base` is the version that was live when the draft was begun, None for a journey that never was; `by` and `at` tell
    of the newest revision, `asked` of a publishing that waits for a second person.
    """

    journey: str
    revision: int
    text: str
    base: int | None
    by: str | None
    at: datetime | None
    asked: dict[str, Any] | None


class DraftMovedError(Exception):
    """A draft isn't any more as it was seen; `state` is how it stands."""

    def __init__(self, state: DraftState) -> None:
        super().__init__(state.journey)
        self.state = state


def drafts(session: Session) -> Sequence[tuple[Draft, DraftRevision]]:
    """Every draft of a journey with its newest revision, by the journey's name."""
    newest = (col(DraftRevision.journey) == col(Draft.journey)) & (col(DraftRevision.revision) == col(Draft.revision))
    query = select(Draft, DraftRevision).join(DraftRevision, newest).where(col(Draft.journey).not_in(FORMS))
    return session.exec(query.order_by(col(Draft.journey))).all()


def draft_state(session: Session, journey: str, *, locked: bool = False) -> DraftState:
    """A journey's draft, as it stands; with `locked`, nobody saves until the transaction ends."""
    query = select(Draft).where(Draft.journey == journey).execution_options(populate_existing=True)
    draft = session.exec(query.with_for_update() if locked else query).first()
    if draft is None:
        text, version = live_text(session, journey)
        return DraftState(journey, 0, text, version, None, None, None)
    newest = session.exec(
        select(DraftRevision).where(DraftRevision.journey == journey, DraftRevision.revision == draft.revision)
    ).one()
    return DraftState(journey, draft.revision, newest.text, draft.base, newest.name, newest.at, draft.asked)


def live_text(session: Session, journey: str) -> tuple[str, int | None]:
    """The text of the live version and its number; of what was never published, none."""
    if journey in FORMS:
        document = session.get(Document, journey, populate_existing=True)
        source = document.source if document else None
        return source or "", history.live(session, journey, source)
    live = (
        select(PublishedPlan.source, PublishedPlan.version)
        .join(Journey, col(Journey.plan_id) == col(PublishedPlan.id))
        .where(Journey.name == journey)
    )
    return session.exec(live).first() or ("", None)


def version_text(session: Session, journey: str, version: int) -> tuple[str, datetime] | None:
    """The text of a version of a journey and when it was published first; None if there is none."""
    query = select(PublishedPlan.source, PublishedPlan.published_at)
    return session.exec(query.where(PublishedPlan.journey == journey, PublishedPlan.version == version)).first()


def save(
    session: Session, journey: str, text: str, seen: int, actor: Actor, now: datetime, *, base: int | None = None
) -> DraftState:
    """Make a text the draft's newest revision, if it goes out from the one before. `now` is real time.

    The same text again is no revision. A change takes back a wish to publish. `base` says from now on which version
    the draft goes out from. Raises DraftMovedError.
    """
    state = draft_state(session, journey, locked=True)
    if state.revision != seen:
        raise DraftMovedError(state)
    if seen and state.text == text and base in (None, state.base):
        return state
    revision = seen + 1
    if seen:
        draft = session.get_one(Draft, journey)
        draft.revision, draft.asked = revision, None
        draft.base = base if base is not None else draft.base
    else:
        session.add(Draft(journey=journey, revision=revision, base=state.base))
        session.flush()
    session.add(
        DraftRevision(journey=journey, revision=revision, text=text, by=actor.reference, name=actor.name, at=now)
    )
    old = delete(DraftRevision).where(col(DraftRevision.journey) == journey)
    session.execute(old.where(col(DraftRevision.revision) <= revision - KEPT))
    session.flush()
    return draft_state(session, journey)


def ask(session: Session, journey: str, seen: int, wish: dict[str, Any]) -> DraftState:
    """Write down that somebody wants a revision published, for a second person to agree. Raises DraftMovedError."""
    state = draft_state(session, journey, locked=True)
    if state.revision != seen or not seen:
        raise DraftMovedError(state)
    session.get_one(Draft, journey).asked = wish
    session.flush()
    return draft_state(session, journey)


def discard(session: Session, journey: str, seen: int) -> None:
    """Throw a draft away, with its revisions. Raises DraftMovedError."""
    state = draft_state(session, journey, locked=True)
    if state.revision != seen:
        raise DraftMovedError(state)
    session.execute(delete(DraftRevision).where(col(DraftRevision.journey) == journey))
    session.execute(delete(DraftPresence).where(col(DraftPresence.journey) == journey))
    session.execute(delete(Draft).where(col(Draft.journey) == journey))


def revisions(session: Session, journey: str, limit: int) -> Sequence[DraftRevision]:
    """The newest revisions of a draft, the newest first."""
    query = select(DraftRevision).where(DraftRevision.journey == journey)
    return session.exec(query.order_by(col(DraftRevision.revision).desc()).limit(limit)).all()


def revision_text(session: Session, journey: str, revision: int) -> str | None:
    """The text of a revision; of revision 0 the live version's; None if it isn't kept."""
    if revision == 0:
        return live_text(session, journey)[0]
    query = select(DraftRevision.text)
    return session.exec(query.where(DraftRevision.journey == journey, DraftRevision.revision == revision)).first()


def meet(session: Session, journey: str, actor: Actor, place: str, now: datetime) -> Sequence[DraftPresence]:
    """Say that somebody's editor is open and where they are in it; returns who else is there. `now` is real time."""
    here = {"journey": journey, "who": actor.reference, "name": actor.name, "place": place, "seen_at": now}
    changed = {name: here[name] for name in ("name", "place", "seen_at")}
    session.execute(
        insert(DraftPresence).values(here).on_conflict_do_update(index_elements=["journey", "who"], set_=changed)
    )
    others = select(DraftPresence).where(
        DraftPresence.journey == journey, DraftPresence.who != actor.reference, DraftPresence.seen_at > now - PRESENT
    )
    return session.exec(others.order_by(col(DraftPresence.name))).all()


def leave(session: Session, journey: str, actor: Actor) -> None:
    """Say that somebody's editor is closed."""
    gone = delete(DraftPresence).where(col(DraftPresence.journey) == journey)
    session.execute(gone.where(col(DraftPresence.who) == actor.reference))
