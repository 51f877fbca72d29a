"""Each rule of docs/alerts.yml comes true when what it warns of is done to an API and a worker that really run."""

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from processes import answers, process
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from real_worker import connected, eventually
from ruamel.yaml import YAML
from shop import Provider
from sqlalchemy import Engine, create_engine, text, update
from sqlalchemy.exc import TimeoutError
from sqlmodel import col, select

from activities.journey import PLAIN
from domain.access.keys import create_key
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_journey
from domain.store.clock import SystemClock
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform import measures, worker
from runtime.platform.database import WORKER, connect
from runtime.platform.embedded import Program, free_port, temporal_program
from runtime.platform.settings import load_settings
from workflows.language.compile import read_journey

DOCS = Path(__file__).parents[3] / "docs"
RULES: Mapping[str, str] = {
    rule["alert"]: rule["expr"]
    for group in YAML(typ="safe").load((DOCS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
SHAPE = re.compile(r"(increase\()?(\w+)(?:\{(.*?)\})?(?:\[\w+\]\))? ([<>]) ([\d.]+)")
MARKED = """
journey: marked
trigger: {event: form.filled}
entry: {again: always}
steps:
  - {id: mark, tag: called}
"""
CONNECTIONS = 6
FAR = timedelta(minutes=10)


def named(expression: str) -> set[str]:
    """The metrics that an expression is about."""
    return set(re.findall(r"\baftershow_\w+", expression))


def test_each_alert_is_explained_in_both_languages() -> None:
    chinese, english = (DOCS / "alerts.md").read_text().split("## In English")
    assert re.findall(r"^## (\w+)$", chinese, re.MULTILINE) == list(RULES)
    assert re.findall(r"^\| \[(\w+)\]", english, re.MULTILINE) == list(RULES)


@dataclass
class Failing(Provider):
    """Doesn't say what becomes of messages, or refuses them."""

    account: Account | None = field(default_factory=lambda: Account("sms/test"))
    answer: Delivery = field(default_factory=lambda: Delivery("unknown", reason="no answer"))

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return [self.answer for _ in messages]

    def look_up(self, messages: Sequence[OpenMessage], _: datetime) -> list[Delivery]:
        return [Delivery("unknown") for _ in messages]


@dataclass
class Shop:
    """A Temporal that can be stopped, an API, and a worker in this process, which can be broken."""

    db: Database
    engine: Engine
    temporal: Program
    log: Path
    address: str
    urls: Mapping[str, str]
    key: str
    monkeypatch: pytest.MonkeyPatch
    provider: Failing
    running: Popen[bytes] = field(init=False)
    working: asyncio.Task[None] = field(init=False)
    posted: int = 0
    families: set[str] = field(default_factory=set)

    async def scrape(self) -> list[Sample]:
        """What Prometheus would have read now."""
        headers = {"Authorization": f"Bearer {self.key}"}
        found: list[Sample] = []
        async with httpx.AsyncClient(timeout=20, headers=headers) as client:
            for job, url in self.urls.items():
                answer = None
                with suppress(httpx.HTTPError):
                    answer = await client.get(f"{url}/metrics")
                up = answer is not None and answer.status_code == 200
                found.append(Sample("up", {"job": job}, float(up)))
                for family in text_string_to_metric_families(answer.text if answer and up else ""):
                    found += family.samples
                    total = "_total" if family.type == "counter" else ""
                    self.families |= {family.name + total, f"{family.name}_bucket"}
        return found

    async def ask(self, method: str, path: str, **options: Any) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(timeout=20, headers=headers) as client:
            await client.request(method, self.urls["aftershow-api"] + path, **options)

    def is_true(self, rule: str, before: Sequence[Sample] = ()) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return holds(rule, before, await self.scrape())

        return look

    def post(self, kind: str, count: int = 1, **enrolled: object) -> None:
        """So many customers to whom something happens, each; whom that enrolls, as it is said."""
        now, first = datetime.now(UTC), self.posted
        self.posted += count
        events = [
            Incoming("test", str(n), kind, now, {"order_id": str(n), "total": 1}, (("phone", f"+86139{n:08}"),))
            for n in range(first, self.posted)
        ]
        with self.db.begin() as work:
            ingest(work, events, now=now)
            work.write()
            if enrolled:
                newest = select(Enrollment.id).order_by(col(Enrollment.id).desc()).limit(count)
                work.execute(update(Enrollment).where(col(Enrollment.id).in_(newest)).values(**enrolled))

    def sql(self, statement: str) -> None:
        with self.db.begin() as work:
            work.execute(text(statement))

    async def start_temporal(self) -> None:
        self.running = self.temporal.start(self.log)
        await eventually(lambda: asyncio.to_thread(self.temporal.ready))

    async def stop_worker(self) -> None:
        """By a signal, as it is stopped in earnest."""
        if not self.working.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await self.working

    def stop_temporal(self) -> None:
        self.running.kill()
        self.running.wait()


def holds(rule: str, before: Sequence[Sample], now: Sequence[Sample]) -> bool:
    """Whether a rule is true; growth is since `before`."""
    matched = SHAPE.fullmatch(RULES[rule])
    assert matched, RULES[rule]
    grown, name, labels, sign, bound = matched.groups()
    wanted = dict(re.findall(r'(\w+)="(.*?)"', labels or "")).items()

    def read(samples: Sequence[Sample]) -> dict[frozenset[tuple[str, str]], float]:
        return {frozenset(s.labels.items()): s.value for s in samples if s.name == name and wanted <= s.labels.items()}

    then = read(before) if grown else {}
    values = [value - then.get(which, 0) for which, value in read(now).items()]
    return any(value < float(bound) if sign == "<" else value > float(bound) for value in values)


@asynccontextmanager
async def temporal_away(shop: Shop) -> AsyncIterator[None]:
    """And with it, whatever should have happened since."""
    shop.stop_temporal()
    now = datetime.now(UTC)
    shop.post("order.paid")
    rows = "INSERT INTO outbox (kind, payload, attempts) SELECT 'wake', '{\"enrollment\": 0}', 0"
    shop.sql(f"{rows} FROM generate_series(1, 10001)")
    shop.sql("UPDATE outbox SET created_at = created_at - interval '10 minutes'")
    shop.sql(f"UPDATE enrollments SET due_at = '{now - FAR}' WHERE ending IS NULL")
    for beat in (measures.RELAY, measures.HOUSEKEEPING):
        beat._at -= FAR.total_seconds()
    yield
    await shop.start_temporal()


@asynccontextmanager
async def provider_away(shop: Shop) -> AsyncIterator[None]:
    shop.post("order.paid", 5)
    yield
    shop.sql("UPDATE messages SET status = 'sent', look_at = NULL")
    shop.sql("UPDATE provider_accounts SET failures = 0, held_until = NULL")


@asynccontextmanager
async def provider_refuses(shop: Shop) -> AsyncIterator[None]:
    shop.provider.answer = Delivery("failed", reason="30006")
    shop.post("order.paid", 101)
    yield


@asynccontextmanager
async def a_verb_hangs(shop: Shop) -> AsyncIterator[None]:
    """And a Schedule that is due again finds its last run still waiting behind it."""
    going = threading.Event()

    def broken(*_: object) -> None:
        going.wait(60)
        raise RuntimeError

    shop.monkeypatch.setitem(PLAIN, "tag", broken)
    for _ in range(worker.THREADS):
        shop.post("form.filled")
    await eventually(shop.is_true("WorkersBusy"))
    client = await connected(shop.address)
    nightly = client.get_schedule_handle("nightly")
    for _ in range(2):
        await nightly.trigger()
    yield
    going.set()


@asynccontextmanager
async def a_verb_raised(_: Shop) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def a_history_is_unreadable(shop: Shop) -> AsyncIterator[None]:
    shop.post("order.paid", outcomes=[["no such step", "sent", "yesterday"]])
    yield


@asynccontextmanager
async def a_notice_makes_no_sense(shop: Shop) -> AsyncIterator[None]:
    with shop.db.begin() as work:
        work.add(Outbox(kind="nonsense", payload={}, attempts=7))
    yield


@asynccontextmanager
async def a_schedule_is_paused(shop: Shop) -> AsyncIterator[None]:
    nightly = (await connected(shop.address)).get_schedule_handle("nightly")
    await nightly.pause()
    yield
    await nightly.unpause()


@asynccontextmanager
async def connections_are_taken(shop: Shop) -> AsyncIterator[None]:
    taken, pool = [], shop.engine.pool
    shop.monkeypatch.setattr(pool, "_timeout", 0.5)
    while pool.checkedout() < CONNECTIONS + 10:  # type: ignore[attr-defined]
        with suppress(TimeoutError):  # the worker was faster
            taken.append(await asyncio.to_thread(shop.engine.connect))
    yield
    for connection in taken:
        connection.close()


@asynccontextmanager
async def a_table_is_locked(shop: Shop) -> AsyncIterator[None]:
    with shop.db.begin() as work:
        work.execute(text("LOCK TABLE provider_accounts IN ACCESS EXCLUSIVE MODE"))
        yield


@asynccontextmanager
async def a_producer_sends_nonsense(shop: Shop) -> AsyncIterator[None]:
    await shop.ask("POST", "/v1/events", json=[7] * 101)
    yield


@asynccontextmanager
async def the_schema_is_old(shop: Shop) -> AsyncIterator[None]:
    shop.sql("ALTER TABLE todos RENAME TO todos_of_tomorrow")
    await shop.ask("GET", "/v1/todos")
    yield
    shop.sql("ALTER TABLE todos_of_tomorrow RENAME TO todos")


@asynccontextmanager
async def postgres_away(shop: Shop) -> AsyncIterator[None]:
    url = shop.engine.url
    other = create_engine(url.set(database="template1"), isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": url.database}
        )
        yield
        connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
    other.dispose()


@asynccontextmanager
async def no_worker(shop: Shop) -> AsyncIterator[None]:
    """Nor a Temporal that remembers one."""
    await shop.stop_worker()
    shop.stop_temporal()
    await shop.start_temporal()
    yield


Break = Callable[[Shop], AbstractAsyncContextManager[None]]
BREAKAGES: Sequence[tuple[Break, set[str]]] = (
    (provider_away, {"MessagesUnknown", "AccountHeld"}),
    (provider_refuses, {"MessagesFail"}),
    (a_history_is_unreadable, {"EnrollmentsFailed"}),
    (a_notice_makes_no_sense, {"NoticesGivenUp"}),
    (a_schedule_is_paused, {"SchedulePaused"}),
    (connections_are_taken, {"PoolExhausted"}),
    (a_table_is_locked, {"FiguresMissing"}),
    (a_producer_sends_nonsense, {"EventsRejected"}),
    (the_schema_is_old, {"ServerErrors"}),
    (a_verb_hangs, {"WorkersBusy", "ScheduleMissed"}),
    (a_verb_raised, {"EnrollmentsStuck"}),
    (temporal_away, {"TemporalAway", "WorkerNotPolling", "OutboxOld", "OutboxDeep", "WaitsLate", "RelayStands",
                     "HousekeepingStands"}),
    (postgres_away, {"PostgresAway", "ProcessDown"}),
    (no_worker, {"NoWorkers", "ProcessDown"}),
)  # fmt: skip


def test_each_rule_comes_true_when_what_it_warns_of_is_done(
    thanks: Database, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_journey(MARKED, "marked.yaml", None).plan
    assert plan is not None
    with thanks.begin() as work:
        publish_journey(work, plan, MARKED, datetime.now(UTC))
        key = create_key(work, "prometheus", ["read", "ingest"], datetime.now(UTC))
    temporal, api, own = (free_port() for _ in range(3))
    provider = Failing()
    monkeypatch.setattr(worker, "channels", lambda *_: {"sms": provider})
    monkeypatch.setattr(measures, "SCHEDULES_EVERY", 0.2)
    monkeypatch.setattr(worker, "THREADS", 2)
    environment = {"AFTERSHOW_DATABASE_URL": postgres_url, "TEMPORAL_ADDRESS": f"127.0.0.1:{temporal}"}
    for name, value in {**environment, "AFTERSHOW_WORKER_PORT": str(own), "AFTERSHOW_COHORT_SIZE": "50"}.items():
        monkeypatch.setenv(name, value)
    engine, db = connect(postgres_url, WORKER, pool_size=CONNECTIONS)
    program = temporal_program(None, port=temporal, ui_port=None)
    urls = {"aftershow-api": f"http://127.0.0.1:{api}", "aftershow-worker": f"http://127.0.0.1:{own}"}

    async def story() -> None:
        shop = Shop(
            thanks, engine, program, tmp_path / "log", f"127.0.0.1:{temporal}", urls, key, monkeypatch, provider
        )
        await shop.start_temporal()
        try:
            shop.working = asyncio.create_task(worker.work(engine, db, SystemClock(), load_settings()))
            for url in urls.values():
                await eventually(lambda url=url: asyncio.to_thread(answers, url))
            calm = await shop.scrape()
            assert {rule for rule in RULES if holds(rule, calm, calm)} == set()
            known = {re.sub("_(bucket|count|sum|created)$", "", sample.name) for sample in calm} | shop.families
            assert {name for text in (*RULES.values(), *panels()) for name in named(text)} - known == set()
            for breakage, alerts in BREAKAGES:
                before = await shop.scrape()

                async with breakage(shop):
                    for rule in sorted(alerts):
                        await eventually(shop.is_true(rule, before))
        finally:
            await shop.stop_worker()
            shop.stop_temporal()

    with process({**environment, "AFTERSHOW_PORT": str(api)}, "api"):
        asyncio.run(story())
    engine.dispose()
    assert set().union(*(alerts for _, alerts in BREAKAGES)) == set(RULES)


def panels() -> list[str]:
    """The expressions of the dashboard."""
    board = json.loads((DOCS / "grafana.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]
