"""What is under siege: `aftershow up` as its users run it, with its parts killed, and who its customers are."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.database import connect
from runtime.platform.embedded import free_port, postgres_program
from tests.providers.twilio_server import NUMBER, SID, TOKEN, TwilioServer

CAP = 2
PARTS = ("Postgres", "Temporal", "API", "Worker")
POLICY = f"""
shop: 绿野
timezone: Asia/Shanghai
quiet_hours: 22:00-08:00
caps: {{sms: {CAP} per 1d}}
"""
JOURNEYS = {
    "thanks": """
        journey: thanks
        trigger: {event: order.paid}
        entry: {again: never}
        steps:
          - {id: thank, send: thank, via: [sms], kind: transactional}
          - {id: guide, send: guide, via: [sms], kind: transactional}
          - {id: care, send: care, via: [sms], kind: transactional}
    """,
    "offers": """
        journey: offers
        trigger: {event: order.paid}
        entry: {again: never}
        exit: [{event: consent.withdrawn}]
        steps:
          - {id: first, send: first, via: [sms], coupon: five}
          - {id: second, send: second, via: [sms]}
          - {id: third, send: third, via: [sms]}
          - {id: fourth, send: fourth, via: [sms]}
    """,
}
COUPONS = 'five: {name: "五元", amount_off: 5元, valid: 7d, budget: {count: 1000000}}'
TEMPLATES = ("thank", "guide", "care", "first", "second", "third", "fourth")
WON = "【绿野】{{ trigger.prize }} {{ trigger.code }} 拒收请回复R"
"""The text that winners of a play get."""
QUIET_SECONDS = 20
"""How long it is waited for that a relay has told all there is, so that who comes next is told alone."""

HOLD_SECONDS = 15
"""How long it is waited for then that it has started a run and is about to write that down."""

HOLD = """
    CREATE TABLE hold (until timestamptz NOT NULL);
    INSERT INTO hold VALUES ('epoch');
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE seconds float := (SELECT extract(epoch FROM until - clock_timestamp()) FROM hold);
    BEGIN
        IF seconds > 0 THEN PERFORM pg_sleep(seconds); END IF;
        RETURN OLD;
    END $$;
    CREATE TRIGGER hold BEFORE DELETE ON outbox FOR EACH ROW WHEN (OLD.kind = 'start') EXECUTE FUNCTION hold();
"""
"""Holds who deletes a start from the outbox, which the relay does once Temporal has started its run."""

TEXT = "【绿野】{{ trigger.order_id }}/%s 拒收请回复R"


@dataclass
class Chaos:
    """What is going on: the stack's processes, the provider, and what was done to them.

    `noon` and `night` are timezones where it is about that time of day; `between` counts the kills that came between
    Temporal's start of a run and the relay's commit, for which a start is `wanted`.
    """

    data: Path
    url: str
    key: str
    db: Database
    provider: TwilioServer
    dice: random.Random
    noon: str
    night: str
    kills: Counter[str] = field(default_factory=Counter)
    between: int = 0
    wanted: threading.Event = field(default_factory=threading.Event)
    dropped: int = 0
    receipts: int = 0

    def post(self, path: str, body: Any) -> None:
        """Until it is taken, as a producer would."""
        headers = {"Authorization": f"Bearer {self.key}"}
        while True:
            with suppress(httpx.HTTPError):
                answer = httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=10)
                if answer.status_code in (202, 207):
                    assert answer.status_code == 202, answer.text
                    return
            time.sleep(0.2)

    def kill(self) -> str | None:
        """Kill a part, the least killed first, if all are up.

        Postgres and the worker are killed while a start that Temporal was told is being written down, if one comes.
        """
        with suppress(OSError, ValueError, KeyError, psutil.NoSuchProcess):
            running = {part["name"]: part["pid"] for part in json.loads((self.data / "processes.json").read_text())}
            up = [name for name in PARTS if psutil.Process(running[name]).status() != psutil.STATUS_ZOMBIE]
            if len(up) == len(PARTS):
                name = min(self.dice.sample(up, len(up)), key=lambda item: self.kills[item])
                held = self._hold() if name in ("Postgres", "Worker") else []
                os.kill(running[name], signal.SIGKILL)
                if name in ("Postgres", "Worker"):
                    eventually(lambda: self._let_go(held), HOLD_SECONDS)
                self.kills[name] += 1
                self.between += bool(held)
                return name
        return None

    def kill_part(self, name: str) -> None:
        """Kill a part of a name, as soon as it is there again after the last time."""
        eventually(lambda: self._try_to_kill(name), 60)

    def _try_to_kill(self, name: str) -> bool:
        with suppress(OSError, ValueError, StopIteration, psutil.NoSuchProcess):
            parts = json.loads((self.data / "processes.json").read_text())
            pid = next(part["pid"] for part in parts if part["name"] == name)
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                os.kill(pid, signal.SIGKILL)
                self.kills[name] += 1
                return True
        return False

    def _hold(self) -> Sequence[int]:
        """Hold the next deletion of a start. Returns the Postgres processes that are held, none if none came."""
        eventually(self._is_quiet, QUIET_SECONDS)
        with suppress(DBAPIError), self.db() as session:
            until = text("UPDATE hold SET until = clock_timestamp() + make_interval(secs => :seconds)")
            session.connection().execute(until, {"seconds": HOLD_SECONDS})
            session.commit()
            self.wanted.set()
            deadline = time.monotonic() + HOLD_SECONDS - 0.5
            while time.monotonic() < deadline:
                if held := session.connection().execute(text(_HELD)).scalars().all():
                    return held
                session.commit()
                time.sleep(0.05)
        return []

    def _is_quiet(self) -> bool:
        """Whether a relay listens and has told all there is."""
        with self.db() as session:
            listens = session.connection().execute(text(_LISTENS)).first() is not None
            return listens and session.exec(select(Outbox)).first() is None

    def _let_go(self, held: Sequence[int]) -> bool:
        """End the hold. Postgres would have noticed that a worker died, were it not asleep: its session ends, too."""
        with self.db() as session:
            session.connection().execute(text("UPDATE hold SET until = 'epoch'"))
            for pid in held:
                session.connection().execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            session.commit()
        return True


_LISTENS = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN outbox'"
_HELD = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@contextmanager
def stack(folder: Path, provider: TwilioServer, dice: random.Random) -> Iterator[Chaos]:
    """`aftershow up` with the journeys published and Twilio's place taken by the provider."""
    specs, templates, data = folder / "specs", folder / "messages", folder / "data"
    specs.mkdir()
    (specs / "_policy.yaml").write_text(POLICY, encoding="utf-8")
    (specs / "_coupons.yaml").write_text(COUPONS, encoding="utf-8")
    for name, spec in JOURNEYS.items():
        (specs / f"{name}.yaml").write_text(spec, encoding="utf-8")
    for name in TEMPLATES:
        (templates / name).mkdir(parents=True)
        (templates / name / "sms.j2").write_text(TEXT % name, encoding="utf-8")
    (templates / "won").mkdir()
    (templates / "won" / "sms.j2").write_text(WON, encoding="utf-8")
    port, temporal, ui = free_port(), free_port(), free_port()
    environment = {
        **os.environ,
        "AFTERSHOW_TWILIO_ACCOUNT_SID": SID,
        "AFTERSHOW_TWILIO_AUTH_TOKEN": TOKEN,
        "AFTERSHOW_TWILIO_FROM_NUMBER": NUMBER,
        "AFTERSHOW_TWILIO_BASE_URL": provider.url,
        "AFTERSHOW_TWILIO_TIMEOUT": "3",
    }
    command = [sys.executable, "-m", "runtime.cli", "up", "--data", str(data), "--specs", str(specs)]
    ports = ["--port", str(port), "--temporal-port", str(temporal), "--ui-port", str(ui)]
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [*command, "--templates", str(templates), *ports], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: httpx.get(f"{url}/readyz", timeout=2).status_code == 200, 90)
        engine, db = connect(postgres_program(data)[1], pool_size=4)
        with engine.begin() as connection:
            connection.execute(text(HOLD))
        yield Chaos(data, url, (data / "key").read_text().strip(), db, provider, dice, *zones(datetime.now(UTC)))
        engine.dispose()
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(60)
        except subprocess.TimeoutExpired:
            up.kill()


@dataclass(frozen=True)
class Person:
    """A customer of the story; `asleep` lives where it is night, `leaves` withdraws consent on the way."""

    number: int
    asleep: bool
    leaves: bool

    @property
    def phone(self) -> str:
        return f"+86139{self.number:08}"


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in time, whatever is away meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError, DBAPIError):
            if holds():
                return True
        time.sleep(0.3)
    return False


def zones(now: datetime) -> tuple[str, str]:
    """A timezone where it is about noon, and one where it is deep in the night."""
    return _zone(12 - now.hour), _zone(2 - now.hour)


def _zone(ahead: int) -> str:
    ahead = (ahead + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+}" if ahead else "Etc/GMT"
