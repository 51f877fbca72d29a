"""Kills the real stack while journeys run, drops its provider's answers, and audits what the provider has seen.

    python -m benchmarks.chaos [--customers 3000] [--kills 200] [--seed 1]

`aftershow up` runs as its users run it, each part a process of its own, against a provider on this machine that speaks
Twilio's protocol. A part at a time is killed with SIGKILL: Postgres, Temporal, the API, the worker (which hosts the
relay). The provider loses answers after accepting, refuses, throttles, and sends receipts twice and in any order. In
the end its log is held against the ledger and against what the journeys say.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, func, select

from benchmarks.audit import CAP, Audit, audit
from domain.ledger import OPEN
from domain.tables import Customer, Enrollment, Message, Outbox
from runtime.database import connect
from runtime.embedded import free_port, postgres_program
from tests.providers.twilio_server import NUMBER, SID, TOKEN, Fate, TwilioServer, twilio_server

KILL_SECONDS = 4
"""About how long it takes from one kill to the next, with everything up in between."""

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
TEXT = "【绿野】{{ trigger.order_id }}/%s 拒收请回复R"


@dataclass
class Chaos:
    """What is going on: the stack's processes, the provider, and what was done to them.

    `noon` and `night` are timezones where it is about that time of day.
    """

    data: Path
    url: str
    key: str
    db: sessionmaker[Session]
    provider: TwilioServer
    dice: random.Random
    noon: str
    night: str
    kills: Counter[str] = field(default_factory=Counter)
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
        """Kill a part, the least killed first, if all are up."""
        with suppress(OSError, ValueError, KeyError, psutil.NoSuchProcess):
            running = {each["name"]: each["pid"] for each in json.loads((self.data / "processes.json").read_text())}
            up = [name for name in PARTS if psutil.Process(running[name]).status() != psutil.STATUS_ZOMBIE]
            if len(up) == len(PARTS):
                name = min(self.dice.sample(up, len(up)), key=lambda each: self.kills[each])
                os.kill(running[name], signal.SIGKILL)
                self.kills[name] += 1
                return name
        return None


@contextmanager
def stack(folder: Path, provider: TwilioServer, dice: random.Random) -> Iterator[Chaos]:
    """`aftershow up` with the journeys published and Twilio's place taken by the provider."""
    specs, templates, data = folder / "specs", folder / "messages", folder / "data"
    specs.mkdir()
    (specs / "_policy.yaml").write_text(POLICY, encoding="utf-8")
    (specs / "_coupons.yaml").write_text(COUPONS, encoding="utf-8")
    for name, text in JOURNEYS.items():
        (specs / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name in TEMPLATES:
        (templates / name).mkdir(parents=True)
        (templates / name / "sms.j2").write_text(TEXT % name, encoding="utf-8")
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
        yield Chaos(data, url, (data / "key").read_text().strip(), db, provider, dice, *zones(datetime.now(UTC)))
        engine.dispose()
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(60)
        except subprocess.TimeoutExpired:
            up.kill()


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in time, whatever is away meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError, DBAPIError):
            if holds():
                return True
        time.sleep(0.3)
    return False


def mood(chaos: Chaos) -> Callable[[str], Fate]:
    """What becomes of a request: mostly it is taken; some are lost, refused or too many."""
    opted_out: set[str] = set()

    def fate(recipient: str) -> Fate:
        latency, throw = chaos.dice.random() / 20, chaos.dice.random()
        if recipient in opted_out or throw < 0.005:
            opted_out.add(recipient)
            return Fate(400, 21610, latency=latency)
        if throw < 0.04:
            chaos.dropped += 1
            return Fate(drop="after", latency=latency)
        if throw < 0.05:
            chaos.dropped += 1
            return Fate(drop="before", latency=latency)
        if throw < 0.06:
            return Fate(429, 20429, retry_after="1", latency=latency)
        return Fate(latency=latency)

    return fate


def send_receipts(chaos: Chaos, stop: threading.Event) -> None:
    """Twilio's callbacks: for each message, twice and in any order; what finds nobody listening is lost."""
    told = 0
    while not stop.wait(0.2):
        fresh = chaos.provider.messages[told:]
        told += len(fresh)
        calls = [
            chaos.provider.callback(record, status) for record in fresh for status in ("sent", "delivered", "delivered")
        ]
        chaos.dice.shuffle(calls)
        for url, form, headers in calls:
            with suppress(httpx.HTTPError):
                answer = httpx.post(url, data=form, headers=headers, timeout=5)
                chaos.receipts += answer.is_success


def zones(now: datetime) -> tuple[str, str]:
    """A timezone where it is about noon, and one where it is deep in the night."""
    return _zone(12 - now.hour), _zone(2 - now.hour)


def _zone(ahead: int) -> str:
    ahead = (ahead + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+}" if ahead else "Etc/GMT"


@dataclass(frozen=True)
class Person:
    """A customer of the story; `asleep` lives where it is night, `leaves` withdraws consent on the way."""

    number: int
    asleep: bool
    leaves: bool

    @property
    def phone(self) -> str:
        return f"+86138{self.number:08}"


def tell(chaos: Chaos, people: Sequence[Person], seconds: float, stop: threading.Event) -> None:
    """Over about so many seconds, everybody registers, agrees and buys; some leave."""
    for start in range(0, len(people), 25):
        page = people[start : start + 25]
        chaos.post(
            "/v1/events",
            [
                _event(each, "customer.registered", {"timezone": chaos.night if each.asleep else chaos.noon})
                for each in page
            ],
        )
        chaos.post("/v1/events", [_event(each, "consent.given", {"channel": "sms"}) for each in page])
        chaos.post(
            "/v1/events", [_event(each, "order.paid", {"order_id": f"o{each.number}", "total": 8900}) for each in page]
        )
        earlier = people[max(0, start - 25) : start]
        leaving = [each for each in earlier if each.leaves]
        if leaving:
            chaos.post("/v1/events", [_event(each, "consent.withdrawn", {"channel": "sms"}) for each in leaving])
        if stop.wait(seconds * 25 / len(people)):
            return


def _event(person: Person, type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{type}/{person.number}",
        "source": "chaos",
        "type": type,
        "subject": f"phone:{person.phone}",
        "data": dict(data),
    }


def at_rest(chaos: Chaos, patience: timedelta, looks: int) -> bool:
    """Whether everybody who is awake is through, and nothing is open that is young and was asked about less often."""
    awake = col(Customer.timezone) != chaos.night
    with chaos.db() as session:
        inside = select(func.count()).select_from(Enrollment).join(Customer, col(Customer.id) == Enrollment.customer_id)
        since = datetime.now(UTC) - patience
        unsettled = col(Message.status).in_(("claimed", "calling")) | (
            col(Message.status).in_(OPEN) & (col(Message.called_at) > since) & (col(Message.looks) < looks)
        )
        open_ = select(func.count()).select_from(Message).where(unsettled)
        outbox = select(func.count()).select_from(Outbox)
        left = session.exec(inside.where(col(Enrollment.ending).is_(None), awake)).one()
        return not left and not session.exec(open_).one() and not session.exec(outbox).one()


def run(
    customers: int, kills: int, seed: int, patience: float, looks: int, say: Callable[[str], None] = lambda _: None
) -> Audit:
    """Tell the story of so many customers while parts are killed so often; then wait, and audit.

    What is unknown is waited for until the provider was asked so often, for `patience` seconds at most.
    """
    dice = random.Random(seed)
    people = [Person(number, dice.random() < 0.1, dice.random() < 0.15) for number in range(customers)]
    with (
        tempfile.TemporaryDirectory() as folder,
        twilio_server() as provider,
        stack(Path(folder), provider, dice) as chaos,
    ):
        provider.fate = mood(chaos)  # type: ignore[method-assign]
        stop = threading.Event()
        threads = [
            threading.Thread(target=tell, args=(chaos, people, kills * KILL_SECONDS, stop), daemon=True),
            threading.Thread(target=send_receipts, args=(chaos, stop), daemon=True),
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: bool(provider.messages), 30)
        while sum(chaos.kills.values()) < kills:
            time.sleep(dice.uniform(1, 3))
            if killed := chaos.kill():
                say(f"killed {killed}, {sum(chaos.kills.values())} of {kills}; {len(provider.messages)} messages")
        threads[0].join()
        eventually(lambda: at_rest(chaos, timedelta(seconds=patience), looks), 2 * patience)
        stop.set()
        threads[1].join()
        return audit(chaos, people)


def main() -> None:
    """Run it, show the table, and end with 1 if anything went wrong."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--customers", type=int, default=3000)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--patience", type=float, default=900, help="seconds in which what is unknown is settled")
    told = arguments.parse_args()
    console = Console()
    found = run(told.customers, told.kills, told.seed, told.patience, 100, console.print)
    table = Table("audited", "count")
    for name, value in vars(found).items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
