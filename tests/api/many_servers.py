"""The API as so many processes of their own, on sockets, before one database."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from unittest.mock import patch

import httpx
import uvicorn

from api.app import create_app
from api.http.limits import Limits
from domain.store.clock import VirtualClock
from runtime.platform.database import API, connect


def serve(url: str, clock: VirtualClock, told: Connection) -> None:
    """Serve until nobody listens at the other end; tell the port."""
    engine, db = connect(url, API)
    app = create_app(db, clock, ready=lambda: {"postgres": True}, limits=Limits(events_per_second=1_000_000))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    told.send(server.servers[0].sockets[0].getsockname()[1])
    told.poll(None)
    server.should_exit = True
    thread.join()
    engine.dispose()


@contextmanager
def servers(number: int, url: str, clock: VirtualClock, secret: str) -> Iterator[Sequence[httpx.Client]]:
    """A client of each. They are forked from one that has read the code once."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["many_servers"])
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):  # it knows no other way to what it is to read
        ensure_running()
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/cloudevents-batch+json"}
    with ExitStack() as stack:
        pipes = []
        for _ in range(number):
            ours, theirs = processes.Pipe()
            process = processes.Process(target=serve, args=(url, clock, theirs), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join, 20)
            stack.callback(ours.close)
            pipes.append(ours)
        ports = [pipe.recv() for pipe in pipes]
        yield [
            stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60))
            for port in ports
        ]
