"""The worker's own small door: `/healthz`, `/readyz` and `/metrics` on a port of their own.

It asks for no key: keys are looked up in Postgres, and a worker must be able to tell that Postgres is away. So it is
open to this machine alone unless AFTERSHOW_WORKER_HOST says otherwise. What it tells are counts, with the names of
journeys' Schedules and of accounts with providers, and nothing of customers; whoever opens it wider keeps it in an
internal network.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import Engine, Pool
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.service import RPCError

from api.http.context import Readiness
from api.http.figures import scraped
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.platform.database import trouble
from runtime.platform.measures import RELAY
from runtime.platform.temporal import pollers

DRAINED_WITHIN = 30.0
"""Seconds; an idle relay looks every five."""

ANSWERS_WITHIN = 3.0


class Condition:
    """How a worker stands. `loop` is the one that it works in, which other threads ask; `probe` is for asking alone."""

    def __init__(self, client: Client, probe: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._probe = probe
        self._loop = loop
        self.workers: int | None = None

    def checks(self) -> dict[str, bool]:
        """Whether Postgres answers, Temporal sees this worker ask for work, and the relay gets through the outbox."""
        found = self._pollers()
        self.workers = None if found is None else len(found)
        return {
            "postgres": trouble(self._probe) is None,
            "temporal": found is not None,
            "polling": found is not None and self._client.identity in found,
            "relay": RELAY.age < DRAINED_WITHIN,
        }

    def _pollers(self) -> set[str] | None:
        asked = asyncio.run_coroutine_threadsafe(pollers(self._client), self._loop)
        try:
            return asked.result(ANSWERS_WITHIN)
        except (RPCError, RuntimeError, TimeoutError):
            asked.cancel()
            return None


def door(condition: Condition, db: Database, clock: Clock, pool: Pool) -> Starlette:
    """The routes. `db` is for the figures alone, `pool` is what the worker works with."""
    ready = Readiness(condition.checks)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        checks = await ready.ask()
        if all(checks.values()):
            return JSONResponse({"status": "ready", "checks": checks})
        return JSONResponse({"status": "away", "checks": checks}, 503, {"Retry-After": "2"})

    async def metrics(_: Request) -> Response:
        parts = await ready.ask()
        return Response(
            await run_in_threadpool(scraped, db, clock, parts, condition.workers, pool), media_type=CONTENT_TYPE_LATEST
        )

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


@contextmanager
def open_door(routes: Starlette, host: str, port: int | None) -> Iterator[None]:
    """Serve it in a thread of its own while the block runs; nothing without a port. Raises StartError."""
    if port is None:
        yield
        return
    server = uvicorn.Server(uvicorn.Config(routes, host=host, port=port, access_log=False, server_header=False))
    thread = threading.Thread(target=_serve, args=(server,), name="door", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise StartError(f"AFTERSHOW_WORKER_PORT: port {port} of {host} can't be had; is it in use?")
        thread.join(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _serve(server: uvicorn.Server) -> None:
    try:
        server.run()
    except SystemExit:  # how uvicorn says that it can't listen; it has told why
        return
