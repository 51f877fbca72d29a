"""Coupons at the till over HTTP, 50 connections at once, beside a bare UPDATE of the same rows by as many."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import httpx
from sqlalchemy import text
from sqlmodel import Session, select

from benchmarks.stack import Stack, stack
from domain.coupons import issue
from domain.customers import lock_customers
from domain.facts import CustomerFacts
from domain.identifiers import identify
from domain.ingest import Incoming, ingest
from domain.library import read_library
from domain.publishing import publish_document
from domain.tables import Customer, Enrollment
from runtime.database import connect

CONNECTIONS = 50
ORDERS = 1000
QUOTES = 2000
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

Call = Callable[[httpx.AsyncClient, int], Awaitable[Any]]


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with stack(JOURNEY) as parts:
        codes = _issue(parts)
        with ProcessPoolExecutor(1, get_context("spawn")) as callers:
            rates = callers.submit(_call_all, parts.url, parts.key, codes).result()
        floor = _bare(parts, codes)
    for name, rate in rates.items():
        yield (
            f"coupons: {name} at {CONNECTIONS} connections",
            f"{rate:,.0f}/s",
            f"bare UPDATE of the same rows: {floor:,.0f}/s",
            f"{rate / floor:.2f}",
            "",
        )


def _issue(parts: Stack) -> list[tuple[int, str]]:
    """A coupon for each of as many customers as there will be orders; gives the customers' ids and codes."""
    now = datetime.now(UTC)
    with parts.db.begin() as session:
        publish_document(session, "_coupons", {"ten": TERMS})
    for start in range(0, ORDERS, 100):
        events = [
            Incoming("bench", str(n), "form.filled", now, {}, identify(f"member_no:{n}", None))
            for n in range(start, start + 100)
        ]
        with parts.db.begin() as session:
            ingest(session, events, now=now)
    with parts.db() as session:
        ids = session.exec(select(Enrollment.id)).all()
    return [found for start in range(0, ORDERS, 100) for found in _give(parts, ids[start : start + 100], now)]


def _give(parts: Stack, enrollments: Any, now: datetime) -> list[tuple[int, str]]:
    with parts.db.begin() as session:
        rows = [session.get_one(Enrollment, id) for id in enrollments]
        customers = lock_customers(session, [row.customer_id for row in rows])
        return [(row.customer_id, _one(session, customers[row.customer_id], row, now)) for row in rows]


def _one(session: Session, customer: Customer, enrollment: Enrollment, now: datetime) -> str:
    return issue(CustomerFacts(session, read_library(session), customer, now), enrollment, "gift", "ten").code


def _call_all(url: str, key: str, codes: list[tuple[int, str]]) -> dict[str, float]:
    """The rate of each kind of call, from a process of its own."""

    def rate(call: Call, count: int) -> float:
        return asyncio.run(_rate(url, key, call, count))

    def basket(n: int) -> dict[str, Any]:
        customer, code = codes[n % ORDERS]
        return {"customer": str(customer), "lines": LINES, "codes": [code]}

    def quote(client: httpx.AsyncClient, n: int) -> Awaitable[Any]:
        return client.post("/v1/coupons/quote", json=basket(n))

    def lock(client: httpx.AsyncClient, n: int) -> Awaitable[Any]:
        return client.post("/v1/coupons/lock", json=basket(n) | {"order_id": f"o{n}"})

    def redeem(client: httpx.AsyncClient, n: int) -> Awaitable[Any]:
        return client.post("/v1/coupons/redeem", json={"order_id": f"o{n}"})

    rate(quote, 200)
    return {"quotes": rate(quote, QUOTES), "locks": rate(lock, ORDERS), "redeems": rate(redeem, ORDERS)}


async def _rate(url: str, key: str, call: Call, count: int) -> float:
    """Calls a second, each connection making the next as soon as the one before is answered."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    headers = {"Authorization": f"Bearer {key}"}
    numbers = iter(range(count))
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:

        async def connection() -> None:
            for number in numbers:
                (await call(client, number)).raise_for_status()

        begin = time.perf_counter()
        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
        return count / (time.perf_counter() - begin)


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
