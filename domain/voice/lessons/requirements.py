"""Requirements: what customers say becomes a draft, is reviewed and decided, comes to a product, and is measured.

`review → approved → launched → closed`; a change that is asked for leads back by `draft`, a refusal or silence ends it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.tables import LiveSale, Stream
from domain.store.outbox import LookAtRequirement, TellStaff
from domain.store.work import UnitOfWork
from domain.voice.tables import Requirement, Task
from domain.voice.tasks import ask, finish, owner_of
from domain.voice.topics import Key, Scope, Topic, topics
from workflows.plan.lessons import RequirementState
from workflows.terms.quantities import number_of
from workflows.terms.values import local_day

Verdict = Literal["approve", "change", "refuse"]
Reviewer = Literal["product", "supply", "marketing"]
Status = Literal["review", "draft", "approved", "refused", "lapsed", "launched", "closed"]

REVIEWERS: tuple[Reviewer, ...] = get_args(Reviewer)
CLOSED = ("refused", "lapsed", "closed")

EVIDENCE = timedelta(days=90)
"""What was said and sold so long before a requirement is its evidence."""

PATIENCE, AGAIN = timedelta(days=2), timedelta(days=1)
"""A review is reminded of after so long, and again each day."""

ESCALATES, LAPSES = 2, 7
"""At the second reminder somebody above is told, too; after the seventh nobody is asked any more."""

USUAL = 5
"""The first show of the new product is compared with as many of the old one."""


class RefusedError(Exception):
    """What can't be done to a requirement as it stands; the message says why."""


def said_about(session: Session, sku: str, now: datetime) -> Sequence[Topic]:
    """What can become a requirement of a product: what was said of it lately."""
    return topics(session, Scope(sku=sku, since=now - EVIDENCE))


def draft(work: UnitOfWork, topic: Topic, proposal: str, measure: str, by: str, now: datetime) -> Requirement:
    """A requirement because of a topic, put up for review."""
    sku = topic.sku or ""
    requirement = Requirement(
        sku=sku,
        aspect=topic.key.aspect,
        sentiment=topic.key.sentiment,
        topic=topic.key.topic,
        title=f"{topic.product or sku}：{topic.name}",
        status="review",
        proposal=proposal,
        measure=measure,
        evidence=_evidence(work, topic, now),
        created_by=by,
        created_at=now,
        due_at=now + PATIENCE,
    )
    work.add(requirement)
    work.flush()
    _ask_reviewers(work, requirement, now)
    work.enqueue(LookAtRequirement(requirement.id))
    return requirement


_SOLD = text("""
SELECT count(*), coalesce(sum((item->>'quantity')::numeric), count(*))
FROM events, jsonb_array_elements(data->'items') AS item
WHERE type = 'order.paid' AND customer_id IS NOT NULL AND time >= :since
    AND data @> jsonb_build_object('items', jsonb_build_array(jsonb_build_object('sku', CAST(:sku AS text))))
    AND item->>'sku' = :sku
""")

_RETURNED = text("""
SELECT count(DISTINCT opinions.event_id) FROM opinions JOIN events ON events.id = opinions.event_id
WHERE events.type = 'order.refunded' AND opinions.sku = :sku AND opinions.aspect = :aspect AND opinions.topic = :topic
    AND opinions.at >= :since
""")


def _evidence(session: Session, topic: Topic, now: datetime) -> dict[str, Any]:
    given = {"sku": topic.sku, "since": now - EVIDENCE}
    orders, units = session.connection().execute(_SOLD, given).one()
    about = {**given, "aspect": topic.key.aspect, "topic": topic.key.topic}
    return {
        "count": topic.count.said,
        "speakers": topic.count.of,
        "share": round(topic.count.share, 4),
        "usual": round(topic.usual.share, 4) if topic.usual else None,
        "buyers": topic.buyers,
        "comments": topic.comments,
        "since": topic.first_at.isoformat(),
        "until": topic.last_at.isoformat(),
        "orders": orders,
        "units": number_of(units),
        "returns": session.connection().execute(_RETURNED, about).scalar_one(),
    }


def revise(work: UnitOfWork, requirement: Requirement, changes: Mapping[str, str], now: datetime) -> None:
    """Change what is proposed, and put it up for review anew. Raises RefusedError once it is decided."""
    if requirement.status not in ("review", "draft"):
        raise RefusedError("It is decided already.")
    for name, value in changes.items():
        setattr(requirement, name, value)
    requirement.status, requirement.round, requirement.reminders = "review", requirement.round + 1, 0
    requirement.due_at = now + PATIENCE
    work.add(requirement)
    _ask_reviewers(work, requirement, now)
    work.enqueue(LookAtRequirement(requirement.id))


def review(
    work: UnitOfWork,
    requirement: Requirement,
    department: Reviewer,
    verdict: Verdict,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Take a department's verdict; its last of a round counts. Raises RefusedError where none is waited for.

    One refusal refuses, one change that is asked for makes it a draft again, approvals of all approve.
    """
    if requirement.status != "review":
        raise RefusedError("It isn't up for review.")
    said = {"department": department, "verdict": verdict, "reason": reason, "by": by, "at": now.isoformat()}
    requirement.reviews = [*requirement.reviews, {**said, "round": requirement.round}]
    verdicts = _verdicts(requirement)
    if "refuse" in verdicts.values():
        requirement.status, requirement.decided_at = "refused", now
        requirement.closed_at = now
    elif "change" in verdicts.values():
        requirement.status = "draft"
    elif len(verdicts) == len(REVIEWERS):
        requirement.status, requirement.decided_at = "approved", now
    if requirement.status != "review":
        requirement.due_at = None
    work.add(requirement)
    settled = REVIEWERS if requirement.status != "review" else (department,)
    keys = [_key(requirement, each) for each in settled]
    if requirement.status != "review":
        keys.append(f"{_key(requirement, 'product')}/escalated")
    for task in work.exec(select(Task).where(col(Task.key).in_(keys))):
        finish(work, task, by, reason or verdict, now)
    work.enqueue(LookAtRequirement(requirement.id))


def look_after(work: UnitOfWork, id: int, now: datetime) -> tuple[RequirementState, datetime | None]:
    """Do what is due: remind, escalate, let lapse, measure. Returns how it stands, and when it acts next."""
    requirement = work.get(Requirement, id, with_for_update=True)
    if requirement is None:
        return RequirementState(requirement=id, status="refused", title="", over=True), None
    if requirement.status == "review" and requirement.due_at is not None and requirement.due_at <= now:
        _remind(work, requirement, now)
    elif requirement.status == "launched":
        _measure(work, requirement, now)
    work.add(requirement)
    standing = RequirementState(
        requirement=id,
        status=requirement.status,
        title=requirement.title,
        waits_for=tuple(waits_for(requirement)),
        new_sku=requirement.new_sku,
        over=requirement.status in CLOSED,
    )
    return standing, requirement.due_at


def quotes(session: Session, requirement: Requirement) -> Sequence[str]:
    """How customers said it, most typically first; what persons said who were forgotten since isn't kept."""
    found = requirement.evidence
    since = datetime.fromisoformat(found["since"])
    until = datetime.fromisoformat(found["until"]) + timedelta(seconds=1)
    key = Key(requirement.aspect, requirement.sentiment, requirement.topic)
    said = topics(session, Scope(sku=requirement.sku, since=since, until=until))
    return next((each.quotes for each in said if each.key == key), ())


def waits_for(requirement: Requirement) -> list[Reviewer]:
    """The departments whose verdict is missing."""
    given = _verdicts(requirement)
    return [each for each in REVIEWERS if each not in given] if requirement.status == "review" else []


def listed(session: Session, status: str | None, *, after: int | None, limit: int) -> Sequence[Requirement]:
    """Requirements, the newest first."""
    query = select(Requirement)
    if status is not None:
        query = query.where(Requirement.status == status)
    if after is not None:
        query = query.where(col(Requirement.id) < after)
    return session.exec(query.order_by(col(Requirement.id).desc()).limit(limit)).all()


def _verdicts(requirement: Requirement) -> dict[str, str]:
    this_round = (each for each in requirement.reviews if each["round"] == requirement.round)
    return {each["department"]: each["verdict"] for each in this_round}


def _key(requirement: Requirement, department: str) -> str:
    return f"requirement/{requirement.id}/{requirement.round}/{department}"


def _ask_reviewers(work: UnitOfWork, requirement: Requirement, now: datetime) -> None:
    due = local_day(now, read_library(work).policy_zone) + PATIENCE
    for department in REVIEWERS:
        owner = owner_of(work, department, requirement.sku)
        asked = f"评审产品需求 #{requirement.id} {requirement.title}"
        ask(work, _key(requirement, department), department, asked, due, now, owner=owner, sku=requirement.sku)


def _remind(work: UnitOfWork, requirement: Requirement, now: datetime) -> None:
    requirement.reminders += 1
    if requirement.reminders > LAPSES:
        requirement.status, requirement.due_at, requirement.closed_at = "lapsed", None, now
        return
    requirement.due_at = now + AGAIN
    missing = waits_for(requirement)
    for department in missing:
        if owner := owner_of(work, department, requirement.sku):
            late = f"产品需求 #{requirement.id} {requirement.title} 还在等你评审（第 {requirement.reminders} 次提醒）"
            work.enqueue(TellStaff(owner, late))
    above = read_library(work).voice.escalate_to
    if requirement.reminders == ESCALATES and above:
        late = f"产品需求 #{requirement.id} {requirement.title} 超时未评审：{'、'.join(missing)}"
        due = local_day(now, read_library(work).policy_zone) + AGAIN
        key = f"{_key(requirement, 'product')}/escalated"
        ask(work, key, "product", late, due, now, owner=above, sku=requirement.sku)
        work.enqueue(TellStaff(above, late))


def _measure(session: Session, requirement: Requirement, now: datetime) -> None:
    """Compare the first show of the new product that is over with the usual one of the old."""
    new = requirement.new_sku or ""
    since = requirement.launched_at or now
    first = _shows_of(session, new, 1, since - timedelta(days=1), newest=False)
    if not first:
        return
    usual = _shows_of(session, requirement.sku, USUAL, None, before=first[0].starts_at, newest=True)
    speeds = [_speed(session, each, requirement.sku) for each in usual]
    key = Key(requirement.aspect, requirement.sentiment, requirement.topic)
    said = [each for each in topics(session, Scope(stream_id=first[0].stream_id), skus=[new]) if each.key == key]
    requirement.result = {
        "stream_id": first[0].stream_id,
        "per_minute": round(_speed(session, first[0], new), 3),
        "usual_per_minute": round(sum(speeds) / len(speeds), 3) if speeds else None,
        "usual_shows": len(speeds),
        "share": round(said[0].count.share, 4) if said else 0.0,
        "count": said[0].count.said if said else 0,
        "share_before": requirement.evidence["share"],
    }
    requirement.status, requirement.closed_at, requirement.due_at = "closed", now, None


def _shows_of(
    session: Session, sku: str, limit: int, since: datetime | None, *, newest: bool, before: datetime | None = None
) -> Sequence[Stream]:
    """Shows that are over and sold a product."""
    sold = select(LiveSale.stream_id).where(LiveSale.sku == sku)
    query = select(Stream).where(col(Stream.stream_id).in_(sold), col(Stream.ended_at).is_not(None))
    if since is not None:
        query = query.where(col(Stream.starts_at) >= since)
    if before is not None:
        query = query.where(col(Stream.starts_at) < before)
    begins = col(Stream.starts_at)
    return session.exec(query.order_by(begins.desc() if newest else begins).limit(limit)).all()


def _speed(session: Session, stream: Stream, sku: str) -> float:
    """Units a minute, from the first sale to the end of the show."""
    query = select(func.sum(LiveSale.units), func.min(LiveSale.minute))
    units, first = session.exec(query.where(LiveSale.stream_id == stream.stream_id, LiveSale.sku == sku)).one()
    minutes = ((stream.ended_at or first) - first) / timedelta(minutes=1)
    return float(units) / max(minutes, 1.0)
