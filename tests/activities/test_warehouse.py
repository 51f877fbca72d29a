"""Who knows what there is: the same contract for our own book and for a warehouse system over HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from shop import Shop
from sqlmodel import select

from activities.adapters.stock import HttpWarehouse, Ledger, Warehouse, WarehouseError
from activities.journey import JourneyActivities
from domain.intake.stocktaking import Level
from domain.intake.tables import Event
from domain.stock.tables import Lot
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.platform.providers.wms import warehouse
from tests.providers.wms import TOKEN, FakeWms, wms_server
from workflows.plan.commands import FanOut

CLEARANCE = """
    journey: clearance
    trigger: {schedule: every day at 12:00, for_each: near_expiry_lot}
    entry: {again: never}
    steps: [{wait: 1d}]
"""
FEW, MANY = Level("few", 3), Level("many", 90, 5, 2)


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """With two lots near expiry."""
    found = Shop(db, clock)
    yesterday = clock.now() - timedelta(days=1)
    for lot in (FEW, MANY):
        data = {"lot_id": lot.lot_id, "sku": "milk", "expires_on": "2026-03-05"}
        found.post("lot.received", time=yesterday, quantity=lot.on_hand, **data)
        counts = {"reserved": lot.reserved, "quarantined": lot.quarantined}
        found.post("stock.counted", time=yesterday, lot_id=lot.lot_id, quantity=lot.on_hand, **counts)
    return found


@pytest.fixture
def wms() -> Iterator[FakeWms]:
    """A warehouse system that has the same two lots."""
    with wms_server() as server:
        server.lots = {"few": {"on_hand": 3}, "many": {"on_hand": 90, "reserved": 5, "quarantined": 2}}
        yield server


def over_http(wms: FakeWms, token: str = TOKEN) -> HttpWarehouse:
    return HttpWarehouse(wms.url, SecretStr(token), timeout=5)


@pytest.fixture(params=["ledger", "http"])
def source(request: pytest.FixtureRequest, shop: Shop, wms: FakeWms) -> Warehouse:
    """Each of those who know."""
    return Ledger(shop.db) if request.param == "ledger" else over_http(wms)


class TestContract:
    def test_it_tells_of_each_lot_in_order(self, source: Warehouse) -> None:
        assert source.levels(["many", "few"]) == [MANY, FEW]

    def test_what_it_does_not_know_is_left_out(self, source: Warehouse) -> None:
        assert source.levels(["none", "few"]) == [FEW]

    def test_nothing_is_asked_of_it_for_nothing(self, source: Warehouse) -> None:
        assert source.levels([]) == []

    def test_many_lots_are_one_question(self, source: Warehouse) -> None:
        assert source.levels([f"l{number}" for number in range(500)] + ["few"]) == [FEW]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b"secret", "the warehouse answered 503"),
        (302, b"", "the warehouse answered 302"),
        (200, b"<html>secret", "can't be read at its beginning"),
        (200, b'{"levels": [{"lot_id": "few", "on_hand": -1}]}', "can't be read at levels.0.on_hand"),
        (200, b'{"levels": [{"lot_id": "few", "on_hand": "secret"}]}', "can't be read at levels.0.on_hand"),
    ],
)
def test_what_is_no_answer_says_why_and_repeats_nothing(wms: FakeWms, status: int, body: bytes, words: str) -> None:
    wms.faults.append((status, body))
    with pytest.raises(WarehouseError, match=words) as caught:
        over_http(wms).levels(["few"])
    assert "secret" not in str(caught.value)
    assert over_http(wms).levels(["few"]) == [FEW]


def test_one_that_is_away_or_knows_us_not_is_told_of(wms: FakeWms) -> None:
    with pytest.raises(WarehouseError, match="answered 401"):
        over_http(wms, token="wrong").levels(["few"])
    with pytest.raises(WarehouseError, match="cannot be reached: ConnectError"):
        HttpWarehouse("http://127.0.0.1:1", SecretStr(TOKEN), timeout=1).levels(["few"])


class TestSweep:
    def sweep(self, shop: Shop, wms: FakeWms) -> None:
        shop.publish(CLEARANCE)
        JourneyActivities(shop.db, shop.clock, {}, warehouse=over_http(wms)).emit(FanOut(journey="clearance"))

    def test_it_begins_with_what_the_warehouse_says(self, shop: Shop, wms: FakeWms) -> None:
        wms.lots["few"] = {"on_hand": 8}
        self.sweep(shop, wms)
        assert {lot.lot_id: lot.on_hand for lot in shop.rows(Lot)} == {"few": 8, "many": 90}
        assert wms.asked == [["few", "many"]]
        with shop.db() as session:
            offered = session.exec(select(Event.data).where(Event.type == "lot.near_expiry")).all()
            counts = session.exec(select(Event.data).where(Event.source == "warehouse")).all()
        assert {each["lot_id"]: each["at_risk"] for each in offered} == {"few": 8, "many": 83}
        assert counts == [{"lot_id": "few", "quantity": 8, "reserved": 0, "quarantined": 0}]

    def test_nothing_is_offered_while_it_is_away(self, shop: Shop, wms: FakeWms) -> None:
        wms.faults.append((503, b""))
        with pytest.raises(WarehouseError):
            self.sweep(shop, wms)
        with shop.db() as session:
            assert not session.exec(select(Event).where(Event.type == "lot.near_expiry")).all()
        self.sweep(shop, wms)
        with shop.db() as session:
            assert len(session.exec(select(Event).where(Event.type == "lot.near_expiry")).all()) == 2

    def test_other_schedules_ask_nothing(self, shop: Shop, wms: FakeWms) -> None:
        shop.publish(CLEARANCE.replace("near_expiry_lot", "birthday"))
        JourneyActivities(shop.db, shop.clock, {}, warehouse=over_http(wms)).emit(FanOut(journey="clearance"))
        assert wms.asked == []


class TestSettings:
    def test_the_environment_says_who_is_asked(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        assert isinstance(warehouse(shop.db), Ledger)
        monkeypatch.setenv("AFTERSHOW_WMS_URL", "http://127.0.0.1:1")
        with pytest.raises(StartError, match="AFTERSHOW_WMS_TOKEN: field required"):
            warehouse(shop.db)
        monkeypatch.setenv("AFTERSHOW_WMS_TOKEN", TOKEN)
        assert isinstance(warehouse(shop.db), HttpWarehouse)
