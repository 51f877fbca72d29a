"""A shop with tags and segments, looked after by hand."""

from datetime import timedelta
from typing import Any

from shop import Shop
from sqlalchemy import text

from domain.membership import sweeping
from domain.published.library import read_library
from domain.published.publishing import publish_document
from workflows.language.policy import read_segments
from workflows.language.tags import read_tags


def publish(shop: Shop, tags: str = "", segments: str = "") -> None:
    """Publish both documents, as they are written."""
    read, diagnostics = read_tags(tags or "tags: {}", "_tags.yaml")
    assert read is not None, diagnostics
    named, diagnostics = read_segments(segments, "_segments.yaml") if segments else ({}, [])
    assert named is not None, diagnostics
    with shop.db.begin() as work:
        publish_document(work, "_tags", read.model_dump(mode="json", by_alias=True))
        publish_document(
            work, "_segments", {name: each.model_dump(mode="json", by_alias=True) for name, each in named.items()}
        )


def sweep(shop: Shop, after: timedelta = timedelta()) -> int:
    """Let time pass, and do what is due. Returns how many customers were looked at again."""
    shop.clock.set(shop.clock.now() + after)
    with shop.db.begin() as work:
        now, library = shop.clock.now(), read_library(work)
        sweeping.follow_rules(work, library, now)
        sweeping.follow_shows(work, library, now)
    looked, page = 0, 1
    while page:
        with shop.db.begin() as work:
            looked += (page := sweeping.look_again(work, read_library(work), shop.clock.now(), 2))
    page = 1
    while page:
        with shop.db.begin() as work:
            page = sweeping.ask_everybody(work, read_library(work), shop.clock.now(), 2)
    return looked


def tags(shop: Shop) -> dict[str, list[str]]:
    """Who has which tag, by member number."""
    return _held(shop, "SELECT tag, customer_id FROM customer_tags")


def members(shop: Shop) -> dict[str, list[str]]:
    """Who is in which segment."""
    return _held(shop, "SELECT segment, customer_id FROM segment_members")


def _held(shop: Shop, query: str) -> dict[str, list[str]]:
    names = "SELECT min(value) FROM identifiers WHERE kind = 'member_no' AND customer_id = held.customer_id"
    with shop.db() as session:
        rows = session.execute(
            text(f"SELECT name, ({names}) FROM ({query}) AS held (name, customer_id) ORDER BY 1, 2")
        ).all()
    found: dict[str, list[str]] = {}
    for name, who in rows:
        found.setdefault(name, []).append(who)
    return found


def told(shop: Shop) -> list[tuple[str, Any]]:
    """The events of tags and segments, in order."""
    with shop.db() as session:
        rows = session.execute(text("SELECT type, data FROM events WHERE source = 'tags' ORDER BY id")).all()
    return [(type, data.get("tag") or data.get("segment")) for type, data in rows]
