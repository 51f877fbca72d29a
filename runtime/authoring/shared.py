"""The documents that hold for every journey: what publishing them would change, in yuan and in customers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, select

from domain.conditions.sql import matching
from domain.customers.tables import Customer
from domain.published.library import Library
from workflows.language.calendar import read_calendar
from workflows.language.connectors import read_connector
from workflows.language.identity import read_identity
from workflows.language.outputs import read_output
from workflows.language.policy import read_coupons, read_policy, read_segments
from workflows.language.stock_rules import read_stock_rules
from workflows.language.supply import read_supply
from workflows.language.tags import amounts_of, read_tags
from workflows.language.tracking import read_tracking
from workflows.language.voice import read_voice
from workflows.terms.conditions import Condition, SegmentCondition
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.shared_documents import SharedChange, SharedDocuments, shared_changes

T = TypeVar("T")


def changes_of_shared(
    session: Session, library: Library, specs: Path, now: datetime, lang: Language
) -> list[SharedChange]:
    """What the files beside the journeys would change; of a file that is missing or has errors, nothing."""
    old = library.shared
    new = _written(specs, old)
    names = [name for name in {**old.segments, **new.segments} if old.segments.get(name) != new.segments.get(name)]
    after = replace(library, segments=new.segments, measures=new.measures)
    sizes = {name: (_size(session, library, name, now), _size(session, after, name, now)) for name in names}
    return shared_changes(old, new, sizes, lang)


def wording_of(specs: Path, lang: Language) -> Wording:
    """Says things with the names that a directory's coupon campaigns have, and amounts of its measures in yuan; without
    what stands in files that have errors.
    """
    coupons, tags = (
        file.read_text("utf-8", "replace") if (file := specs / name).is_file() else ""
        for name in ("_coupons.yaml", "_tags.yaml")
    )
    campaigns, named = read_coupons(coupons, "_coupons.yaml")[0], read_tags(tags, "_tags.yaml")[0]
    names = {key: terms.name for key, terms in (campaigns or {}).items()}
    return Wording(lang, names, amounts_of(named.measures) if named else ())


def _written(specs: Path, old: SharedDocuments) -> SharedDocuments:
    texts = {path.stem: path.read_text("utf-8", "replace") for path in specs.glob("_*.yaml") if path.is_file()}
    policy = read_policy(text, "_policy.yaml")[0] if (text := texts.get("_policy")) is not None else None
    segments: Mapping[str, Condition] | None = None
    if (text := texts.get("_segments")) is not None:
        segments = read_segments(text, "_segments.yaml")[0]
    campaigns = read_coupons(text, "_coupons.yaml")[0] if (text := texts.get("_coupons")) is not None else None
    stock = read_stock_rules(text, "_stock.yaml")[0] if (text := texts.get("_stock")) is not None else None
    tags = read_tags(text, "_tags.yaml")[0] if (text := texts.get("_tags")) is not None else None
    identity = read_identity(text, "_identity.yaml")[0] if (text := texts.get("_identity")) is not None else None
    voice = read_voice(text, "_voice.yaml")[0] if (text := texts.get("_voice")) is not None else None
    calendar = read_calendar(text, "_calendar.yaml")[0] if (text := texts.get("_calendar")) is not None else None
    supply = read_supply(text, "_supply.yaml")[0] if (text := texts.get("_supply")) is not None else None
    tracking = read_tracking(text, "_tracking.yaml")[0] if (text := texts.get("_tracking")) is not None else None
    connectors, outputs = _each(specs, "connectors", read_connector), _each(specs, "outputs", read_output)
    return SharedDocuments(
        policy=old.policy if policy is None else policy,
        segments=old.segments if segments is None else segments,
        campaigns=old.campaigns if campaigns is None else campaigns,
        stock=old.stock if stock is None else stock,
        measures=old.measures if tags is None else tags.measures,
        tags=old.tags if tags is None else tags.tags,
        identity=old.identity if identity is None else identity,
        voice=old.voice if voice is None else voice,
        calendar=old.calendar if calendar is None else calendar,
        tracking=old.tracking if tracking is None else tracking,
        supply=old.supply if supply is None else supply,
        connectors={**old.connectors, **connectors},
        outputs={**old.outputs, **outputs},
    )


def _each(specs: Path, folder: str, read: Callable[[str, str], tuple[T | None, object]]) -> dict[str, T]:
    """The documents of a folder that have no errors."""
    files = sorted((specs / folder).glob("*.yaml"))
    found = {path.stem: read(path.read_text("utf-8", "replace"), str(path))[0] for path in files}
    return {name: value for name, value in found.items() if value is not None}


def _size(session: Session, library: Library, name: str, now: datetime) -> int:
    """How many customers are in a segment; none in one that there isn't."""
    if name not in library.segments:
        return 0
    members = matching(SegmentCondition(segment=name), library, now)
    return session.exec(select(func.count()).select_from(Customer).where(members)).one()
