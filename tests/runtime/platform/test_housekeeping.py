"""What the worker sees to now and then."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func
from sqlmodel import col, select
from temporalio.client import Client

from domain.coupons.tables import CampaignUse, Coupon
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_journey
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform import housekeeping
from runtime.platform.housekeeping import FORGET_PAGE, PAGE, Forgetting, expire_coupons
from workflows.language.compile import read_journey

SPEC = "journey: gifts\ntrigger: {event: form.filled}\nentry: {again: always}\nsteps: [{wait: 1d}]\n"


def test_coupons_that_ran_out_are_ended_however_many(db: Database, clock: VirtualClock) -> None:
    many, now = 2 * PAGE + 1, clock.now()
    plan = read_journey(SPEC, "", None).plan
    assert plan is not None
    with db.begin() as session:
        publish_journey(session, plan, SPEC, now)
    with db.begin() as session:
        ingest(session, [Incoming("test", "1", "form.filled", now, {}, identify("member_no:li", None))], now=now)
        enrollment = session.exec(select(Enrollment)).one()
        session.add(CampaignUse(campaign="five", issued=many + 1, money=500 * (many + 1)))
        for number in range(many + 1):
            session.add(
                Coupon(
                    code=str(number), campaign="five", customer_id=enrollment.customer_id, enrollment_id=enrollment.id,
                    step=str(number), terms={"name": "减5", "amount_off": 500, "valid": "1d"}, status="issued",
                    issued_at=now, expires_at=now + timedelta(days=2 if number == many else 1), cost=500, moves=1,
                )
            )  # fmt: skip
    expire_coupons(db, clock)
    clock.set(now + timedelta(days=1))
    expire_coupons(db, clock)
    with db() as session:
        assert Counter(session.exec(select(Coupon.status))) == {"expired": many, "issued": 1}
        use = session.exec(select(CampaignUse)).one()
        assert (use.issued, use.money) == (1, 500)
        told = session.exec(select(Event.type).where(col(Event.type).startswith("coupon.")))
        assert Counter(told) == {"coupon.expired": many}


def test_coupons_run_out_while_temporal_is_away(
    db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "INTERVAL_SECONDS", 0)
    rounds = []

    class Service:
        @contextmanager
        def ready(self, _: object) -> Iterator[None]:
            yield

        def catch_up(self) -> None:
            rounds.append(clock.now())

    async def story() -> None:
        client = await Client.connect("127.0.0.1:1", lazy=True)
        house = asyncio.create_task(housekeeping.keep_house(client, db, clock, Service()))
        while len(rounds) < 2:
            await asyncio.sleep(0.01)
        house.cancel()

    asyncio.run(story())


def test_events_are_forgotten_however_many_and_again_a_day_later(db: Database, clock: VirtualClock) -> None:
    many, now, keep = FORGET_PAGE + 1, clock.now(), timedelta(days=30)

    def take(count: int) -> None:
        who = identify("member_no:li", None)
        with db.begin() as session:
            events = [Incoming(str(clock.now()), str(n), "page.left", now, {"page": n}, who) for n in range(count)]
            ingest(session, events, now=clock.now())

    def kept() -> int:
        with db() as session:
            return session.exec(select(func.count()).where(~col(Event.forgotten))).one()

    take(many)
    forgetting = Forgetting(db, clock, keep)
    left = []
    for later in (keep, timedelta(hours=1), timedelta(hours=23), timedelta(days=30)):
        clock.set(clock.now() + later)
        forgetting.go_on()
        left.append(kept())
        if later == timedelta(hours=1):
            take(1)
    assert left == [many, many, 1, 0]
