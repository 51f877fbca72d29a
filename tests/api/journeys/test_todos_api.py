"""`GET /v1/todos` and `GET /v1/notices`."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from shop import Shop

from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: care
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: call, todo: 打电话问候, assign: owner, due: 24h}]
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    return Shop(db, clock)


@pytest.fixture
def reader(shop: Shop, call_with: Callable[..., Caller]) -> Caller:
    """A caller of a shop with three tasks, of which the first is done."""
    shop.publish(SPEC)
    shop.customers("li", "wang")
    for name, owner in (("li", "小陈"), ("wang", "小张")):
        shop.post("customer.updated", name, owner=owner)
    for name in ("li", "wang", "li"):
        shop.post("form.filled", name)
    shop.give("todo", shop.group("call"))
    shop.post("todo.done", "li", enrollment=1, step="call")
    return call_with(scopes=("read",))


def test_todos_by_who_does_them_and_whether_they_are_done(reader: Caller, shop: Shop) -> None:
    def ids(**options: object) -> list[int]:
        return [todo["id"] for todo in reader.get("/v1/todos", params=options).json()["todos"]]

    assert (ids(), ids(done=False), ids(done=True)) == ([3, 2, 1], [3, 2], [1])
    assert sorted(ids(assignee="小陈") + ids(assignee="小张")) == [1, 2, 3]
    first = reader.get("/v1/todos", params={"limit": 2}).json()
    assert (first["next"], ids(after=first["next"])) == (2, [1])
    (todo,) = reader.get("/v1/todos", params={"assignee": "小张"}).json()["todos"]
    assert (todo["customer"], todo["journey"], todo["step"], todo["text"]) == (2, "care", "call", "打电话问候")
    assert todo["done_at"] is None
    assert todo["due_at"] == (shop.clock.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")


def test_what_is_overdue_is_open_and_should_be_done(reader: Caller, clock: VirtualClock) -> None:
    def overdue(**options: object) -> list[int]:
        return [todo["id"] for todo in reader.get("/v1/todos", params={"overdue": True, **options}).json()["todos"]]

    assert overdue() == []
    clock.set(clock.now() + timedelta(days=1, seconds=1))
    assert overdue() == [3, 2]
    assert reader.get("/v1/today").json()["overdue"] == 2
    (of_wang,) = overdue(customer=2)
    assert of_wang in {2, 3}
    assert overdue(done=True) == []


def test_what_cannot_be_asked(reader: Caller, call_with: Callable[..., Caller]) -> None:
    assert reader.get("/v1/todos", params={"assignee": "a\x00"}).status_code == 422
    assert reader.get("/v1/todos", params={"limit": 0}).status_code == 422
    assert call_with(scopes=("ingest",)).get("/v1/todos").status_code == 403
    assert call_with(scopes=("ingest",)).get("/v1/notices").status_code == 403
    assert reader.get("/v1/notices").json() == []
