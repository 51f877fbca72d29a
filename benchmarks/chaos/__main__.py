"""Kills the real stack while journeys run, drops its provider's answers, and audits what the provider has seen.

    python -m benchmarks.chaos [--customers 3000] [--kills 200] [--seed 1]

`aftershow up` runs as its users run it, each part a process of its own, against a provider on this machine that speaks
Twilio's protocol. A part at a time is killed with SIGKILL: Postgres, Temporal, the API, the worker (which hosts the
relay); Postgres and the worker when a run was just started and the relay is about to write that down. One customer
enters alone, then many at once. The provider loses answers after accepting, refuses, throttles, and sends receipts
twice and in any order. In the end its log is held against the ledger and against what the journeys say.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlmodel import col, func, select

from benchmarks.chaos.audit import Audit, audit
from benchmarks.chaos.siege import Chaos, Person, eventually, stack
from domain.customers.tables import Customer
from domain.journeys.tables import Enrollment
from domain.ledger.states import OPEN
from domain.ledger.tables import Message
from domain.store.tables import Outbox
from tests.providers.twilio_server import Fate, twilio_server

KILL_SECONDS = 8
"""About how long it takes from one kill to the next, with everything up in between."""

PAGE = 15
"""Customers of whom one buys alone and the rest together, more than the relay starts one by one."""

ALONE_SECONDS = 0.5


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
    sent = 0
    while not stop.wait(0.2):
        fresh = chaos.provider.messages[sent:]
        sent += len(fresh)
        calls = [
            chaos.provider.callback(record, status) for record in fresh for status in ("sent", "delivered", "delivered")
        ]
        chaos.dice.shuffle(calls)
        for url, form, headers in calls:
            with suppress(httpx.HTTPError):
                answer = httpx.post(url, data=form, headers=headers, timeout=5)
                chaos.receipts += answer.is_success


def tell(chaos: Chaos, people: Sequence[Person], seconds: float, stop: threading.Event) -> None:
    """Over about so many seconds, everybody registers, agrees and buys, one alone before many at once; some leave.

    Whoever wants a start to be told needn't wait for the next page.
    """
    for start in range(0, len(people), PAGE):
        page = people[start : start + PAGE]
        chaos.post(
            "/v1/events",
            [
                _event(customer, "customer.registered", {"timezone": chaos.night if customer.asleep else chaos.noon})
                for customer in page
            ],
        )
        chaos.post("/v1/events", [_event(customer, "consent.given", {"channel": "sms"}) for customer in page])
        chaos.post("/v1/events", [_order(page[0])])
        stop.wait(ALONE_SECONDS)
        if len(page) > 1:
            chaos.post("/v1/events", [_order(customer) for customer in page[1:]])
        earlier = people[max(0, start - PAGE) : start]
        leaving = [customer for customer in earlier if customer.leaves]
        if leaving:
            chaos.post(
                "/v1/events", [_event(customer, "consent.withdrawn", {"channel": "sms"}) for customer in leaving]
            )
        chaos.wanted.wait(max(0, seconds * PAGE / len(people) - ALONE_SECONDS))
        chaos.wanted.clear()
        if stop.is_set():
            return


def _order(person: Person) -> dict[str, Any]:
    return _event(person, "order.paid", {"order_id": f"o{person.number}", "total": 8900})


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
                count = f"{sum(chaos.kills.values())} of {kills}, {chaos.between} between start and commit"
                say(f"killed {killed}, {count}; {len(provider.messages)} messages")
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
    options = arguments.parse_args()
    console = Console()
    report = run(options.customers, options.kills, options.seed, options.patience, 100, console.print)
    table = Table("audited", "count")
    for name, value in vars(report).items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
