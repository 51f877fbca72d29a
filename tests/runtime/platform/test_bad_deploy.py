"""A release whose code raises is mended by the next one: who stood before the broken verb goes on, nobody is lost."""

import asyncio
from datetime import UTC, datetime

import pytest
from real_worker import connected, eventually, texts_sent
from sqlmodel import col, select

from activities.journey import PLAIN
from domain.customers.tables import CustomerTag
from domain.intake.ingest import Incoming, ingest
from domain.journeys import stuck
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_journey
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.platform.worker import working
from workflows.language.compile import read_journey

MARKED = """
journey: marked
trigger: {event: form.filled}
entry: {again: never}
steps:
  - {id: mark, tag: called}
  - {id: thank, send: thank_you, via: [sms], kind: transactional}
"""
TOGETHER = CohortPolicy(seconds=0, paging=0, quiet=0)


def test_who_a_bad_release_held_up_goes_on_with_the_next(
    thanks: Database, temporal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who is in a run alone is put off; of a cohort, whom all the same befalls, the activity is tried again."""
    plan = read_journey(MARKED, "marked.yaml", None).plan
    assert plan is not None
    now = datetime.now(UTC)
    with thanks.begin() as work:
        publish_journey(work, plan, MARKED, now)

    def fills(*numbers: int) -> None:
        who = {number: (("phone", f"+86139{number:08}"),) for number in numbers}
        with thanks.begin() as work:
            ingest(work, [Incoming("test", str(n), "form.filled", now, {}, who[n]) for n in numbers], now=now)

    def broken(*_: object) -> None:
        raise RuntimeError

    def rows() -> list[Enrollment]:
        with thanks() as session:
            return list(session.exec(select(Enrollment).order_by(col(Enrollment.id))))

    async def all_stuck() -> bool:
        return all(row.stuck_on for row in rows())

    async def all_over() -> bool:
        return all(row.ending for row in rows())

    async def story() -> None:
        client = await connected(temporal)
        with monkeypatch.context() as bad_release:
            bad_release.setitem(PLAIN, "tag", broken)
            async with working(client, thanks, SystemClock(), "release", gathering=TOGETHER) as relay:
                for group in ([0], [1, 2, 3]):
                    fills(*group)
                    assert len(await relay.drain()) == 1
                await eventually(all_stuck)
        assert [row.attempts for row in rows()] == [1, 0, 0, 0]
        async with working(client, thanks, SystemClock(), "release", gathering=TOGETHER) as relay:
            with thanks.begin() as work:
                assert stuck.retry(work, datetime.now(UTC)) == 4
            await relay.drain()
            await eventually(all_over)

    asyncio.run(story())
    assert [(row.ending, row.stuck_on) for row in rows()] == [("finished", None)] * 4
    assert texts_sent(thanks) == 4
    with thanks() as session:
        assert len(session.exec(select(CustomerTag)).all()) == 4
