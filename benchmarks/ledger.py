"""What the ledger costs for each message: microseconds and round trips, alone and in batches of 500.

The provider is away from the picture: it takes everything at once, so that what is measured is claiming and settling.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import event
from sqlmodel import col, select

from activities.journey import JourneyActivities
from benchmarks.harness.stack import Stack, stack
from domain.channels.delivery import Delivery, Outgoing
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.store.clock import SystemClock
from workflows.plan.commands import Group, Member
from workflows.terms.channels import CHANNELS

ALONE, TOGETHER = 100, 500
THANKS = """
journey: thanks
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: thank, send: hello, via: [sms], kind: transactional}, {wait: 1d}]
"""


class Takes:
    """A provider that takes every message."""

    account = None
    repeatable = True

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return [Delivery("sent")] * len(messages)


def measure() -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table: what, measured, beside, ratio, aim."""
    with stack(THANKS) as parts:
        groups = _enter(parts, ALONE + TOGETHER)
        activities = JourneyActivities(parts.db, SystemClock(), dict.fromkeys(CHANNELS, Takes()))
        trips = [0]
        event.listen(parts.engine, "before_cursor_execute", lambda *_: trips.__setitem__(0, trips[0] + 1))
        event.listen(parts.engine, "commit", lambda *_: trips.__setitem__(0, trips[0] + 1))
        alone, together = groups.members[:ALONE], groups.members[ALONE:]
        began = time.perf_counter()
        for member in alone:
            activities.send(groups.model_copy(update={"members": (member,)}))
        single = (time.perf_counter() - began) / ALONE
        single_trips, trips[0] = trips[0] / ALONE, 0
        began = time.perf_counter()
        activities.send(groups.model_copy(update={"members": together}))
        batch = (time.perf_counter() - began) / TOGETHER
        yield _row("ledger, a message alone", single, single_trips, 1)
        yield _row(f"ledger, a message of {TOGETHER}", batch, trips[0] / TOGETHER, single / batch)


def _row(what: str, seconds: float, trips: float, times: float) -> tuple[str, str, str, str, str]:
    return what, f"{seconds * 1e6:,.0f} µs, {trips:.2f} round trips", "a message alone", f"{times:.1f}x as fast", ""


def _enter(parts: Stack, count: int) -> Group:
    now = datetime.now(UTC)
    orders = [
        Incoming("bench", str(n), "order.paid", now, {"order_id": str(n), "total": 1}, (("phone", f"+86139{n:08}"),))
        for n in range(count)
    ]
    with parts.db.begin() as work:
        ingest(work, orders, now=now)
    with parts.db() as session:
        rows = session.exec(select(Enrollment).order_by(col(Enrollment.id))).all()
    members = tuple(Member(enrollment=row.id, generation=row.generation, at=row.anchor) for row in rows)
    return Group(plan_id=rows[0].plan_id, path="thank", members=members)
