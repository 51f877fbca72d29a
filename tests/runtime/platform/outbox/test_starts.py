"""Whoever enters is carried by a run, whatever dies between Temporal's start of a run and the relay's commit."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from real_worker import THANKS, connected, eventually, texts_sent
from sqlalchemy.exc import OperationalError
from sqlmodel import col, delete, select, update
from temporalio.client import Client

from domain.intake.ingest import Incoming, ingest
from domain.journeys.starting import form_cohort, start_of
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_journey, publish_text
from domain.store.clock import SystemClock, VirtualClock
from domain.store.outbox import StartRun
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.housekeeping import find_lost
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.platform.outbox.relay import Relay
from runtime.platform.runs import workflow_id
from runtime.platform.worker import working
from workflows.language.compile import read_journey
from workflows.runs.journey import JourneyWorkflow

BRIEF = THANKS.replace("  - wait: 1d\n", "")
QUIET = CohortPolicy(seconds=0, paging=0, quiet=1)
"""One start is told alone, two at once are a burst."""


def publish(db: Database, spec: str, name: str) -> None:
    spec = spec.replace("journey: thanks", f"journey: {name}")
    plan = read_journey(spec, f"{name}.yaml", None).plan
    assert plan is not None
    with db.begin() as session:
        publish_journey(session, plan, spec, datetime.now(UTC))
        publish_text(session, "thank_you", "sms", "谢谢")


def enter(db: Database, numbers: Sequence[int]) -> None:
    now = datetime.now(UTC)
    events = [
        Incoming("test", f"{n}", "order.paid", now, {"order_id": f"o{n}", "total": 100}, (("phone", f"+86139{n:08}"),))
        for n in numbers
    ]
    with db.begin() as session:
        ingest(session, events, now=now)


def put_together(db: Database) -> None:
    with db.begin() as session:
        form_cohort(session, session.exec(select(Enrollment.plan_id)).first() or "", 500)


def endings(db: Database) -> list[str | None]:
    with db() as session:
        return list(session.exec(select(Enrollment.ending).order_by(col(Enrollment.id))))


async def all_end_as(db: Database, wanted: Sequence[str | None]) -> None:
    async def so() -> bool:
        return endings(db) == list(wanted)

    try:
        await eventually(so)
    except TimeoutError:
        assert endings(db) == list(wanted)


async def tell_all(relay: Relay, db: Database) -> None:
    async def told() -> bool:
        await relay.drain()
        with db() as session:
            return session.exec(select(Outbox)).first() is None

    await eventually(told)


async def begin(client: Client, db: Database, queue: str, run: int, carried: Sequence[int]) -> None:
    """Start a run as if only these of its members had been there."""
    with db() as session:
        starts = [start_of(session, each) for each in carried]
    cohorts = [start.cohort for start in starts if start]
    cohort = cohorts[0].model_copy(update={"enrollments": tuple(each.enrollments[0] for each in cohorts)})
    await client.start_workflow(JourneyWorkflow.run, cohort, id=workflow_id(cohort.plan.journey, run), task_queue=queue)


@pytest.mark.parametrize("restarted", [False, True])
def test_who_was_told_alone_leads_no_cohort_though_the_commit_was_lost(
    db: Database, temporal: str, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    queue = f"lost_commit_{restarted}"
    publish(db, BRIEF, queue)

    def die(*_: object) -> None:
        raise OperationalError("COMMIT", None, Exception("terminating connection"))

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, db, SystemClock(), queue, gathering=QUIET) as relay:
            enter(db, [1])
            with monkeypatch.context() as patch:
                patch.setattr("runtime.platform.outbox.relay._settle", die)
                with pytest.raises(OperationalError):
                    await relay.drain()
            await client.get_workflow_handle(workflow_id(queue, 1)).describe()
            enter(db, range(2, 7))
            await tell_all(Relay(db, client, queue, QUIET) if restarted else relay, db)
            await all_end_as(db, ["finished"] * 6)

    asyncio.run(story())


@pytest.mark.parametrize("by_the_sweep", [False, True])
@pytest.mark.parametrize(
    ("spec", "is_ended", "wanted"),
    [
        (BRIEF, False, ["finished", "finished", "finished"]),
        (THANKS, False, [None, None, None]),
        (THANKS, True, ["stopped", None, None]),
    ],
    ids=["over", "running", "terminated"],
)
def test_whom_the_run_of_their_cohort_does_not_carry_get_a_run_and_are_never_failed(
    db: Database, temporal: str, spec: str, is_ended: bool, wanted: list[str | None], by_the_sweep: bool
) -> None:
    queue = f"uncarried_{len(spec)}_{is_ended}_{by_the_sweep}"
    publish(db, spec, queue)
    later = VirtualClock(datetime.now(UTC) + timedelta(days=2))

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, db, SystemClock(), queue, gathering=QUIET) as relay:
            enter(db, [1])
            await begin(client, db, queue, 1, [1])
            first = client.get_workflow_handle(workflow_id(queue, 1))
            await texts(db, 1)
            enter(db, [2, 3])
            if spec == BRIEF:
                await first.result()
                with db.begin() as session:  # the others are put together with one that ended since
                    session.exec(update(Enrollment).values(cohort_id=1))
                    session.exec(delete(Outbox))
                    session.enqueue(StartRun(1))
            else:
                put_together(db)
            if is_ended:
                await first.terminate()
            if by_the_sweep:
                with db.begin() as session:
                    session.exec(delete(Outbox))
            if by_the_sweep or is_ended:
                await find_lost(client, db, later)
            await tell_all(relay, db)
            await texts(db, 3)
            await all_end_as(db, wanted)
            await find_lost(client, db, later)
            assert endings(db) == wanted

    asyncio.run(story())


def test_a_run_that_is_over_and_never_carried_its_namesake_gives_way_to_one_that_does(
    db: Database, temporal: str
) -> None:
    publish(db, BRIEF, "namesake")

    async def story() -> None:
        client = await connected(temporal)
        async with working(client, db, SystemClock(), "namesake", gathering=QUIET) as relay:
            enter(db, [1, 2])
            await begin(client, db, "namesake", 1, [2])
            await all_end_as(db, [None, "finished"])
            with db.begin() as session:
                session.exec(delete(Outbox))
            await client.get_workflow_handle(workflow_id("namesake", 1)).result()
            await find_lost(client, db, VirtualClock(datetime.now(UTC) + timedelta(days=2)))
            await tell_all(relay, db)
            await all_end_as(db, ["finished", "finished"])

    asyncio.run(story())


async def texts(db: Database, count: int) -> None:
    async def sent() -> bool:
        return texts_sent(db) == count

    await eventually(sent)
