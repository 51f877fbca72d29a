"""A mini program over real HTTP: one message for each consent, told to us by its callbacks, and never a second."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from anyio.from_thread import start_blocking_portal
from calling import Caller
from shop import Shop
from sqlmodel import select

from activities.adapters.mini.channel import Mini
from activities.adapters.wechat.client import WechatClient
from activities.journey import JourneyActivities
from api.app import create_app
from api.receivers.tencent import aes_key, encrypt, sign
from api.receivers.wechat import MINI, Callback, router
from domain.channels.delivery import Account, Delivery, Outgoing
from domain.channels.tables import WechatAllowance
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.wechat_server import WechatServer
from workflows.terms.channels import CHANNELS

SEND = "message/subscribe/send"
APP, TOKEN, KEY = "wx1", "t0ken", aes_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
HEAD = "---\nsubscribe: T1\npage: pages/cart?id=1\nthing1: 白虾\n---"
SPEC = """
journey: hello
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [mini, sms]}]
"""


@pytest.fixture
def server(clock: VirtualClock) -> Iterator[WechatServer]:
    with WechatServer(now=lambda: clock.now().timestamp()).running() as server:
        yield server


@pytest.fixture
def mini(db: Database, clock: VirtualClock, server: WechatServer) -> Iterator[Mini]:
    with start_blocking_portal() as portal:
        client = WechatClient(db, clock, app_id=APP, secret=server.secret, base_url=server.url, timeout=5)
        adapter = Mini(portal, db, clock, client, Account("mini", at_once=4))
        yield adapter
        adapter.close()


class People:
    """What customers do in the mini program, told to WeChat, and by its callbacks to us."""

    def __init__(self, db: Database, clock: VirtualClock, server: WechatServer) -> None:
        app = create_app(db, clock, ready=dict, receivers=[router(Callback(APP, TOKEN, KEY, MINI))])
        self.db, self.clock, self.server, self.caller = db, clock, server, Caller(app, "")

    def consent(self, openid: str, status: str = "accept", event: str = "Popup", number: int = 0) -> None:
        if status == "accept":
            self.server.accepts(openid, "T1")
        item = f"<List><TemplateId>T1</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>"
        name = f"SubscribeMsg{event}Event"
        assert self.tell(openid, f"subscribe_msg_{event.lower()}_event", f"<{name}>{item}</{name}>", number) == 200

    def sent(self, openid: str, msgid: str, code: str = "0") -> None:
        item = f"<List><TemplateId>T1</TemplateId><MsgID>{msgid}</MsgID><ErrorCode>{code}</ErrorCode></List>"
        inside = f"<SubscribeMsgSentEvent>{item}</SubscribeMsgSentEvent>"
        assert self.tell(openid, "subscribe_msg_sent_event", inside) == 200

    def tell(self, openid: str, event: str, inside: str, number: int = 0, kind: str = "event") -> int:
        now = int(self.clock.now().timestamp())
        xml = (
            f"<xml><FromUserName>{openid}</FromUserName><CreateTime>{now - number}</CreateTime>"
            f"<MsgType>{kind}</MsgType><Event>{event}</Event>{inside}</xml>"
        )
        sealed, at = encrypt(KEY, xml.encode(), APP), str(now)
        query = {"timestamp": at, "nonce": "n", "msg_signature": sign(TOKEN, at, "n", sealed)}
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        return self.caller.post("/v1/webhooks/mini", content=body, params=query, raw_headers={}).status_code

    def left(self) -> dict[str, int]:
        with self.db() as session:
            return {row.openid: row.left for row in session.exec(select(WechatAllowance))}


@pytest.fixture
def people(db: Database, clock: VirtualClock, server: WechatServer) -> People:
    return People(db, clock, server)


def to(*openids: str, body: str = HEAD) -> list[Outgoing]:
    return [Outgoing(n, n, "mini", openid, body, "marketing") for n, openid in enumerate(openids, start=1)]


def test_a_consent_is_good_for_one_message(mini: Mini, server: WechatServer, people: People) -> None:
    people.consent("o1")
    first, second = (mini.send_many(to("o1"))[0] for _ in range(2))
    assert (first.status, first.provider_id is not None) == ("sent", True)
    assert second == Delivery("failed", reason="errcode 43101: refuses messages of this template")
    assert server.sent == [
        ("o1", {"touser": "o1", "template_id": "T1", "data": {"thing1": {"value": "白虾"}},
                "page": "pages/cart?id=1"})
    ]  # fmt: skip
    assert server.count(SEND) == 1


def test_of_two_at_once_one_gets_the_consent(mini: Mini, server: WechatServer, people: People) -> None:
    for number in range(3):
        people.consent("o1", number=number)
    people.consent("o1", number=1)  # the same callback again
    assert people.left() == {"o1": 3}
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(mini.send_many, to("o1")) for _ in range(8)]
        found = [call.result()[0].status for call in calls]
    assert (found.count("sent"), found.count("failed"), len(server.sent)) == (3, 5, 3)


def test_what_did_not_go_keeps_its_consent_and_a_refusal_takes_all(
    mini: Mini, server: WechatServer, people: People
) -> None:
    people.consent("o1")
    people.consent("o1", number=1)
    server.fail(SEND, -1, 47003)
    assert [mini.send_many(to("o1"))[0].status for _ in range(2)] == ["retry", "failed"]
    assert people.left() == {"o1": 2}
    people.consent("o1", "reject", "Change", 2)
    assert people.left() == {}


def test_it_sends_subscription_messages_alone(mini: Mini, server: WechatServer, people: People) -> None:
    people.consent("o1")
    other = HEAD.replace("page: pages/cart?id=1", "miniprogram: wx2/pages/cart")
    for body in ("您好", "---\narticle: a\nurl: https://x.example\n---\nb", other):
        (found,) = mini.send_many(to("o1", body=body))
        assert (found.status, found.reason) == ("failed", "40037 a mini program sends subscription messages alone")
    assert server.calls == []


def test_a_journey_sends_by_it_once_and_then_by_the_next_channel(
    mini: Mini, people: People, db: Database, clock: VirtualClock
) -> None:
    shop = Shop(db, clock)
    shop.publish(SPEC, texts={"hi": HEAD})
    shop.customers("li", consent=("mini", "sms"))
    who = identify(None, {"member_no": "li", "openid:mini": "o1"})
    shop.take(Incoming("test", "known", "customer.updated", clock.now(), {}, who))
    shop.activities = JourneyActivities(db, clock, {**dict.fromkeys(CHANNELS, shop.provider), "mini": mini})
    people.consent("o1")
    for order in ("1", "2"):
        shop.post("order.paid", "li", order_id=order, total=100)
        shop.give("send", shop.group(shop.plan.first or ""))
    messages = sorted(shop.rows(Message), key=lambda row: row.id)
    assert [(row.channel, row.status) for row in messages] == [("mini", "sent"), ("sms", "sent")]
    people.sent("o1", messages[0].provider_id or "")
    people.sent("o1", messages[0].provider_id or "")
    assert min(shop.rows(Message), key=lambda row: row.id).status == "delivered"
    told = [row.type for row in shop.rows(Event) if row.source == "mini"]
    assert sorted(told) == ["message.delivered", "wechat.subscribed"]


def test_what_people_write_in_it_opens_nothing(people: People) -> None:
    assert people.tell("o1", "", "<Content>hi</Content>", kind="text") == 200
    assert people.tell("o1", "subscribe", "") == 200
    assert people.left() == {}
