"""Lots and streams: what journeys can ask about them, and which lots are near their expiry."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.tables import Lot, Stream
from workflows.values import at_local, local_day, parse_time

NEAR_EXPIRY_DAYS = 30
"""Lots that expire within so many days are offered to journeys, whose `where` narrows it."""


def lot_facts(session: Session, lot_id: str, now: datetime, zone: ZoneInfo) -> Mapping[str, Any] | None:
    """A lot as conditions and texts see it; `days_left` counts the local days until it expires."""
    lot = session.get(Lot, lot_id)
    if lot is None:
        return None
    return {
        "id": lot.lot_id,
        "sku": lot.sku,
        "name": lot.name,
        "category": lot.category,
        "city": lot.city,
        "expires_on": lot.expires_on.isoformat(),
        "days_left": (lot.expires_on - local_day(now, zone)).days,
        "available": available(lot),
    }


def available(lot: Lot) -> int:
    """Units that can be sold: on hand less what is reserved or quarantined."""
    return lot.on_hand - lot.reserved - lot.quarantined


def stream_facts(session: Session, stream_id: str) -> Mapping[str, Any] | None:
    """A stream as conditions and texts see it."""
    stream = session.get(Stream, stream_id)
    if stream is None:
        return None
    return {"id": stream.stream_id, "title": stream.title, "city": stream.city, "starts_at": stream.starts_at}


def near_expiry_lots(session: Session, now: datetime, zone: ZoneInfo, *, after: str, limit: int) -> Sequence[str]:
    """A page of the lots near expiry, by id."""
    today = local_day(now, zone)
    query = select(Lot.lot_id).where(
        Lot.lot_id > after, Lot.expires_on >= today, Lot.expires_on <= today + timedelta(days=NEAR_EXPIRY_DAYS)
    )
    return session.exec(query.order_by(col(Lot.lot_id)).limit(limit)).all()


def next_stream(session: Session, lot_id: str, now: datetime, zone: ZoneInfo) -> str | None:
    """The id of the next show in the lot's city before the lot expires."""
    lot = session.get(Lot, lot_id)
    if lot is None:
        return None
    end = at_local(lot.expires_on + timedelta(days=1), parse_time("00:00"), zone, now)
    query = select(Stream.stream_id).where(Stream.city == lot.city, Stream.starts_at > now, Stream.starts_at < end)
    return session.exec(query.order_by(col(Stream.starts_at))).first()
