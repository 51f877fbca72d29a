"""WeChat's callbacks at the real API, plain and sealed, as WeChat sends them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from calling import Caller
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import Shop
from sqlmodel import col, select, update

from api.app import create_app
from api.receivers.tencent import aes_key, encrypt, sign
from api.receivers.wechat import Callback, router
from domain.channels import wechat_windows as allowances
from domain.channels.tables import WechatAllowance
from domain.customers.tables import Consent, Identifier
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database

APP, TOKEN, KEY = "wx1", "t0ken", aes_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
PATH = "/v1/webhooks/wechat"
HEAD = "---\nsubscribe: T1\nthing1: a\n---"
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Content>&b;&b;</Content></xml>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>'
JOURNEY = """
journey: j
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hello, send: hello, via: [wechat]}]
"""


@dataclass
class WeChat:
    """Calls us back, sealed if there is a key."""

    caller: Caller
    clock: VirtualClock
    db: Database
    key: bytes | None

    def post(self, content: str | bytes, **query: str) -> httpx.Response:
        return self.caller.request("POST", PATH, content=content, params=query, raw_headers={})

    def signed(self, *sealed: str, **other: str) -> dict[str, str]:
        told = {"timestamp": str(int(self.clock.now().timestamp())), "nonce": "n1"} | other
        found = {"signature": sign(TOKEN, told["timestamp"], told["nonce"])}
        if sealed:
            found |= {"msg_signature": sign(TOKEN, told["timestamp"], told["nonce"], *sealed), "encrypt_type": "aes"}
        return found | told

    def tell(self, xml: str, *, receiver: str = APP, **other: str) -> httpx.Response:
        if self.key is None:
            return self.post(xml, **(self.signed() | other))
        sealed = encrypt(self.key, xml.encode(), receiver)
        body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return self.post(body, **(self.signed(sealed) | other))

    def message(self, kind: str, inside: str, *, who: str = "o1", ago: float = 0) -> httpx.Response:
        at = int(self.clock.now().timestamp() - ago)
        return self.tell(
            f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>"
            f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inside}</xml>"
        )

    def write(self, text: str, *, id: int = 1, **more: Any) -> httpx.Response:
        return self.message("text", f"<Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId>", **more)

    def event(self, name: str, inside: str = "", **more: Any) -> httpx.Response:
        return self.message("event", f"<Event><![CDATA[{name}]]></Event>{inside}", **more)

    def reached(self, body: str = "您好", who: str = "o1") -> bool:
        with self.db() as session:
            return not allowances.unreachable(session, [who], body, self.clock.now())

    def rows(self, table: Any) -> list[Any]:
        with self.db() as session:
            return list(session.exec(select(table)))

    def events(self) -> list[str]:
        with self.db() as session:
            return list(session.exec(select(Event.type).order_by(col(Event.id))))


Make = Callable[[bytes | None], WeChat]


@pytest.fixture
def make(db: Database, clock: VirtualClock) -> Make:
    def one(key: bytes | None) -> WeChat:
        app = create_app(db, clock, ready=lambda: {}, receivers=[router(Callback(APP, TOKEN, key))])
        return WeChat(Caller(app, ""), clock, db, key)

    return one


@pytest.fixture(params=[None, KEY], ids=["plain", "sealed"])
def wechat(make: Make, request: pytest.FixtureRequest) -> WeChat:
    return make(request.param)


@pytest.fixture
def plain(make: Make) -> WeChat:
    return make(None)


@pytest.fixture
def sent(db: Database, clock: VirtualClock) -> int:
    """A message that went to o1; WeChat calls it 4711."""
    shop = Shop(db, clock)
    shop.publish(JOURNEY, quiet_hours="none", caps={})
    shop.customers("li", consent=["wechat"])
    with db.begin() as session:
        found = session.exec(select(Identifier).where(Identifier.kind == "member_no")).one()
        session.add(Identifier(kind="openid", value="o1", customer_id=found.customer_id))
    shop.post("order.paid", "li", order_id="1", total=1)
    shop.give("send", shop.group("hello"))
    with db.begin() as session:
        session.exec(update(Message).values(provider_id="4711"))
        return session.exec(select(Message.id)).one()


def subscriptions(name: str, *said: tuple[str, str]) -> str:
    items = "".join(
        f"<List><TemplateId><![CDATA[{template}]]></TemplateId>"
        f"<SubscribeStatusString><![CDATA[{status}]]></SubscribeStatusString><PopupScene>1</PopupScene></List>"
        for template, status in said
    )
    return f"<{name}>{items}</{name}>"


def fate(code: int, status: str, id: str = "4711") -> str:
    return (
        f"<SubscribeMsgSentEvent><List><TemplateId><![CDATA[T1]]></TemplateId><MsgID>{id}</MsgID>"
        f"<ErrorCode>{code}</ErrorCode><ErrorStatus><![CDATA[{status}]]></ErrorStatus></List></SubscribeMsgSentEvent>"
    )


def test_proves_that_the_address_is_the_accounts(wechat: WeChat) -> None:
    good = {**wechat.signed(), "echostr": "4711"}
    answer = wechat.caller.request("GET", PATH, params=good, raw_headers={})
    assert (answer.status_code, answer.text) == (200, "4711")
    forged = wechat.caller.request("GET", PATH, params={**good, "nonce": "n2"}, raw_headers={})
    assert forged.status_code == 403


class TestWhatCustomersDo:
    def test_writing_opens_48_hours(self, wechat: WeChat) -> None:
        assert wechat.write("你好", ago=3600).text == "success"
        (row,) = wechat.rows(WechatAllowance)
        assert (row.openid, row.way, row.left) == ("o1", "conversation", 5)
        assert row.until == wechat.clock.now() + timedelta(hours=47)
        assert wechat.events() == ["wechat.wrote"]

    @pytest.mark.parametrize("event", ["subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg"])
    def test_acting_opens_a_minute(self, plain: WeChat, event: str) -> None:
        assert plain.event(event, "<EventKey><![CDATA[menu]]></EventKey>").text == "success"
        (row,) = plain.rows(WechatAllowance)
        assert (row.way, row.left, row.until) == ("moment", 3, plain.clock.now() + timedelta(minutes=1))

    @pytest.mark.parametrize("event", ["VIEW", "LOCATION", "MASSSENDJOBFINISH", "", "new_one"])
    def test_anything_else_is_thanked_for(self, plain: WeChat, event: str) -> None:
        assert plain.event(event).text == "success"
        assert (plain.rows(WechatAllowance), plain.events()) == ([], [])

    def test_an_unknown_customer_is_kept(self, plain: WeChat) -> None:
        plain.event("subscribe", who="o-new")
        (row,) = plain.rows(Identifier)
        assert (row.kind, row.value) == ("openid", "o-new")

    @pytest.mark.parametrize("text", ["退订", " td ", "T", "ＴＤ。", "取消订阅", "我要退订"])
    def test_who_refuses_is_written_to_no_more(self, plain: WeChat, text: str) -> None:
        plain.write(text)
        (row,) = plain.rows(Consent)
        assert (row.channel, row.purpose, row.given, row.source) == ("wechat", "marketing", False, "wechat reply")

    @pytest.mark.parametrize("text", ["你好", "不是T恤", "TD怎么用"])
    def test_who_says_something_else_is(self, plain: WeChat, text: str) -> None:
        plain.write(text)
        assert plain.rows(Consent) == []

    def test_who_unfollows_is_out_of_reach_at_once(self, wechat: WeChat) -> None:
        wechat.write("你好", ago=60)
        wechat.event("subscribe_msg_popup_event", subscriptions("SubscribeMsgPopupEvent", ("T1", "accept")), ago=60)
        assert (wechat.reached(), wechat.reached(HEAD)) == (True, True)
        wechat.event("unsubscribe")
        assert (wechat.reached(), wechat.reached(HEAD)) == (False, False)
        (row,) = wechat.rows(Consent)
        assert (row.channel, row.given, row.source) == ("wechat", False, "wechat unfollow")

    def test_subscriptions_are_counted_and_refused_by_template(self, wechat: WeChat) -> None:
        popup, change = "subscribe_msg_popup_event", "subscribe_msg_change_event"
        accepted = subscriptions("SubscribeMsgPopupEvent", ("T1", "accept"), ("T2", "accept"), ("T3", "reject"))
        wechat.event(popup, accepted, ago=3)
        wechat.event(popup, accepted, ago=2)
        wechat.event(change, subscriptions("SubscribeMsgChangeEvent", ("T2", "reject"), ("T4", "accept")))
        assert [(row.way, row.left) for row in wechat.rows(WechatAllowance)] == [("T1", 2)]


class TestReceipts:
    def test_an_answer_is_to_the_newest_message(self, wechat: WeChat, sent: int) -> None:
        wechat.write("谢谢")
        assert wechat.events() == ["order.paid", "wechat.wrote", "message.replied"]
        (reply,) = [row for row in wechat.rows(Event) if row.type == "message.replied"]
        assert (reply.data["message"], reply.data["step"], reply.data["text"]) == (sent, "hello", "谢谢")

    @pytest.mark.parametrize(
        ("code", "status", "type"), [(0, "success", "message.delivered"), (43101, "refused", "message.failed")]
    )
    def test_what_became_of_a_subscription_message(
        self, wechat: WeChat, sent: int, code: int, status: str, type: str
    ) -> None:
        for _ in range(2):
            assert wechat.event("subscribe_msg_sent_event", fate(code, status)).text == "success"
        (receipt,) = [row for row in wechat.rows(Event) if row.type.startswith("message.")]
        assert (receipt.type, receipt.data["message"]) == (type, sent)
        assert receipt.data.get("reason") == (f"{code} {status}" if code else None)

    @pytest.mark.parametrize(
        ("status", "type"), [("success", "message.delivered"), ("failed:user block", "message.failed")]
    )
    def test_what_became_of_a_template_message(self, plain: WeChat, sent: int, status: str, type: str) -> None:
        plain.event("TEMPLATESENDJOBFINISH", f"<MsgID>4711</MsgID><Status><![CDATA[{status}]]></Status>")
        (receipt,) = [row for row in plain.rows(Event) if row.type.startswith("message.")]
        assert (receipt.type, receipt.data["message"]) == (type, sent)

    def test_of_messages_never_sent_are_thanked_for(self, wechat: WeChat) -> None:
        assert wechat.event("subscribe_msg_sent_event", fate(0, "success", "4712")).text == "success"
        assert wechat.event("subscribe_msg_sent_event").text == "success"
        assert wechat.event("TEMPLATESENDJOBFINISH").text == "success"
        assert wechat.events() == []


class TestAgain:
    @pytest.mark.usefixtures("sent")
    def test_the_same_callback_counts_once(self, wechat: WeChat) -> None:
        accepted = subscriptions("SubscribeMsgPopupEvent", ("T1", "accept"))
        for _ in range(3):
            assert wechat.write("退订").text == "success"
            assert wechat.event("subscribe_msg_popup_event", accepted).text == "success"
        assert len(wechat.rows(Consent)) == 2, "the shop's and the refusal"
        assert wechat.events().count("message.replied") == 1
        assert [row.left for row in wechat.rows(WechatAllowance) if row.way == "T1"] == [1]

    def test_even_at_the_same_time(self, plain: WeChat) -> None:
        accepted = subscriptions("SubscribeMsgPopupEvent", ("T1", "accept"))
        with ThreadPoolExecutor(6) as threads:
            answers = list(
                threads.map(lambda _: plain.event("subscribe_msg_popup_event", accepted).status_code, range(6))
            )
        assert answers == [200] * 6
        assert [row.left for row in plain.rows(WechatAllowance)] == [1]


class TestRefused:
    def test_what_is_forged_or_late(self, wechat: WeChat) -> None:
        late = {"timestamp": str(int(wechat.clock.now().timestamp()) - 301)}
        xml = "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>"
        forged = {"signature": "0" * 40, "msg_signature": "0" * 40}
        sealed = encrypt(KEY, xml.encode(), APP)
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        answers = [
            wechat.tell(xml, **forged),
            wechat.tell(xml, nonce="other"),
            wechat.tell(xml, timestamp=late["timestamp"]),
            wechat.post(body if wechat.key else xml, **wechat.signed(*([sealed] if wechat.key else []), **late)),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4
        assert wechat.events() == []

    def test_what_is_plain_where_it_must_be_sealed(self, make: Make) -> None:
        wechat = make(KEY)
        xml = "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>"
        assert wechat.post(xml, **wechat.signed()).status_code == 403
        assert wechat.post(xml, **wechat.signed("")).status_code == 403
        assert wechat.tell(xml, receiver="wx2").status_code == 403

    @pytest.mark.parametrize(
        "xml",
        [
            "", "no", "{}", "<xml", BOMB, OUTSIDE, "<xml/>",
            "<xml><FromUserName>o1</FromUserName></xml>",
            "<xml><FromUserName>o1</FromUserName><CreateTime>later</CreateTime></xml>",
            f"<xml><FromUserName>{'o' * 300}</FromUserName><CreateTime>1</CreateTime></xml>",
        ],
    )  # fmt: skip
    def test_what_cannot_be_read(self, wechat: WeChat, xml: str) -> None:
        assert wechat.tell(xml).status_code == 400

    def test_what_is_too_large(self, plain: WeChat) -> None:
        assert plain.tell("x" * 64_001).status_code == 413


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="<&]")
WORDS = st.sampled_from(
    ["", "o1", "o:1:2", "text", "event", "CLICK", "subscribe_msg_popup_event", "TEMPLATESENDJOBFINISH", "1", "9" * 10]
) | st.text(LETTERS, max_size=300)
NAMES = ["FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "Content", "MsgId", "SubscribeMsgPopupEvent"]


@pytest.fixture
def tell_anything(plain: WeChat) -> Callable[[dict[str, str], bool], int]:
    def tell(told: dict[str, str], nested: bool) -> int:
        inside = "".join(
            f"<{name}>{f'<List><a>{value}</a></List>' if nested else value}</{name}>" for name, value in told.items()
        )
        return plain.tell(f"<xml>{inside}</xml>").status_code

    return tell


def test_nothing_that_is_signed_is_a_fault_of_ours(tell_anything: Callable[[dict[str, str], bool], int]) -> None:
    likely = {"FromUserName": st.just("o1"), "CreateTime": st.just("1772424000"), "MsgType": WORDS}
    rest = {name: WORDS for name in NAMES if name not in likely}
    anything = st.dictionaries(st.sampled_from(NAMES), WORDS) | st.fixed_dictionaries(likely, optional=rest)

    @settings(max_examples=60)
    @given(anything, st.booleans())
    def prove(told: dict[str, str], nested: bool) -> None:
        assert tell_anything(told, nested) in (200, 400)

    prove()
