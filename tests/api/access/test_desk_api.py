"""`/v1/desk`: a guide does their tasks and sees their own customers, nobody else's."""

from collections.abc import Callable

import pytest
from browsing import Browser
from shop import Shop
from sqlmodel import select

from domain.access.tables import AuditEntry, User
from domain.customers.tables import Customer
from domain.journeys.tables import Todo
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: care
    name: 关怀
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: call, todo: 打个电话, assign: owner, due: 48h}, {id: heard, wait_for: {done: call}, within: 3d}]
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    for name, owner in (("li", "guide-lin"), ("wang", "guide-xu")):
        shop.post("customer.updated", name, owner=owner)
        shop.post("order.paid", name, order_id=name, total=990)
    shop.give("todo", shop.group("call"))
    return shop


@pytest.fixture
def guide(shop: Shop, signed_in: Callable[[str], Browser]) -> Browser:
    browser = signed_in("guide")
    with shop.db.begin() as work:
        user = work.exec(select(User).where(User.email == "guide@shop.cn")).one()
        user.staff = "guide-lin"
    return browser


def todos(browser: Browser) -> list[dict[str, object]]:
    return browser.request("GET", "/v1/desk/todos").json()["todos"]


def test_one_sees_ones_own_tasks_only(guide: Browser) -> None:
    (todo,) = todos(guide)
    assert (todo["text"], todo["title"], todo["overdue"]) == ("打个电话", "关怀", False)


def test_without_a_staff_id_one_has_none(shop: Shop, signed_in: Callable[[str], Browser]) -> None:
    assert len(shop.rows(Todo)) == 2
    assert todos(signed_in("guide")) == []


@pytest.mark.parametrize("outcome", ["done", "wrong"])
def test_what_is_finished_is_over_and_heard_by_the_journey(guide: Browser, shop: Shop, outcome: str) -> None:
    shop.give("arrive", shop.group("heard"))
    path = f"/v1/desk/todos/{todos(guide)[0]['id']}/finish"
    assert guide.request("POST", path, json={"outcome": outcome}).status_code == 204
    assert guide.request("POST", path, json={"outcome": outcome}).status_code == 204
    assert todos(guide) == []
    audited = [(row.action, row.after) for row in shop.rows(AuditEntry) if row.action.startswith("todo")]
    assert audited == [("todo.finish", {"outcome": outcome})]


def test_not_now_is_a_day_later(guide: Browser) -> None:
    (before,) = todos(guide)
    assert guide.request("POST", f"/v1/desk/todos/{before['id']}/later").status_code == 204
    (after,) = todos(guide)
    assert after["due_at"] > before["due_at"]


def test_a_customer_is_on_one_screen(guide: Browser) -> None:
    card = guide.request("GET", f"/v1/desk/customers/{todos(guide)[0]['customer']}").json()
    assert (card["orders"], card["spent"]) == (1, 990)
    assert "派出任务" in card["recent"][0]["words"]
    assert card["offers"] == []


def test_what_goes_with_the_last_order_can_be_offered(guide: Browser, shop: Shop) -> None:
    shop.post("product.updated", sku="beans", companions=["filter", "cup", "mug", "jug", "pot"])
    shop.post("product.updated", sku="mug", name="杯子")
    shop.post("order.paid", "li", order_id="cup", total=1, items=[{"sku": "cup"}])
    shop.post("order.paid", "li", order_id="beans", total=1, items=[{"sku": "beans"}])
    card = guide.request("GET", f"/v1/desk/customers/{todos(guide)[0]['customer']}").json()
    assert card["offers"] == [
        {"sku": "filter", "name": "filter"}, {"sku": "mug", "name": "杯子"}, {"sku": "jug", "name": "jug"},
    ]  # fmt: skip


def test_what_goes_with_products_is_listed(shop: Shop, signed_in: Callable[[str], Browser]) -> None:
    shop.post("product.updated", sku="beans", companions=["filter"])
    marketer = signed_in("marketer")
    found = marketer.request("GET", "/v1/companions?sku=beans&sku=tea").json()
    assert found == [
        {"sku": "filter", "name": None, "category": None, "own": True, "lift": None, "together": None}
    ]  # fmt: skip
    for wrong in ("", "?sku=beans&at_most=21", "?sku=", "?sku=%00", "?" + "&".join(["sku=a"] * 101)):
        assert marketer.request("GET", f"/v1/companions{wrong}").status_code == 422


def test_anothers_customer_and_task_are_not_there_and_it_is_audited(guide: Browser, shop: Shop) -> None:
    other = next(row for row in shop.rows(Customer) if row.fields["owner"] == "guide-xu").id
    task = next(row for row in shop.rows(Todo) if row.assignee == "guide-xu").id
    assert guide.request("GET", f"/v1/desk/customers/{other}").status_code == 404
    assert guide.request("GET", "/v1/desk/customers/999999").status_code == 404
    assert guide.request("POST", f"/v1/desk/todos/{task}/finish", json={"outcome": "done"}).status_code == 404
    assert guide.request("POST", f"/v1/desk/todos/{task}/later").status_code == 404
    refused = [row.target for row in shop.rows(AuditEntry) if row.action == "desk.refused"]
    assert refused == [f"customer:{other}", "customer:999999", f"todo:{task}", f"todo:{task}"]
    assert all(row.done_at is None for row in shop.rows(Todo))


@pytest.mark.parametrize("after", ["x", "1_x", "nan_1", "9e99_1", "1_-1"])
def test_a_place_that_no_page_gave_is_refused(guide: Browser, after: str) -> None:
    assert guide.request("GET", f"/v1/desk/todos?after={after}").status_code == 422
