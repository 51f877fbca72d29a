"""Buyers read replenishments and decide about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browsing import Browser
from calling import Caller
from sqlmodel import select

from api.app import create_app
from domain.access.keys import create_key
from domain.access.sessions import make_link
from domain.access.tables import AuditEntry
from domain.access.users import create_user
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.stock.replenishment import DecisionRefusedError, UndecidableError, begin, decide, state_of
from domain.stock.tables import LiveSale, Replenishment
from domain.store.clock import SystemClock, VirtualClock
from domain.store.work import Database
from workflows.language.stock_rules import StockRules
from workflows.plan.supply import Decision, refusal


class Run:
    """Stands for the workflow: takes decisions by the same rules; `away` when Temporal is."""

    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db, self.clock, self.away = db, clock, False

    async def decide(self, alarm_id: int, decision: Decision) -> None:
        if self.away:
            raise UndecidableError
        with self.db.begin() as session:
            row = session.get_one(Replenishment, 1)
            if reason := refusal(state_of(row), decision):
                raise DecisionRefusedError(reason)
            decide(session, alarm_id, decision, self.clock.now())


@pytest.fixture
def run(db: Database, clock: VirtualClock) -> Run:
    return Run(db, clock)


@pytest.fixture
def buyer(db: Database, clock: VirtualClock, run: Run) -> Caller:
    """With a proposal for beans in packs of 12."""
    rules = StockRules.model_validate({"defaults": {"buyer": "甲", "pack": 12, "shelf_life": "90d"}})
    with db.begin() as session:
        secret = create_key(session, "buyer", ["read", "admin"], clock.now())
        publish_document(session, "_stock", rules.body())
        session.add(LiveSale(stream_id="s", sku="beans", minute=clock.now() - timedelta(days=1), units=70))
        listed = Incoming("wms", "0", "product.updated", clock.now(), {"sku": "beans", "name": "云南咖啡豆"})
        alarm = Incoming("wms", "1", "stock.alarm", clock.now(), {"sku": "beans"})
        ingest(session, [listed, alarm], now=clock.now())
        found = session.exec(select(Event).where(Event.type == "stock.alarm")).one()
        begin(session, found.id, clock.now())
    return Caller(create_app(db, clock, ready=dict, decide=run.decide), secret)


def test_the_todos_are_those_that_are_proposed(buyer: Caller) -> None:
    (todo,) = buyer.get("/v1/replenishments", params={"status": "proposed"}).json()["replenishments"]
    assert (todo["sku"], todo["assignee"], todo["pack"], todo["status"]) == ("beans", "甲", 12, "proposed")
    assert todo["proposed"] % 12 == 0
    assert todo["basis"]["reorder_point"] > todo["basis"]["safety_stock"] > 0
    assert (todo["name"], todo["show"]) == ("云南咖啡豆", None)
    assert buyer.get("/v1/replenishments/1").json() == todo
    assert buyer.get("/v1/replenishments", params={"status": "ordered"}).json()["replenishments"] == []


def test_pages_follow_each_other(buyer: Caller) -> None:
    assert buyer.get("/v1/replenishments", params={"limit": 1}).json()["next"] is None
    assert buyer.get("/v1/replenishments", params={"after": 1}).json()["replenishments"] == []


def test_approving_twice_is_approving_once(buyer: Caller) -> None:
    first, second = (buyer.post("/v1/replenishments/1/approve") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first.json()["status"], first.json()["decided_by"]) == ("approved", "key buyer")


def test_a_decision_is_in_the_audit_once(buyer: Caller, db: Database) -> None:
    for _ in range(2):
        proposed = buyer.post("/v1/replenishments/1/approve").json()["proposed"]
    with db() as session:
        (row,) = session.exec(select(AuditEntry)).all()
    assert (row.name, row.action, row.target) == ("buyer", "replenishment.approve", "replenishment:1")
    assert (row.before, row.after) == (
        {"status": "proposed", "quantity": None},
        {"status": "approved", "quantity": proposed},
    )


def test_a_user_decides_under_their_name(buyer: Caller, db: Database, clock: VirtualClock) -> None:
    with db.begin() as work:
        user = create_user(work, "王芳", ["buyer"], clock.now(), email="wang@shop.cn")
        token = make_link(work, user, SystemClock().now())
    browser = Browser(buyer.app)
    assert browser.open_link(token).status_code == 200
    assert browser.post("/v1/replenishments/1/refuse").json()["decided_by"] == "user 王芳"


def test_who_comes_second_is_told_so(buyer: Caller) -> None:
    assert buyer.post("/v1/replenishments/1/refuse").json()["status"] == "refused"
    late = buyer.post("/v1/replenishments/1/approve")
    assert (late.status_code, late.json()["status_now"]) == (409, "refused")
    assert buyer.post("/v1/replenishments/1/refuse").status_code == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"quantity": 7}, "not_whole_packs"),
        ({"quantity": 12 * 10**6}, "confirm_needed"),
        ({"quantity": 0}, "greater_than"),
        ({"quantity": -12}, "greater_than"),
        ({"quantity": 10**30}, "bad_number"),
        ({"quantity": 1.5}, "not_whole_packs"),
        ({"quantity": 1.2345}, "too_fine"),
        ({"quantity": True}, "float_type"),
        ({"quantity": "12"}, "float_type"),
        ({}, "missing"),
        ([], "model_type"),
    ],
)
def test_nonsense_is_refused_by_name(buyer: Caller, body: Any, reason: str) -> None:
    answer = buyer.post("/v1/replenishments/1/change", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (422, reason)


def test_another_quantity_is_taken(buyer: Caller) -> None:
    assert buyer.post("/v1/replenishments/1/change", json={"quantity": 24}).json()["quantity"] == 24


def test_a_multiple_of_what_was_proposed_must_be_confirmed(buyer: Caller, db: Database) -> None:
    with db.begin() as work:
        row = work.get_one(Replenishment, 1)
        row.proposed, row.ceiling = 24, None
    answer = buyer.post("/v1/replenishments/1/change", json={"quantity": 252})
    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (422, "confirm_needed")
    assert answer.json()["proposed"] == 24
    assert buyer.get("/v1/replenishments/1").json()["status"] == "proposed"
    assert buyer.post("/v1/replenishments/1/change", json={"quantity": 252, "confirm": True}).json()["quantity"] == 252


@pytest.mark.parametrize(
    ("ceiling", "capacity"), [pytest.param(36, None, id="beyond shelf life"), pytest.param(None, 40, id="no room")]
)
def test_what_will_not_sell_in_time_or_has_no_room_must_be_confirmed(
    buyer: Caller, db: Database, ceiling: int | None, capacity: int | None
) -> None:
    with db.begin() as work:
        row = work.get_one(Replenishment, 1)
        row.proposed, row.ceiling, row.basis = 24, ceiling, {**row.basis, "left": 0, "capacity": capacity}
    answer = buyer.post("/v1/replenishments/1/change", json={"quantity": 48})
    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (422, "confirm_needed")
    assert buyer.post("/v1/replenishments/1/change", json={"quantity": 48, "confirm": True}).json()["quantity"] == 48


def test_ten_times_is_still_taken_at_once(buyer: Caller, db: Database) -> None:
    with db.begin() as work:
        row = work.get_one(Replenishment, 1)
        row.proposed, row.ceiling = 24, None
    assert buyer.post("/v1/replenishments/1/change", json={"quantity": 240}).json()["quantity"] == 240


def test_nothing_is_lost_while_temporal_is_away(buyer: Caller, run: Run) -> None:
    run.away = True
    answer = buyer.post("/v1/replenishments/1/approve")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert buyer.get("/v1/replenishments/1").json()["status"] == "proposed"


def test_what_is_not_there(buyer: Caller) -> None:
    for path in ("/v1/replenishments/2", f"/v1/replenishments/{2**63 - 1}"):
        assert buyer.get(path).status_code == 404
        assert buyer.post(f"{path}/approve").status_code == 404
    for path in ("/v1/replenishments/0", "/v1/replenishments/x", f"/v1/replenishments/{2**70}"):
        assert buyer.get(path).status_code == 422


def test_only_an_admin_decides(call_with: Callable[..., Caller]) -> None:
    reader = call_with(scopes=("read",))
    assert reader.get("/v1/replenishments").status_code == 200
    assert reader.post("/v1/replenishments/1/approve").status_code == 403
