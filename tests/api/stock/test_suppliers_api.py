"""A supplier played from outside: the plan, the answer by link and by key, the notice, the goods, the scorecard."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from calling import Caller
from providers.erp import FakeErp, erp_server
from shop import Shop

from activities.adapters.erp import Erp, HttpErp, Ledger
from activities.supply import SupplyActivities
from api.app import create_app
from api.http.page_links import SUPPLIERS
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database
from workflows.plan.supply import SupplyState

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TERMS: dict[str, Any] = {
    "lead_time": "2d", "buyer": "采购", "escalate_to": "主管", "answer_within": "24h",
    "products": {"milk": {"pack": 12, "min": 60, "max": 600}, "cake": {"pack": 6, "min": 12, "max": 60}},
}  # fmt: skip


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    other = {"products": {"nuts": {"min": 5}}}
    with db.begin() as work:
        publish_document(work, "_supply", {"suppliers": {"a": TERMS, "b": other}})
    return shop


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("read", "admin"))


@pytest.fixture
def stranger(db: Database, clock: VirtualClock) -> Caller:
    """Somebody with a link at most."""
    return Caller(create_app(db, clock, ready=dict, signing_key="k" * 32), "")


@pytest.fixture
def erp() -> Iterator[FakeErp]:
    with erp_server() as server:
        yield server


def look(shop: Shop, supplier: str = "a", erp: Erp | None = None) -> SupplyState:
    """What the supplier's run does when it is woken."""
    activities = SupplyActivities(shop.db, shop.clock, erp or Ledger())
    standing = activities.look_after_supplier(supplier)
    for plan in standing.orders:
        activities.order_delivery(plan)
    return activities.look_after_supplier(supplier)


def told(shop: Shop) -> str:
    return "\n".join(row.payload["text"] for row in shop.rows(Outbox) if row.kind == "staff")


def planned(caller: Caller) -> dict[str, Any]:
    made: dict[str, Any] = caller.post("/v1/suppliers/a/plans").json()
    return made


def ordered(shop: Shop, caller: Caller, erp: Erp | None = None) -> dict[str, Any]:
    plan = planned(caller)
    assert caller.post(f"/v1/supply/plans/{plan['id']}/answer", json={"verdict": "confirm"}).status_code == 200
    look(shop, erp=erp)
    now: dict[str, Any] = caller.get(f"/v1/supply/plans/{plan['id']}").json()
    assert (now["status"], now["ordered"]) == ("ordered", {"milk": 60, "cake": 12})
    return now


def test_a_supplier_answers_by_link_and_sees_nothing_of_others(shop: Shop, caller: Caller, stranger: Caller) -> None:
    plan = planned(caller)
    lines = {(line["sku"], line["quantity"], line["because"]) for line in plan["lines"]}
    assert lines == {("milk", 60, "min"), ("cake", 12, "min")}
    assert caller.post("/v1/suppliers/a/plans").status_code == 409
    assert caller.post("/v1/suppliers/ghost/plans").status_code == 404
    mine, theirs = SUPPLIERS.sign("k" * 32, "a"), SUPPLIERS.sign("k" * 32, "b")
    page = stranger.get(f"/supplier/a?token={mine}")
    assert page.status_code == 200
    assert "milk" in page.text
    assert "nuts" not in page.text
    assert "采购" not in page.text.replace("对方采购", "")
    answer = f"/v1/supply/plans/{plan['id']}/answer?token="
    for wrong in (theirs, "", "forged"):
        assert stranger.get(f"/supplier/a?token={wrong}").status_code == 401
        assert stranger.post(answer + wrong, json={"verdict": "confirm"}).status_code == 401
    assert stranger.post(f"/v1/supply/plans/999999/answer?token={mine}", json={"verdict": "confirm"}).status_code == 401
    change = {"verdict": "change", "lines": {"milk": 72}, "reason": "多一箱"}
    assert stranger.post(answer + mine, json=change).json()["status"] == "agreed"
    assert stranger.post(answer + mine, json=change).status_code == 200
    again = stranger.post(answer + mine, json={"verdict": "refuse"})
    assert (again.status_code, again.json()["status_now"]) == (409, "answered_already")
    assert look(shop).waits_for == (f"{plan['on'][5:]} ordered",)


@pytest.mark.parametrize(
    ("answer", "exceptions"),
    [
        ({"verdict": "change", "lines": {"milk": 120}}, ["more:milk"]),
        ({"verdict": "confirm", "lines": {"milk": 120, "cake": 12}}, ["more:milk"]),
        ({"verdict": "change", "lines": {"milk": 12}}, ["less:milk"]),
        ({"verdict": "refuse"}, ["refused"]),
    ],
)
def test_what_differs_too_much_is_for_the_buyer(
    shop: Shop, caller: Caller, answer: dict[str, Any], exceptions: list[str]
) -> None:
    plan = planned(caller)
    taken = caller.post(f"/v1/supply/plans/{plan['id']}/answer", json=answer).json()
    assert (taken["status"], taken["exceptions"]) == ("exception", exceptions)
    assert "需要你决定" in told(shop)
    decided = caller.post(f"/v1/supply/plans/{plan['id']}/decide", json={"verdict": "accept"}).json()
    assert decided["status"] == ("refused" if exceptions == ["refused"] else "agreed")
    assert caller.post(f"/v1/supply/plans/{plan['id']}/decide", json={"verdict": "accept"}).status_code == 409


def test_the_page_has_what_sold_what_is_there_by_days_left_and_what_is_foretold(
    shop: Shop, caller: Caller, stranger: Caller
) -> None:
    now = shop.clock.now()
    for lot, days in (("A", 3), ("B", 30)):
        expires = (now + days * DAY).date().isoformat()
        shop.post("lot.received", time=now - 29 * DAY, lot_id=lot, sku="milk", quantity=40, expires_on=expires)
    items = [{"sku": "milk", "quantity": 2.5}]
    days = [now - back * DAY for back in range(1, 21)]
    shop.take(*(shop.incoming("order.paid", "li", time=at, order_id=f"{at}", total=1, items=items) for at in days))
    (line, _) = sorted(planned(caller)["lines"], key=lambda line: line["sku"] != "milk")
    assert (line["sold"], line["lots"][-1]) == (50, {"days": 31, "units": 30})
    page = stranger.get(f"/supplier/a?token={SUPPLIERS.sign('k' * 32, 'a')}").text
    for words in ("近 28 天卖了 50", "30 件还可卖 31 天", "未来七天预计卖", "每天十有九次不超过"):
        assert words in page


def test_a_buyer_changes_what_a_supplier_offers_and_says_why(shop: Shop, caller: Caller, stranger: Caller) -> None:
    path = f"/v1/supply/plans/{planned(caller)['id']}"
    caller.post(f"{path}/answer", json={"verdict": "change", "lines": {"milk": 12}})
    for lines, reason in (
        ({}, "needed"), ({"milk": 7}, "not_whole_packs"), ({"nuts": 5}, "not_asked"), ({"milk": 612}, "confirm_needed"),
        ({"cake": 132}, "confirm_needed"),
    ):  # fmt: skip
        refused = caller.post(f"{path}/decide", json={"verdict": "change", "lines": lines})
        assert (refused.status_code, refused.json()["errors"][0]["reason"]) == (422, reason)
    more = {"verdict": "change", "lines": {"milk": 24, "cake": 132}, "reason": "门店活动", "confirm": True}
    decided = caller.post(f"{path}/decide", json=more).json()
    assert (decided["status"], decided["ordered"]) == ("agreed", {"milk": 24, "cake": 132})
    assert "门店活动" in stranger.get(f"/supplier/a?token={SUPPLIERS.sign('k' * 32, 'a')}").text
    assert look(shop).waits_for


@pytest.mark.parametrize(
    ("confirmed", "awaited", "notes", "status"),
    [
        pytest.param({"milk": {"quantity": 60}, "cake": {"quantity": 12}}, (60, 12), [], "ordered", id="as ordered"),
        pytest.param({"milk": {"quantity": 48}}, (48, 12), ["less"], "ordered", id="less is what is awaited"),
        pytest.param({"milk": {"quantity": 72}}, (60, 12), ["more"], "ordered", id="more is not"),
        pytest.param({"milk": {"quantity": 0}}, (None, 12), ["less"], "ordered", id="one product is refused"),
        pytest.param(
            {"milk": {"quantity": 0}, "cake": {"quantity": 0}}, (None, None), ["less", "less"], "refused", id="all are"
        ),
        pytest.param(
            {"milk": {"quantity": 60, "promised_on": "2026-03-09"}}, (60, 12), ["later", "show"], "ordered", id="later"
        ),
        pytest.param({"milk": {"quantity": 60, "promised_on": "9999-01-01"}}, (60, 12), [], "ordered", id="no promise"),
        pytest.param(None, (60, 12), [], "ordered", id="it confirms nothing"),
    ],
)
def test_what_the_erp_was_confirmed_is_what_is_awaited(
    shop: Shop, caller: Caller, erp: FakeErp, confirmed: Any, awaited: Any, notes: list[str], status: str
) -> None:
    http = HttpErp(erp.url)
    plan = ordered(shop, caller, http)
    day = {"supplier": "a", "deliver_on": plan["on"]}
    assert erp.orders[f"supply-{plan['id']}-milk"] == {"sku": "milk", "quantity": 60, "city": None, **day}
    shop.post(
        "stream.scheduled", stream_id="s", title="早餐", starts_at="2026-03-09T12:00:00Z", products=[{"sku": "milk"}]
    )
    keyed = {f"supply-{plan['id']}-{sku}": said for sku, said in (confirmed or {}).items()}
    erp.confirmed = None if confirmed is None else keyed
    look(shop, erp=http)
    standing = look(shop, erp=http)
    now = caller.get(f"/v1/supply/plans/{plan['id']}").json()
    assert (now["ordered"].get("milk"), now["ordered"].get("cake")) == awaited
    assert ([note["what"] for note in now["notes"]], now["status"]) == (notes, status)
    assert ("和订单不同" in told(shop)) == bool(notes)
    again = standing.due is not None and standing.due <= shop.clock.now() + HOUR
    assert again == (confirmed is not None and status == "ordered")


def test_what_the_erp_refuses_is_told_and_the_rest_is_ordered(shop: Shop, caller: Caller, erp: FakeErp) -> None:
    plan = planned(caller)
    caller.post(f"/v1/supply/plans/{plan['id']}/answer", json={"verdict": "confirm"})
    erp.answers = [(422, {})]
    look(shop, erp=HttpErp(erp.url))
    now = caller.get(f"/v1/supply/plans/{plan['id']}").json()
    assert (now["status"], now["ordered"]) == ("ordered", {"milk": 60})
    assert [(note["what"], note["detail"]) for note in now["notes"]] == [("erp_refused", "cake http_422")]
    assert "ERP 拒收了 cake" in told(shop)
    erp.answers = [(503, {})]
    assert look(shop, erp=HttpErp(erp.url)).waits_for


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({"verdict": "change", "lines": {"milk": 7}}, "lines.milk"),
        ({"verdict": "change", "lines": {"nuts": 7}}, "lines.nuts"),
        ({"verdict": "change", "lines": {"milk": -12}}, "lines.milk"),
        ({"verdict": "change"}, "lines"),
        ({"verdict": "confirm", "lines": {"milk": 61}}, "lines.milk"),
        ({"verdict": "confirm", "lines": {"milk": "5箱"}}, "lines.milk"),
        ({"verdict": "confirm", "lines": {"milk": 60.0001}}, "lines.milk"),
        ({"verdict": "confirm", "promised_on": "2020-01-01"}, "promised_on"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"verdict": "confirm", "price": 3}, "price"),
    ],
)
def test_an_answer_that_nobody_could_mean_is_told(caller: Caller, answer: dict[str, Any], field: str) -> None:
    refused = caller.post(f"/v1/supply/plans/{planned(caller)['id']}/answer", json=answer)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_who_does_not_answer_is_reminded_then_it_is_escalated_and_a_late_answer_still_counts(
    shop: Shop, caller: Caller
) -> None:
    plan = planned(caller)
    path = f"/v1/supply/plans/{plan['id']}"
    shop.clock.set(shop.clock.now() + 13 * HOUR)
    look(shop)
    assert "请催一下" in told(shop)
    shop.clock.set(shop.clock.now() + 12 * HOUR)
    look(shop)
    assert caller.get(path).json()["status"] == "escalated"
    late = caller.post(f"{path}/answer", json={"verdict": "confirm"}).json()
    assert (late["status"], late["answer"]["late"]) == ("agreed", True)
    assert caller.get("/v1/suppliers").json()[0]["scorecard"]["answered"] == 0


def test_nobody_decides_and_it_lapses(shop: Shop, caller: Caller) -> None:
    plan = planned(caller)
    for _ in range(3):
        shop.clock.set(shop.clock.now() + 3 * DAY)
        look(shop)
    path = f"/v1/supply/plans/{plan['id']}"
    assert caller.get(path).json()["status"] == "lapsed"
    after = caller.post(f"{path}/answer", json={"verdict": "confirm"})
    assert (after.status_code, after.json()["status_now"]) == (409, "lapsed")


def came(shop: Shop, sku: str, units: float, lot: str = "L", days: int = 90) -> None:
    expires = (shop.clock.now() + days * DAY).date().isoformat()
    shop.post("lot.received", sku=sku, quantity=units, lot_id=f"{lot}{sku}", expires_on=expires)


def notice(shop: Shop, order: str, **more: Any) -> None:
    items = [{"sku": "milk", "quantity": 60, "lot_id": "Lmilk"}, {"sku": "cake", "quantity": 12}]
    shop.post("asn.received", order=order, items=items, **more)


@pytest.mark.parametrize(
    ("happens", "notes"),
    [
        (lambda shop, key: (notice(shop, key), came(shop, "milk", 60), came(shop, "cake", 12)), []),
        (lambda shop, key: (came(shop, "milk", 60), came(shop, "cake", 12), notice(shop, key)), []),
        (lambda shop, _: (came(shop, "milk", 58.2), came(shop, "cake", 12)), ["short"]),
        (lambda shop, key: (notice(shop, key), came(shop, "milk", 60, "X"), came(shop, "cake", 12)), ["wrong_lot"]),
        (lambda shop, _: (came(shop, "milk", 30), came(shop, "milk", 30), came(shop, "cake", 12)), []),
    ],
)
def test_what_comes_is_compared_with_what_was_ordered(
    shop: Shop, caller: Caller, happens: Callable[[Shop, str], object], notes: list[str]
) -> None:
    plan = ordered(shop, caller)
    happens(shop, f"supply-{plan['id']}")
    now = caller.get(f"/v1/supply/plans/{plan['id']}").json()
    assert (now["status"], [note["what"] for note in now["notes"]]) == ("received", notes)
    assert ("有出入" in told(shop)) == bool(notes)
    card = caller.get("/v1/suppliers").json()[0]["scorecard"]
    assert (card["deliveries"], card["filled"]) == (1, pytest.approx(70.2 / 72 if notes == ["short"] else 1))


def test_a_shelf_life_below_the_terms_and_a_late_receipt_are_told(shop: Shop, caller: Caller) -> None:
    terms = {
        **TERMS,
        "products": {"milk": {"pack": 12, "min": 60, "max": 600}, "cake": {"pack": 6, "min": 12, "max": 60}},
    }
    plan = ordered(shop, caller)
    terms["products"]["milk"]["shelf_life"] = "30d"
    with shop.db.begin() as work:
        publish_document(work, "_supply", {"suppliers": {"a": terms}})
    shop.clock.set(shop.clock.now() + 4 * DAY)
    look(shop)
    assert "请催单" in told(shop)
    came(shop, "milk", 60, days=10)
    came(shop, "cake", 12)
    notes = caller.get(f"/v1/supply/plans/{plan['id']}").json()["notes"]
    assert [note["what"] for note in notes] == ["short_life", "late", "late"]


def test_a_notice_of_an_unknown_order_changes_nothing_and_one_that_slips_warns_of_shows(
    shop: Shop, caller: Caller, erp: FakeErp
) -> None:
    notice(shop, "supply-424242")
    notice(shop, "whatever")
    assert told(shop).count("不存在") == 2
    plan = ordered(shop, caller, HttpErp(erp.url))
    assert [plan["orders"][sku]["reference"] for sku in ("cake", "milk")] == ["PO-1", "PO-2"]
    starts = (shop.clock.now() + 3 * DAY).isoformat()
    shop.post("stream.scheduled", stream_id="s", title="早餐专场", starts_at=starts, products=[{"sku": "milk"}])
    notice(shop, "PO-2", arrives_on=(shop.clock.now() + 5 * DAY).date().isoformat())
    assert "早餐专场" in told(shop)
    now = caller.get(f"/v1/supply/plans/{plan['id']}").json()
    assert (now["status"], [note["what"] for note in now["notes"]]) == ("shipped", ["later", "show"])
