"""Tags and segments over HTTP: who has which and why, who a condition would be, and who may take them away."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from calling import Caller
from rules_shop import publish, sweep
from shop import Shop
from sqlalchemy import text
from sqlmodel import select

from domain.access.tables import AuditEntry
from domain.membership import previewing, sweeping
from domain.published.library import read_library
from domain.store.clock import VirtualClock
from domain.store.work import Database


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """Six customers, of whom three watched and two bought."""
    shop = Shop(db, clock)
    publish(
        shop,
        "tags: {杭州: {when: {field: customer.city, is: 杭州}}}",
        "看过: {event: stream.left}\n买过: {event: order.paid, within: 7d}",
    )
    for number, who in enumerate("abcdef"):
        shop.post("customer.updated", who, city="杭州" if number < 4 else "宁波", name=f"=客{who}")
        if number % 2 == 0:
            shop.post("stream.left", who, stream_id="s1")
        if number % 3 == 0:
            shop.post("order.paid", who, order_id=who, total=1000)
    sweep(shop)
    with shop.db.begin() as work:
        sweeping.count_segments(work, read_library(work), clock.now())
    return shop


@pytest.fixture
def reader(call_with: Callable[..., Caller], shop: Shop) -> Caller:
    del shop
    return call_with(scopes=("customers.read",))


def ask(caller: Caller, path: str, **query: Any) -> Any:
    answer = caller.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_tags_and_who_has_them(reader: Caller) -> None:
    assert ask(reader, "/v1/tags")["tags"] == [{"name": "杭州", "size": 4, "ruled": True, "asked": None}]
    page = ask(reader, "/v1/tags/杭州/customers", limit=3)
    assert ([each["id"] for each in page["customers"]], page["next"]) == ([1, 2, 3], 3)
    assert page["customers"][0]["why"] == "客户所在城市 是 杭州"
    rest = ask(reader, "/v1/tags/杭州/customers", after=3)
    assert ([each["id"] for each in rest["customers"]], rest["next"]) == ([4], None)
    assert ask(reader, "/v1/tags/没有/customers") == {"customers": [], "next": None}


def test_segments_by_day(reader: Caller, shop: Shop) -> None:
    sweep(shop, timedelta(days=1))
    shop.post("order.paid", "b", order_id="b2", total=1)
    with shop.db.begin() as work:
        sweeping.count_segments(work, read_library(work), shop.clock.now())
    found = {each["name"]: each for each in ask(reader, "/v1/segments")["segments"]}
    assert {name: each["size"] for name, each in found.items()} == {"看过": 3, "买过": 3}
    assert [each["size"] for each in found["买过"]["days"]] == [2, 3]
    assert [each["id"] for each in ask(reader, "/v1/segments/买过/customers")["customers"]] == [1, 2, 4]
    assert reader.get("/v1/segments/没有/customers").status_code == 404


def test_a_preview_is_exact_and_says_what_is_wrong(reader: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    when = {"all": [{"segment": "看过"}, {"not": {"event": "order.paid", "within": "7d"}}]}
    found = reader.post("/v1/segments/preview", json={"when": when}).json()
    assert (found["size"], found["of"], [each["id"] for each in found["sample"]]) == (2, 6, [3, 5])
    assert found["by_tag"] == {"杭州": 1}
    wrong = reader.post("/v1/segments/preview", json={"when": {"evnt": "order.paid"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "when"
    monkeypatch.setattr(previewing, "LONGEST_MS", 10)
    slow = text("SELECT set_config('statement_timeout', '1', true), pg_sleep(0)")
    monkeypatch.setattr(previewing, "_BOUNDS", slow)
    monkeypatch.setattr(previewing, "selecting", lambda *_: text("pg_sleep(1) IS NOT NULL"))
    late = reader.post("/v1/segments/preview", json={"when": when})
    assert (late.status_code, late.json()["errors"][0]["reason"]) == (422, "too_slow")


def test_how_two_overlap(reader: Caller) -> None:
    assert ask(reader, "/v1/segments/overlap", one="看过", other="买过") == {"one": 3, "other": 2, "both": 1}
    assert reader.get("/v1/segments/overlap", params={"one": "看过", "other": "没有"}).status_code == 404


def test_an_export_needs_pii_and_is_audited(reader: Caller, call_with: Callable[..., Caller], db: Database) -> None:
    assert reader.get("/v1/segments/买过/export").status_code == 403
    answer = call_with(scopes=("customers.read", "pii")).get("/v1/segments/买过/export")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[:2] for row in rows[1:]] == [["1", "'=客a"], ["4", "'=客d"]]
    with db() as session:
        assert session.exec(select(AuditEntry.target).where(AuditEntry.action == "segment.export")).all() == [
            "segment:买过"
        ]
