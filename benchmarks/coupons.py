"""Coupons at the till over HTTP, 50 connections at once, beside a bare UPDATE of the same rows by as many."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from statistics import quantiles
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from benchmarks.harness.driver import drive, driver
from benchmarks.harness.stack import Stack, stack
from domain.conditions.facts import CustomerFacts
from domain.coupons.issuing import issue
from domain.customers.identifiers import identify
from domain.customers.resolution import lock_customers
from domain.customers.tables import CustomerRow
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.store.work import UnitOfWork
from runtime.platform.database import connect

CONNECTIONS = 50
ORDERS = 1000
JOURNEY = """
journey: gifts
trigger: {event: form.filled}
entry: {again: always}
steps: [{wait: 30d}]
"""
TERMS = {"name": "满59减10", "amount_off": 1000, "threshold": 5900, "valid": "2d", "budget_count": 10**6}
LINES = [
    {"sku": "beans-250", "category": "咖啡豆", "quantity": 1, "price": 5900},
    {"sku": "filters", "quantity": 2, "price": 990},
    {"sku": "milk", "quantity": 3, "price": 500},
]


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with stack(JOURNEY) as parts:
        codes = _issue(parts)
        floor = _bare(parts, codes)
        baskets = [{"customer": str(customer), "lines": LINES, "codes": [code]} for customer, code in codes]
        orders = [{"order_id": f"o{number}"} for number in range(ORDERS)]
        locks = [order | basket for order, basket in zip(orders, baskets, strict=True)]
        with driver() as driving:

            def drive_all(name: str, bodies: Sequence[dict[str, Any]]) -> tuple[float, list[float]]:
                sent = [json.dumps(body).encode() for body in bodies]
                return driving.submit(drive, f"{parts.url}/v1/coupons/{name}", parts.key, sent, CONNECTIONS).result()

            drive_all("quote", baskets[:200])
            for name, bodies in (("quote", baskets * 2), ("lock", locks), ("redeem", orders)):
                elapsed, spans = drive_all(name, bodies)
                rate, (p50, p99) = len(bodies) / elapsed, itemgetter(49, 98)(quantiles(spans, n=100))
                yield (
                    f"coupons: {name}s at {CONNECTIONS} connections",
                    f"{rate:,.0f}/s (p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms)",
                    f"bare UPDATE of the same rows: {floor:,.0f}/s",
                    f"{rate / floor:.2f}",
                    "",
                )


def _issue(parts: Stack) -> list[tuple[int, str]]:
    """A coupon for each of as many customers as there will be orders; gives the customers' ids and codes."""
    now = datetime.now(UTC)
    with parts.db.begin() as work:
        publish_document(work, "_coupons", {"ten": TERMS})
    for start in range(0, ORDERS, 100):
        events = [
            Incoming("bench", str(n), "form.filled", now, {}, identify(f"member_no:m{n}", None))
            for n in range(start, start + 100)
        ]
        with parts.db.begin() as work:
            ingest(work, events, now=now)
    with parts.db() as session:
        ids = session.exec(select(Enrollment.id)).all()
    return [coupon for start in range(0, ORDERS, 100) for coupon in _give(parts, ids[start : start + 100], now)]


def _give(parts: Stack, enrollments: Any, now: datetime) -> list[tuple[int, str]]:
    with parts.db.begin() as work:
        owners = work.exec(select(Enrollment.customer_id).where(col(Enrollment.id).in_(enrollments))).all()
        customers = lock_customers(work, owners)
        rows = work.read(EnrollmentRow, col(Enrollment.id).in_(enrollments))
        return [(row.customer_id, _one(work, customers[row.customer_id], row, now)) for row in rows]


def _one(work: UnitOfWork, customer: CustomerRow, enrollment: EnrollmentRow, now: datetime) -> str:
    facts = CustomerFacts(work, read_library(work), customer, now)
    return issue(work, facts, enrollment, "gift", "ten").code


def _bare(parts: Stack, codes: list[tuple[int, str]]) -> float:
    """Updates a second of those rows, each its own transaction."""
    update = text("UPDATE coupons SET locked_until = :until WHERE code = :code")
    until = datetime.now(UTC) + timedelta(days=1)
    engine, _ = connect(parts.engine.url.render_as_string(hide_password=False), pool_size=CONNECTIONS)

    def one(code: str) -> None:
        with engine.begin() as connection:
            connection.execute(update, {"code": code, "until": until})

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(one, [code for _, code in codes[:CONNECTIONS]]))
        begin = time.perf_counter()
        list(threads.map(one, [code for _, code in codes]))
        rate = len(codes) / (time.perf_counter() - begin)
    engine.dispose()
    return rate
