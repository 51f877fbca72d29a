"""The real parts, for a measurement: Postgres, Temporal, the API on a socket, a worker with its relay."""

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import APIRouter
from sqlalchemy import Engine
from temporalio.client import Client

from api.app import create_app
from api.http.limits import Limits
from api.http.protocol import BoundedProtocol
from domain.access.keys import create_key
from domain.published.publishing import publish_journey, publish_text
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres, free_port, temporal_server
from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import THREADS, working
from workflows.language.compile import read_journey


@dataclass(frozen=True)
class Stack:
    """What a measurement can use."""

    engine: Engine
    db: Database
    url: str
    key: str
    temporal: str


@contextmanager
def stack(*journeys: str) -> Iterator[Stack]:
    """The parts, with these journeys published; their texts are one word."""
    with store(*journeys) as parts, serving(parts.db, SystemClock()) as url, temporal_server() as temporal:
        yield replace(parts, url=url, temporal=temporal)


@contextmanager
def store(*journeys: str) -> Iterator[Stack]:
    """Of the parts, only Postgres; the rest has no address."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as parts:
        address = parts.enter_context(embedded_postgres(Path(scratch), durable=True))
        upgrade(address)
        engine, db = connect(address, pool_size=THREADS + 4)
        parts.callback(engine.dispose)
        now = datetime.now(UTC)
        with db.begin() as work:
            key = create_key(work, "benchmark", ["ingest"], now)
            for text in journeys:
                plan = read_journey(text, "", None).plan
                if plan is None:
                    raise ValueError("a benchmark's journey has mistakes")
                publish_journey(work, plan, text, now)
            publish_text(work, "hello", "sms", "hello")
        yield Stack(engine, db, "", key, "")


@contextmanager
def serving(
    db: Database, clock: Clock, limits: Limits | None = None, receivers: Sequence[APIRouter] = ()
) -> Iterator[str]:
    """The API on a socket of its own; yields its address."""
    port = free_port()
    app = create_app(db, clock, ready=lambda: {"postgres": True}, limits=limits, receivers=receivers)
    server = uvicorn.Server(uvicorn.Config(app, http=BoundedProtocol, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@asynccontextmanager
async def worker(parts: Stack) -> AsyncIterator[Client]:
    """A worker with its relay running; yields its client."""
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    async with working(client, parts.db, SystemClock()) as relay:
        relaying = asyncio.create_task(relay.run(parts.engine))
        yield client
        relaying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relaying
