"""A replenishment from the alarm to the receipt, on the real worker and Temporal's time-skipping server."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from histories import plain
from providers.erp import FakeErp, erp_server
from sqlalchemy import text
from sqlmodel import select
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.adapters.erp import HttpErp
from domain.access.keys import create_key
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.stock.replenishment import DecisionRefusedError, UndecidableError, begin, decide
from domain.stock.tables import LiveSale, Replenishment, ReplenishmentNotice
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.decisions import Decisions
from runtime.platform.embedded import time_skipping_server
from runtime.platform.housekeeping import find_lost_replenishments
from runtime.platform.outbox.relay import Relay
from runtime.platform.outbox.tellers import replenishment_id
from runtime.platform.temporal import DATA_CONVERTER, add_search_attributes
from runtime.platform.worker import sandbox, working
from runtime.rehearsal.temporal_engine import QUIET
from workflows.language.stock_rules import StockRules
from workflows.plan.supply import Decision, ReplenishmentState
from workflows.runs.replenishment import ReplenishmentWorkflow

T = TypeVar("T")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
RULES: dict[str, Any] = {
    "buyer": "采购甲", "escalate_to": "主管乙", "escalate_after": "2h", "pack": 12, "lead_time": "3d",
}  # fmt: skip
RESTING = (EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
"""What a run that waits did last; the second is left by an update that was refused."""

_ids = itertools.count(1_000, 1_000)


class _Now:
    """The clock of the test that runs."""

    def __init__(self) -> None:
        self.of_test = VirtualClock(MONDAY)

    def now(self) -> datetime:
        return self.of_test.now()

    def seconds_until(self, instant: datetime) -> float:
        return self.of_test.seconds_until(instant)


class Server:
    """One Temporal for all tests of this module."""

    def __init__(self, db: Database, erp: FakeErp) -> None:
        self.loop = asyncio.Runner()
        self.clock = _Now()
        self.stack = AsyncExitStack()
        self.env: WorkflowEnvironment
        self.relay: Relay
        self.loop.run(self._start(db, erp))

    async def _start(self, db: Database, erp: FakeErp) -> None:
        env = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER, runtime=QUIET
        )
        self.env = await self.stack.enter_async_context(env)
        await add_search_attributes(env.client)
        self.relay = await self.stack.enter_async_context(working(env.client, db, self.clock, erp=HttpErp(erp.url)))

    def close(self) -> None:
        self.loop.run(self.stack.aclose())
        self.loop.close()


@pytest.fixture(scope="module")
def erp_of_all() -> Iterator[FakeErp]:
    with erp_server() as erp:
        yield erp


@pytest.fixture(scope="module")
def server(migrated: Any, erp_of_all: FakeErp) -> Iterator[Server]:
    server = Server(migrated[1], erp_of_all)
    yield server
    server.close()


class Desk:
    """A buyer's desk: alarms come in, decisions go out, and time passes."""

    def __init__(self, db: Database, clock: VirtualClock, server: Server, erp: FakeErp) -> None:
        self.db, self.clock, self.server, self.erp = db, clock, server, erp
        server.clock.of_test = clock
        self.posted = 0
        self.runs: list[str] = []
        with db.begin() as session:
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('events', 'id'), {next(_ids)})"))
            create_key(session, "desk", ["admin"], clock.now())
            create_key(session, "boss", ["admin"], clock.now())
            rules = StockRules.model_validate({"defaults": RULES})
            publish_document(session, "_stock", rules.body())

    @property
    def client(self) -> Client:
        return self.server.env.client

    def run(self, call: Awaitable[T]) -> T:
        async def wait() -> T:
            return await asyncio.wait_for(call, 30)

        return self.server.loop.run(wait())

    def post(self, type: str, **data: Any) -> None:
        self.posted += 1
        with self.db.begin() as session:
            ingest(session, [Incoming("test", f"{self.posted}", type, self.clock.now(), data)], now=self.clock.now())
        self.tell()

    def tell(self) -> None:
        while told := self.run(self.server.relay.drain()):
            self.runs += [name for name in told if name and name not in self.runs]

    def alarm(self, sku: str = "beans", sold: int = 70) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=1))
        with self.db.begin() as session:
            session.execute(
                text("INSERT INTO live_sales VALUES ('s', :sku, :at, :n) ON CONFLICT DO NOTHING"),
                {"sku": sku, "at": self.clock.now(), "n": sold},
            )
        self.post("stock.alarm", sku=sku, kind="selling_out")

    def rows(self) -> list[Replenishment]:
        with self.db() as session:
            return list(session.exec(select(Replenishment).order_by(Replenishment.id)))  # type: ignore[arg-type]

    def status(self, number: int = 0) -> str | None:
        rows = self.rows()
        return rows[number].status if number < len(rows) else None

    def notices(self) -> list[tuple[str, str]]:
        with self.db() as session:
            found = session.exec(select(ReplenishmentNotice)).all()
        return [(each.recipient, each.body.split("：")[0]) for each in sorted(found, key=lambda each: each.at)]

    def until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not await asyncio.to_thread(holds):
                await asyncio.sleep(0.01)

        self.run(wait())

    def passes(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))
        self.run(self.server.env.sleep(timedelta(**span)))

    def handle(self, number: int = 0) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(replenishment_id(self.rows()[number].alarm_id))

    def decides(self, verdict: Any, quantity: int | None = None) -> ReplenishmentState:
        decision = Decision(verdict=verdict, quantity=quantity, key=1)
        return self.run(self.handle().execute_update(ReplenishmentWorkflow.decide, decision))

    def is_refused(self, verdict: Any, quantity: int | None = None) -> str | None:
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            self.decides(verdict, quantity)
        assert isinstance(refused.value.cause, ApplicationError)
        return refused.value.cause.type

    def close(self) -> None:
        for name in self.runs:
            self.run(self._end(self.client.get_workflow_handle(name)))

    async def _end(self, run: WorkflowHandle[Any, Any]) -> None:
        """Once it is at rest or over: the server leaks its lock on time when a run is ended within a task."""
        while (await run.describe()).status is WorkflowExecutionStatus.RUNNING:
            if (await run.fetch_history()).events[-1].event_type in RESTING:
                await run.terminate("the test is over")
            await asyncio.sleep(0.01)


@pytest.fixture
def desk(db: Database, clock: VirtualClock, server: Server, erp_of_all: FakeErp) -> Iterator[Desk]:
    erp_of_all.answers, erp_of_all.orders, erp_of_all.calls, erp_of_all.promised_on = [], {}, 0, None
    erp_of_all.lost = 0
    desk = Desk(db, clock, server, erp_of_all)
    yield desk
    desk.close()


def test_from_the_alarm_to_the_receipt(desk: Desk) -> None:
    desk.erp.promised_on = "2026-03-04"
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    (row,) = desk.rows()
    assert row.proposed > 0
    assert row.proposed % 12 == 0
    assert desk.notices() == [("采购甲", "请审批补货")]
    desk.decides("approve")
    desk.until(lambda: desk.status() == "ordered")
    assert desk.erp.orders == {f"replenishment-{row.id}": {"sku": "beans", "quantity": row.proposed, "city": None}}
    desk.passes(hours=20)
    desk.post("lot.received", lot_id="new", sku="beans", quantity=row.proposed, expires_on="2026-05-01")
    assert desk.run(desk.handle().result()) == "received"
    (row,) = desk.rows()
    assert (row.status, row.received, row.reference, str(row.promised_on), row.decided_by) == (
        "received", row.proposed, "PO-1", "2026-03-04", "key desk",
    )  # fmt: skip


def test_nonsense_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    assert [desk.is_refused("change", each) for each in (None, -12, 0, 7)] == [
        "quantity_needed", "not_positive", "not_positive", "not_whole_packs",
    ]  # fmt: skip
    history = desk.run(desk.handle().fetch_history()).to_json()
    assert "UPDATE_ACCEPTED" not in history
    assert desk.decides("change", 24).quantity == 24
    desk.until(lambda: desk.status() == "ordered")
    assert [order["quantity"] for order in desk.erp.orders.values()] == [24]
    assert desk.is_refused("refuse") == "decided_already"


def test_of_two_decisions_at_once_one_holds(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")

    async def both() -> list[Any]:
        decisions = [Decision(verdict="change", quantity=24, key=1), Decision(verdict="change", quantity=36, key=2)]
        calls = [desk.handle().execute_update(ReplenishmentWorkflow.decide, each) for each in decisions]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = desk.run(both())
    (held,) = (result for result in results if isinstance(result, ReplenishmentState))
    (lost,) = (result for result in results if isinstance(result, WorkflowUpdateFailedError))
    assert isinstance(lost.cause, ApplicationError)
    assert lost.cause.type == "decided_already"
    desk.until(lambda: desk.status() == "ordered")
    assert [order["quantity"] for order in desk.erp.orders.values()] == [held.quantity]
    assert desk.rows()[0].decided_by == ("key desk" if held.quantity == 24 else "key boss")


def test_a_refused_proposal_orders_nothing_and_the_next_alarm_asks_again(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.alarm()
    assert desk.run(desk.client.get_workflow_handle(desk.runs[1]).result()) == "duplicate"
    desk.decides("refuse")
    assert desk.run(desk.handle().result()) == "refused"
    desk.alarm()
    desk.until(lambda: desk.status(1) == "proposed")
    assert desk.erp.calls == 0


def test_nobody_decides(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.passes(hours=2, seconds=1)
    desk.until(lambda: desk.status() == "escalated")
    assert desk.notices()[-1] == ("主管乙", "补货待审批已超时，请处理")
    desk.passes(days=7, seconds=1)
    assert desk.run(desk.handle().result()) == "lapsed"


def test_goods_that_do_not_come_are_reminded_of_until_they_do(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.passes(hours=3)
    desk.until(lambda: desk.status() == "escalated")
    desk.decides("approve")
    desk.until(lambda: desk.status() == "ordered")
    desk.passes(days=4)
    desk.until(lambda: desk.status() == "overdue")
    desk.passes(days=1, seconds=5)
    desk.until(lambda: desk.rows()[0].reminders == 2)
    assert desk.notices()[-1] == ("主管乙", "补货已过约定日期仍未到货，请催单")
    desk.post("lot.received", lot_id="late", sku="beans", quantity=3, expires_on="2026-05-01")
    assert desk.run(desk.handle().result()) == "received"


def test_a_busy_erp_is_asked_again_and_has_one_order(desk: Desk) -> None:
    desk.erp.answers = [(503, {}), (429, {"retry-after": "30"}), (500, {})]
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.decides("approve")
    desk.passes(minutes=2)
    desk.until(lambda: desk.status() == "ordered")
    assert (desk.erp.calls, len(desk.erp.orders)) == (4, 1)


def test_an_answer_that_is_lost_leaves_one_order(desk: Desk) -> None:
    desk.erp.lost = 2
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.decides("approve")
    desk.passes(minutes=1)
    desk.until(lambda: desk.status() == "ordered")
    assert (desk.erp.calls, list(desk.erp.orders)) == (3, [f"replenishment-{desk.rows()[0].id}"])
    assert desk.rows()[0].reference == "PO-1"


def test_a_day_that_means_never_is_no_promise(desk: Desk) -> None:
    desk.erp.promised_on = "9999-12-31"
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.decides("approve")
    desk.until(lambda: desk.status() == "ordered")
    assert str(desk.rows()[0].promised_on) == "2026-03-05"


def test_an_erp_that_refuses_leaves_it_to_the_buyer(desk: Desk) -> None:
    desk.erp.answers = [(422, {})]
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.decides("approve")
    assert desk.run(desk.handle().result()) == "failed"
    assert desk.rows()[0].reason == "http_422"
    assert desk.notices()[-1] == ("采购甲", "ERP 拒收补货订单，请人工处理")


def test_it_reads_like_a_journey_says_no_names_and_replays(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.decides("approve")
    desk.until(lambda: desk.status() == "ordered")
    desk.post("lot.received", lot_id="new", sku="beans", quantity=5, expires_on="2026-05-01")
    desk.run(desk.handle().result())
    history = desk.run(desk.handle().fetch_history())
    recorded = plain(history)
    assert "采购甲" not in recorded
    assert "desk" not in recorded
    described = desk.run(desk.handle().describe())
    assert desk.run(described.static_summary()) == f"补货 beans · 预警 {desk.rows()[0].alarm_id}"
    assert "每一步都由数据库决定" in str(desk.run(described.static_details()))
    summaries = {event.user_metadata.summary.data.decode() for event in history.events} - {""}
    assert {"算出该订多少", "采购决定的期限", "约定到货的日子"} <= {json.loads(each) for each in summaries}
    replayer = Replayer(workflows=[ReplenishmentWorkflow], data_converter=DATA_CONVERTER, workflow_runner=sandbox())
    desk.run(replayer.replay_workflow(history))


def test_a_run_that_an_operator_ended_is_found(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    desk.close()
    desk.run(find_lost_replenishments(desk.client, desk.db, desk.clock))
    assert desk.status() == "stopped"
    desk.alarm()
    desk.until(lambda: desk.status(1) == "proposed")
    desk.run(find_lost_replenishments(desk.client, desk.db, desk.clock))
    assert desk.status(1) == "proposed"


@pytest.mark.parametrize(("approved", "goes_on"), [(False, "escalated"), (True, "ordered")])
def test_a_run_that_is_lost_begins_again_where_the_database_stands(desk: Desk, approved: bool, goes_on: str) -> None:
    desk.alarm()
    with desk.db.begin() as session:
        event = session.exec(select(Event).where(Event.type == "stock.alarm")).one()
        lost = Event(source="test", event_id="lost", type="stock.alarm", time=event.time, received_at=event.time,
                     data={"sku": "tea"})  # fmt: skip
        session.add(lost)
        session.add(LiveSale(stream_id="s", sku="tea", minute=event.time, units=70))
        session.flush()
        begin(session, lost.id, desk.clock.now())
        if approved:
            decide(session, lost.id, Decision(verdict="approve", key=1), desk.clock.now())
    desk.clock.set(desk.clock.now() + timedelta(hours=3))
    desk.run(find_lost_replenishments(desk.client, desk.db, desk.clock))
    desk.tell()
    desk.until(lambda: (goes_on, "tea") in {(row.status, row.sku) for row in desk.rows()})


def test_decisions_come_by_the_api_process(desk: Desk) -> None:
    desk.alarm()
    desk.until(lambda: desk.status() == "proposed")
    alarm_id = desk.rows()[0].alarm_id
    decisions = Decisions(desk.client)
    with pytest.raises(DecisionRefusedError, match="not_whole_packs"):
        desk.run(decisions.decide(alarm_id, Decision(verdict="change", quantity=7, key=1)))
    desk.run(decisions.decide(alarm_id, Decision(verdict="refuse", key=1)))
    assert desk.status() == "refused"
    with pytest.raises(UndecidableError):
        desk.run(decisions.decide(999_999, Decision(verdict="refuse", key=1)))


def test_without_a_buyer_an_alarm_stays_an_alarm(desk: Desk) -> None:
    with desk.db.begin() as session:
        publish_document(session, "_stock", {})
    desk.alarm()
    assert desk.runs == []
