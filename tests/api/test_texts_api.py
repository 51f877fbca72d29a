"""Texts over HTTP: read, tried as they would be sent, and written without breaking what sends them."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser
from calling import Caller
from shop import Shop
from sqlmodel import col, select

from api.app import create_app
from domain.access import sessions, users
from domain.access.tables import AuditEntry
from domain.channels.tables import SandboxMessage
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.send_test import TextTests

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
        "html": '<article><h1>保鲜指南</h1><p>先分三堆</p><p><a href="https://lvye.cn/a" rel="noopener noreferrer '
        'nofollow" target="_blank">阅读全文</a></p></article>',
    }  # fmt: skip


def test_nothing_in_an_article_runs_or_leads_elsewhere(writer: Caller) -> None:
    head = (
        '---\narticle: <script>alert(1)</script>\nurl: javascript:alert(1)\npicture: https://lvye.cn/"onload="a\n---\n'
    )
    html = tried(writer, head + "<img src=x onerror=alert(1)>", "wechat")["article"]["html"]
    assert "<script" not in html
    assert "javascript" not in html
    assert html.count("<img") == 1
    assert '"onload' not in html
    subscription = tried(writer, "---\nsubscribe: T1\nthing1: {{ customer.name }}\n---\n", "wechat")
    assert subscription["arguments"] == {"thing1": "小李"}


def test_what_a_short_message_costs_is_told_where_the_policy_says_it(writer: Caller, shop: Shop) -> None:
    assert tried(writer, "长" * 71)["cost"] is None
    shop.publish(SPEC, shop="绿野", sms_price="0.05元")
    assert (tried(writer, "长" * 71)["cost"], tried(writer, "您好", "wecom")["cost"]) == (10, None)


def test_names_are_those_that_every_step_that_sends_it_provides(writer: Caller, shop: Shop) -> None:
    names = {each["name"]: each for each in writer.get(f"{PATH}/names").json()["names"]}
    assert (names["trigger.total"]["kind"], names["trigger.total"]["called"]) == ("money", "金额")
    assert (names["shop.sign"]["sometimes"], names["customer.city"]["sometimes"]) == (False, True)
    assert "name" in names["trigger.items"]["items"]
    assert not any(name.startswith("coupon.") for name in names)
    shop.publish(SPEC.replace("welcome", "viewed").replace("order.paid", "product.viewed"))
    after = {each["name"]: each["sometimes"] for each in writer.get(f"{PATH}/names").json()["names"]}
    assert (after["trigger.total"], after["trigger.sku"]) == (True, True)
    nobodys = writer.get("/v1/texts/unsent/sms/names?lang=en").json()
    assert "coupon.code" in {each["name"] for each in nobodys["names"]}
    assert [each["write"] for each in nobodys["filters"]][:2] == ["yuan", "when"]


def test_every_version_is_kept_and_compared_with_what_is_live(writer: Caller) -> None:
    for body in ("{{ shop.sign }}一\n二", "{{ shop.sign }}一\n三", "{{ shop.sign }}一\n三"):
        assert writer.request("PUT", PATH, json={"body": body}).status_code == 200
    versions = writer.get(f"{PATH}/versions").json()
    assert [(each["version"], each["by"]) for each in versions] == [(3, "test"), (2, "test"), (1, None)]
    second = writer.get(f"{PATH}/versions/2").json()
    assert second["text"] == "{{ shop.sign }}一\n二"
    assert [each["what"] for each in second["lines"]] == ["same", "gone", "new"]
    assert writer.get(f"{PATH}/versions/9").status_code == 404


def test_a_test_goes_to_ones_own_phone_or_the_shops_address_by_the_ledger_and_counts_nowhere(
    db: Database,
    clock: VirtualClock,
    shop: Shop,  # noqa: ARG001 its name is signed
) -> None:
    app = create_app(
        db, clock, ready=dict, wall=clock, send_text=TextTests(db, clock), test_addresses={"wecom": "wm_test"}
    )
    with db.begin() as session:
        user = users.create_user(session, "wu", ["marketer", "admin"], clock.now(), phone="13900000009")
        token = sessions.make_link(session, user, clock.now())
    wu = Browser(app)
    wu.open_link(token)
    addresses = [(each["channel"], each["to"], each["own"]) for each in wu.get("/v1/texts/test").json()]
    assert addresses == [("sms", "+8613900000009", True), ("wecom", "wm_test", False)]

    def sent(channel: str, to: str, body: str = "{{ shop.sign }}谢谢{{ customer.name }}") -> Any:
        asked = {"template": "hello", "channel": channel, "body": body, "to": to}
        return wu.request("POST", "/v1/texts/test", json=asked)

    mine = sent("sms", "13900000009").json()
    assert (mine["status"], mine["text"], mine["provider"]) == ("sent", "【绿野】谢谢小李", None)
    assert sent("wecom", "wm_test").json()["status"] == "sent"
    refused = [sent("sms", "13900000008"), sent("wecom", "wm_other"), sent("sms", "13900000009", "{{ nobody }}")]
    assert [each.status_code for each in refused] == [422, 422, 422]
    with db() as session:
        kept = session.exec(select(SandboxMessage.recipient, SandboxMessage.body)).all()
        noted = session.exec(select(AuditEntry.target).where(AuditEntry.action == "text.test")).all()
    assert kept == [("+8613900000009", "【绿野】谢谢小李"), ("wm_test", "【绿野】谢谢小李")]
    assert noted == ["text:hello/sms", "text:hello/wecom"]
    assert {each["journey"] for each in wu.get("/v1/messages").json()["messages"]} == {"send_test"}
    for metric in ("sent", "reached", "active_customers", "entered"):
        assert wu.get(f"/v1/metrics/{metric}").json()["points"] == [], metric


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


def test_a_text_that_a_provider_has_approved_stays_as_it_is(writer: Caller, db: Database) -> None:
    approved = {"hello": {"aliyun": "SMS_1", "text": "您好${name}", "variables": {"name": "shop.name"}}}
    with db.begin() as work:
        publish_document(work, "_approved", approved)
    (flaw,) = writer.request("PUT", PATH, json={"body": "{{ shop.sign }}\n再见{{ shop.name }}"}).json()["errors"]
    assert flaw["detail"] == '模板正文这里是 "您好${name}"，这里写的却是 "再见${name}"'
    assert writer.request("PUT", PATH, json={"body": "{{ shop.sign }}您好{{ shop.name }}"}).status_code == 200
    assert writer.request("PUT", "/v1/texts/hello/wecom", json={"body": "再见"}).status_code == 200


def test_an_email_and_a_message_of_a_mini_program_are_seen_as_they_arrive(writer: Caller) -> None:
    mail = tried(writer, "---\nsubject: {{ customer.name }}，您好\n---\n<b>看</b> https://shop.example/a", "email")
    assert (mail["kind"], mail["article"]["title"]) == ("email", "小李，您好")
    assert '&lt;b&gt;看&lt;/b&gt; <a href="https://shop.example/a">' in mail["article"]["html"]
    assert tried(writer, "您好", "email")["problems"][0]["detail"] == "邮件要以主题开头，写在两行 --- 之间"
    mini = tried(writer, "---\nsubscribe: T1\npage: pages/a\nthing1: 白虾\n---", "mini")
    assert (mini["kind"], mini["arguments"]) == ("subscription", {"thing1": "白虾"})
    for text in ("您好", "---\nsubscribe: T1\nthing1: a\nminiprogram: wx1/a\n---"):
        assert tried(writer, text, "mini")["problems"], text
