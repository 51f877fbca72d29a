"""Temporal's data is deleted while a thousand customers walk: all goes on from Postgres, and nothing goes twice."""

import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from real_worker import connected, eventually, texts_sent
from sqlalchemy import Engine
from sqlmodel import col, select, update
from temporalio.client import WorkflowExecutionStatus

from domain.channels.tables import SandboxMessage
from domain.intake import walks
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import CustomerWalk, Event
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.clock import SystemClock
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.embedded import free_port, temporal_program
from runtime.platform.housekeeping import find_lost
from runtime.platform.rebuilding import rebuild_runs
from runtime.platform.worker import working
from workflows.language.compile import read_journey

CUSTOMERS = 1000
CARE = """
journey: care
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: first, send: hello, via: [sms], kind: transactional}
  - {wait: 1m}
  - {id: second, send: bye, via: [sms], kind: transactional}
"""
NEWS = """
journey: news
trigger: {event: stream.scheduled, for_each: "segment:everybody"}
entry: {again: always}
steps:
  - {id: tell, send: news, via: [sms], kind: transactional}
"""
DAILY = """
journey: daily
trigger: {schedule: every day at 00:00, for_each: "segment:everybody"}
entry: {again: always}
steps:
  - {id: tell, send: today, via: [sms], kind: transactional}
"""


class Hurried(SystemClock):
    """Six times as fast as real time."""

    def __init__(self) -> None:
        self._began = super().now()

    def now(self) -> datetime:
        return self._began + (super().now() - self._began) * 6

    def seconds_until(self, instant: datetime) -> float:
        return super().seconds_until(instant) / 6


def publish(db: Database, *specs: str) -> None:
    with db.begin() as work:
        publish_document(work, "_segments", {"everybody": {"event": "order.paid"}})
        for spec in specs:
            compiled = read_journey(spec, "spec", None)
            assert compiled.plan is not None, compiled.diagnostics
            publish_journey(work, compiled.plan, spec, datetime.now(UTC))
        for name in ("hello", "bye", "news", "today"):
            publish_text(work, name, "sms", name)


def order(db: Database, first: int, count: int) -> None:
    now = datetime.now(UTC)
    with db.begin() as work:
        ingest(
            work,
            [
                Incoming("shop", f"o{number}", "order.paid", now, {"order_id": f"o{number}", "total": 1},
                         (("phone", f"+86139{number:08}"),))
                for number in range(first, first + count)
            ],
            now=now,
        )  # fmt: skip


def sent(db: Database) -> Counter[tuple[str, str]]:
    with db() as session:
        return Counter(session.exec(select(SandboxMessage.recipient, SandboxMessage.body)).all())


async def rebuild(db: Database, *, anew: bool = False) -> dict[str, int]:
    with db.begin() as work:
        return dict(rebuild_runs(work, datetime.now(UTC), anew=anew))


def test_a_thousand_go_on_after_temporals_data_is_deleted(
    db: Database, migrated: tuple[Engine, Database], tmp_path: Path
) -> None:
    publish(db, CARE)
    port, clock = free_port(), Hurried()
    program = temporal_program(None, port=port, ui_port=None)

    async def up() -> bool:
        return await asyncio.to_thread(program.ready)

    @contextlib.asynccontextmanager
    async def at_work() -> "contextlib.AsyncIterator[None]":
        client = await connected(f"127.0.0.1:{port}")
        async with working(client, db, clock) as relay:
            running = asyncio.create_task(relay.run(migrated[0]))
            yield
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def story() -> None:
        process = program.start(tmp_path / "temporal.log")
        try:
            await eventually(up)
            async with at_work():
                order(db, 0, 500)
                order(db, 500, CUSTOMERS - 500)

                async def all_greeted() -> bool:
                    return sum(body == "hello" for _, body in sent(db)) == CUSTOMERS

                await eventually(all_greeted)
                process.kill()
                process.wait()
            process = program.start(tmp_path / "temporal.log")
            await eventually(up)
            counts = await rebuild(db)
            with db() as session:
                runs = {each.run for each in session.exec(select(Enrollment).where(col(Enrollment.ending).is_(None)))}
            assert counts["run"] == len(runs)
            assert (await rebuild(db))["run"] == 0, "asking for it twice starts nothing twice"
            async with at_work():

                async def all_through() -> bool:
                    return texts_sent(db) >= 2 * CUSTOMERS

                await eventually(all_through)

                async def all_ended() -> bool:
                    with db() as session:
                        return not session.exec(select(Enrollment.id).where(col(Enrollment.ending).is_(None))).first()

                await eventually(all_ended)
        finally:
            program.stop(process)

    asyncio.run(story())
    assert set(sent(db).values()) == {1}
    assert len(sent(db)) == 2 * CUSTOMERS
    with db() as session:
        assert set(session.exec(select(Enrollment.ending))) == {"finished"}


def test_a_run_that_is_over_for_temporal_alone_begins_anew_after_a_restore(thanks: Database, temporal: str) -> None:
    order(thanks, 7, 1)

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "anew") as relay:
            (run,) = await relay.drain()
            await client.get_workflow_handle(run).terminate()
            with thanks.begin() as work:
                work.execute(update(Enrollment).values(due_at=datetime.now(UTC) - timedelta(hours=1)))
            assert (await rebuild(thanks, anew=True))["run"] == 1
            await find_lost(client, thanks, SystemClock())
            with thanks() as session:
                assert session.exec(select(Enrollment.ending)).all() == [None], "who waits to begin anew isn't lost"
            while run not in await relay.drain():
                pass
            handle = client.get_workflow_handle(run)
            assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
            await handle.terminate()

    asyncio.run(story())


def test_a_walk_goes_on_where_temporal_lost_it(db: Database, temporal: str) -> None:
    """An event about the business that was on its way to all, and a schedule that fired while Temporal was away."""
    publish(db, CARE, NEWS, DAILY)
    order(db, 0, 30)
    now = datetime.now(UTC)
    with db.begin() as work:
        show = {"stream_id": "s1", "starts_at": (now + timedelta(days=1)).isoformat()}
        ingest(work, [Incoming("shop", "s1", "stream.scheduled", now, show, (), arrived=now)], now=now)
    with db.begin() as work:
        for row in work.exec(select(Outbox)):
            work.delete(row)
        event = work.exec(select(Event.id).where(Event.type == "stream.scheduled")).one()
        walk = walks.walk_with_event(work, "news", event)
        assert walk is not None
        customers = work.exec(select(Enrollment.customer_id).order_by(col(Enrollment.customer_id))).all()
        walk.cursor = f"entries:{customers[9]}"
        work.add(walk)

    async def story() -> None:
        client = await connected(temporal)
        counts = await rebuild(db)
        assert counts["walk"] in (1, 2), "midnight may be more than half a day ago"
        async with working(client, db, SystemClock(), "walks") as relay:

            async def walked() -> bool:
                await relay.drain()
                with db() as session:
                    return not walks.open_walks(session)

            await eventually(walked)

    asyncio.run(story())
    with db() as session:
        entered = session.exec(select(Enrollment.customer_id).where(Enrollment.journey == "news")).all()
        assert sorted(entered) == sorted(customers[10:]), "those of the pages before aren't gone through again"
        of_schedule = session.exec(select(CustomerWalk)).all()
    assert all(each.ended and each.journey == "daily" for each in of_schedule)
