"""What comments were read to say: listed, and put right by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from domain.intake.tables import Event
from domain.store.work import UnitOfWork
from domain.voice.clauses import phrase_key
from domain.voice.products import product_names
from domain.voice.tables import StoredOpinion
from domain.voice.themes import Themes
from workflows.language.voice import Aspect

READ = ("kind", "aspect", "sentiment", "topic", "sku")
"""What a reader says of a phrase, and a person may correct."""


@dataclass(frozen=True)
class Asked:
    """Which opinions are asked for; None asks for all."""

    sku: str | None = None
    stream_id: str | None = None
    kind: str | None = None
    aspect: str | None = None
    sentiment: str | None = None
    topic: str | None = None
    corrected: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """An opinion, the type of the event that it was said in, and the name of its product."""

    opinion: StoredOpinion
    said_in: str
    product: str | None


def listed(session: Session, asked: Asked, *, after: tuple[datetime, int] | None, limit: int) -> Sequence[Listed]:
    """Opinions, the newest first."""
    query = select(StoredOpinion, Event.type).join(Event, col(Event.id) == col(StoredOpinion.event_id))
    for name in ("sku", "stream_id", "kind", "aspect", "sentiment", "topic"):
        if (wanted := getattr(asked, name)) is not None:
            query = query.where(getattr(StoredOpinion, name) == wanted)
    if asked.corrected is not None:
        is_corrected = col(StoredOpinion.corrected_at).is_not(None)
        query = query.where(is_corrected if asked.corrected else ~is_corrected)
    if asked.since is not None:
        query = query.where(col(StoredOpinion.at) >= asked.since)
    if asked.until is not None:
        query = query.where(col(StoredOpinion.at) < asked.until)
    if after is not None:
        at, id = after
        query = query.where((col(StoredOpinion.at) < at) | (col(StoredOpinion.at) == at) & (col(StoredOpinion.id) < id))
    query = query.order_by(col(StoredOpinion.at).desc(), col(StoredOpinion.id).desc()).limit(limit)
    return _named(session, session.exec(query).all())


def one(session: Session, id: int) -> Listed | None:
    """An opinion by its number; None if there is none."""
    query = select(StoredOpinion, Event.type).join(Event, col(Event.id) == col(StoredOpinion.event_id))
    query = query.where(StoredOpinion.id == id)
    found = _named(session, session.exec(query).all())
    return found[0] if found else None


def _named(session: Session, rows: Sequence[tuple[StoredOpinion, str]]) -> list[Listed]:
    names = product_names(session, {opinion.sku for opinion, _ in rows if opinion.sku})
    return [Listed(opinion, type, names.get(opinion.sku or "")) for opinion, type in rows]


def correct(
    work: UnitOfWork,
    themes: Themes,
    opinion: StoredOpinion,
    changes: Mapping[str, str | None],
    by: str,
    now: datetime,
) -> None:
    """Put an opinion right. What the reader said is kept beside it; the topic follows unless it is given."""
    before = {name: getattr(opinion, name) for name in READ}
    after = {**before, **changes}
    if after["kind"] not in ("opinion", "wish"):
        after |= {"aspect": None, "sentiment": None, "topic": None}
    elif after["kind"] == "wish":
        after["sentiment"] = "wish"
    if "topic" not in changes and after["aspect"]:
        aspect: Aspect = after["aspect"]
        after["topic"] = themes.named(aspect, after["sentiment"], opinion.phrase)
    for name, value in after.items():
        setattr(opinion, name, value)
    opinion.reader = opinion.reader or before
    opinion.corrected_by, opinion.corrected_at, opinion.phrase_key = by, now, phrase_key(opinion.phrase)
    work.add(opinion)


def corrections(session: Session) -> Sequence[StoredOpinion]:
    """All that people have put right, the oldest first; but not of persons who were forgotten."""
    query = select(StoredOpinion).where(col(StoredOpinion.corrected_at).is_not(None), col(StoredOpinion.phrase) != "")
    return session.exec(query.order_by(col(StoredOpinion.id))).all()
