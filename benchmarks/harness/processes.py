"""The parts as processes of their own, as they run in production, and what each takes of the machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import httpx
import psutil
from sqlalchemy import text

from benchmarks.harness.stack import Stack, store
from runtime.platform.embedded import binary, free_port, temporal_server


@contextmanager
def services(*journeys: str) -> Iterator[Stack]:
    """Postgres with these journeys published, and Temporal; nobody works yet."""
    with store(*journeys) as parts, temporal_server() as address:
        yield replace(parts, temporal=address)


@contextmanager
def api(parts: Stack) -> Iterator[tuple[str, psutil.Process]]:
    """`aftershow api` on a socket; yields its address and the process."""
    port = free_port()
    with _running(
        parts, [binary("aftershow"), "api"], {"AFTERSHOW_PORT": str(port), "AFTERSHOW_RATE": "10000000"}
    ) as process:
        url = f"http://127.0.0.1:{port}"
        while process.is_running():
            try:
                httpx.get(f"{url}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url, process


@contextmanager
def worker(parts: Stack, **settings: str) -> Iterator[psutil.Process]:
    """`aftershow worker` with its relay and housekeeping. It begins as soon as it has found the others."""
    with _running(parts, [binary("aftershow"), "worker"], {"TEMPORAL_ADDRESS": parts.temporal} | settings) as process:
        yield process


@contextmanager
def module(parts: Stack, name: str) -> Iterator[psutil.Process]:
    """A module of ours as a program, which finds the others as a worker does."""
    with _running(parts, [sys.executable, "-m", name], {"TEMPORAL_ADDRESS": parts.temporal}) as process:
        yield process


@contextmanager
def _running(parts: Stack, command: list[str], told: dict[str, str]) -> Iterator[psutil.Process]:
    address = parts.engine.url.render_as_string(hide_password=False)
    environment = os.environ | {"AFTERSHOW_DATABASE_URL": address} | told
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def postgres(parts: Stack) -> psutil.Process:
    """The server, whose children serve a connection each."""
    with parts.engine.connect() as connection:
        backend = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    server = backend.parent()
    assert server is not None
    return server


def temporal(parts: Stack) -> psutil.Process:
    """The server that this process has started."""
    port = parts.temporal.rpartition(":")[2]
    return next(child for child in psutil.Process().children() if port in child.cmdline())


def used(process: psutil.Process) -> float:
    """Seconds of processor time of a process and its children, those that have ended included."""
    times = [item.cpu_times() for item in (process, *process.children(recursive=True))]
    return float(sum(part.user + part.system for part in times) + times[0].children_user + times[0].children_system)


def memory(process: psutil.Process) -> float:
    """MB that a process holds."""
    return float(process.memory_info().rss / 1e6)


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The median, and what 99 % come below."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def until(holds: Callable[[], bool], seconds: float, *, every: float = 0.1) -> None:
    """Wait for something to come true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(every)
