"""The worker, the relay and the housekeeping, on a real Temporal server and in real time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from histories import plain
from real_worker import connected, eventually, texts_sent
from shop import Provider
from sqlalchemy import Engine
from sqlmodel import col, delete, func, select, update
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.service import RPCError

from domain.channels.delivery import Delivery, OpenMessage, Outgoing
from domain.channels.tables import SandboxMessage
from domain.customers.tables import CustomerTag
from domain.intake.ingest import Incoming, ingest
from domain.journeys import lifecycle
from domain.journeys.starting import start_of
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.published.publishing import publish_journey, publish_text
from domain.sending import tracking
from domain.store.clock import SystemClock, VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.authoring.publishing import publish_directory
from runtime.platform import worker
from runtime.platform.embedded import free_port, temporal_program
from runtime.platform.housekeeping import find_lost
from runtime.platform.outbox.relay import Relay
from runtime.platform.runs import workflow_id
from runtime.platform.schedules import sync_schedules
from runtime.platform.worker import working
from workflows.language.compile import read_journey
from workflows.runs.journey import JourneyWorkflow
from workflows.runs.nightly import NightlyWorkflow

ROOT = Path(__file__).parents[3]
PHONE = "+8613800000001"


def order(db: Database, number: int) -> None:
    now = datetime.now(UTC)
    data = {"order_id": f"o{number}", "total": 100}
    event = Incoming("test", str(number), "order.paid", now, data, (("phone", PHONE),))
    with db.begin() as session:
        ingest(session, [event], now=now)


@asynccontextmanager
async def relaying(relay: Relay, engine: Engine) -> AsyncIterator[None]:
    running = asyncio.create_task(relay.run(engine))
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_an_event_becomes_a_message_and_a_run_that_is_found_by_customer(
    thanks: Database, migrated: tuple[Engine, Database], temporal: str
) -> None:
    async def story() -> None:
        client = await connected(temporal)
        url = "https://shop.example"
        worker = working(client, thanks, SystemClock(), "first", public_url=url)
        async with worker as relay, relaying(relay, migrated[0]):
            order(thanks, 1)

            async def sent() -> bool:
                return texts_sent(thanks) == 1

            await eventually(sent)
            with thanks() as session:
                enrollment = session.exec(select(Enrollment)).one()
            query = f'Journey = "thanks" AND CustomerId = "{enrollment.customer_id}"'

            async def found() -> bool:
                return [run.id async for run in client.list_workflows(query)] == [workflow_id("thanks", enrollment.id)]

            await eventually(found)
            handle = client.get_workflow_handle(workflow_id("thanks", enrollment.id))
            told = await handle.describe()
            assert await told.static_summary() == f"感谢 · 第 1 版 · 客户 {enrollment.customer_id}"
            details = await told.static_details() or ""
            assert "thank_you" in details
            assert f"({url}/console/journeys/thanks)" in details
            assert f"({url}/console/customers/{enrollment.customer_id})" in details
            metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
            assert "等待 1 天" in metadata.current_details
            assert PHONE not in plain(await handle.fetch_history())
            await handle.terminate()

    asyncio.run(story())


def orders(db: Database, count: int) -> None:
    """An order each of so many customers."""
    now = datetime.now(UTC)
    events = [
        Incoming(
            "test", f"many/{n}", "order.paid", now, {"order_id": f"m{n}", "total": 1}, (("phone", f"+86139{n:08}"),)
        )
        for n in range(count)
    ]
    for start in range(0, count, 500):
        with db.begin() as session:
            ingest(session, events[start : start + 500], now=now)


def test_while_temporal_is_away_a_burst_is_taken_and_everything_starts_once_when_it_is_back(
    thanks: Database, migrated: tuple[Engine, Database], tmp_path: Path
) -> None:
    port = free_port()
    program = temporal_program(tmp_path, port=port, ui_port=None)

    async def up() -> bool:
        return await asyncio.to_thread(program.ready)

    async def story() -> None:
        process = program.start(tmp_path / "temporal.log")
        try:
            await eventually(up)
            client = await connected(f"127.0.0.1:{port}")
            async with working(client, thanks, SystemClock(), "away") as relay, relaying(relay, migrated[0]):
                process.kill()
                process.wait()
                orders(thanks, 1200)
                await asyncio.sleep(1)
                assert texts_sent(thanks) == 0
                process = program.start(tmp_path / "temporal.log")

                async def all_told() -> bool:
                    with thanks() as session:
                        left = session.exec(select(func.count()).select_from(Outbox)).one()
                    return left == 0 and texts_sent(thanks) >= 1200

                await eventually(all_told, 60)
        finally:
            program.stop(process)

    asyncio.run(story())
    with thanks() as session:
        recipients = session.exec(select(SandboxMessage.recipient)).all()
        runs = session.exec(select(Enrollment.cohort_id)).all()
    assert len(recipients) == len(set(recipients)) == 1200
    assert len(set(runs)) < 10  # hundreds of them in each


def test_a_run_ended_by_an_operator_is_found_and_the_enrollment_is_stopped(thanks: Database, temporal: str) -> None:
    async def story() -> None:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "operator") as relay:
            order(thanks, 1)
            (run,) = await relay.drain()
            await client.get_workflow_handle(run).terminate()
        await find_lost(client, thanks, VirtualClock(datetime.now(UTC) + timedelta(days=2)))

    asyncio.run(story())
    with thanks() as session:
        enrollment = session.exec(select(Enrollment)).one()
    assert (enrollment.ending, enrollment.reason) == ("stopped", "run_ended")


def test_a_run_that_temporal_forgot_is_started_again(thanks: Database, temporal: str) -> None:
    order(thanks, 1)
    with thanks.begin() as session:
        lost = session.exec(select(Outbox)).one()
        run = workflow_id("thanks", lost.payload["enrollment"])
        session.delete(lost)

    async def story() -> None:
        client = await connected(temporal)
        with pytest.raises(RPCError):
            await client.get_workflow_handle(run).describe()
        await find_lost(client, thanks, VirtualClock(datetime.now(UTC) + timedelta(days=2)))

    asyncio.run(story())
    with thanks() as session:
        assert session.exec(select(Outbox.kind)).all() == ["start"]


def test_schedules_follow_what_is_published(db: Database, temporal: str) -> None:
    publish_directory(db, ROOT / "journey_specs", ROOT / "templates" / "messages", datetime.now(UTC))
    with db() as session:
        library = read_library(session)

    async def story() -> None:
        client = await connected(temporal)

        async def schedules() -> set[str]:
            return {listed.id async for listed in await client.list_schedules()}

        await sync_schedules(client, library, paused=False)
        await sync_schedules(client, library, paused=False)
        wanted = {
            "nightly",
            "weekly-report",
            *(f"schedule/{name}" for name in ("near_expiry", "vip_birthday", "festival_care")),
        }

        async def there() -> bool:
            return await schedules() == wanted

        await eventually(there)
        kept = {name: live for name, live in library.journeys.items() if name == "near_expiry"}
        await sync_schedules(client, type(library)(library.policy, {}, {}, kept, {}), paused=False)

        async def gone() -> bool:
            return await schedules() == {"nightly", "weekly-report", "schedule/near_expiry"}

        await eventually(gone)

    asyncio.run(story())


def test_the_work_of_a_night_is_done(thanks: Database, temporal: str) -> None:
    async def night() -> list[str]:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "night"):
            return await client.execute_workflow(NightlyWorkflow.run, id="night", task_queue="night")

    assert asyncio.run(night()) == [
        "0 customers ordered again; a model needs 100",
        "0 customers stand elsewhere by recency, frequency and value",
        "0 companions of 0 products",
        "0 customers have another usual hour",
        "0 journeys are summed up",
        "0 more periods of metrics are kept",
    ]


def test_a_message_that_a_pause_holds_goes_out_when_the_journey_resumes(
    thanks: Database, migrated: tuple[Engine, Database], temporal: str
) -> None:
    async def story() -> None:
        client = await connected(temporal)
        order(thanks, 1)
        with thanks.begin() as session:
            lifecycle.pause(session, "thanks", datetime.now(UTC), "li")
        async with working(client, thanks, SystemClock(), "paused") as relay, relaying(relay, migrated[0]):

            async def held() -> bool:
                with thanks() as session:
                    return session.exec(select(Enrollment.held)).one()

            await eventually(held)
            await find_lost(client, thanks, VirtualClock(datetime.now(UTC) + timedelta(days=30)))
            now = datetime.now(UTC)
            with thanks.begin() as session:
                lifecycle.resume(session, "thanks", now, "li")
            lifecycle.in_pages(thanks, lifecycle.release_page, "thanks", now)

            async def sent() -> bool:
                return texts_sent(thanks) == 1

            await eventually(sent)
            with thanks.begin() as session:
                lifecycle.stop(session, "thanks", now, "li")
            lifecycle.in_pages(thanks, lifecycle.stop_page, "thanks", now)
            with thanks() as session:
                run = client.get_workflow_handle(workflow_id("thanks", session.exec(select(Enrollment.id)).one()))
            assert await run.result() == {"stopped": 1}

    asyncio.run(story())


COHORT = """
journey: together
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: thank, send: thank_you, via: [sms], kind: transactional}
  - if: {field: trigger.total, at_least: 200}
    then: [{tag: big}]
  - id: answer
    wait_for: {event: form.filled}
    within: 1d
    then: [{id: again, send: thank_you, via: [sms], kind: transactional}]
"""


def test_a_cohort_walks_side_by_side_and_one_member_cannot_hurt_the_others(db: Database, temporal: str) -> None:
    plan = read_journey(COHORT, "together.yaml", None).plan
    assert plan is not None
    with db.begin() as session:
        publish_journey(session, plan, COHORT, datetime.now(UTC))
        publish_text(session, "thank_you", "sms", "谢谢")

    def happens(number: int, name: str, **data: int) -> None:
        now = datetime.now(UTC)
        who = (("phone", f"+861380000000{number}"),)
        with db.begin() as session:
            ingest(
                session,
                [Incoming("test", f"{name}{number}", name, now, {"order_id": f"{number}", **data}, who)],
                now=now,
            )

    for number, total in ((1, 100), (2, 200), (3, 300), (4, 400)):
        happens(number, "order.paid", total=total)
    with db.begin() as session:
        starts = [start_of(session, row.payload["enrollment"]) for row in session.exec(select(Outbox))]
        cohorts = [start.cohort for start in starts if start]
        session.exec(delete(Outbox))
        unreadable = [["no such step", "sent", "yesterday"]]
        session.exec(update(Enrollment).where(col(Enrollment.id) == 3).values(outcomes=unreadable))
    together = cohorts[0].model_copy(update={"enrollments": tuple(c.enrollments[0] for c in cohorts)})

    def standing() -> dict[int, tuple[str | None, str | None]]:
        with db() as session:
            return {each.id: (each.position, each.ending) for each in session.exec(select(Enrollment))}

    async def story() -> tuple[dict[str, int], int]:
        client = await connected(temporal)
        async with working(client, db, SystemClock(), "together"):
            run = await client.start_workflow(JourneyWorkflow.run, together, id="together", task_queue="together")
            waiting = ("answer", None)

            async def settled() -> bool:
                return standing() == {1: waiting, 2: waiting, 3: ("thank", "failed"), 4: waiting}

            await eventually(settled)
            for number in (1, 2, 4):
                happens(number, "form.filled")
                await run.signal(JourneyWorkflow.wake, number)
            endings = await run.result()
            history = await run.fetch_history()
            assert "+86138" not in plain(history)
            return endings, len(history.events)

    endings, events = asyncio.run(story())
    assert endings == {"failed": 1, "finished": 3}
    assert texts_sent(db) == 6
    assert events < 4 * 33
    with db() as session:
        assert session.exec(select(func.count()).select_from(CustomerTag)).one() == 2


def test_a_message_whose_fate_is_open_is_followed_up(
    thanks: Database,
    migrated: tuple[Engine, Database],
    temporal: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forgetful(Provider):
        def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
            return [Delivery("unknown", reason="no answer") for _ in messages]

        def look_up(self, messages: Sequence[OpenMessage], _: datetime) -> list[Delivery]:
            return [Delivery("sent", provider_id="SM1") for _ in messages]

    monkeypatch.setattr(worker, "channels", lambda *_: {"sms": Forgetful()})
    monkeypatch.setattr(tracking, "PAUSES", (timedelta(0),))

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "followed") as relay, relaying(relay, migrated[0]):
            order(thanks, 1)

            async def settled() -> bool:
                with thanks() as session:
                    return session.exec(select(Message.status)).all() == ["sent"]

            await eventually(settled)
            handle = client.get_workflow_handle("follow-up/sms")
            assert await (await handle.describe()).static_summary() == "短信消息的去向"
            await handle.result()

    asyncio.run(story())
