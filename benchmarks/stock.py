"""Taking in orders that the stock book or a running show follows, beside the same orders that neither knows of.

`python -m benchmarks.stock` runs it by itself.
"""

import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psutil
from sqlalchemy import text
from sqlmodel import SQLModel

from benchmarks.harness.processes import used
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.published.publishing import publish_document
from domain.stock.tables import LiveSale, Stream
from domain.store.work import Database
from runtime.platform.database import connect
from runtime.platform.embedded import embedded_postgres
from workflows.language.stock_rules import StockRules

BATCH = 500
BATCHES = 20
SKUS = 200
LOTS_EACH = 3
CITY = "杭州"
SHOW = "evening"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KINDS = {"kept": "in the stock book", "shown": "in a running show", "other": "in neither"}


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: orders for a second of processor time, ours and Postgres's; batches take turns."""
    with tempfile.TemporaryDirectory() as scratch, embedded_postgres(Path(scratch), durable=True) as url:
        engine, db = connect(url, pool_size=1)
        SQLModel.metadata.create_all(engine)
        with engine.connect() as connection:
            backend = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        _prepare(db)
        dice = Random(1)
        seconds = dict.fromkeys(KINDS, 0.0)
        for number in range(BATCHES + 1):
            for kind in KINDS:
                orders = _orders(dice, kind, number)
                gc.collect()  # what others have left isn't this one's to clear up
                began = time.process_time() + used(backend)
                _take(db, orders)
                seconds[kind] += time.process_time() + used(backend) - began if number else 0
        engine.dispose()
    rates = {kind: BATCH * BATCHES / seconds[kind] for kind in KINDS}
    for kind, aim in (("kept", ""), ("shown", "≥ 0.9")):
        yield (
            f"orders of 3 products, {BATCH} a batch, {KINDS[kind]}",
            f"{rates[kind]:,.0f} for a second of CPU",
            f"{KINDS['other']}: {rates['other']:,.0f}",
            f"{rates[kind] / rates['other']:.2f}",
            aim,
        )


def _prepare(db: Database) -> None:
    """Goods come in, and a show begins that sells others, as one did the week before."""
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
    show = Incoming("studio", "begun", "stream.started", NOW - timedelta(minutes=1), {"stream_id": SHOW})
    before = NOW - timedelta(days=7)
    with db.begin() as work:
        publish_document(work, "_stock", StockRules().body())
        work.add(Stream(stream_id="before", starts_at=before, ended_at=before + timedelta(minutes=BATCHES)))
        for minute in range(BATCHES):
            for sku in range(SKUS):
                at = before + timedelta(minutes=minute)
                work.add(LiveSale(stream_id="before", sku=f"shown-{sku}", minute=at, units=3 * BATCH // SKUS))
        ingest(work, [*lots, show], now=NOW)


def _take(db: Database, orders: Sequence[Incoming]) -> None:
    with db.begin() as work:
        ingest(work, orders, now=orders[0].time)


def _orders(dice: Random, kind: str, number: int) -> list[Incoming]:
    """A batch, a minute after the one before, every order of a customer known from the first."""
    return [
        Incoming(
            source="shop",
            id=f"{kind}/{number}/{place}",
            type="order.paid",
            time=NOW + timedelta(minutes=number),
            data={
                "order_id": f"{kind}/{number}/{place}",
                "total": 8900,
                "city": CITY if kind == "kept" else "拉萨",
                "items": [{"sku": f"{kind}-{sku}", "quantity": 1} for sku in dice.sample(range(SKUS), 3)],
                **({"stream_id": SHOW} if kind == "shown" else {}),
            },
            identifiers=identify(f"member_no:{kind}-{place}", None),
        )
        for place in range(BATCH)
    ]


if __name__ == "__main__":
    from rich.console import Console

    for row in measure():
        Console().print(*row, sep="  ")
