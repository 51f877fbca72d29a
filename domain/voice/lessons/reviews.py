"""The review of a show: worked out ten minutes after its end, and again after one, three and seven days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.tables import Stream
from domain.store.work import UnitOfWork
from domain.voice.lessons.figures import end_of, figures
from domain.voice.tables import StreamReview, Task
from domain.voice.tasks import ask, owner_of
from domain.voice.topics import Scope, topics
from workflows.language.voice import Department
from workflows.terms.values import local_day
from workflows.terms.wording import Wording

STAGES: Mapping[str, timedelta] = {
    "first": timedelta(minutes=10),
    "day1": timedelta(days=1),
    "day3": timedelta(days=3),
    "day7": timedelta(days=7),
}
"""When the figures are worked out, after the end of the show."""

WAITING = "waiting"
SHOWN = 3
"""Complaints of a show that its review asks to be answered, at most, of each department."""

SHORT = 0.7
"""A product that sold less than such a part of what was expected was shown badly, or isn't wanted."""


@dataclass(frozen=True)
class Review:
    """A review as it stands; `as_of` is when its figures were worked out, `next_at` when they will be again.

    `todos` are those of this show, `last_todos` those of the show before.
    """

    stream: Stream
    stage: str
    as_of: datetime
    next_at: datetime | None
    figures: Mapping[str, Any]
    decisions: Sequence[Mapping[str, Any]]
    todos: Sequence[Task]
    last_todos: Sequence[Task]


def make(work: UnitOfWork, stream_id: str, now: datetime) -> tuple[str, datetime | None]:
    """Work the figures out, if a stage has come since. Returns the stage, and when the next one comes."""
    stream = work.get(Stream, stream_id)
    if stream is None or stream.ended_at is None:
        return WAITING, None
    reached = [name for name, after in STAGES.items() if stream.ended_at + after <= now]
    waiting = [stream.ended_at + after for after in STAGES.values() if stream.ended_at + after > now]
    next_at = waiting[0] if waiting else None
    if not reached:
        return WAITING, next_at
    review = work.get(StreamReview, stream_id, with_for_update=True)
    if review is None or review.stage != reached[-1]:
        found = figures(work, stream, now)
        if review is None:
            review = StreamReview(stream_id=stream_id, stage="", made_at=now)
        _ask_departments(work, stream, found, now)
        review.stage, review.made_at, review.next_at, review.figures = reached[-1], now, next_at, found
        work.add(review)
    return reached[-1], next_at


def read(session: Session, stream: Stream, now: datetime) -> Review | None:
    """The review of a show, worked out on the spot where no worker has; None before its time."""
    stored = session.get(StreamReview, stream.stream_id)
    if stored is None and end_of(stream) + STAGES["first"] > now:
        return None
    before = select(Stream).where(col(Stream.starts_at) < stream.starts_at, col(Stream.cancelled_at).is_(None))
    last = session.exec(before.order_by(col(Stream.starts_at).desc()).limit(1)).first()
    return Review(
        stream,
        stored.stage if stored else "first",
        stored.made_at if stored else now,
        stored.next_at if stored else None,
        _in_words(session, stream, stored.figures if stored else figures(session, stream, now)),
        stored.decisions if stored else [],
        _tasks(session, stream.stream_id),
        _tasks(session, last.stream_id) if last else [],
    )


def _in_words(session: Session, stream: Stream, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was said isn't kept with the figures, for persons may be forgotten since; nor what journeys are called."""
    said = {(each.sku, *each.key): each.quotes for each in topics(session, Scope(stream_id=stream.stream_id))}
    names = ("sku", "aspect", "sentiment", "topic")
    told = [
        {**each, "quotes": list(said.get(tuple(each[name] for name in names), ()))[:SHOWN]}
        for each in found["comments"]["topics"]
    ]
    library = read_library(session)
    journeys = [{**each, "title": library.title(each["journey"])} for each in found["journeys"]]
    return {**found, "journeys": journeys, "comments": {**found["comments"], "topics": told}}


def ready_at(stream: Stream) -> datetime:
    """When the review of a show is there first."""
    return end_of(stream) + STAGES["first"]


def decide(work: UnitOfWork, stream: Stream, text: str, by: str, now: datetime) -> None:
    """Note what was decided in the review, which has its figures by then."""
    make(work, stream.stream_id, now)
    work.flush()
    review = work.get(StreamReview, stream.stream_id, with_for_update=True)
    if review is None:
        review = StreamReview(
            stream_id=stream.stream_id, stage="first", made_at=now, figures=figures(work, stream, now)
        )
    review.decisions = [*review.decisions, {"text": text, "by": by, "at": now.isoformat()}]
    work.add(review)


def _tasks(session: Session, stream_id: str) -> Sequence[Task]:
    return session.exec(select(Task).where(Task.stream_id == stream_id).order_by(col(Task.id))).all()


@dataclass(frozen=True)
class _Asked:
    department: Department
    about: str
    text: str
    days: int
    sku: str | None = None


def _ask_departments(work: UnitOfWork, stream: Stream, found: Mapping[str, Any], now: datetime) -> None:
    """A todo of each thing that a department can do something about, with whose it is and by when.

    What an alert was raised for has its todo since then.
    """
    library = read_library(work)
    today: date = local_day(now, library.policy_zone)
    for each in _todos(found, Wording(library.policy.language)):
        owner = owner_of(work, each.department, each.sku)
        key = f"review/{stream.stream_id}/{each.department}/{each.about}"
        due = today + timedelta(days=each.days)
        ask(work, key, each.department, each.text, due, now, owner=owner, stream_id=stream.stream_id, sku=each.sku)


_OF_SERVICE = frozenset({"delivery", "service", "packaging"})


def _todos(found: Mapping[str, Any], say: Wording) -> Iterator[_Asked]:
    alarmed = {(each["sku"], each["topic"]) for each in found["complaints"]}
    blamed = [
        each
        for each in found["comments"]["topics"]
        if each["sentiment"] == "negative" and each["count"] > 1 and (each["sku"], each["title"]) not in alarmed
    ]
    of_service = [each for each in blamed if each["aspect"] in _OF_SERVICE]
    of_product = [each for each in blamed if each["aspect"] not in _OF_SERVICE]
    for department, complaints in (("product", of_product), ("service", of_service)):
        for each in complaints[:SHOWN]:
            name = each["product"] or each["sku"] or say.pick("直播间", "the show")
            said = say.pick(
                f"{name}：{each['speakers']} 人里有 {each['count']} 人说“{each['title']}”，查明原因并答复",
                f"{name}: {each['count']} of {each['speakers']} say “{each['title']}”; find out why, and answer",
            )
            about = f"{each['sku']}/{each['aspect']}/{each['title']}"[:200]
            yield _Asked("product" if department == "product" else "service", about, said, 7, each["sku"])
    for each in found["products"]:
        name = each["name"] or each["sku"]
        if each["sold_out_at"]:
            lost = round(each["lost"])
            text = say.pick(
                f"{name} 卖空，估计少卖 {lost} 件，下场前补足", f"{name} ran out, {lost} units lost; order more"
            )
            yield _Asked("supply", each["sku"], text, 3, each["sku"])
        elif each["expected"] and each["expected"] >= 10 and each["sold"] < SHORT * each["expected"]:
            sold, expected = each["sold"], round(each["expected"])
            text = say.pick(
                f"{name} 卖了 {sold} 件，预计 {expected} 件：看讲解和定价",
                f"{name} sold {sold} of {expected} expected: look at how it was shown, and its price",
            )
            yield _Asked("live", each["sku"], text, 7, each["sku"])
    key = found["key"]
    if (left := key["carts"] - key["buyers"]) > 0:
        text = say.pick(f"{left} 位客户加了购没付款，跟进", f"{left} customers left their carts: follow up")
        yield _Asked("marketing", "carts", text, 2)
    usual = found["compared"]["mean"].get("viewers")
    if usual and 0 < key["viewers"] < SHORT * usual:
        text = say.pick(
            f"观众 {key['viewers']} 人，前几场平均 {round(usual)} 人：看预告和开播时间",
            f"{key['viewers']} viewers, {round(usual)} in the shows before: look at invitations and the hour",
        )
        yield _Asked("marketing", "viewers", text, 7)
