"""Texts over HTTP: read, tried as they would be sent, and written without breaking what sends them."""

from collections.abc import Callable
from typing import Any

import pytest
from calling import Caller
from shop import Shop
from sqlmodel import col, select

from domain.access.tables import AuditEntry
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: welcome
    name: 新客欢迎
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: hi, send: hello, via: [sms, wecom]}]
"""
PATH = "/v1/texts/hello/sms"


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC, shop="绿野", texts={"hello": "{{ shop.sign }}您好"})
    return shop


@pytest.fixture
def writer(shop: Shop, call_with: Callable[..., Caller]) -> Caller:  # noqa: ARG001 there must be texts
    return call_with(scopes=("read", "admin", "ingest"))


def tried(writer: Caller, body: str, channel: str = "sms", **who: str) -> Any:
    answer = writer.post("/v1/texts/preview", json={"channel": channel, "body": body} | who)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_texts_are_listed_with_where_they_are_sent(writer: Caller) -> None:
    assert writer.get("/v1/texts").json() == [
        {"template": "hello", "channels": ["sms", "wecom"], "used_by": ["新客欢迎"]}
    ]
    text = writer.get(PATH).json()
    assert (text["body"], text["used_by"]) == (
        "{{ shop.sign }}您好",
        [{"journey": "welcome", "title": "新客欢迎", "step": "hi"}],
    )
    assert writer.get("/v1/texts/hello/wechat").status_code == 404


@pytest.mark.parametrize(
    ("body", "text", "parts"),
    [
        ("{{ shop.sign }}{{ customer.name }}，满{{ coupon.threshold | yuan }}减", "【绿野】小李，满59减", 1),
        ("长" * 70, "长" * 70, 1),
        ("长" * 71, "长" * 71, 2),
        ("长" * 135, "长" * 135, 3),
        ("😀" * 36, "😀" * 36, 2),
        ("{% for each in companions(trigger.items, 2) %}{{ each.name }}{% endfor %}", "样品", 1),
    ],
)
def test_a_short_message_is_tried_with_samples_and_counted_in_parts(
    writer: Caller, body: str, text: str, parts: int
) -> None:
    preview = tried(writer, body)
    assert (preview["text"], preview["parts"], preview["problems"]) == (text, parts, [])


def test_it_is_tried_for_a_customer_as_the_text_would_be_sent(writer: Caller, shop: Shop) -> None:
    shop.customers("li")
    shop.post("customer.updated", "li", name="王芳 http://evil.cn", city="宁波")
    body = "{{ customer.name }}，{{ customer.city }}，{{ coupon.code }}"
    assert tried(writer, body, customer="member_no:li")["text"] == "王芳，宁波，TEST"
    missing = writer.post("/v1/texts/preview", json={"channel": "sms", "body": body, "customer": "99"})
    assert missing.status_code == 404


def test_a_card_of_wechat_is_told_by_its_parts(writer: Caller) -> None:
    body = "---\narticle: 保鲜指南\nurl: https://lvye.cn/a\n---\n先分三堆"
    preview = tried(writer, body, "wechat")
    assert (preview["kind"], preview["parts"]) == ("article", None)
    assert preview["article"] == {
        "title": "保鲜指南", "url": "https://lvye.cn/a", "picture": "", "description": "先分三堆",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "body", "line"),
    [("sms", "您好\n{{ nobody.name }}", 2), ("sms", "{% if %}", 1), ("wechat", "---\narticle: a\nurl b\n---\nx", 3)],
)
def test_what_is_wrong_is_told_at_its_line_and_isnt_published(
    writer: Caller, channel: str, body: str, line: int
) -> None:
    preview = tried(writer, body, channel)
    assert (preview["text"], preview["problems"][0]["line"]) == (None, line)
    answer = writer.request("PUT", f"/v1/texts/hello/{channel}", json={"body": body})
    assert (answer.status_code, answer.json()["errors"][0]["line"]) == (422, line)


def test_a_text_is_written_if_nobody_did_meanwhile_and_every_journey_can_send_it(writer: Caller, shop: Shop) -> None:
    etag = writer.get(PATH).json()["etag"]
    answer = writer.request("PUT", PATH, json={"body": "{{ shop.sign }}谢谢"}, headers={"if-match": etag})
    assert (answer.status_code, answer.json()["body"]) == (200, "{{ shop.sign }}谢谢")
    assert writer.request("PUT", PATH, json={"body": "晚了"}, headers={"if-match": etag}).status_code == 412
    unfit = writer.request("PUT", PATH, json={"body": "{{ lot.name }}"})
    assert unfit.status_code == 422
    assert "welcome" in unfit.json()["errors"][0]["detail"]
    assert writer.get(PATH).json()["body"] == "{{ shop.sign }}谢谢"
    with shop.db() as session:
        rows = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "text.publish")).all()
    assert [row.target for row in rows] == ["text:hello/sms"]
