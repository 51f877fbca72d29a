"""What is said of products, gathered: how many say it, whether it is more than usual, in which words.

Whoever says a thing counts once in a show, or in a week outside of shows, however often they say it. Whether more of
the speakers say it than usual is asked of Fisher's exact test of two proportions (one-sided), against the last shows in
which the product was spoken of, or against its category where there is too little of that.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import exp, lgamma
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.stock.tables import Product
from domain.store.bulk import as_json
from domain.voice.clauses import plain
from domain.voice.products import product_names
from domain.voice.themes import ASPECTS, PRAISE, REST

PAST = 5
"""A topic is compared with as many shows, or weeks, before."""

PRIOR = (2, 200)
"""Where little is known a topic is taken to be said by so many of so many speakers: what one complains of anywhere."""

LEAST = 8
"""Speakers of a topic, below which it doesn't rise; three comments are no alarm."""

TIMES = 2.5
"""It rises if its share is at least so many times the usual one …"""

CHANCE = 0.000003
"""… and as large by chance no more often than this."""

MOST = 1_000
"""However many spoke before, they count as so many: what is usual differs from show to show."""

KNOWN = 30
"""Speakers of the product's own past, below which its category is what it is compared with."""

QUOTES, PHRASES = 5, 60
TITLE, QUOTE = 30, 80
"""Characters of a phrase that a title, or a quote, has room for."""


class Key(NamedTuple):
    """What names a topic of a product."""

    aspect: str
    sentiment: str
    topic: str


@dataclass(frozen=True)
class Scope:
    """Which opinions are gathered: of a show, or of a time; of a product, or all."""

    stream_id: str | None = None
    sku: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Share:
    """How many of the speakers say it."""

    said: int
    of: int

    @property
    def share(self) -> float:
        """0 of nobody."""
        return self.said / self.of if self.of else 0.0


@dataclass(frozen=True)
class Topic:
    """What is said of an aspect of a product: by how many of its speakers, how many of those bought it, since when.

    `title` names it for people. `usual` is the share in the last shows, None where nobody spoke of the product before;
    `category` that among the products of its category. `chance` is how likely as much is by chance.
    """

    sku: str | None
    product: str | None
    key: Key
    title: str
    count: Share
    buyers: int
    comments: int
    first_at: datetime
    last_at: datetime
    usual: Share | None
    category: Share | None
    chance: float
    quotes: Sequence[str]

    @property
    def name(self) -> str:
        """What can be kept for ever: it quotes nobody."""
        return (
            self.key.topic if self.key.topic not in (REST, PRAISE) else f"{ASPECTS[self.key.aspect]}·{self.key.topic}"
        )

    @property
    def rises(self) -> bool:
        """Whether more complain of it than usual."""
        return self.key.sentiment == "negative" and rises(self.count, reference(self.usual, self.category), self.chance)


@dataclass
class Spoken:
    """Who spoke of a product: how many, of each topic how many, and the rows of the topics."""

    speakers: int = 0
    topics: dict[Key, int] = field(default_factory=dict)


def chance_of(now: Share, before: Share) -> float:
    """How likely at least as many say it as do now, if the share had stayed: Fisher's exact test."""
    said, everybody = now.said + before.said, now.of + before.of
    most = min(said, now.of)
    whole = _choose(everybody, now.of)
    terms = (_choose(said, n) + _choose(everybody - said, now.of - n) - whole for n in range(now.said, most + 1))
    return min(1.0, sum(map(exp, terms)))


def _choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return float("-inf")
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def rises(now: Share, before: Share, chance: float) -> bool:
    """Whether this is worth an alarm."""
    return now.said >= LEAST and chance <= CHANCE and now.share >= TIMES * before.share


def reference(usual: Share | None, category: Share | None) -> Share:
    """What a share is compared with: the usual one, else the category's, and what is said anywhere."""
    known = usual if usual and usual.of >= KNOWN else None
    chosen = known or category or usual or Share(0, 0)
    if chosen.of > MOST:
        chosen = Share(round(chosen.said * MOST / chosen.of), MOST)
    return Share(chosen.said + PRIOR[0], chosen.of + PRIOR[1])


def topics(session: Session, scope: Scope, *, skus: Iterable[str] | None = None) -> list[Topic]:
    """The topics of a show or a time, those that rise first, then those that most people speak of.

    `skus` narrows it to these products.
    """
    asked = list(skus) if skus is not None else [scope.sku] if scope.sku else None
    given = {"stream": scope.stream_id, "since": scope.since, "until": scope.until, "skus": asked}
    now: dict[str | None, Spoken] = {}
    for sku, number in session.connection().execute(_SPEAKERS, given):
        now[sku] = Spoken(number)
    if not now:
        return []
    rows = session.connection().execute(_TOPICS, given).all()
    before = min(row.first_at for row in rows) if rows else None
    known = [sku for sku in now if sku]
    products = {each.sku: each for each in session.exec(select(Product).where(col(Product.sku).in_(known)))}
    names = product_names(session, known)
    categories = _categories(session, {each.category for each in products.values() if each.category})
    others = {sku for members in categories.values() for sku in members}
    past = _past(session, sorted({*known, *others}), before, scope.stream_id) if before else {}
    found = []
    for row in rows:
        key = Key(row.aspect, row.sentiment, row.topic)
        product = products.get(row.sku)
        members = categories.get(product.category or "", ()) if product else ()
        usual = _share(past, [row.sku], key)
        category = _share(past, [each for each in members if each != row.sku], key)
        count = Share(row.said, now[row.sku].speakers)
        title, quotes = _in_words(key, row.phrases)
        chance = chance_of(count, reference(usual, category))
        found.append(
            Topic(
                row.sku,
                names.get(row.sku),
                key,
                title,
                count,
                row.buyers,
                row.comments,
                row.first_at,
                row.last_at,
                usual,
                category,
                chance,
                quotes,
            )
        )
    return sorted(found, key=lambda each: (not each.rises, -each.count.said, each.sku or "", each.key))


_SCOPE = """
    (CAST(:stream AS text) IS NULL OR opinions.stream_id = :stream)
    AND (CAST(:since AS timestamptz) IS NULL OR opinions.at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR opinions.at < :until)
    AND (CAST(:skus AS text[]) IS NULL OR opinions.sku = ANY (:skus))
    AND opinions.kind IN ('opinion', 'wish', 'question')
"""
_UNIT = "coalesce(opinions.stream_id, to_char(opinions.at, 'IYYY-IW'))"

_SPEAKERS = text(f"""
SELECT opinions.sku, count(DISTINCT ({_UNIT}, customer_id))
FROM opinions JOIN events ON events.id = opinions.event_id WHERE {_SCOPE} GROUP BY opinions.sku
""")

_TOPICS = text(f"""
WITH said AS (
    SELECT opinions.sku, aspect, sentiment, topic, opinions.at, phrase, confidence, customer_id,
        opinions.event_id, {_UNIT} AS unit
    FROM opinions JOIN events ON events.id = opinions.event_id WHERE {_SCOPE} AND topic IS NOT NULL
), people AS (
    SELECT DISTINCT sku, aspect, sentiment, topic, customer_id FROM said WHERE sku IS NOT NULL
), orders AS (
    SELECT DISTINCT events.customer_id, item->>'sku' AS sku
    FROM (SELECT DISTINCT customer_id FROM people) AS who
        JOIN events ON events.customer_id = who.customer_id AND type = 'order.paid'
        CROSS JOIN jsonb_array_elements(
            CASE jsonb_typeof(data->'items') WHEN 'array' THEN data->'items' ELSE '[]' END
        ) AS item
), bought AS (
    SELECT sku, aspect, sentiment, topic, count(*) AS buyers FROM people JOIN orders USING (customer_id, sku)
    GROUP BY sku, aspect, sentiment, topic
)
SELECT said.sku, aspect, sentiment, topic, count(DISTINCT (unit, customer_id)) AS said,
    count(DISTINCT event_id) AS comments, min(at) AS first_at, max(at) AS last_at, coalesce(max(buyers), 0) AS buyers,
    (array_agg(phrase ORDER BY confidence DESC, at) FILTER (WHERE phrase <> ''))[1:{PHRASES}] AS phrases
FROM said LEFT JOIN bought USING (sku, aspect, sentiment, topic)
GROUP BY said.sku, aspect, sentiment, topic
""")

_PAST = text(f"""
WITH units AS (
    SELECT sku, {_UNIT} AS unit, row_number() OVER (PARTITION BY sku ORDER BY max(at) DESC) AS place
    FROM opinions
    WHERE sku IN (SELECT value FROM json_array_elements_text(CAST(:skus AS json)))
        AND at < :before AND (CAST(:stream AS text) IS NULL OR stream_id IS DISTINCT FROM :stream)
    GROUP BY sku, unit
)
SELECT opinions.sku, aspect, sentiment, topic, grouping(topic) = 1, count(DISTINCT (unit, customer_id))
FROM opinions JOIN events ON events.id = opinions.event_id
    JOIN units ON units.sku = opinions.sku AND units.unit = {_UNIT} AND place <= {PAST}
WHERE opinions.at < :before AND (CAST(:stream AS text) IS NULL OR opinions.stream_id IS DISTINCT FROM :stream)
    AND opinions.kind IN ('opinion', 'wish', 'question')
GROUP BY GROUPING SETS ((opinions.sku), (opinions.sku, aspect, sentiment, topic))
""")


def _past(session: Session, skus: Sequence[str], before: datetime, stream: str | None) -> Mapping[str, Spoken]:
    """Who spoke of each product in its last shows before, and of what."""
    found: dict[str, Spoken] = {}
    given = {"skus": as_json(list(skus)), "before": before, "stream": stream}
    for sku, aspect, sentiment, topic, is_all, number in session.connection().execute(_PAST, given):
        spoken = found.setdefault(sku, Spoken())
        if is_all:
            spoken.speakers = number
        elif topic is not None:
            spoken.topics[Key(aspect, sentiment, topic)] = number
    return found


def _share(past: Mapping[str, Spoken], skus: Iterable[str], key: Key) -> Share | None:
    spoken = [past[sku] for sku in skus if sku in past]
    of = sum(each.speakers for each in spoken)
    return Share(sum(each.topics.get(key, 0) for each in spoken), of) if of else None


def _categories(session: Session, names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    members: dict[str, list[str]] = {}
    for product in session.exec(select(Product).where(col(Product.category).in_(list(names)))):
        members.setdefault(product.category or "", []).append(product.sku)
    return members


def _in_words(key: Key, phrases: Sequence[str] | None) -> tuple[str, Sequence[str]]:
    """The name of a topic and what was said, the most typical first."""
    different = list({plain(phrase): phrase for phrase in reversed(phrases or ())}.values())[::-1]
    typical = sorted(different, key=_likeness(different), reverse=True)
    title = key.topic if key.topic not in (REST, PRAISE) or not typical else _short(typical[0], TITLE)
    return title, [_short(phrase, QUOTE) for phrase in typical[:QUOTES]]


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _likeness(phrases: Sequence[str]) -> Any:
    """How much of a phrase, by pairs of signs, is in the others, too."""
    pairs = {phrase: _pairs(phrase) for phrase in phrases}
    spread = Counter(pair for found in pairs.values() for pair in found)
    return lambda phrase: sum(spread[pair] - 1 for pair in pairs[phrase]) / (len(pairs[phrase]) or 1)


def _pairs(phrase: str) -> set[str]:
    written = plain(phrase)
    return {written[start : start + 2] for start in range(len(written) - 1)}
