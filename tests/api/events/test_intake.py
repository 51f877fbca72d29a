"""Many at once: they are served together, one's trouble is not the others', and there is no more room than there is."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

import api.http.protocol
from api.http.batching import MicroBatcher
from api.http.limits import Limits
from benchmarks.harness.stack import serving
from domain.access.keys import create_key
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database

PATIENCE = 30


class Kitchen:
    """Serves squares, when it is let to, and 4 at any time; it cannot serve 13."""

    def __init__(self) -> None:
        self.parties: list[list[int]] = []
        self.open = threading.Event()
        self.busy = threading.Event()

    def serve(self, questions: list[int]) -> list[int]:
        self.parties.append(questions)
        self.busy.set()
        assert questions == [4] or self.open.wait(PATIENCE)
        if 13 in questions:
            raise ValueError("13")
        return [number * number for number in questions]


def ask(kitchen: Kitchen, first: Sequence[int], *others: Sequence[int], most: int = 4) -> list[Any]:
    """What each request is answered, when the others come while the first is being served."""
    gathering = MicroBatcher(kitchen.serve, threads=1, most=most)

    async def run() -> list[Any]:
        asking = [asyncio.create_task(gathering.ask(first))]
        await asyncio.to_thread(kitchen.busy.wait, PATIENCE)
        asking += [asyncio.create_task(gathering.ask(each)) for each in others]
        await asyncio.sleep(0)
        kitchen.open.set()
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(run())


def test_who_comes_while_it_is_busy_is_served_together() -> None:
    kitchen = Kitchen()
    assert ask(kitchen, [1], [2], [3, 4], [5]) == [[1], [4], [9, 16], [25]]
    assert kitchen.parties == [[1], [2, 3, 4, 5]]


def test_a_long_request_is_served_in_parts_in_its_order() -> None:
    kitchen = Kitchen()
    assert ask(kitchen, [1], [2, 3, 4, 5, 6, 7], [8]) == [[1], [4, 9, 16, 25, 36, 49], [64]]
    assert [number for party in kitchen.parties for number in party if number in range(2, 8)] == list(range(2, 8))


def test_others_wait_for_who_is_being_served_and_are_served_together() -> None:
    kitchen = Kitchen()
    gathering = MicroBatcher(kitchen.serve, threads=2, most=4, patience=PATIENCE)

    async def run(*others: list[int]) -> list[list[int]]:
        asking = [asyncio.create_task(gathering.ask([1]))]
        await asyncio.to_thread(kitchen.busy.wait, PATIENCE)
        asking += [asyncio.create_task(gathering.ask(each)) for each in others]
        await asyncio.sleep(0)
        kitchen.open.set()
        return await asyncio.gather(*asking)

    assert asyncio.run(run([2], [3])) == [[1], [4], [9]]
    assert kitchen.parties == [[1], [2, 3]]


def test_where_serving_is_dear_the_first_is_gathered_with_those_who_come_soon_after() -> None:
    kitchen = Kitchen()
    kitchen.open.set()
    gathering = MicroBatcher(kitchen.serve, threads=1, most=4, gather=1)

    async def run() -> list[list[int]]:
        return await asyncio.gather(*(gathering.ask([number]) for number in (1, 2, 3)))

    assert asyncio.run(run()) == [[1], [4], [9]]
    assert kitchen.parties == [[1, 2, 3]]


def test_who_has_waited_is_served_beside_who_is_stuck() -> None:
    kitchen = Kitchen()
    gathering = MicroBatcher(kitchen.serve, threads=2, most=4, patience=0.01)

    async def run() -> list[int]:
        stuck = asyncio.create_task(gathering.ask([1]))
        await asyncio.to_thread(kitchen.busy.wait, PATIENCE)
        served = await gathering.ask([4])
        kitchen.open.set()
        return served + await stuck

    assert asyncio.run(run()) == [16, 1]


def test_the_trouble_of_one_is_not_that_of_the_others() -> None:
    first, bad, good = ask(Kitchen(), [1], [13], [3])
    assert (first, good) == ([1], [9])
    assert isinstance(bad, ValueError)


def test_who_has_left_takes_nobody_s_answer() -> None:
    kitchen = Kitchen()
    gathering = MicroBatcher(kitchen.serve, threads=1, most=4)

    async def run() -> list[int]:
        gone, staying = asyncio.create_task(gathering.ask([2])), asyncio.create_task(gathering.ask([3]))
        await asyncio.to_thread(kitchen.busy.wait, PATIENCE)
        gone.cancel()
        kitchen.open.set()
        return await staying

    assert asyncio.run(run()) == [9]


LIMITS = Limits(events_per_second=1_000_000, max_held_bytes=40_000, transactions=2)


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Iterator[httpx.Client]:
    """A client of the real server, which has room for little."""
    with db.begin() as session:
        secret = create_key(session, "test", ["ingest"], clock.now())
    allowed = {"Authorization": f"Bearer {secret}"}
    with serving(db, clock, LIMITS) as url, httpx.Client(base_url=url, headers=allowed, timeout=PATIENCE) as client:
        yield client


def viewed(number: int, who: str = "u1", size: int = 10) -> dict[str, Any]:
    data = {"customer": {"unionid": who}, "sku": "x" * 10, "note": "x" * size}
    return {"id": str(number), "source": "test", "type": "product.viewed", "data": data}


def test_beyond_its_room_it_answers_503_and_loses_nothing_it_took(shop: httpx.Client, db: Database) -> None:
    shop.post("/v1/events", json=viewed(0)).raise_for_status()
    with ThreadPoolExecutor(60) as threads, db() as session:
        session.execute(text("SELECT id FROM customers FOR UPDATE"))  # nothing of this customer can be taken
        posting = [threads.submit(shop.post, "/v1/events", json=viewed(number, size=900)) for number in range(1, 61)]
        first = (future.result() for future in as_completed(posting, timeout=PATIENCE))
        refused = next(answer for answer in first if answer.status_code == 503)
        session.rollback()
        answers = [future.result() for future in posting]
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert {answer.status_code for answer in answers} == {202, 503}
    with db() as session:
        kept = {event.event_id for event in session.exec(select(Event))}
    assert len(kept) == 1 + sum(answer.status_code == 202 for answer in answers)
    again = [shop.post("/v1/events", json=viewed(number)) for number in range(61)]
    assert sum(answer.json()["accepted"] for answer in again) == 61 - len(kept)


def test_a_slow_client_holds_what_it_has_sent_and_no_connection(shop: httpx.Client) -> None:
    slow = []
    for _ in range(25):  # more than the pool has connections
        connection = socket.create_connection((shop.base_url.host, shop.base_url.port or 80), timeout=PATIENCE)
        head = f"POST /v1/events HTTP/1.1\r\nHost: test\r\nAuthorization: {shop.headers['authorization']}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 900000\r\n\r\n[".encode())
        slow.append(connection)
    assert shop.post("/v1/events", json=viewed(1)).status_code == 202
    for connection in slow:
        connection.close()


def test_a_body_that_grows_beyond_the_room_is_refused_while_it_comes(shop: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        yield b"["
        for _ in range(1000):
            yield b" " * 1000

    answer = shop.post("/v1/events", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code in (413, 503)
    assert shop.post("/v1/events", json=viewed(1)).status_code == 202


def connect(shop: httpx.Client) -> socket.socket:
    return socket.create_connection((shop.base_url.host, shop.base_url.port or 80), timeout=PATIENCE)


def test_headers_have_a_bound_and_are_not_held_beyond_it(shop: httpx.Client) -> None:
    with connect(shop) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n")
        with suppress(ConnectionError):
            for number in range(1000):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        with suppress(ConnectionError):
            assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
    assert shop.get("/healthz", headers={"X": "x" * 20_000}).status_code == 200


@pytest.mark.parametrize("start", [b"", b"GET /healthz HTTP/1.1\r\nHost: t"])
def test_headers_that_do_not_come_end_the_connection(
    shop: httpx.Client, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.http.protocol, "HEADER_SECONDS", 0.05)
    with connect(shop) as connection:
        connection.sendall(start)
        assert connection.recv(100) == b""


def test_the_next_request_of_a_connection_has_the_same_bounds(
    shop: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(shop) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        answer = b""
        while not answer.endswith(b'{"status":"ok"}'):
            piece = connection.recv(1000)
            assert piece
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200 ")
        monkeypatch.setattr(api.http.protocol, "HEADER_SECONDS", 0.05)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: t")
        assert connection.recv(1000) == b""
