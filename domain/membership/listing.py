"""What there is of tags and segments: how many have each, how far rules have come, who has one and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import TextClause, text
from sqlmodel import Session, col, select

from domain.membership.tables import RuleProgress, SegmentSize
from domain.published.library import Library
from workflows.language.rules import Kind


@dataclass(frozen=True)
class Standing:
    """A tag or a segment, and how many customers it has; `asked` counts those whom its rule was asked of so far, of
    all, or is None once that is over. `ruled` is False for a tag that journeys set.
    """

    name: str
    size: int
    ruled: bool
    asked: int | None


@dataclass(frozen=True)
class Holder:
    """A customer who has a tag or is in a segment, since when and until when, and what decided it."""

    id: int
    name: str | None
    since: datetime | None
    until: datetime | None
    ruled: bool
    because: str | None


def standings(session: Session, library: Library, kind: Kind, now: datetime) -> Sequence[Standing]:
    """All of them that are published or that somebody has, the largest first."""
    rows = session.connection().execute(_SIZES[kind], {"now": now})
    sizes: dict[str, int] = {row[0]: row[1] for row in rows}
    rules = {rule.name for rule in library.rules.every if rule.kind == kind}
    open_rows = session.exec(select(RuleProgress).where(RuleProgress.kind == kind, col(RuleProgress.done_at).is_(None)))
    asked = {row.name: row.asked for row in open_rows}
    names = sorted({*sizes, *rules}, key=lambda name: (-sizes.get(name, 0), name))
    return [Standing(name, sizes.get(name, 0), name in rules, asked.get(name)) for name in names]


_SIZES: Mapping[Kind, TextClause] = {
    "tag": text("""
SELECT tag, count(*) FROM customer_tags JOIN customers ON customers.id = customer_id
WHERE merged_into IS NULL AND (until IS NULL OR until > :now) GROUP BY tag
"""),
    "segment": text("""
SELECT segment, count(*) FROM segment_members JOIN customers ON customers.id = customer_id
WHERE merged_into IS NULL AND :now = :now GROUP BY segment
"""),
}


def holders(
    session: Session, kind: Kind, name: str, now: datetime, *, after: int = 0, limit: int = 50
) -> Sequence[Holder]:
    """A page of those who have it, by id."""
    parameters = {"name": name, "now": now, "after": after, "limit": limit}
    return [Holder(*row) for row in session.connection().execute(_HOLDERS[kind], parameters)]


_HOLDERS: Mapping[Kind, TextClause] = {
    "tag": text("""
SELECT customers.id, name, since, until, ruled, because FROM customer_tags JOIN customers ON id = customer_id
WHERE tag = :name AND customer_id > :after AND merged_into IS NULL AND (until IS NULL OR until > :now)
ORDER BY id LIMIT :limit
"""),
    "segment": text("""
SELECT customers.id, name, since, NULL, true, because FROM segment_members JOIN customers ON id = customer_id
WHERE segment = :name AND customer_id > :after AND merged_into IS NULL AND :now = :now ORDER BY id LIMIT :limit
"""),
}


def sizes_by_day(session: Session, names: Sequence[str], today: date, days: int) -> Mapping[str, Mapping[date, int]]:
    """How many were in each segment, as it was last counted on each of so many days."""
    since = today - timedelta(days=days - 1)
    query = select(SegmentSize).where(col(SegmentSize.segment).in_(names), SegmentSize.day >= since)
    found: dict[str, dict[date, int]] = {}
    for row in session.exec(query.order_by(col(SegmentSize.day))):
        found.setdefault(row.segment, {})[row.day] = row.size
    return found
