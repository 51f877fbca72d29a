"""What is read of Postgres whenever metrics are scraped: one bounded query for each kind of figure, none per event.

The API and the workers show the same ones, for they stand in the one database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import Engine, Pool, QueuePool, text
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlmodel import Session, col, func, select

from domain.channels.accounts import PATIENCE
from domain.channels.tables import ProviderAccount
from domain.journeys.stuck import count_stuck
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.store.clock import Clock
from domain.store.outbox import count_given_up
from domain.store.tables import Outbox
from domain.store.work import Database

MOST = 100_000
"""No more rows are counted for one figure."""

PATIENCE_MS = 2000
"""A query that takes longer is given up: a scrape must not be what an ailing database dies of."""

RECENTLY = timedelta(days=1)
LATE = timedelta(minutes=1)
"""What is due for less is on its way."""

_STATES = ("claimed", "calling", "pending_staff", "unknown")


def scraped(
    db: Database, clock: Clock, parts: Mapping[str, bool], workers: int | None = None, pool: Pool | None = None
) -> bytes:
    """All metrics of this process in Prometheus's text format; `parts` says what it needs and whether that is there.

    `workers` is how many ask Temporal for work, None if that can't be told; `pool` has the connections that the process
    works with, where `db` is beside it.
    """
    if pool is None and isinstance(db.bind, Engine):
        pool = db.bind.pool
    registry = CollectorRegistry()
    registry.register(_Figures(db, clock, parts, workers, pool))
    return generate_latest(REGISTRY) + generate_latest(registry)


class _Figures(Collector):
    def __init__(
        self, db: Database, clock: Clock, parts: Mapping[str, bool], workers: int | None, pool: Pool | None
    ) -> None:
        self._db = db
        self._clock = clock
        self._parts = parts
        self._workers = workers
        self._pool = pool

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("aftershow_part_up", "Whether what this process needs is there.", labels=["part"])
        for part, there in self._parts.items():
            up.add_metric([part], there)
        yield up
        if self._workers is not None:
            yield _gauge("aftershow_workers", "Workers that asked Temporal for work lately.", self._workers)
        if isinstance(self._pool, QueuePool):
            yield _pool(self._pool)
        missing = 0
        for read in READERS if self._parts.get("postgres") else ():
            try:
                with self._db() as session:
                    session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE_MS}"))
                    found = list(read(session, self._clock.now()))
            except (DBAPIError, TimeoutError):
                missing += 1
                continue
            yield from found
        yield _gauge("aftershow_figures_missing", "Figures that Postgres did not tell in time.", missing)


def _pool(pool: QueuePool) -> Metric:
    family = GaugeMetricFamily(
        "aftershow_database_pool", "Connections to Postgres that this process may have, by state.", labels=["state"]
    )
    most, used = pool.size() + pool._max_overflow, pool.checkedout()
    for state, count in (("size", most), ("in_use", used), ("free", most - used)):
        family.add_metric([state], count)
    return family


def _outbox(session: Session, _: datetime) -> Iterator[Metric]:
    waiting = select(Outbox.kind, Outbox.created_at).where(col(Outbox.given_up_at).is_(None))
    rows = waiting.order_by(col(Outbox.id)).limit(MOST).subquery()
    age = func.extract("epoch", func.clock_timestamp() - func.min(rows.c.created_at))
    depth = GaugeMetricFamily("aftershow_outbox_waiting", "Notices to Temporal not told yet.", labels=["kind"])
    oldest = 0.0
    counts = {"start": 0, "wake": 0}
    for kind, count, seconds in session.execute(select(rows.c.kind, func.count(), age).group_by(rows.c.kind)):
        counts[kind] = count
        oldest = max(oldest, float(seconds or 0))
    for kind, count in counts.items():
        depth.add_metric([kind], count)
    yield depth
    yield _gauge("aftershow_outbox_oldest_seconds", "How long the oldest of them has waited.", oldest)
    given_up = count_given_up(session)
    yield _gauge("aftershow_outbox_given_up", "Notices that Temporal could not be told, waiting for a retry.", given_up)


def _enrollments(session: Session, now: datetime) -> Iterator[Metric]:
    yield _gauge("aftershow_enrollments_stuck", "Enrollments that a defect has put off.", count_stuck(session))
    failed = (col(Enrollment.ending) == "failed") & (col(Enrollment.ended_at) > now - RECENTLY)
    rows = select(Enrollment.id).where(failed).limit(MOST).subquery()
    count = session.exec(select(func.count()).select_from(rows)).one()
    yield _gauge("aftershow_enrollments_failed", "Enrollments that failed within a day.", count)


def _waits(session: Session, now: datetime) -> Iterator[Metric]:
    due = select(Enrollment.due_at).where(col(Enrollment.ending).is_(None), col(Enrollment.due_at) < now - LATE)
    rows = due.order_by(col(Enrollment.due_at)).limit(MOST).subquery()
    count, first = session.execute(select(func.count(), func.min(rows.c.due_at))).one()
    late = (now - first).total_seconds() if first else 0
    yield _gauge("aftershow_waits_overdue", "Enrollments that should have acted more than a minute ago.", count)
    yield _gauge("aftershow_waits_overdue_seconds", "How late the latest of them is, by the shop's clock.", late)


def _messages(session: Session, _: datetime) -> Iterator[Metric]:
    rows = select(Message.channel, Message.status).where(col(Message.status).in_(_STATES)).limit(MOST).subquery()
    family = GaugeMetricFamily(
        "aftershow_messages_open",
        "Messages that may yet go, or may have gone.",
        labels=["channel", "status"],
    )
    for channel, status, count in session.execute(
        select(rows.c.channel, rows.c.status, func.count()).group_by(rows.c.channel, rows.c.status)
    ):
        family.add_metric([channel, status], count)
    yield family


def _accounts(session: Session, now: datetime) -> Iterator[Metric]:
    held = GaugeMetricFamily(
        "aftershow_account_held", "Whether an account with a provider is held, because it doesn't answer.",
        labels=["account"],
    )  # fmt: skip
    for account in session.exec(select(ProviderAccount)):
        away = account.failures >= PATIENCE or (account.held_until is not None and account.held_until > now)
        held.add_metric([account.name], away)
    yield held


def _gauge(name: str, means: str, value: float) -> Metric:
    return GaugeMetricFamily(name, means, value)


READERS: tuple[Callable[[Session, datetime], Iterator[Metric]], ...] = (
    _outbox, _enrollments, _waits, _messages, _accounts,
)  # fmt: skip
"""One for each kind of figure."""
