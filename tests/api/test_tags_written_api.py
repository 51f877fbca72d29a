"""A tag's rule is written by form: its text changes, and no other byte; who has the tag changes with it."""

from collections.abc import Callable
from typing import Any

import pytest
from calling import Caller

from domain.published.publishing import publish_document
from domain.published.tables import Document
from domain.store.work import Database
from workflows.language.tags import read_tags

TEXT = (
    "# ours\nmeasures:\n  n: {count: true, of: order.paid}\ntags:\n"
    "  vip:   {when: {field: customer.orders, at_least: 3}}   # by hand\n"
)


@pytest.fixture
def marketer(call_with: Callable[..., Caller], db: Database) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_document(session, "_segments", {"best": {"tag": "vip"}})
        tags = read_tags(TEXT, "_tags")[0]
        assert tags is not None
        publish_document(session, "_tags", tags.model_dump(mode="json"), TEXT)
    return call_with(scopes=("admin", "read"))


def put(caller: Caller, name: str, body: Any, etag: str | None = None) -> Any:
    headers = {} if etag is None else {"If-Match": etag}
    return caller.request("PUT", f"/v1/tags/{name}", json=body, headers=headers)


def source(db: Database) -> str:
    with db() as session:
        return session.get_one(Document, "_tags").source or ""


def test_a_rule_is_read_changed_and_made_and_nothing_else_is_touched(marketer: Caller, db: Database) -> None:
    told = marketer.get("/v1/tags/vip").json()
    assert (told["when"], told["keep"]) == ({"field": "customer.orders", "at_least": 3}, None)
    assert (told["used_by"], "3" in told["words"]) == (["best"], True)
    assert marketer.get("/v1/tags/nobody").status_code == 404

    changed = put(marketer, "vip", {"when": {"field": "customer.orders", "at_least": 5}, "keep": "30d"}, told["etag"])
    assert (changed.status_code, changed.json()["keep"]) == (200, "30d")
    assert source(db).startswith(TEXT[: TEXT.index("  vip")])
    assert source(db).endswith("# by hand\n")
    assert put(marketer, "vip", {"when": {"tag": "x"}}, told["etag"]).status_code == 412
    assert put(marketer, "vip", {"when": {"tag": "x"}}, "*").status_code == 412
    before = source(db)
    assert put(marketer, "近期下单", {"when": {"event": "order.paid", "within": "7d"}}, "*").status_code == 200
    assert source(db).startswith(before)
    assert {"近期下单", "vip"} <= {each["name"] for each in marketer.get("/v1/tags").json()["tags"]}


@pytest.mark.parametrize(
    "body",
    [
        {"when": {"field": "customer.orders"}},
        {"when": {"tag": "vip"}},  # it would need itself
        {"when": {"event": "order.paid"}, "keep": "long"},
        {"when": {"event": "order.paid"}, "for": "3d"},
    ],
)
def test_a_wrong_one_is_refused_and_nothing_changes(marketer: Caller, db: Database, body: object) -> None:
    assert put(marketer, "vip", body).status_code == 422
    assert source(db) == TEXT


def test_the_first_one_begins_the_text(call_with: Callable[..., Caller], db: Database) -> None:
    with db.begin() as session:
        publish_document(session, "_policy", {})
    caller = call_with(scopes=("admin", "read"))
    assert put(caller, "vip", {"when": {"event": "order.paid"}, "keep": "3d"}, "*").status_code == 200
    assert source(db).startswith("tags:\n")
    assert put(caller, "loyal", {"when": {"tag": "vip"}}).status_code == 200
    assert names(caller) == {"vip", "loyal"}


def names(caller: Caller) -> set[str]:
    return {each["name"] for each in caller.get("/v1/tags").json()["tags"]}
