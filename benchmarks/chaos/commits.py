"""Kills a process at each commit on an event's way, just before it and just after, and audits what the next one makes.

    python -m benchmarks.chaos.commits

From the shop's request to the provider's receipt, all that lies between two commits is done by one process here: API,
relay, worker (`life.py`). Each life has a database and a task queue of its own; Temporal is there for all of them. One
that is killed is followed by one that isn't, in which the shop and the provider, which speaks Twilio's protocol, say
again what they got no answer to. Commits that wrote something are counted, until a life comes to its end before its
turn to die.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import NullPool, create_engine, text
from sqlmodel import select

from benchmarks.chaos import life
from benchmarks.chaos.life import Death, Parts
from domain.access.keys import create_key
from domain.channels.tables import SandboxMessage
from domain.coupons.tables import Coupon
from domain.customers.tables import CustomerTag
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.states import WENT
from domain.ledger.tables import Message
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.tables import Outbox
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres, temporal_server
from tests.providers.twilio_server import TwilioServer, twilio_server
from workflows.language.compile import read_journey

JOURNEY = """
journey: way
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: thank, send: thank, via: [sms], kind: transactional}
  - {tag: thanked}
  - wait: {until: {field: trigger.later}}
  - {id: gift, coupon: five}
  - {id: offer, send: offer, via: [wecom], kind: transactional}
"""
"""A text message goes over Twilio, which would send it twice if it were asked twice; the other over the sandbox."""

COUPONS = {"five": {"name": "五元", "amount_off": 500, "valid": "7d", "budget_count": 10}}


@dataclass
class Audit:
    """What came of all lives. The first four must be 0.

    `lost` is what isn't there although it was acknowledged or is said to have gone; `unsure` are text messages that a
    life died over while they were given to the provider, which is asked about them and not given them again.
    """

    lost: int = 0
    duplicated: int = 0
    unfinished: int = 0
    left: int = 0
    unsure: int = 0
    commits: int = 0
    deaths: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> int:
        """How many things went wrong."""
        return self.lost + self.duplicated + self.unfinished + self.left


def run(say: Callable[[str], None] = lambda _: None) -> Audit:
    """Live and die at every commit, then live on, and audit what is left.

    All die first: that an activity's worker is dead, Temporal notices after 45 s.
    """
    processes = get_context("forkserver")
    processes.set_forkserver_preload([life.__name__])
    audit = Audit()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        shops = _Shops(stack.enter_context(embedded_postgres(Path(folder), durable=True)))
        temporal = stack.enter_context(temporal_server())
        lives: list[tuple[Parts, TwilioServer]] = []
        for commit, before in ((commit, before) for commit in count(1) for before in (True, False)):
            provider = stack.enter_context(twilio_server())
            address, queue = shops.open(commit, before=before), f"way-{commit}-{before}"
            lives.append((Parts(address, temporal, queue, shops.key, provider.url), provider))
            places, died = _spend(processes, lives[-1][0], Death(commit, before), provider)
            say(f"commit {commit} {'before' if before else 'after'}: {places[-1] if died else 'lived'}")
            if not died:
                audit.commits = len(places)
                break
            audit.deaths[f"{'before' if before else 'after'} {places[-1]}"] += 1
        for parts, provider in lives:
            places, died = _spend(processes, parts, None, provider)
            say(f"{parts.queue}: {len(places)} commits more{', and killed' if died else ''}")
            audit.unfinished += died
            _examine(parts.url, provider, audit)
    return audit


class _Shops:
    """Databases, each a copy of one with the journey published."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with self._engine.connect() as connection:
            connection.execute(text("CREATE DATABASE shop"))
        address = self._engine.url.set(database="shop").render_as_string(hide_password=False)
        upgrade(address)
        engine, db = connect(address, pool_size=1)
        now = datetime.now(UTC)
        plan = read_journey(JOURNEY, "way", None).plan
        assert plan is not None
        with db.begin() as work:
            self.key = create_key(work, "shop", ["ingest"], now)
            publish_journey(work, plan, JOURNEY, now)
            publish_document(work, "_coupons", COUPONS)
            publish_text(work, "thank", "sms", "thank {{ trigger.order_id }}")
            publish_text(work, "offer", "wecom", "offer {{ coupon.code }}")
        engine.dispose()

    def open(self, commit: int, *, before: bool) -> str:
        """A new one, whose enrollments have numbers, and runs names, that no other has. Returns its address."""
        name, first = f"shop_{commit}_{'before' if before else 'after'}", 100 * commit + 10 * before
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE shop"))
        address = self._engine.url.set(database=name).render_as_string(hide_password=False)
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text(f"SELECT setval('enrollments_id_seq', {first})"))
        engine.dispose()
        return address


def _spend(processes: Any, parts: Parts, death: Death | None, provider: TwilioServer) -> tuple[list[str], bool]:
    """Let a life be lived. Returns where it committed, and whether it was killed."""
    ours, theirs = processes.Pipe()
    process = processes.Process(target=life.live, args=(parts, death, theirs))
    process.start()
    theirs.close()
    places: list[str] = []
    with suppress(EOFError):
        while True:
            if (place := ours.recv()) is not None:
                places.append(place)
            else:
                ours.send([provider.callback(record, "delivered") for record in provider.messages])
    process.join()
    return places, process.exitcode != 0


def _examine(url: str, provider: TwilioServer, audit: Audit) -> None:
    engine, db = connect(url, pool_size=1)
    with db() as session:
        ledger = {row.template: row for row in session.exec(select(Message))}
        endings = list(session.exec(select(Enrollment.ending)))
        counts = {
            "orders": len(session.exec(select(Event).where(Event.source == "shop")).all()),
            "passes": len(endings),
            "sandbox": len(session.exec(select(SandboxMessage)).all()),
            "coupons": len(session.exec(select(Coupon).where(Coupon.status != "revoked")).all()),
            "tags": len(session.exec(select(CustomerTag)).all()),
            "receipts": len(session.exec(select(Event).where(Event.type == "message.delivered")).all()),
        }
        trail = Counter(session.exec(select(TrailEntry.what, TrailEntry.value, TrailEntry.step)))
        audit.left += len(session.exec(select(Outbox)).all())
    engine.dispose()
    sent = len(provider.messages)
    thanks = ledger["thank"].status
    audit.unfinished += endings != ["finished"]
    audit.unsure += sent == 0 and thanks == "unknown"
    audit.lost += sum(count == 0 for name, count in counts.items() if name != "receipts" or sent)
    audit.lost += (sent == 0 and thanks != "unknown") or (sent > 0 and thanks not in WENT)
    audit.duplicated += sum(count > 1 for count in counts.values()) + max(0, sent - 1)
    audit.duplicated += sum(count > 1 for count in trail.values())
    audit.left += sum(row.status in ("claimed", "calling") for row in ledger.values())


def main() -> None:
    """Run it, show where lives ended and what was found, and end with 1 if anything went wrong."""
    console = Console()
    audit = run(console.print)
    table = Table("killed", "times")
    for place, times in audit.deaths.items():
        table.add_row(place, str(times))
    console.print(table)
    for name in ("lost", "duplicated", "unfinished", "left", "unsure", "commits"):
        console.print(f"{name}: {getattr(audit, name)}", highlight=False)
    sys.exit(1 if audit.wrong else 0)


if __name__ == "__main__":
    main()
