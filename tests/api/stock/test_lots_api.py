"""`/v1/lots` and `/v1/stock`: what there is to sell, where, and until when; lots from a spreadsheet."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from shop import Shop
from sqlmodel import select

from api.app import create_app
from domain.access.keys import create_key
from domain.access.tables import AuditEntry
from domain.stock.tables import Lot
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.imports.uploading import sheet_importer

SHEET = "批次,货号,数量,到期日,门店\nL1,milk,40,2026-03-20,S1\nL2,tea,7,2026-09-01,S1\n"


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    today = clock.now().date()
    for lot, sku, days, store in (("old", "milk", -1, "S1"), ("a/b", "milk", 10, "S1"), ("new", "tea", 200, "S2")):
        expires_on = (today + timedelta(days=days)).isoformat()
        shop.post("lot.received", lot_id=lot, sku=sku, name=f"{sku}!", quantity=10, expires_on=expires_on, store=store)
    return shop


@pytest.fixture
def caller(db: Database, clock: VirtualClock) -> Caller:
    with db.begin() as session:
        secret = create_key(session, "test", ["read", "admin"], clock.now())
    return Caller(create_app(db, clock, ready=dict, import_sheet=sheet_importer(db, clock)), secret)


def names(caller: Caller, query: str) -> list[str]:
    return [each["lot_id"] for each in caller.get(f"/v1/lots?{query}").json()["lots"]]


def test_what_did_not_fit_is_listed_page_by_page(caller: Caller, shop: Shop) -> None:
    items = [{"sku": "milk", "quantity": 10.75}, {"sku": "tea", "quantity": 0.5}]
    shop.post("order.paid", "li", order_id="o1", total=1, store="S1", items=items)
    shop.post("stock.counted", lot_id="nobody's", quantity=3)
    first = caller.get("/v1/stock/discrepancies?limit=1").json()
    rest = caller.get(f"/v1/stock/discrepancies?after={first['next']}").json()
    told = [(row["reason"], row["sku"], row["lot_id"], row["order_id"], row["quantity"])
            for row in (*first["discrepancies"], *rest["discrepancies"])]  # fmt: skip
    assert len(first["discrepancies"]) == 1
    assert rest["next"] is None
    assert sorted(told, key=str) == [
        ("expired", "milk", "old", None, 10),
        ("oversold", "milk", "a/b", "o1", 0.75),
        ("unknown_lot", None, "nobody's", None, 3),
        ("unknown_sku", "tea", None, "o1", 0.5),
    ]
    assert caller.get("/v1/stock/discrepancies?after=x").status_code == 422


@pytest.mark.usefixtures("shop")
def test_how_much_is_where(caller: Caller) -> None:
    assert caller.get("/v1/stock").json() == [
        {"place": "S1", "lots": 2, "products": 1, "on_hand": 20, "near": 10, "expired": 10},
        {"place": "S2", "lots": 1, "products": 1, "on_hand": 10, "near": 0, "expired": 0},
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["old", "a/b", "new"]),
        ("shelf=near", ["a/b"]),
        ("shelf=expired", ["old"]),
        ("q=MILK", ["old", "a/b"]),
        ("q=%25", []),
        ("q=tea!", ["new"]),
        ("place=S2", ["new"]),
        ("place=", []),
    ],
)
@pytest.mark.usefixtures("shop")
def test_lots_are_found(caller: Caller, query: str, found: list[str]) -> None:
    assert names(caller, query) == found


@pytest.mark.usefixtures("shop")
def test_lots_are_paged_by_expiry_and_what_is_at_risk_is_told(caller: Caller) -> None:
    seen, after = [], ""
    for _ in range(3):
        page = caller.get("/v1/lots", params={"limit": 1, "after": after}).json()
        seen += page["lots"]
        after = page["next"] or ""
    assert [each["lot_id"] for each in seen] == ["old", "a/b", "new"]
    assert after == ""
    assert [each["at_risk"] for each in seen] == [None, 10, None]  # nothing of it sold of late
    assert [each["available"] for each in seen] == [0, 10, 10]
    assert caller.get("/v1/lots?after=nowhere").status_code == 422


def test_a_lots_moves_come_to_what_is_on_hand(shop: Shop, caller: Caller) -> None:
    items = [{"sku": "tea", "quantity": 3, "price": 100}]
    shop.post("order.paid", "li", order_id="o1", total=300, items=items)
    page = caller.get("/v1/lots/new/moves?limit=1").json()
    assert [(each["quantity"], each["reason"], each["order_id"]) for each in page["moves"]] == [(-3, "sold", "o1")]
    rest = caller.get(f"/v1/lots/new/moves?after={page['next']}").json()
    assert [(each["quantity"], each["reason"]) for each in rest["moves"]] == [(10, "received")]
    assert rest["next"] is None
    assert caller.get("/v1/lots/a%2Fb/moves").json()["moves"][0]["quantity"] == 10
    assert caller.get("/v1/lots/none/moves").status_code == 404
    assert caller.get("/v1/lots/new/moves?after=1_x").status_code == 422


def test_a_sheet_is_previewed_then_taken_and_taken_once(db: Database, caller: Caller) -> None:
    answer = caller.post("/v1/stock/import?preview=true&name=a.csv", content=SHEET.encode()).json()
    assert (answer["taken"], answer["wrong"], answer["changes"][0]) == (
        2, 0, {"row": 2, "lot_id": "L1", "before": None, "after": 40, "expires_on": "2026-03-20"},
    )  # fmt: skip
    with db() as session:
        assert session.exec(select(Lot)).all() == []
        assert session.exec(select(AuditEntry)).all() == []
    for taken, known in ((2, 0), (0, 2)):
        answer = caller.post("/v1/stock/import", content=SHEET.encode()).json()
        assert (answer["taken"], answer["known"], answer["changes"]) == (taken, known, [])
    with db() as session:
        assert {lot.lot_id: lot.on_hand for lot in session.exec(select(Lot))} == {"L1": 40, "L2": 7}
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
    assert entries[0].after == {"taken": 2, "known": 0, "wrong": 0}


def test_what_is_wrong_is_told_by_its_row_in_the_readers_language(caller: Caller) -> None:
    sheet = (SHEET + "L3,milk,40箱,2026-03-20,S1\n").encode()
    chinese = caller.post("/v1/stock/import?preview=true", content=sheet).json()
    assert (chinese["taken"], chinese["wrong"]) == (2, 1)
    assert chinese["remarks"] == ["第 4 行，数量：要是不带单位的数，像 120 或 0.75"]
    english = caller.post("/v1/stock/import?preview=true&lang=en", content=sheet).json()
    assert english["remarks"] == ["row 4, 数量: must be a number without a unit, like 120 or 0.75"]


@pytest.mark.parametrize("sheet", [b"", b"hello", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 broken", b"\xff\x00\xfe"])
def test_what_is_no_list_of_lots_is_refused_by_name(caller: Caller, sheet: bytes) -> None:
    answer = caller.post("/v1/stock/import?name=%E6%B8%85%E5%8D%95.xlsx&lang=en", content=sheet)
    assert answer.status_code == 422
    assert "清单.xlsx" in answer.json()["errors"][0]["detail"]


def test_without_an_importer_it_is_unavailable(call_with: Callable[..., Caller]) -> None:
    assert call_with(scopes=("admin",)).post("/v1/stock/import", content=SHEET.encode()).status_code == 503
