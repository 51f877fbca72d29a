"""`aftershow up`: everything on one machine, in one terminal."""

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import httpx
from httpx import HTTPError
from rich.live import Live
from sqlalchemy.exc import DBAPIError, OperationalError
from temporalio.service import RPCError

from domain.access.keys import create_key, find_key
from domain.access.permissions import SCOPES
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime import CONSOLE, StartError, terminal_language
from runtime.authoring.reports import published_text
from runtime.demo.board import board
from runtime.demo.conductor import Conductor
from runtime.local import first_users
from runtime.local.supervisor import StopRequested, Supervisor
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import Program, postgres_program, temporal_program
from runtime.platform.environment import keep_environment, write_secret
from runtime.platform.settings import check_providers
from runtime.platform.stored_clock import clock_of

HOST = "127.0.0.1"
LOOK_SECONDS = 1.0
PLAIN_SECONDS = 10.0
FINISHED = "story-is-told"


@dataclass(frozen=True)
class Options:
    """What `aftershow up` is asked for."""

    data: Path
    specs: Path
    templates: Path
    port: int
    temporal_port: int
    ui_port: int
    watch: bool
    demo: bool


def up(options: Options, say: Callable[[str], None]) -> None:
    """Run Postgres, Temporal, the API and a worker until a signal ends them. Raises StartError in plain words."""
    check_providers()
    if options.demo and (options.data / FINISHED).exists():
        shutil.rmtree(options.data)
    with Supervisor(options.data, say) as supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stopping.set())
        try:
            _run(options, supervisor, say)
        except StopRequested:
            pass
        finally:
            say("stopping …")
    say(f"stopped; the data stays in {options.data}")


def _run(options: Options, supervisor: Supervisor, say: Callable[[str], None]) -> None:
    _require_free(options)
    postgres, url = postgres_program(options.data)
    supervisor.start(postgres)
    upgrade(url)
    engine, db = connect(url, pool_size=1)
    key = _keep_key(options.data / "key", db)
    demo = Demo(options, db, key, say) if options.demo else None
    published = Publisher(options, db, say)
    published.publish_changes()
    supervisor.start(temporal_program(options.data, port=options.temporal_port, ui_port=options.ui_port))
    environment = _environment(options, url)
    keep_environment(options.data, environment)
    supervisor.start(_part("API", "api", environment, lambda: _answers(f"http://{HOST}:{options.port}/healthz")))
    supervisor.start(_part("Worker", "worker", environment, lambda: True))
    say(_welcome(options, first_users.links(db, options.demo)))

    def every_tick() -> None:
        if options.watch:
            published.tick()
        if demo:
            demo.tick()

    supervisor.watch(every_tick)
    engine.dispose()


class Publisher:
    """Publishes the specs and texts, and again when a file of theirs has changed."""

    def __init__(self, options: Options, db: Database, say: Callable[[str], None]) -> None:
        self._options = options
        self._db = db
        self._say = say
        self._seen: dict[Path, int] = {}
        self._checked_at = 0.0

    def publish_changes(self) -> None:
        """Publish if something is new; tell what came of it."""
        from runtime.authoring.publishing import publish_directory

        self._checked_at = time.monotonic()
        files = [*self._options.specs.rglob("*.yaml"), *self._options.templates.rglob("*.j2")]
        present = {path: path.stat().st_mtime_ns for path in files if path.exists()}
        if present == self._seen:
            return
        try:
            now = clock_of(self._db).now()
            report = publish_directory(
                self._db, self._options.specs, self._options.templates, now, lang=terminal_language()
            )
        except OperationalError:
            self._say("Postgres is away; what was saved is published when it is back")
        else:
            self._seen = present
            self._say(published_text(report, terminal_language()))

    def tick(self) -> None:
        """Look once a second."""
        if time.monotonic() - self._checked_at >= LOOK_SECONDS:
            self.publish_changes()


class Demo:
    """Tells the demo shop's story and shows what the journeys come to."""

    def __init__(self, options: Options, db: Database, key: str, say: Callable[[str], None]) -> None:
        self._db = db
        self._say = say
        self._data = options.data
        self._ui = f"http://{HOST}:{options.ui_port}"
        self._finished = options.data / FINISHED
        self._conductor = Conductor(db, f"http://{HOST}:{options.port}", key, f"{HOST}:{options.temporal_port}")
        self._live = Live(console=CONSOLE, auto_refresh=False, vertical_overflow="visible")
        self._shown_at = 0.0

    def tick(self) -> None:
        """Move the story on, and show the board about once a second. A part that is away is only waited for."""
        if not self._finished.exists():
            with suppress(DBAPIError, HTTPError, RPCError, RuntimeError):
                self._move_on()

    def _move_on(self) -> None:
        self._conductor.tick()
        every = LOOK_SECONDS if CONSOLE.is_terminal else PLAIN_SECONDS
        over = self._conductor.over()
        if over or time.monotonic() - self._shown_at >= every:
            self._shown_at = time.monotonic()
            self._show()
        if over:
            self._live.stop()
            self._finished.touch()
            self._say("The story is told. Everything stays up until Ctrl-C; the next demo begins anew.")

    def _show(self) -> None:
        table = board(self._db, self._conductor.now(), self._ui, self._data)
        if CONSOLE.is_terminal:
            self._live.start()
            self._live.update(table, refresh=True)
        else:
            CONSOLE.print(table)


def _require_free(options: Options) -> None:
    wanted = {"--port": options.port, "--temporal-port": options.temporal_port, "--ui-port": options.ui_port}
    for option, port in wanted.items():
        others = [other for other, number in wanted.items() if number == port and other != option]
        if others:
            raise StartError(f"{option} and {others[0]} are both {port}; give each a port of its own")
        try:
            socket.create_server((HOST, port)).close()
        except OSError as problem:
            raise StartError(
                f"port {port} cannot be used ({(problem.strerror or str(problem)).lower()}); "
                f"free it, or choose another with {option}"
            ) from None


def _keep_key(path: Path, db: Database) -> str:
    with db.begin() as work:
        if path.exists() and find_key(work, secret := path.read_text().strip()):
            return secret
        secret = create_key(work, "local", SCOPES, SystemClock().now())
    write_secret(path, secret)
    return secret


def keep_signing_key(data: Path) -> str:
    """The secret that signs links: as the environment says, else this data directory's own, made once."""
    if key := os.environ.get("AFTERSHOW_SIGNING_KEY"):
        return key
    path = data / "signing-key"
    if not path.exists():
        write_secret(path, token_urlsafe(32))
    return path.read_text().strip()


def _environment(options: Options, url: str) -> dict[str, str]:
    return {
        "AFTERSHOW_DATABASE_URL": url,
        "AFTERSHOW_HOST": HOST,
        "AFTERSHOW_PORT": str(options.port),
        "AFTERSHOW_PUBLIC_URL": os.environ.get("AFTERSHOW_PUBLIC_URL", f"http://{HOST}:{options.port}"),
        "AFTERSHOW_SIGNING_KEY": keep_signing_key(options.data),
        "TEMPORAL_ADDRESS": f"{HOST}:{options.temporal_port}",
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "AFTERSHOW_TEMPORAL_UI": f"http://{HOST}:{options.ui_port}/namespaces/default",
    }


def _part(name: str, command: str, environment: dict[str, str], ready: Callable[[], bool]) -> Program:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    variables = inherited | environment | {"PYTHONUNBUFFERED": "1"}
    return Program(name, (sys.executable, "-m", "runtime.cli", command), ready, variables)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


def _welcome(options: Options, links: Mapping[str, str]) -> str:
    api = f"http://{HOST}:{options.port}"
    signs_in = "\n".join(f"    {role:<10}{first_users.link(api, token)}" for role, token in links.items())
    return f"""
Aftershow is up. Ctrl-C stops it; the data stays in {options.data}.

  The console is at {api}/console. Each of these links signs in once, within a day:
{signs_in}

  API, with its documentation   {api}/docs
  Temporal UI                   http://{HOST}:{options.ui_port}
  metrics                       {api}/metrics
  logs                          {options.data / "log"}
  API key                       in {options.data / "key"}

Post an event:

  curl {api}/v1/events -H 'Content-Type: application/json' -H "Authorization: Bearer $(cat {options.data / "key"})" \\
    -d '{{"specversion": "1.0", "id": "try-1", "source": "curl", "type": "order.paid",
         "subject": "phone:+8613800000001", "data": {{"order_id": "try-1", "total": 8900}}}}'
"""
