"""Parts of the product as processes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx


@contextmanager
def process(environment: dict[str, str], *command: str) -> Iterator[None]:
    running = subprocess.Popen([sys.executable, "-m", "runtime.cli", *command], env={**os.environ, **environment})
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


def eventually(holds: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    return False
