"""Comments of customers, read off the request path and kept as opinions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, any_, cast, delete, text
from sqlmodel import Session, col, select

from domain.store.bulk import insert_all, is_among
from domain.store.work import UnitOfWork
from domain.voice.clauses import phrase_key
from domain.voice.inbox import FIELDS
from domain.voice.masking import masked
from domain.voice.reading import Opinion
from domain.voice.tables import StoredOpinion, UnreadComment
from domain.voice.themes import Themes

PAGE = 500
"""Comments that are read at once."""

PHRASE = 500
"""Of a phrase so many characters are kept."""

LONGEST = timedelta(hours=12)
"""What was shown longer ago isn't shown any more, as a show without an end is over after this."""

BAD, GOOD = 2, 4
"""A review of no more, or no fewer, stars has an opinion, whatever it is that it says."""


@dataclass(frozen=True)
class Comment:
    """A comment that is to be read: who said it when, in which show, about what, as far as its event tells.

    `repeated` says that the same person said the same in the same place before.
    """

    event: int
    type: str
    at: datetime
    text: str
    stream_id: str | None = None
    sku: str | None = None
    rating: float | None = None
    repeated: bool = False


def unread(session: Session, limit: int = PAGE) -> Sequence[Comment]:
    """The oldest comments that nobody has read, and what each is about but for what it names itself."""
    rows = session.connection().execute(_UNREAD, {"limit": limit}).all()
    shown = _shown(session, [row for row in rows if row.data.get("stream_id")])
    bought = _bought(session, rows)
    comments = []
    for row in rows:
        data = row.data
        told = data.get("sku") if isinstance(data.get("sku"), str) else None
        comments.append(
            Comment(
                row.id,
                row.type,
                row.time,
                str(data.get(FIELDS[row.type]) or ""),
                data.get("stream_id"),
                told or shown.get(row.id) or bought.get(row.id),
                data.get("rating"),
                row.repeated,
            )
        )
    return comments


_UNREAD = text("""
SELECT events.id, events.type, events.time, events.customer_id, events.data,
    events.type IN ('stream.commented', 'review.written') AND EXISTS (
        SELECT FROM events AS before
        WHERE before.customer_id = events.customer_id AND before.type = events.type AND before.id < events.id
            AND before.data->>'text' = events.data->>'text'
            AND before.data->>'stream_id' IS NOT DISTINCT FROM events.data->>'stream_id'
            AND before.data->>'sku' IS NOT DISTINCT FROM events.data->>'sku'
    ) AS repeated
FROM unread_comments JOIN events ON events.id = unread_comments.event_id
ORDER BY events.id LIMIT :limit
""")

_SHOWN = text("""
SELECT time, data->>'stream_id', data->>'sku' FROM events
WHERE type = 'stream.showing' AND customer_id IS NULL AND time BETWEEN :since AND :until
    AND data->>'stream_id' = ANY (:streams)
ORDER BY time, id
""")


def _shown(session: Session, rows: Sequence[Any]) -> Mapping[int, str]:
    """The product that was shown when each of these was said."""
    if not rows:
        return {}
    times = [row.time for row in rows]
    given = {
        "since": min(times) - LONGEST,
        "until": max(times),
        "streams": sorted({row.data["stream_id"] for row in rows}),
    }
    by_stream: dict[str, list[tuple[datetime, str]]] = {}
    for at, stream, sku in session.connection().execute(_SHOWN, given):
        by_stream.setdefault(stream, []).append((at, sku))
    found = {}
    for row in rows:
        before = [
            each for each in by_stream.get(row.data["stream_id"], ()) if row.time - LONGEST <= each[0] <= row.time
        ]
        if before:
            found[row.id] = before[-1][1]
    return found


_BOUGHT = text("""
SELECT 'order', data->>'order_id', data->'items' FROM events
WHERE type = 'order.paid' AND customer_id = ANY (:customers) AND data->>'order_id' = ANY (:orders)
UNION ALL
SELECT 'enrollment', CAST(enrollments.id AS text), events.data->'items'
FROM enrollments JOIN events ON events.id = trigger_id WHERE enrollments.id = ANY (:enrollments)
""")


def _bought(session: Session, rows: Sequence[Any]) -> Mapping[int, str]:
    """The product of the order that each is about: of the refund, of the order, of what began the journey.

    Of several products it can't be said which one is meant.
    """
    orders = {row.data["order_id"] for row in rows if row.data.get("order_id")}
    enrollments = {row.data["enrollment"] for row in rows if row.data.get("enrollment")}
    if not orders | enrollments:
        return {}
    given = {"customers": [row.customer_id for row in rows], "orders": list(orders), "enrollments": list(enrollments)}
    items = {(kind, key): items for kind, key, items in session.connection().execute(_BOUGHT, given)}
    found = {}
    for row in rows:
        data = row.data
        of_order = items.get(("order", data.get("order_id")))
        for goods in (data.get("items"), of_order, items.get(("enrollment", str(data.get("enrollment"))))):
            skus = {each.get("sku") for each in goods or () if isinstance(each, dict)}
            if len(skus) == 1 and (sku := skus.pop()):
                found[row.id] = str(sku)
                break
    return found


def keep(work: UnitOfWork, comments: Sequence[Comment], said: Sequence[Sequence[Opinion]], themes: Themes) -> int:
    """Keep what comments say, `product` being a sku, unless another worker did meanwhile. Returns how many are new.

    What a person has corrected is read as they said wherever the same phrase comes again.
    """
    events = [comment.event for comment in comments]
    read = delete(UnreadComment).where(is_among(UnreadComment.event_id, events)).returning(col(UnreadComment.event_id))
    ours = set(work.execute(read).scalars())
    heard = [each for each in zip(comments, said, strict=True) if each[0].event in ours and each[0].text]
    rows = [row for comment, opinions in heard for row in _rows(comment, opinions, themes)]
    repeated = {comment.event for comment, _ in heard if comment.repeated}
    _put_right(work, [row for row in rows if row["event_id"] not in repeated])
    if rows:
        insert_all(work, StoredOpinion, rows)
    return len(ours)


def _rows(comment: Comment, opinions: Sequence[Opinion], themes: Themes) -> Iterator[dict[str, Any]]:
    said = [Opinion("chatter", confidence=1.0)] if comment.repeated else _with_stars(comment, opinions)
    for clause, each in enumerate(said):
        phrase = masked(each.phrase or comment.text)[:PHRASE]
        aspect, topic = themes.topic_of(each.aspect, each.sentiment, phrase)
        yield {
            "event_id": comment.event,
            "clause": clause,
            "at": comment.at,
            "stream_id": comment.stream_id,
            "sku": each.product or comment.sku,
            "kind": each.kind,
            "aspect": aspect,
            "sentiment": each.sentiment,
            "topic": topic,
            "phrase": phrase,
            "confidence": each.confidence,
        }


def _with_stars(comment: Comment, opinions: Sequence[Opinion]) -> Sequence[Opinion]:
    """Stars say what is thought where the words don't."""
    if comment.rating is None or BAD < comment.rating < GOOD or any(each.aspect for each in opinions):
        return opinions
    feeling: Any = "negative" if comment.rating <= BAD else "positive"
    return [Opinion("opinion", "overall", feeling, product=opinions[0].product, phrase=comment.text, confidence=0.9)]


def _put_right(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Read phrases as persons have corrected them, the newest correction counting.

    Corrections of releases before migration 0039 have no key.
    """
    keys = [phrase_key(row["phrase"]) for row in rows]
    is_corrected = col(StoredOpinion.corrected_at).is_not(None) & (col(StoredOpinion.phrase) != "")
    said = (col(StoredOpinion.phrase_key) == any_(cast(keys, ARRAY(Text)))) | col(StoredOpinion.phrase_key).is_(None)
    query = select(StoredOpinion).where(is_corrected, said).order_by(col(StoredOpinion.corrected_at))
    corrections = {each.phrase_key or phrase_key(each.phrase): each for each in session.exec(query)}
    for key, row in zip(keys, rows, strict=True):
        if known := corrections.get(key):
            row |= {name: getattr(known, name) for name in ("kind", "aspect", "sentiment", "topic")}
