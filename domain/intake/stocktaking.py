"""Bringing the book in line with a warehouse that keeps its own: where they differ, what it says is a count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import col, select

from domain.catalogue.sources import WAREHOUSE
from domain.intake.ingest import Incoming, ingest
from domain.stock.tables import Lot
from domain.store.work import UnitOfWork
from workflows.terms.quantities import NONE, number_of


@dataclass(frozen=True)
class Level:
    """The stock of a lot, in units; `reserved` and `quarantined` are parts of `on_hand`."""

    lot_id: str
    on_hand: Decimal
    reserved: Decimal = NONE
    quarantined: Decimal = NONE


def take_stock(work: UnitOfWork, levels: Sequence[Level], at: datetime) -> int:
    """Count, as of `at`, the lots of which the warehouse has other numbers than the book. Returns how many."""
    levels_by_lot = {level.lot_id: level for level in levels}
    lots = work.exec(select(Lot).where(col(Lot.lot_id).in_(levels_by_lot))).all()
    counts = [
        Incoming(
            source=WAREHOUSE,
            id=f"{lot.lot_id}/{at.isoformat()}",
            type="stock.counted",
            time=at,
            data={
                "lot_id": lot.lot_id,
                "quantity": number_of((level := levels_by_lot[lot.lot_id]).on_hand),
                "reserved": number_of(level.reserved),
                "quarantined": number_of(level.quarantined),
            },
        )
        for lot in lots
        if levels_by_lot[lot.lot_id] != level_of(lot)
    ]
    return sum(ingest(work, counts, now=at))


def level_of(lot: Lot) -> Level:
    """What the book has of a lot."""
    return Level(lot.lot_id, lot.on_hand, lot.reserved, lot.quarantined)
