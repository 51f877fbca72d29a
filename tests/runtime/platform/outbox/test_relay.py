"""The relay by itself."""

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select
from temporalio.service import RPCError, RPCStatusCode

from domain.channels.staff import Notice
from domain.store import outbox
from domain.store.outbox import FollowUp, TellStaff
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.outbox import relay, tellers
from runtime.platform.outbox.relay import Relay


def test_one_that_is_stopped_while_it_commits_ends_its_transaction_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, settle = threading.Event(), relay._settle

    def settle_slowly(session: Session, delivered: object) -> None:
        def wait(_: Session) -> None:
            committing.set()
            time.sleep(0.3)

        event.listen(session, "before_commit", wait)
        settle(session, delivered)

    monkeypatch.setattr(relay, "_settle", settle_slowly)

    async def story() -> None:
        draining = asyncio.create_task(Relay(db, None, "queue").drain())
        await asyncio.to_thread(committing.wait)
        draining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await draining

    asyncio.run(story())


class Temporal:
    """Takes all workflows but those that it `refuses`, each with its status."""

    def __init__(self) -> None:
        self.refuses: dict[str, RPCStatusCode] = {}
        self.started: list[str] = []

    async def start_workflow(self, *_: object, id: str, **__: Any) -> None:
        if status := self.refuses.get(id):
            raise RPCError("what it says may hold a phone", status, b"")
        self.started.append(id)


def fill(db: Database, *rows: Outbox) -> None:
    with db.begin() as work:
        work.add_all(rows)


def rows(db: Database) -> dict[str, Outbox]:
    with db() as session:
        return {row.kind: row for row in session.exec(select(Outbox).order_by(col(Outbox.id)))}


BAD = [("start", {"enrollment": 999}), ("replenish", {"alarm": 999}), ("of a newer release", {}), ("wake", {"cat": 1})]


def test_what_cannot_be_told_is_put_off_by_itself_and_given_up_in_the_end(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = Temporal()
    fill(db, *(Outbox(kind=kind, payload=payload) for kind, payload in BAD))
    monkeypatch.setattr(outbox, "PAUSES", (timedelta(), timedelta()))
    for attempt in range(1, 4):
        with db.begin() as work:
            work.enqueue(FollowUp(f"c{attempt}"))
        assert asyncio.run(Relay(db, client, "queue").drain()) == [f"follow-up/c{attempt}"]
        assert [row.attempts for row in rows(db).values()] == [attempt] * len(BAD)
    assert [(row.kind, row.problem) for row in rows(db).values()] == [
        ("start", "NoResultFound"), ("replenish", "NoResultFound"), ("of a newer release", "KeyError"),
        ("wake", "TypeError"),
    ]  # fmt: skip
    assert all(row.given_up_at for row in rows(db).values())
    assert asyncio.run(Relay(db, client, "queue").drain()) == []
    with db.begin() as work:
        assert outbox.count_given_up(work) == outbox.tell_again(work) == len(outbox.list_given_up(work)) + len(BAD)
    asyncio.run(Relay(db, client, "queue").drain())
    assert [row.attempts for row in rows(db).values()] == [1] * len(BAD)


def test_what_was_put_off_waits_for_its_time(db: Database) -> None:
    client: Any = Temporal()
    client.refuses = {"follow-up/bad": RPCStatusCode.INVALID_ARGUMENT}
    fill(db, Outbox(kind="follow_up", payload={"channel": "bad"}))
    for _ in range(2):
        assert asyncio.run(Relay(db, client, "queue").drain()) == []
    (row,) = rows(db).values()
    assert (row.attempts, row.problem) == (1, "RPCError INVALID_ARGUMENT")
    assert row.next_at is not None
    assert row.next_at > datetime.now(UTC) - timedelta(minutes=1)


def test_while_temporal_is_away_nothing_is_put_off_and_of_one_among_others_it_is(db: Database) -> None:
    client: Any = Temporal()
    client.refuses = {f"follow-up/{name}": RPCStatusCode.INTERNAL for name in ("a", "b")}
    fill(db, *(Outbox(kind="follow_up", payload={"channel": name}) for name in ("a", "b")))
    with pytest.raises(RPCError):
        asyncio.run(Relay(db, client, "queue").drain())
    assert [row.attempts for row in rows(db).values()] == [0]
    del client.refuses["follow-up/a"]
    assert asyncio.run(Relay(db, client, "queue").drain()) == ["follow-up/a"]
    (row,) = rows(db).values()
    assert (row.payload, row.attempts) == ({"channel": "b"}, 1)


class Wecom:
    """Reaches employees, once it lives and isn't slow."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.seconds, self.dies = 0.0, False

    def tell_staff(self, notices: Sequence[Notice]) -> None:
        if self.dies:
            raise SystemExit
        time.sleep(self.seconds)
        self.told += notices


def test_an_employee_is_told_though_the_worker_died_before_and_a_slow_channel_holds_nothing_up(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = Temporal()
    wecom = Wecom()
    relay = Relay(db, client, "queue", staff=[wecom])
    monkeypatch.setattr(tellers, "STAFF_SECONDS", 0.05)
    with db.begin() as work:
        work.enqueue(TellStaff("lin", "口碑预警"))
    wecom.dies = True
    with pytest.raises(SystemExit):
        asyncio.run(relay.drain())
    wecom.dies, wecom.seconds = False, 0.2
    fill(db, Outbox(kind="follow_up", payload={"channel": "a"}))
    assert asyncio.run(relay.drain()) == ["follow-up/a"]
    assert [(row.kind, row.problem) for row in rows(db).values()] == [("staff", "TimeoutError")]
    wecom.told, wecom.seconds = [], 0.0
    with db.begin() as work:
        work.exec(select(Outbox)).one().next_at = None
    asyncio.run(relay.drain())
    assert (wecom.told, rows(db)) == ([Notice("lin", "口碑预警")], {})
