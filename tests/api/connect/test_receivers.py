"""What platforms push: verified, opened, thanked for as each wants it, once however often and in whichever order."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from calling import Caller
from providers.shop_api import Request, serving
from sqlmodel import select
from standardwebhooks import Webhook

from activities.adapters.sources.source import Surroundings
from activities.adapters.wechat_shop import WechatShopOrders
from api.app import create_app
from api.receivers.tencent import aes_key, encrypt, sign
from domain.connectors.tables import Pull, SetAsideRow
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

ID, KEY, SALT, TOKEN = (f"AFTERSHOW_CONNECT_{name}" for name in ("ID", "KEY", "SALT", "TOKEN"))
AES = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode().rstrip("=")
SECRETS = {ID: "client", KEY: "s3cret", SALT: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", TOKEN: "token"} | {
    "AFTERSHOW_CONNECT_AES": AES
}
Sent = tuple[bytes, dict[str, str], dict[str, str]]
"""A body, headers and a query."""
Send = Callable[[Any, str, datetime], Sent]
"""A message, signed with a secret at an instant."""


def md5(*parts: str) -> str:
    return hashlib.md5("".join(parts).encode()).hexdigest()


def youzan(message: Any, secret: str, _: datetime) -> Sent:
    msg = quote_plus(json.dumps(message))
    told = {"type": "trade_TradePaid", "id": "E1", "kdt_id": 9, "msg": msg, "sign": md5("client", msg, secret)}
    return json.dumps(told).encode(), {}, {}


def youzan_by_header(message: Any, secret: str, _: datetime) -> Sent:
    body = json.dumps({"type": "TRADE_PAID", "msg": quote_plus(json.dumps(message))})
    return body.encode(), {"Event-Sign": md5("client", body, secret)}, {}


def weimob(message: Any, secret: str, _: datetime) -> Sent:
    told = {"id": "w1", "topic": "ec.order", "event": "paid", "bosId": 1, "msgBody": json.dumps(message)}
    return json.dumps(told | {"sign": md5("client", "w1", secret)}).encode(), {}, {}


def doudian(message: Any, secret: str, _: datetime) -> Sent:
    body = json.dumps([{"tag": "0", "data": "x"}, {"tag": 101, "msg_id": "m1", "data": json.dumps(message)}])
    return body.encode(), {"app-id": "client", "event-sign": md5("client", body, secret)}, {}


def doudian_by_hmac(message: Any, secret: str, _: datetime) -> Sent:
    body = json.dumps([{"tag": "101", "msg_id": "m1", "data": message}])
    signed = hmac.new(secret.encode(), f"client{body}{secret}".encode(), "sha256").hexdigest()
    return body.encode(), {"event-sign": signed, "sign-method": "hmac-sha256"}, {}


def kuaidi100(message: Any, secret: str, _: datetime) -> Sent:
    param = json.dumps({"status": "shutdown", "lastResult": message}, ensure_ascii=False)
    form = {"param": param, "sign": md5(param, secret).upper()}
    return urlencode(form).encode(), {"content-type": "application/x-www-form-urlencoded"}, {"order_id": "o1"}


def wechat_shop(message: Any, secret: str, at: datetime, *, xml: bool = False) -> Sent:
    told = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": 1, "MsgType": "event"}
    plain = json.dumps(told | {"Event": "channels_ec_order_pay", "order_info": message}).encode()
    if xml:
        info = "".join(f"<{name}>{value}</{name}>" for name, value in message.items())
        plain = f"<xml><Event>channels_ec_order_pay</Event><order_info>{info}</order_info></xml>".encode()
    sealed = encrypt(aes_key(AES), plain, "client")
    stamp = str(int(at.timestamp()))
    query = {"timestamp": stamp, "nonce": "n", "msg_signature": sign(secret, stamp, "n", sealed)}
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode() if xml else json.dumps({"Encrypt": sealed}).encode()
    return body, {}, query


def wechat_shop_in_xml(message: Any, secret: str, at: datetime) -> Sent:
    return wechat_shop(message, secret, at, xml=True)


def standard(message: Any, secret: str, at: datetime) -> Sent:
    body = json.dumps({"events": [message]})
    headers = {"webhook-id": "1", "webhook-timestamp": str(int(at.timestamp()))}
    return body.encode(), headers | {"webhook-signature": Webhook(secret).sign("1", at, body)}, {}


def by_hmac(message: Any, secret: str, _: datetime) -> Sent:
    body = json.dumps(message).encode()
    return body, {"X-Hub-Signature": f"sha256={hmac.new(secret.encode(), body, 'sha256').hexdigest()}"}, {}


def by_token(message: Any, secret: str, _: datetime) -> Sent:
    headers = {"content-type": "application/x-www-form-urlencoded", "X-Token": secret}
    return urlencode(message).encode(), headers, {}


@dataclass
class Platform:
    """A platform: how it sends, how it is connected, what a row's message is called, and what it wants to hear."""

    send: Send
    source: dict[str, Any]
    at: str
    thanks: Any
    secret: str = "s3cret"
    another: str = "another"
    message: dict[str, Any] = field(
        default_factory=lambda: {"order_id": "o1", "phone": "13900000001", "total": "89.5", "paid": "2026-03-02 11:00"}
    )
    data: dict[str, str] = field(default_factory=dict)


OK = {"code": 0, "msg": "success"}
YOUZAN = {"youzan": {"client_id": ID, "client_secret": KEY}}
DOUDIAN = {"doudian": {"app_key": ID, "app_secret": KEY}}
SHOP = {"wechat_shop": {"app_id": ID, "token": TOKEN, "encoding_aes_key": "AFTERSHOW_CONNECT_AES"}}
OTHER_KEY = "whsec_" + base64.b64encode(b"x" * 24).decode()
PLATFORMS = {
    "youzan": Platform(youzan, YOUZAN, "msg", OK),
    "youzan by header": Platform(youzan_by_header, YOUZAN, "msg", OK),
    "weimob": Platform(
        weimob, {"weimob": {"client_id": ID, "client_secret": KEY}}, "msgBody",
        {"code": {"errcode": 0, "errmsg": "success"}},
    ),
    "doudian": Platform(doudian, DOUDIAN, "data", OK),
    "doudian by hmac": Platform(doudian_by_hmac, DOUDIAN, "data", OK),
    "kuaidi100": Platform(
        kuaidi100, {"kuaidi100": {"salt": KEY}}, "lastResult", {"result": True, "returnCode": "200", "message": "成功"}
    ),
    "wechat_shop": Platform(wechat_shop, SHOP, "order_info", "success", "token"),
    "wechat_shop in xml": Platform(wechat_shop_in_xml, SHOP, "order_info", "success", "token"),
    "standard": Platform(
        standard, {"pushed": {"secret": SALT, "each": "events"}}, "@", OK, SECRETS[SALT], OTHER_KEY
    ),
    "hmac": Platform(by_hmac, {"pushed": {"secret": KEY, "sign": "hmac", "header": "X-Hub-Signature"}}, "@", OK),
    "token": Platform(by_token, {"pushed": {"secret": KEY, "sign": "token", "header": "X-Token"}}, "@", OK),
}  # fmt: skip


class Receiver:
    """The shop's end."""

    def __init__(self, db: Database, clock: VirtualClock, surroundings: Surroundings) -> None:
        self.db, self.clock = db, clock
        fetch = WechatShopOrders(surroundings).fetch
        app = create_app(db, clock, ready=dict, find_secret=SECRETS.get, fetch_order=fetch)
        self.caller = Caller(app, "")

    def connect(self, source: dict[str, Any], at: str = "@", **changes: Any) -> None:
        def path(name: str) -> str:
            return name if at == "@" else f"{at}.{name}"

        meaning = {
            "type": "order.paid", "id": path("order_id"), "time": path("paid"), "customer": {"phone": path("phone")},
            "data": {"order_id": path("order_id"), "total": f"fen({path('total')})"},
        }  # fmt: skip
        with self.db.begin() as work:
            publish_document(work, "connectors/shop", {"connector": "shop", "from": source, "map": meaning} | changes)

    def post(self, sent: Sent, name: str = "shop") -> httpx.Response:
        body, headers, query = sent
        return self.caller.request(
            "POST", f"/v1/receivers/{name}?{urlencode(query)}", raw_headers=headers, content=body
        )  # fmt: skip

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        with self.db() as session:
            return [(row.type, row.data) for row in session.exec(select(Event).order_by(Event.id))]  # type: ignore[arg-type]


@pytest.fixture
def receiver(db: Database, clock: VirtualClock) -> Receiver:
    return Receiver(db, clock, Surroundings(SECRETS.get, clock, {"127.0.0.1"}))


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_message_counts_once_however_often_it_comes(receiver: Receiver, name: str) -> None:
    of = PLATFORMS[name]
    receiver.connect(of.source, of.at)
    now = datetime.now(UTC) if name == "standard" else receiver.clock.now()
    for _ in range(5):
        told = receiver.post(of.send(of.message, of.secret, now))
        assert told.status_code == 200
        assert (told.text if isinstance(of.thanks, str) else told.json()) == of.thanks
    assert receiver.events() == [("order.paid", {"order_id": "o1", "total": 8950})]
    with receiver.db() as session:
        pull = session.exec(select(Pull)).one()
        assert (pull.rows, pull.events, pull.duplicates, pull.set_aside) == (5, 1, 4, 0)


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_signed_with_another_s_secret_is_refused(receiver: Receiver, name: str) -> None:
    of = PLATFORMS[name]
    receiver.connect(of.source, of.at)
    body, headers, query = of.send(of.message, of.another, receiver.clock.now())
    assert receiver.post((body, headers, query)).status_code == 403
    assert receiver.post((body, {}, {})).status_code == 403
    assert receiver.events() == []


@pytest.mark.parametrize("name", ["wechat_shop", "standard"])
@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 400])
def test_what_was_signed_at_another_time_is_refused(receiver: Receiver, name: str, minutes: int) -> None:
    of = PLATFORMS[name]
    receiver.connect(of.source, of.at)
    now = datetime.now(UTC) if name == "standard" else receiver.clock.now()
    assert receiver.post(of.send(of.message, of.secret, now + timedelta(minutes=minutes))).status_code == 403


GARBAGE = (b"", b"{", b"[]", b"\xff\xfe", b'{"msg": 1}', b"<xml>", b"<!DOCTYPE a><xml/>", b"[" * 999, b"x" * 10_000_000)


@pytest.mark.parametrize("name", PLATFORMS)
def test_whatever_is_posted_is_refused_in_order(receiver: Receiver, name: str) -> None:
    of = PLATFORMS[name]
    receiver.connect(of.source, of.at)
    told = [receiver.post((body, {}, {})).status_code for body in GARBAGE]
    assert set(told[:-1]) <= {403, 422}
    assert told[-1] == 413


def test_messages_in_the_wrong_order_come_to_the_same(receiver: Receiver) -> None:
    paid = {"type": "order.paid", "when": "type == 'trade_TradePaid' || type == 'TRADE_PAID'"}
    back = {"type": "order.refunded", "when": "contains(type, 'Refund')"}
    common = {"id": "msg.order_id", "customer": {"phone": "msg.phone"}, "time": "msg.at"}
    data = {"order_id": "msg.order_id", "total": "fen(msg.total)"}
    receiver.connect(YOUZAN, map=[each | common | {"data": data} for each in (paid, back)])
    message = {"order_id": "o1", "phone": "13900000001", "total": "5"}
    sent = []
    for type, hour in (("trade_refund_RefundSuccess", 11), ("trade_TradePaid", 10)):
        msg = quote_plus(json.dumps(message | {"at": f"2026-03-02 {hour}:00:00"}))
        sent.append(json.dumps({"type": type, "msg": msg, "sign": md5("client", msg, "s3cret")}).encode())
    for body in (sent[0], sent[1], sent[0]):
        assert receiver.post((body, {}, {})).status_code == 200
    assert sorted(type for type, _ in receiver.events()) == ["order.paid", "order.refunded"]
    body = json.dumps({"type": "trade_Other", "msg": "", "sign": md5("client", "", "s3cret")}).encode()
    assert receiver.post((body, {}, {})).json() == OK
    test = json.dumps({"test": True, "msg": "", "sign": md5("client", "", "s3cret")}).encode()
    assert receiver.post((test, {}, {})).json() == OK


def test_what_cannot_be_taken_is_thanked_for_and_set_aside(receiver: Receiver) -> None:
    of = PLATFORMS["doudian"]
    receiver.connect(of.source, of.at)
    assert receiver.post(of.send(of.message | {"total": None}, "s3cret", receiver.clock.now())).json() == OK
    with receiver.db() as session:
        row = session.exec(select(SetAsideRow)).one()
        assert (row.key, row.reason, row.row["data"]["total"], row.row["query"]) == (
            "order.paid/o1", "missing", None, {},
        )  # fmt: skip


def test_where_a_parcel_is_comes_to_the_customer_of_its_order(receiver: Receiver) -> None:
    of = PLATFORMS["hmac"]
    receiver.connect(of.source)
    receiver.post(of.send(of.message, "s3cret", receiver.clock.now()))
    parcel = {"customer": {"order_id": "query.order_id"}, "id": "lastResult.nu"}
    shipped = {"order_id": "query.order_id", "tracking_no": "lastResult.nu", "carrier": "lastResult.com"}
    meanings = [
        {"type": "order.shipped", "when": "lastResult.state", "data": shipped} | parcel,
        {"type": "order.delivered", "when": "lastResult.state == '3'", "data": {"order_id": "query.order_id"}} | parcel,
    ]
    receiver.connect({"kuaidi100": {"salt": KEY}}, map=meanings)
    for state in ("3", "0", "3"):
        receiver.post(kuaidi100({"nu": "SF1", "com": "shunfeng", "state": state}, "s3cret", receiver.clock.now()))
    with receiver.db() as session:
        events = session.exec(select(Event)).all()
    assert len({event.customer_id for event in events}) == 1
    assert [(event.type, event.data) for event in events[1:]] == [
        ("order.shipped", {"order_id": "o1", "tracking_no": "SF1", "carrier": "shunfeng"}),
        ("order.delivered", {"order_id": "o1"}),
    ]
    body, headers, _ = kuaidi100({"nu": "SF2", "com": "x", "state": "0"}, "s3cret", receiver.clock.now())
    receiver.post((body, headers, {"order_id": "unknown"}))
    with receiver.db() as session:
        assert session.exec(select(SetAsideRow)).one().reason == "unknown_order"


def test_an_order_of_a_wechat_shop_is_fetched(receiver: Receiver) -> None:
    tokens = ["one", "two"]

    def answer(request: Request) -> tuple[int, Any]:
        if request["path"] == "/cgi-bin/stable_token":
            return 200, {"access_token": tokens.pop(0), "expires_in": 7200}
        if request["query"]["access_token"] != "two":
            return 200, {"errcode": 42001}
        if json.loads(request["body"]) != {"order_id": "37"}:
            return 200, {"errcode": 100, "errmsg": "no"}
        order = {"order_id": "37", "openid": "ox", "order_detail": {"price_info": {"order_price": 8950}}}
        return 200, {"errcode": 0, "order": order}

    with serving(answer) as wechat:
        shop = {"wechat_shop": SHOP["wechat_shop"] | {"secret": KEY, "url": wechat.url}}
        data = {"order_id": "order.order_id", "total": "order.order_detail.price_info.order_price"}
        meaning = {
            "type": "order.paid",
            "id": "order.order_id",
            "customer": {"openid:shop": "order.openid"},
            "data": data,
        }
        receiver.connect(shop, map=meaning)
        now = receiver.clock.now()
        assert receiver.post(wechat_shop({"order_id": 37}, "token", now)).text == "success"
        assert receiver.post(wechat_shop({"order_id": 38}, "token", now)).status_code == 503
    assert receiver.events() == [("order.paid", {"order_id": "37", "total": 8950})]


def test_wechat_is_shown_whose_address_it_is(receiver: Receiver) -> None:
    receiver.connect(SHOP)
    stamp = str(int(receiver.clock.now().timestamp()))
    query = {"timestamp": stamp, "nonce": "n", "echostr": "e1", "signature": sign("token", stamp, "n")}

    def ask(query: dict[str, str]) -> tuple[int, str]:
        answer = receiver.caller.request("GET", f"/v1/receivers/shop?{urlencode(query)}", raw_headers={})
        return answer.status_code, answer.text

    assert ask(query) == (200, "e1")
    assert ask(query | {"signature": "no"})[0] == 403
    assert receiver.post((b"{}", {}, {}), "nobody").status_code == 404
