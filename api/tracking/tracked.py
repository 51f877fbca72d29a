"""What was tracked, whatever format it came in, and the event that it is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from domain.catalogue.types import CATALOGUE
from domain.intake.reading import AHEAD, MAX_NAME, Item, read_event
from workflows.language.mapping import fields_of
from workflows.language.tracking import TRACKED_TYPES, Tracking

OLDEST = timedelta(days=30)
"""How old what comes may be; before that, the clock over there is taken to be wrong."""


@dataclass(frozen=True)
class Tracked:
    """One record of an SDK.

    `identities` are by the names of the format (`userId`, `$identity_mobile`), `happened` and `sent` by the clock over
    there, which may be wrong. `dated` says that its time is meant, however old it is.
    """

    name: str
    id: str
    identities: Sequence[tuple[str, Any]]
    properties: Mapping[str, Any] = field(default_factory=dict)
    happened: datetime | None = None
    sent: datetime | None = None
    dated: bool = False


def as_item(tracked: Tracked, tracking: Tracking, source: str, arrived: datetime) -> Item | None:
    """The event that a record is; None if its name is one that isn't taken.

    What can't be the event that it is meant to be, like an order without a sum, is kept under its own name as it came.
    """
    if tracking.ignores(tracked.name):
        return None
    customer = {kind: value for name, value in tracked.identities if (kind := _kind(tracking, name)) and value}
    event = {"id": tracked.id, "source": source, "time": happened_at(tracked, arrived).isoformat()}
    if meant := _meant(tracked, tracking):
        type, data = meant
        if tracked.name in _OF_PROFILES:
            customer |= {kind: value for name, value in tracked.properties.items() if (kind := tracking.kind(name))}
        item = read_event(event | {"type": type, "data": data | {"customer": customer}}, arrived)
        if item.incoming is not None or not customer:
            return item
    name = tracked.name if tracked.name not in CATALOGUE else f"tracked {tracked.name}"
    data = {**tracked.properties, "customer": customer}
    return read_event(event | {"type": name[:MAX_NAME], "data": data}, arrived)


def happened_at(tracked: Tracked, arrived: datetime) -> datetime:
    """When it happened: as long before its arrival as it was before its sending, by one and the same clock."""
    happened = tracked.happened
    if happened is not None and tracked.sent is not None:
        happened = arrived - max(tracked.sent - happened, timedelta())
    if happened is None or happened > arrived + AHEAD or (happened < arrived - OLDEST and not tracked.dated):
        return arrived
    return happened


def instant_of(milliseconds: Any) -> datetime | None:
    """The instant of so many milliseconds since 1970, given as a number or its text; None if it is none."""
    try:
        seconds = float(milliseconds) / 1000
        return datetime.fromtimestamp(seconds, UTC) if isfinite(seconds) else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


_OF_PROFILES = frozenset({"identify", "profile_set", "profile_set_once"})
"""What tells of a person, so that its properties can name them."""


def _meant(tracked: Tracked, tracking: Tracking) -> tuple[str, dict[str, Any]] | None:
    """The type and data that a record is here; one by a name of ours has our own fields. None if it is of no type."""
    if rule := tracking.event(tracked.name):
        return rule.type, fields_of(rule.data, tracked.properties)
    return (tracked.name, dict(tracked.properties)) if tracked.name in TRACKED_TYPES else None


def _kind(tracking: Tracking, name: str) -> str | None:
    if found := tracking.kind(name):
        return found
    if name.startswith("$identity_mp_") and name.endswith("_openid"):
        return tracking.kind("$identity_mp_openid")
    return None
