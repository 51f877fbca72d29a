"""Back-tests: what journeys would have done over recorded events, in virtual time on a scratch database.

The events are played in the order of their times, each as if it had come in at once, and all journeys that take part
share caps, holdout and coupon budgets. Messages, entries and coupons from before the range count for caps, for
entering again and for budgets; but what was under way when it begins isn't played on, and tags given before it aren't
known. What live journeys brought about in it (receipts, clicks, redeemed coupons, scheduled events) isn't played:
schedules fire anew, and nobody clicks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import col, select

from domain.catalogue.sources import SCHEDULE
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer, CustomerRow
from domain.intake.effects import Orders, apply_to_business, apply_to_customers, refunded_sql
from domain.intake.ingest import Incoming, ingest
from domain.intake.schedules import fires_on
from domain.intake.tables import Event
from domain.published.library import Library, read_library
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.rehearsal.engine import Rehearsal, Silence
from runtime.rehearsal.outcome import Result, results
from runtime.rehearsal.recorded import CONSEQUENCES, PERSON, asked_for, incoming
from runtime.rehearsal.scratch import SHELF, Copier, copying, scratch
from runtime.rehearsal.shelf import Draft, put_up
from workflows.plan.model import ScheduleTrigger
from workflows.terms.values import at_local, local_day, parse_time

SLICE = timedelta(days=4)
"""How far customers may be apart: a longer slice makes larger groups, and takes more memory."""

Watch = Callable[[int, int, datetime], object]


@dataclass(frozen=True)
class Range:
    """From an instant to before another."""

    since: datetime
    until: datetime


def backtest(live: Engine, wanted: Sequence[str | Draft], span: Range, *, every: bool, watch: Watch) -> list[Result]:
    """Play the range through the journeys wanted (with `every`, beside all that are live), and say what came of it.

    `watch` is told how many events are played, of how many, and the time. Raises LookupError for an unknown journey.
    """
    with scratch() as (engine, db):
        clock = VirtualClock(span.since)
        with copying(live, engine) as copier:
            copier.copy_all(SHELF)
        names = put_up(db, wanted, clock.now(), only=not every)
        with db() as session:
            library = read_library(session)
        with copying(live, engine) as copier:
            _copy(copier, span, sorted(asked_for(library)))
            _carry_in(copier, span.since, library)
        _remember(db, span.since)
        Play(engine, db, clock, library, span).run(watch)
        with db() as session:
            return results(session, names if not every else sorted(library.journeys), since=span.since)


def _copy(copier: Copier, span: Range, types: Sequence[str]) -> None:
    """Copy what was known when the range begins, and what happened in it."""
    known = {"since": span.since, "until": span.until, "types": list(types), "source": SCHEDULE}
    recorded = "type = ANY(%(types)s) AND source <> %(source)s AND time < %(until)s AND "
    copier.run("CREATE TABLE recorded (LIKE events)")
    copier.copy("events", f"{recorded} {CONSEQUENCES} AND time >= %(since)s", known, to="recorded")
    copier.copy("events", "type = ANY(%(types)s) AND time < %(since)s", known)
    copier.copy("customers")
    copier.copy("identifiers")
    copier.copy("consents", "at < %(since)s", known)
    copier.copy("orders", "paid_at < %(since)s", known)
    copier.copy_all(("products", "stores", "companions", "shop_hours"))
    copier.copy("lots", "lot_id IN (SELECT lot_id FROM stock_moves WHERE at < %(since)s)", known)
    copier.copy("stock_moves", "at < %(since)s", known)
    copier.run(
        "UPDATE lots SET on_hand = past.units, moved_at = past.newest, counted_at = past.counted FROM"
        " (SELECT lot_id, sum(quantity) AS units, max(at) AS newest,"
        " max(at) FILTER (WHERE reason IN ('counted', 'sold_out')) AS counted FROM stock_moves GROUP BY lot_id) AS past"
        " WHERE lots.lot_id = past.lot_id"
    )
    copier.run("CREATE INDEX ON recorded (time, id)")
    copier.run(f"INSERT INTO identifiers (kind, value, customer_id) SELECT '{PERSON}', id::text, id FROM customers")
    copier.run(f"UPDATE orders SET refunded = {refunded_sql('orders')} WHERE refunded > 0")
    copier.run(
        "UPDATE customers SET fields = '{}', field_times = '{}', name = NULL, timezone = NULL WHERE EXISTS"
        " (SELECT FROM jsonb_each_text(field_times) AS f(name, at) WHERE f.at::timestamptz >= %(since)s)",
        known,
    )


def _carry_in(copier: Copier, since: datetime, library: Library) -> None:
    """Bring in what was sent, entered and given before; all passes are over."""
    limits = [library.policy, *(live.plan.policy for live in library.journeys.values() if live.plan.policy)]
    longest = max((cap.days for limit in limits for cap in limit.caps.values()), default=0)
    known = {"since": since, "first": since.date() - timedelta(days=longest + 1), "journeys": list(library.journeys)}
    copier.copy("messages", "counts AND day >= %(first)s AND claimed_at < %(since)s", known)
    copier.copy("enrollments", "journey = ANY(%(journeys)s) AND entered_at < %(since)s", known)
    copier.run(
        "UPDATE enrollments SET anchor = least(anchor, %(since)s), goal_until = NULL, due_at = NULL,"
        " ending = coalesce(ending, 'stopped'), ended_at = least(ended_at, %(since)s)",
        known,
    )
    copier.copy("coupons", "issued_at < %(since)s AND status <> 'revoked'", known)
    copier.run(
        "INSERT INTO campaign_uses (campaign, issued, money) SELECT campaign, count(*),"
        " sum(coalesce((terms->>'amount_off')::bigint, (terms->>'ceiling')::bigint, 0)) FROM coupons GROUP BY campaign"
    )


def _remember(db: Database, since: datetime) -> None:
    """Bring back customers' fields, where they have changed since, and streams, from the events before."""
    changed = select(Event).join(Customer, col(Customer.id) == col(Event.customer_id))
    registered = col(Event.type).in_(("customer.registered", "customer.updated"))
    blank = col(Customer.field_times) == {}
    order = (col(Event.time), col(Event.id))
    with db.begin() as work:
        events = work.exec(changed.where(registered, blank, Event.time < since).order_by(*order)).all()
        lock_customers(work, {event.customer_id or 0 for event in events})
        orders = Orders(work, timedelta())
        for event in events:
            apply_to_customers(work, [(event, work.held(CustomerRow, event.customer_id))], orders)
        business = select(Event).where(col(Event.customer_id).is_(None), Event.time < since)
        for event in work.exec(business.order_by(*order)):
            apply_to_business(work, event)


class Play:
    """Plays what is recorded in a scratch database, a slice of time after the other."""

    def __init__(self, engine: Engine, db: Database, clock: VirtualClock, library: Library, span: Range) -> None:
        self._engine = engine
        self._db = db
        self._clock = clock
        self._rehearsal = Rehearsal(db, clock, Silence())
        self._span = span
        self._zone, self._calendar = library.policy_zone, library.calendar
        self._schedules = {
            name: live.plan.trigger
            for name, live in library.journeys.items()
            if isinstance(live.plan.trigger, ScheduleTrigger)
        }

    def run(self, watch: Watch) -> None:
        """Play it all; what is still under way at the end of the range stays so."""
        with self._engine.connect() as connection:
            total: int = connection.execute(text("SELECT count(*) FROM recorded")).scalar_one()
        played, start = 0, self._span.since
        while start < self._span.until:
            end = min(start + SLICE, self._span.until)
            played += self._slice(start, end)
            watch(played, total, end)
            start = end

    def _slice(self, start: datetime, end: datetime) -> int:
        """An event about the business and a schedule are for everybody: all others must have come as far before."""
        with self._engine.connect() as connection:
            query = text("SELECT * FROM recorded WHERE time >= :start AND time < :end ORDER BY time, id")
            rows = connection.execute(query, {"start": start, "end": end}).all()
        for_all: list[tuple[datetime, Any]] = [(row.time, row) for row in rows if row.customer_id is None]
        for_all += [(at, journey) for at, journey in self._firings(start, end)]
        personal = [row for row in rows if row.customer_id is not None]
        for at, what in sorted(for_all, key=lambda item: item[0]):
            early = next((place for place, row in enumerate(personal) if row.time >= at), len(personal))
            self._reach(at, personal[:early])
            personal = personal[early:]
            if isinstance(what, str):
                self._rehearsal.fire(what)
            else:
                with self._db.begin() as work:
                    ingest(work, [incoming(what)], now=at)
            self._rehearsal.settle()
        self._reach(end, personal)
        return len(rows)

    def _reach(self, end: datetime, rows: Sequence[Any]) -> None:
        happening: dict[int, list[Incoming]] = {}
        for row in rows:
            happening.setdefault(row.customer_id, []).append(incoming(row))
        self._rehearsal.play(end - timedelta(microseconds=1), happening)
        self._clock.set(end)

    def _firings(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
        day, last = local_day(start, self._zone), local_day(end, self._zone)
        while day <= last:
            for journey, trigger in self._schedules.items():
                at = at_local(day, parse_time(trigger.at), self._zone, start)
                if start <= at < end and fires_on(trigger, day, self._calendar):
                    yield at, journey
            day += timedelta(days=1)
