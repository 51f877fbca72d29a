"""The board of a show: stock, sales and pace of each product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.live import (
    LONGEST,
    ProductStock,
    baseline_of,
    floor,
    looks_back,
    minutes_by_hour,
    pace_of,
    read_followed,
    units_left,
)
from domain.stock.tables import LiveSale, Stream
from workflows.terms.quantities import NONE
from workflows.terms.values import local_day

PRODUCTS = 200
"""A screen has room for so many, the best sellers first."""


@dataclass(frozen=True)
class OnSale:
    """A product in a show, in units. `left` is None if no lot of it is known, `expected` if no show sold it before.

    `sold` and `expected` are since the show began; `per_minute` is the present rate, and `sells_out_at` when nothing is
    left at that. `alarm` is the last one, raised at `alarmed_at`.
    """

    sku: str
    name: str | None
    left: Decimal | None
    sold: Decimal
    expected: float | None
    per_minute: float
    sells_out_at: datetime | None
    alarm: str | None
    alarmed_at: datetime | None


@dataclass(frozen=True)
class Board:
    """A show and its products, those that sold most first."""

    stream_id: str
    title: str | None
    starts_at: datetime
    ended_at: datetime | None
    products: Sequence[OnSale]


def board(session: Session, stream_id: str, now: datetime) -> Board | None:
    """The board of a show as of now, or of its end; None if there is no such show."""
    stream = session.get(Stream, stream_id, populate_existing=True)
    if stream is None:
        return None
    library = read_library(session)
    zone = library.policy_zone
    at = min(now, stream.ended_at or now, stream.starts_at + LONGEST)
    total = func.sum(LiveSale.units)
    sums = select(LiveSale.sku, total).where(LiveSale.stream_id == stream_id).group_by(col(LiveSale.sku))
    sold = dict(session.exec(sums.order_by(total.desc(), LiveSale.sku).limit(PRODUCTS)).all())
    keys = [(stream_id, sku) for sku in sold]
    windows = looks_back(stream.starts_at, at, zone)
    followed = read_followed(session, keys, {stream_id: windows})
    stocks = units_left(session, list(sold), stream.city, local_day(now, zone))
    products = []
    for sku in sold:
        product, stock = followed[stream_id, sku], stocks.get(sku)
        baseline = baseline_of(product.baseline)
        rule = library.stock.of(sku, stock.category if stock else None)
        pace = pace_of(product.sold, windows, baseline, rule, stock, at)
        so_far = baseline.expected(minutes_by_hour(stream.starts_at, at, zone)) if baseline else None
        products.append(
            OnSale(
                sku=sku,
                name=stock.name if stock else None,
                left=_left(stock),
                sold=sold[sku],
                expected=round(so_far, 1) if so_far is not None else None,
                per_minute=round(pace.per_minute, 1),
                sells_out_at=None if stream.ended_at else floor(pace.sells_out_at) if pace.sells_out_at else None,
                alarm=product.alarm,
                alarmed_at=product.alarmed_at,
            )
        )
    return Board(stream_id, stream.title, stream.starts_at, stream.ended_at, products)


def _left(stock: ProductStock | None) -> Decimal | None:
    return max(NONE, stock.left) if stock else None
