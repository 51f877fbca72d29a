"""A segment is written by form: its text changes, and no other byte; it holds at once."""

from collections.abc import Callable
from typing import Any

import pytest
from calling import Caller

from domain.published.publishing import publish_document
from domain.published.tables import Document
from domain.store.work import Database

TEXT = "# ours\nvip:   {tag: vip}   # by hand\n\nloyal:\n  field: customer.orders\n  at_least: 3\n"


@pytest.fixture
def marketer(call_with: Callable[..., Caller], db: Database) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        body = {"vip": {"tag": "vip"}, "loyal": {"field": "customer.orders", "at_least": 3}}
        publish_document(session, "_segments", body, TEXT)
    return call_with(scopes=("admin", "read"))


def put(caller: Caller, name: str, when: Any, etag: str | None = None) -> Any:
    headers = {} if etag is None else {"If-Match": etag}
    return caller.request("PUT", f"/v1/segments/{name}", json={"when": when}, headers=headers)


def source(db: Database) -> str | None:
    with db() as session:
        return session.get_one(Document, "_segments").source


def test_a_segment_is_read_as_it_is_written(marketer: Caller) -> None:
    told = marketer.get("/v1/segments/loyal").json()
    assert told["when"] == {"field": "customer.orders", "at_least": 3}
    assert "3" in told["words"]
    assert told["used_by"] == []
    assert marketer.get("/v1/segments/nobody").status_code == 404


def test_a_change_touches_its_own_lines_only(marketer: Caller, db: Database) -> None:
    etag = marketer.get("/v1/segments/loyal").headers["etag"]
    assert put(marketer, "loyal", {"field": "customer.orders", "at_least": 5}, etag).status_code == 200
    assert (source(db) or "").startswith(TEXT[: TEXT.index("loyal:")])
    assert marketer.get("/v1/segments/loyal").json()["when"]["at_least"] == 5
    assert put(marketer, "loyal", {"tag": "late"}, etag).status_code == 412


def test_a_new_one_comes_to_the_others(marketer: Caller, db: Database) -> None:
    assert put(marketer, "新人群", {"event": "order.paid", "within": "30d"}, "*").status_code == 200
    assert put(marketer, "vip", {"tag": "x"}, "*").status_code == 412
    lines = (source(db) or "").splitlines()
    assert [line for line in lines if not line.startswith("新人群")] == TEXT.splitlines()
    assert sorted(each["name"] for each in marketer.get("/v1/segments").json()["segments"]) == [
        "loyal",
        "vip",
        "新人群",
    ]


@pytest.mark.parametrize("when", [{"field": "customer.orders"}, {"segment": "nobody"}, {"event": "order.paied"}])
def test_a_wrong_one_is_refused_and_nothing_changes(marketer: Caller, db: Database, when: object) -> None:
    assert put(marketer, "loyal", when).status_code == 422
    assert source(db) == TEXT


def test_the_first_one_begins_the_text(call_with: Callable[..., Caller], db: Database) -> None:
    with db.begin() as session:
        publish_document(session, "_policy", {})
    caller = call_with(scopes=("admin", "read"))
    assert put(caller, "vip", {"tag": "vip"}).status_code == 200
    assert caller.get("/v1/segments/vip").json()["when"] == {"tag": "vip"}
