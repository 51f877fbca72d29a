"""Livestreams to look through: planned, running and over, with what each sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, select

from domain.stock.live import LONGEST
from domain.stock.tables import LiveProduct, LiveSale, Stream
from workflows.terms.quantities import NONE

ShowState = Literal["planned", "running", "ended", "cancelled"]


@dataclass(frozen=True)
class Show:
    """A livestream: units sold, of how many products, and how many alarms were raised."""

    stream: Stream
    state: ShowState
    units: Decimal
    products: int
    alarms: int


def state_of(stream: Stream, now: datetime) -> ShowState:
    """One that nobody ended is over 12 hours after it began."""
    if stream.cancelled_at is not None:
        return "cancelled"
    if stream.starts_at > now:
        return "planned"
    return "ended" if stream.ended_at is not None or stream.starts_at + LONGEST <= now else "running"


def shows(
    session: Session,
    now: datetime,
    *,
    stream_id: str | None = None,
    state: ShowState | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> Sequence[Show]:
    """Livestreams, those that begin last first: the one of an id, those in a state, or after a place."""
    query = select(Stream)
    if stream_id is not None:
        query = query.where(Stream.stream_id == stream_id)
    cancelled, ended = col(Stream.cancelled_at).is_not(None), col(Stream.ended_at).is_not(None)
    begun, too_long = col(Stream.starts_at) <= now, col(Stream.starts_at) <= now - LONGEST
    match state:
        case "planned":
            query = query.where(~cancelled, ~begun)
        case "running":
            query = query.where(~cancelled, begun, ~ended, ~too_long)
        case "ended":
            query = query.where(~cancelled, begun, ended | too_long)
        case "cancelled":
            query = query.where(cancelled)
    if after is not None:
        query = query.where(tuple_(col(Stream.starts_at), col(Stream.stream_id)) < after)
    query = query.order_by(col(Stream.starts_at).desc(), col(Stream.stream_id).desc()).limit(limit)
    streams = session.exec(query.execution_options(populate_existing=True)).all()
    ids = [stream.stream_id for stream in streams]
    sums = select(LiveSale.stream_id, func.sum(LiveSale.units), func.count(func.distinct(LiveSale.sku)))
    sums = sums.where(col(LiveSale.stream_id).in_(ids)).group_by(LiveSale.stream_id)
    sold = {stream_id: (units, products) for stream_id, units, products in session.exec(sums)}
    raised = select(LiveProduct.stream_id, func.sum(LiveProduct.alarms))
    raised = raised.where(col(LiveProduct.stream_id).in_(ids)).group_by(LiveProduct.stream_id)
    alarms = dict(session.exec(raised).all())
    return [
        Show(each, state_of(each, now), *sold.get(each.stream_id, (NONE, 0)), int(alarms.get(each.stream_id, 0)))
        for each in streams
    ]
