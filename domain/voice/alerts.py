"""Alerts: more customers than usual complain of the same thing about a product."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.catalogue.sources import VOICE
from domain.intake.tables import Event
from domain.published.library import read_library
from domain.store.outbox import TellStaff
from domain.store.work import EventGiven, UnitOfWork
from domain.voice.hearing import Comment
from domain.voice.papers import percent
from domain.voice.products import product_names
from domain.voice.tables import StoredOpinion
from domain.voice.tasks import ask, owner_of
from domain.voice.topics import Scope, Topic, topics
from workflows.terms.values import local_day

FRESH = timedelta(days=1)
"""What was said longer ago alarms nobody any more."""

WEEK = timedelta(days=7)
"""What is said outside of shows is looked at for so long together."""

DUE = timedelta(days=1)


@dataclass(frozen=True)
class Alert:
    """An alert as it was raised, for the host's screen and the review of a show."""

    id: int
    at: datetime
    sku: str
    product: str | None
    aspect: str
    topic: str
    stream_id: str | None
    count: int
    speakers: int
    share: float
    usual: float | None


def look(work: UnitOfWork, comments: Iterable[Comment], now: datetime) -> None:
    """Raise what the comments that were just read give rise to, and have managers told of it.

    Of a product and topic there is one alert a day at most.
    """
    fresh = [comment.event for comment in comments if now - FRESH <= comment.at <= now + timedelta(minutes=5)]
    if not fresh:
        return
    is_blame = (col(StoredOpinion.sentiment) == "negative") & col(StoredOpinion.sku).is_not(None)
    query = select(StoredOpinion.stream_id, StoredOpinion.sku).where(is_blame, col(StoredOpinion.event_id).in_(fresh))
    blamed: dict[str | None, set[str]] = {}
    for stream, sku in work.exec(query.distinct()):
        blamed.setdefault(stream, set()).add(sku or "")
    for stream, skus in sorted(blamed.items(), key=lambda each: each[0] or ""):
        scope = Scope(stream_id=stream) if stream else Scope(since=now - WEEK)
        for topic in topics(work, scope, skus=sorted(skus)):
            if topic.rises:
                _raise(work, topic, stream, now)


def _raise(work: UnitOfWork, topic: Topic, stream: str | None, now: datetime) -> None:
    zone = read_library(work).policy_zone
    sku = topic.sku or ""
    today = local_day(now, zone)
    name = f"{sku}/{topic.key.aspect}/{topic.key.topic}/{today:%Y-%m-%d}"
    known = select(func.count()).select_from(Event).where(Event.source == VOICE, Event.event_id == name)
    if work.exec(known).one():
        return
    manager = owner_of(work, "product", sku)
    data = {
        "sku": sku,
        "aspect": topic.key.aspect,
        "topic": topic.name,
        "stream_id": stream,
        "count": topic.count.said,
        "speakers": topic.count.of,
        "share": round(topic.count.share, 4),
        "usual": round(topic.usual.share, 4) if topic.usual else None,
        "manager": manager,
    }
    told = {name: value for name, value in data.items() if value is not None}
    work.give_rise_to(EventGiven(VOICE, name, "feedback.alert", now, told))
    said = f"{topic.product or sku}：{topic.count.of} 位说到它的客户里有 {topic.count.said} 位说“{topic.name}”"
    usual = f"（平时 {percent(topic.usual.share)}）" if topic.usual else ""
    due = today + DUE
    ask(
        work,
        f"alert/{name}",
        "product",
        f"{said}{usual}，请查明并回复",
        due,
        now,
        owner=manager,
        stream_id=stream,
        sku=sku,
    )
    if manager:
        work.enqueue(TellStaff(manager, f"口碑预警：{said}{usual}\n截止：{due:%Y-%m-%d}"))


def alerts(
    session: Session,
    *,
    stream_id: str | None = None,
    sku: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> Sequence[Alert]:
    """The alerts of a show, of a product or of a time, the newest first."""
    query = select(Event).where(Event.type == "feedback.alert", col(Event.customer_id).is_(None))
    for name, wanted in (("stream_id", stream_id), ("sku", sku)):
        if wanted is not None:
            query = query.where(col(Event.data)[name].as_string() == wanted)
    if since is not None:
        query = query.where(col(Event.time) >= since)
    if until is not None:
        query = query.where(col(Event.time) < until)
    rows = session.exec(query.order_by(col(Event.time).desc(), col(Event.id).desc()).limit(limit)).all()
    names = product_names(session, {str(event.data.get("sku")) for event in rows})
    return [_alert(event, names.get(str(event.data.get("sku")))) for event in rows]


def _alert(event: Event, product: str | None) -> Alert:
    data = event.data
    return Alert(
        event.id,
        event.time,
        str(data.get("sku")),
        product,
        str(data.get("aspect")),
        str(data.get("topic")),
        data.get("stream_id"),
        int(data.get("count") or 0),
        int(data.get("speakers") or 0),
        float(data.get("share") or 0),
        data.get("usual"),
    )
