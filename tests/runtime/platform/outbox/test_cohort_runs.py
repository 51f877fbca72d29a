"""Cohorts through the real relay, worker and housekeeping, on a real Temporal server."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from real_worker import THANKS, connected, eventually, texts_sent
from sqlmodel import col, delete, func, select, update
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.journeys import lifecycle
from domain.journeys.starting import form_cohort
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_journey
from domain.store.clock import SystemClock, VirtualClock
from domain.store.outbox import WakeRun
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.housekeeping import find_lost
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.platform.outbox.journey_tellers import COHORT_SIZE, CUSTOMER_ID
from runtime.platform.runs import workflow_id
from runtime.platform.worker import working
from workflows.language.compile import read_journey
from workflows.runs.journey import JourneyWorkflow


def enter_all(db: Database, count: int) -> list[int]:
    """Customers who place an order each at one instant. Returns their enrollments."""
    now = datetime.now(UTC)
    events = [
        Incoming("test", f"{n}", "order.paid", now, {"order_id": f"o{n}", "total": 100}, (("phone", f"+86139{n:08}"),))
        for n in range(count)
    ]
    with db.begin() as session:
        ingest(session, events, now=now)
    with db() as session:
        return list(session.exec(select(Enrollment.id).order_by(col(Enrollment.id))))


def endings(db: Database) -> list[tuple[str | None, str | None]]:
    with db() as session:
        rows = session.exec(select(Enrollment).order_by(col(Enrollment.id)))
        return [(each.ending, each.reason) for each in rows]


async def signals(run: WorkflowHandle[Any, Any]) -> int:
    events = (await run.fetch_history()).events
    return sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED for event in events)


BROKEN = {7: ("failed", "ValueError"), 8: ("failed", "bad_timezone"), 9: ("failed", "bad_fields")}
"""A history, a time zone and fields that can't be read end their members."""
TOGETHER = CohortPolicy(seconds=0, paging=0, quiet=0)


def test_a_burst_is_one_run_whose_members_end_alone_or_all_with_it(thanks: Database, temporal: str) -> None:
    ids = enter_all(thanks, 500)
    with thanks.begin() as session:
        unreadable = [["no such step", "sent", "yesterday"]]
        session.exec(update(Enrollment).where(col(Enrollment.id) == ids[7]).values(outcomes=unreadable))
        for id, wrong in ((ids[8], {"timezone": "Mars/Olympus"}), (ids[9], {"fields": "nonsense"})):
            owner = session.get_one(Enrollment, id).customer_id
            session.exec(update(Customer).where(col(Customer.id) == owner).values(wrong))

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "burst", gathering=TOGETHER) as relay:
            assert await relay.drain() == [workflow_id("thanks", ids[0])]
            handle = client.get_workflow_handle_for(JourneyWorkflow.run, workflow_id("thanks", ids[0]))

            async def sent() -> bool:
                return texts_sent(thanks) == 497

            await eventually(sent)
            described = await handle.describe()
            assert await described.static_summary() == "感谢 · 第 1 版 · 500 位客户"
            assert described.typed_search_attributes.get(COHORT_SIZE) == 500
            assert described.typed_search_attributes.get(CUSTOMER_ID) is None
            assert [endings(thanks)[place] for place in BROKEN] == list(BROKEN.values())
            now = datetime.now(UTC)
            with thanks.begin() as session:
                customer = session.get_one(Enrollment, ids[3]).customer_id
                assert lifecycle.stop_customer(session, "thanks", customer, now, "li") == 1
            assert await relay.drain() == [""]
            assert await signals(handle) == 0  # it is found at its next step
            with thanks.begin() as session:
                for enrollment in ids[10:15]:
                    session.enqueue(WakeRun(enrollment))
            assert await relay.drain() == [handle.id]
            assert await signals(handle) == 1
            details = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
            assert len(details.current_details.splitlines()) <= 2
            await handle.terminate()
        later = VirtualClock(datetime.now(UTC) + timedelta(days=2))
        await find_lost(client, thanks, later)

    asyncio.run(story())
    others = [ending for place, ending in enumerate(endings(thanks)) if place not in (3, *BROKEN)]
    assert others == [("stopped", "run_ended")] * 496


def test_a_cohort_that_ends_as_a_whole_is_woken_once(thanks: Database, temporal: str) -> None:
    enter_all(thanks, 30)

    async def story() -> dict[str, int]:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "whole", gathering=TOGETHER) as relay:
            (run,) = await relay.drain()

            async def asleep() -> bool:
                return texts_sent(thanks) == 30

            await eventually(asleep)
            now = datetime.now(UTC)
            with thanks.begin() as session:
                lifecycle.stop(session, "thanks", now, "li")
            lifecycle.in_pages(thanks, lifecycle.stop_page, "thanks", now)
            assert await relay.drain() == [run]
            return await client.get_workflow_handle_for(JourneyWorkflow.run, run).result()

    assert asyncio.run(story()) == {"stopped": 30}


def test_a_cohort_that_temporal_forgot_starts_again_as_one(thanks: Database, temporal: str) -> None:
    ids = enter_all(thanks, 5)
    with thanks.begin() as session:
        form_cohort(session, session.exec(select(Enrollment.plan_id)).first() or "", 500)
        session.exec(delete(Outbox))

    async def story() -> list[str]:
        client = await connected(temporal)
        await find_lost(client, thanks, VirtualClock(datetime.now(UTC) + timedelta(days=2)))
        async with working(client, thanks, SystemClock(), "again", gathering=TOGETHER) as relay:
            return await relay.drain()

    assert asyncio.run(story()) == [workflow_id("thanks", ids[0])]


def test_a_pause_holds_each_member_who_may_be_stopped_meanwhile(thanks: Database, temporal: str) -> None:
    ids = enter_all(thanks, 30)

    async def story() -> None:
        client = await connected(temporal)
        with thanks.begin() as session:
            lifecycle.pause(session, "thanks", datetime.now(UTC), "li")
        async with working(client, thanks, SystemClock(), "held", gathering=TOGETHER) as relay:
            (run,) = await relay.drain()

            async def held() -> bool:
                with thanks() as session:
                    return session.exec(select(func.count()).where(col(Enrollment.held))).one() == len(ids)

            await eventually(held)
            now = datetime.now(UTC)
            with thanks.begin() as session:
                customer = session.get_one(Enrollment, ids[3]).customer_id
                assert lifecycle.stop_customer(session, "thanks", customer, now, "li") == 1
                lifecycle.resume(session, "thanks", now, "li")
            lifecycle.in_pages(thanks, lifecycle.release_page, "thanks", now)
            assert await relay.drain() == [run]

            async def sent() -> bool:
                return texts_sent(thanks) == len(ids) - 1

            await eventually(sent)
            handle = client.get_workflow_handle(run)
            assert await signals(handle) == 1
            await handle.terminate()

    asyncio.run(story())


def test_a_journey_may_ask_for_a_run_for_each_customer(thanks: Database, temporal: str) -> None:
    alone = THANKS.replace("{again: always}", "{again: always, cohort: 1}")
    plan = read_journey(alone, "thanks.yaml", None).plan
    assert plan is not None
    with thanks.begin() as session:
        publish_journey(session, plan, alone, datetime.now(UTC))
    ids = enter_all(thanks, 3)

    async def story() -> list[str]:
        client = await connected(temporal)
        async with working(client, thanks, SystemClock(), "alone", gathering=TOGETHER) as relay:
            return await relay.drain()

    assert asyncio.run(story()) == [workflow_id("thanks", each) for each in ids]
