"""How connected systems stand, over the API."""

from collections.abc import Callable
from typing import Any

from calling import Caller

from domain.connectors import pulls
from domain.connectors.pulls import Page
from domain.customers.tables import Order
from domain.identity.erasing import erase
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

ERP = {
    "connector": "erp",
    "from": {"files": {"folder": "AFTERSHOW_CONNECT_DIR", "pattern": "*.csv"}},
    "map": {
        "type": "order.paid", "id": "no", "customer": {"phone": "phone"},
        "data": {"order_id": "no", "total": "fen(total)"},
    },
}  # fmt: skip
SHOP = {
    "connector": "shop",
    "from": {"kuaidi100": {"salt": "AFTERSHOW_CONNECT_SALT"}},
    "map": {"type": "order.delivered", "id": "no"},
}
ROWS = [{"no": "a", "phone": "13900000001", "total": 5}, {"no": "b", "phone": "13900000001", "total": None}]


def test_what_was_pulled_is_told_and_what_was_set_aside_is_taken_again(
    db: Database, clock: VirtualClock, call_with: Callable[..., Caller]
) -> None:
    reader, operator = call_with(scopes=("channels.read",)), call_with(scopes=("read", "admin"))
    with db.begin() as work:
        for body in (ERP, SHOP):
            publish_document(work, f"connectors/{body['connector']}", body)
        connector = read_library(work).connectors["erp"]
        pull = pulls.regular(work, "erp", clock.now())
        page = Page(ROWS, {"file": "one.csv", "offset": 9}, more=False, part=1.0)
        assert pulls.take_page(work, connector, pull.id, None, page, clock.now())
        assert pulls.take_page(work, connector, pull.id, None, page, clock.now()) is None  # somebody else had it
    erp, shop = reader.get("/v1/connectors").json()["connectors"]
    told = {name: erp[name] for name in ("kind", "every", "rows", "events", "set_aside", "reached", "error")}
    assert told == {
        "kind": "files", "every": "5m", "rows": 2, "events": 1, "set_aside": 1, "reached": "one.csv", "error": None,
    }  # fmt: skip
    assert (shop["kind"], shop["every"]) == ("kuaidi100", None)
    rows: list[dict[str, Any]] = operator.get("/v1/connectors/erp/rows").json()["rows"]
    assert [(row["key"], row["field"], row["reason"], row["row"]) for row in rows] == [
        ("order.paid/b", "data.total", "missing", ROWS[1])
    ]
    chinese = operator.get("/v1/connectors/erp/rows", headers={"accept-language": "zh-CN"}).json()["rows"]
    assert chinese[0]["detail"] == "必填"
    (hidden,) = reader.get("/v1/connectors/erp/rows").json()["rows"]
    assert (hidden["key"], hidden["row"]) == ("order.paid", None)
    mended = ERP | {"map": ERP["map"] | {"data": {"order_id": "no", "total": "`7`"}}}  # type: ignore[operator]
    with db.begin() as work:
        publish_document(work, "connectors/erp", mended)
    assert operator.post("/v1/connectors/erp/retry").json() == {"events": 1, "set_aside": 0, "more": False}
    assert operator.get("/v1/connectors/erp/rows").json()["rows"] == []
    asked = operator.post("/v1/connectors/erp/backfills", json={"since": "a", "until": "b"})
    assert (asked.status_code, asked.json()["since"]) == (202, "a")
    assert operator.post("/v1/connectors/shop/backfills", json={"since": "a", "until": "b"}).status_code == 409
    assert operator.post("/v1/connectors/no/retry").status_code == 404
    assert len(operator.get("/v1/connectors").json()["connectors"][0]["backfills"]) == 1


def test_a_row_that_was_set_aside_is_forgotten_with_its_customer(db: Database, clock: VirtualClock) -> None:
    with db.begin() as work:
        publish_document(work, "connectors/erp", ERP)
        connector = read_library(work).connectors["erp"]
        pulls.take_rows(work, connector, [*ROWS, {"no": "c", "phone": "13900000002"}], clock.now())
        customer = work.get_one(Order, "a").customer_id
    with db.begin() as work:
        erase(work, customer, clock.now())
    with db.begin() as work:
        found, taken = pulls.retry(work, connector, 0, clock.now()) or (0, None)
        assert (taken.set_aside if taken else None, pulls.retry(work, connector, found, clock.now())) == (1, None)
