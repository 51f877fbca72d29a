"""Taking in orders whose products are in the stock book, beside the same orders of products that are not.

`python -m benchmarks.stock` runs it by itself.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from sqlmodel import SQLModel

from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.store.work import Database
from runtime.platform.database import connect
from runtime.platform.embedded import embedded_postgres

BATCH = 500
BATCHES = 10
SKUS = 200
LOTS_EACH = 3
CITY = "杭州"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: orders a second, medians of batches that take turns."""
    with tempfile.TemporaryDirectory() as scratch, embedded_postgres(Path(scratch), durable=True) as url:
        engine, db = connect(url, pool_size=1)
        SQLModel.metadata.create_all(engine)
        _receive(db)
        dice = Random(1)
        seconds: dict[str, list[float]] = {"kept": [], "other": []}
        for number in range(BATCHES + 1):
            for kind, took in seconds.items():
                took.append(_take(db, dice, kind, number))
        engine.dispose()
    own, other = (BATCH / median(took[1:]) for took in seconds.values())
    yield (
        f"orders of 3 products, {BATCH} a batch, in the stock book", f"{own:.0f}/s", f"not in it: {other:.0f}/s",
        f"{own / other:.2f}", "",
    )  # fmt: skip


def _receive(db: Database) -> None:
    lots = [
        Incoming(
            source="wms",
            id=f"{sku}/{lot}",
            type="lot.received",
            time=NOW - timedelta(days=1),
            data={
                "lot_id": f"L{sku}/{lot}",
                "sku": f"kept-{sku}",
                "city": CITY,
                "quantity": 10**6,
                "expires_on": f"2026-03-{10 + lot}",
            },
        )
        for sku in range(SKUS)
        for lot in range(LOTS_EACH)
    ]
    with db.begin() as work:
        ingest(work, lots, now=NOW)


def _take(db: Database, dice: Random, kind: str, number: int) -> float:
    """Take a batch in, every order of a customer known from the first batch; returns the seconds."""
    orders = [
        Incoming(
            source="shop",
            id=f"{kind}/{number}/{place}",
            type="order.paid",
            time=NOW,
            data={
                "order_id": f"{kind}/{number}/{place}",
                "total": 8900,
                "city": CITY if kind == "kept" else "拉萨",
                "items": [{"sku": f"{kind}-{sku}", "quantity": 1} for sku in dice.sample(range(SKUS), 3)],
            },
            identifiers=identify(f"member_no:{kind}-{place}", None),
        )
        for place in range(BATCH)
    ]
    began = time.perf_counter()
    with db.begin() as work:
        ingest(work, orders, now=NOW)
    return time.perf_counter() - began


if __name__ == "__main__":
    from rich.console import Console

    for row in measure():
        Console().print(*row, sep="  ")
