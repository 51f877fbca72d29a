"""WeChat over real HTTP: what becomes of a message, and that WeChat and we agree on whom it may go to."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from shop import Shop
from sqlalchemy import create_engine

from activities.adapters.wechat.channel import Wechat
from activities.adapters.wechat.client import WechatClient
from activities.journey import JourneyActivities
from domain.channels import wechat_windows as allowances
from domain.channels.delivery import Account, Outgoing
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest_given
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.wechat_server import Fault, WechatServer

CUSTOM, SUBSCRIBED = "message/custom/send", "message/subscribe/bizsend"
HEAD = "---\nsubscribe: T1\nthing1: 白虾\n---"
DROPPED, LOST = Fault(), Fault(accepted=True)
GIFT = """
journey: gift
trigger: {event: cart.updated}
entry: {again: always}
steps: [{id: remind, send: remind, via: [wechat, sms]}]
"""

Make = Callable[..., Wechat]


@pytest.fixture
def server(clock: VirtualClock) -> Iterator[WechatServer]:
    with WechatServer(now=lambda: clock.now().timestamp()).running() as server:
        yield server


@pytest.fixture
def make(db: Database, clock: VirtualClock, server: WechatServer) -> Iterator[Make]:
    """Adapters, each as in a process of its own."""
    with ExitStack() as stack:

        def one(*, db: Database = db, secret: str = server.secret, url: str = "", timeout: float = 5) -> Wechat:
            portal: BlockingPortal = stack.enter_context(start_blocking_portal())
            client = WechatClient(
                db, clock, app_id=server.app_id, secret=secret, base_url=url or server.url, timeout=timeout
            )
            adapter = Wechat(portal, db, clock, client, Account("wechat", at_once=4))
            stack.callback(adapter.close)
            return adapter

        yield one


@pytest.fixture
def adapter(make: Make) -> Wechat:
    return make()


class People:
    """What customers do, told to WeChat and to us."""

    def __init__(self, db: Database, clock: VirtualClock, server: WechatServer) -> None:
        self.db, self.clock, self.server = db, clock, server

    def write(self, *openids: str) -> None:
        for openid in openids:
            self.server.writes(openid)
            with self.db.begin() as session:
                allowances.open_window(session, openid, allowances.CONVERSATION, self.clock.now())

    def tap(self, openid: str) -> None:
        self.server.taps(openid)
        with self.db.begin() as session:
            allowances.open_window(session, openid, allowances.MOMENT, self.clock.now())

    def accept(self, openid: str, template: str = "T1") -> None:
        self.server.accepts(openid, template)
        with self.db.begin() as session:
            allowances.subscribe(session, openid, template)

    def later(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))

    def cut_off(self, *openids: str, body: str = "您好") -> set[str]:
        with self.db() as session:
            return set(allowances.unreachable(session, openids, body, self.clock.now()))


@pytest.fixture
def people(db: Database, clock: VirtualClock, server: WechatServer) -> People:
    return People(db, clock, server)


def to(*openids: str, body: str = "您好") -> list[Outgoing]:
    return [Outgoing(n, n, "wechat", openid, body, "marketing") for n, openid in enumerate(openids, start=1)]


@pytest.mark.parametrize(
    ("fault", "status", "after"),
    [
        (-1, "retry", 5),
        (45011, "retry", 60),
        (45009, "retry", 3600),
        (Fault(http=500), "retry", 5),
        (Fault(http=503, headers={"retry-after": "17"}), "retry", 17),
        (Fault(http=429, headers={"retry-after": "9"}), "retry", 9),
        (Fault(http=404), "retry", 600),
        (48001, "retry", 600),
        (40164, "retry", 600),
        (40003, "failed", 0),
        (43004, "failed", 0),
        (43101, "failed", 0),
        (45002, "failed", 0),
        (45015, "failed", 0),
        (45047, "failed", 0),
        (47003, "failed", 0),
        (99999, "failed", 0),
        (LOST, "unknown", 0),
        (DROPPED, "unknown", 0),
        (Fault(http=504), "unknown", 0),
    ],
)
@pytest.mark.parametrize("path", [CUSTOM, SUBSCRIBED])
def test_what_goes_wrong_decides_what_becomes_of_the_message(
    adapter: Wechat, server: WechatServer, people: People, path: str, fault: Fault | int, status: str, after: float
) -> None:
    people.write("o1")
    people.accept("o1")
    server.fail(path, fault)
    (delivery,) = adapter.send_many(to("o1", body="您好" if path == CUSTOM else HEAD))
    assert (delivery.status, delivery.after) == (status, after)
    assert delivery.reason
    assert server.count(path) == 1, "it is never given to WeChat twice"


@pytest.mark.parametrize("fault", [-1, 48001, Fault(http=500), 47003])
def test_what_did_not_go_uses_no_place_up(
    adapter: Wechat, server: WechatServer, people: People, fault: Fault | int
) -> None:
    people.accept("o1")
    server.fail(SUBSCRIBED, fault)
    adapter.send_many(to("o1", body=HEAD))
    assert [adapter.send_many(to("o1", body=HEAD))[0].status for _ in range(2)] == ["sent", "failed"]


def test_what_may_have_gone_has_used_its_place_up(adapter: Wechat, server: WechatServer, people: People) -> None:
    people.accept("o1")
    server.fail(SUBSCRIBED, LOST)
    assert [adapter.send_many(to("o1", body=HEAD))[0].status for _ in range(2)] == ["unknown", "failed"]
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("code", "path", "text", "subscription"),
    [
        (45015, CUSTOM, False, True),
        (45047, CUSTOM, False, True),
        (40003, CUSTOM, False, False),
        (43004, SUBSCRIBED, False, False),
        (43101, SUBSCRIBED, True, False),
        (47003, SUBSCRIBED, True, True),
    ],
)
def test_what_wechat_says_corrects_what_we_believe(
    adapter: Wechat, server: WechatServer, people: People, code: int, path: str, text: bool, subscription: bool
) -> None:
    people.write("o1")
    people.tap("o1")
    people.accept("o1")
    server.fail(path, code)
    adapter.send_many(to("o1", body="您好" if path == CUSTOM else HEAD))
    assert (not people.cut_off("o1"), not people.cut_off("o1", body=HEAD)) == (text, subscription)


class TestWindow:
    @pytest.mark.parametrize("source", ["write", "tap"])
    def test_ends_for_us_when_it_ends_for_wechat(
        self, adapter: Wechat, server: WechatServer, people: People, source: str
    ) -> None:
        getattr(people, source)("o1")
        people.later(**{"hours": 47, "minutes": 59, "seconds": 59} if source == "write" else {"seconds": 59})
        assert adapter.send_many(to("o1"))[0].status == "sent"
        people.later(seconds=1)
        assert people.cut_off("o1") == {"o1"}
        (delivery,) = adapter.send_many(to("o1"))
        assert (delivery.status, delivery.reason and delivery.reason[:13]) == ("failed", "errcode 45015")
        assert server._custom({"touser": "o1", "msgtype": "text", "text": {"content": "x"}})["errcode"] == 45015
        assert server.count(CUSTOM) == 1, "WeChat isn't even asked"

    @pytest.mark.parametrize(("source", "room"), [("write", 5), ("tap", 3)])
    def test_has_as_many_places_for_us_as_for_wechat(
        self, adapter: Wechat, server: WechatServer, people: People, source: str, room: int
    ) -> None:
        getattr(people, source)("o1")
        statuses = [each.status for each in adapter.send_many(to(*["o1"] * (room + 1)))]
        assert statuses == ["sent"] * room + ["failed"]
        assert server._custom({"touser": "o1", "msgtype": "text", "text": {"content": "x"}})["errcode"] == 45047

    def test_that_closes_first_is_used_first(self, adapter: Wechat, people: People) -> None:
        people.write("o1")
        people.tap("o1")
        assert [adapter.send_many(to("o1"))[0].status for _ in range(3)] == ["sent"] * 3
        people.later(minutes=2)
        assert [adapter.send_many(to("o1"))[0].status for _ in range(6)] == ["sent"] * 5 + ["failed"]

    def test_gives_its_last_place_to_one_of_many_at_once(
        self, make: Make, server: WechatServer, people: People
    ) -> None:
        people.write("o1")
        adapters = [make() for _ in range(4)]
        adapters[0].send_many(to(*["o1"] * 4))
        with ThreadPoolExecutor(4) as threads:
            said = list(threads.map(lambda each: each.send_many(to("o1"))[0].status, adapters))
        assert sorted(said) == ["failed", "failed", "failed", "sent"]
        assert server.count(CUSTOM) == 5


def test_each_consent_is_good_for_one_message(adapter: Wechat, server: WechatServer, people: People) -> None:
    people.accept("o1")
    people.accept("o1")
    people.accept("o2", "T2")
    assert people.cut_off("o1", "o2", body=HEAD) == {"o2"}
    said = adapter.send_many(to("o1", "o2", "o1", "o1", body=HEAD))
    assert [each.status for each in said] == ["sent", "failed", "sent", "failed"]
    assert said[0].provider_id is not None
    assert said[0].provider_id != said[2].provider_id
    assert server.count(SUBSCRIBED) == 2


def test_the_wire_says_what_the_text_does(adapter: Wechat, server: WechatServer, people: People) -> None:
    people.write("o1")
    people.accept("o1")
    article = "---\narticle: 手冲入门\nurl: https://a.example/1\npicture: https://a.example/1.jpg\n---\n四步\n\n就够"
    page = "---\nsubscribe: T1\npage: https://a.example\nminiprogram: wx9/pages/index?a=1\nthing1: 白虾\n---"
    adapter.send_many([*to("o1"), *to("o1", body=article), *to("o1", body=page)])
    sent = sorted((body for _, body in server.sent), key=lambda body: str(body.get("msgtype")))
    assert sent == [
        {
            "touser": "o1",
            "template_id": "T1",
            "data": {"thing1": {"value": "白虾"}},
            "page": "https://a.example",
            "miniprogram": {"appid": "wx9", "pagepath": "pages/index?a=1"},
        },
        {
            "touser": "o1",
            "msgtype": "news",
            "news": {
                "articles": [
                    {
                        "title": "手冲入门",
                        "description": "四步\n就够",
                        "url": "https://a.example/1",
                        "picurl": "https://a.example/1.jpg",
                    }
                ]
            },
        },
        {"touser": "o1", "msgtype": "text", "text": {"content": "您好"}},
    ]


def test_one_bad_recipient_never_disturbs_the_rest(adapter: Wechat, server: WechatServer, people: People) -> None:
    everyone = [*(f"o{n}" for n in range(40)), "bad-one"]
    people.write(*everyone)
    server.followers.discard("o7")
    messages = to(*everyone)
    messages[2] = Outgoing(97, 97, "wechat", "o2", "🎉🎉", "marketing")
    messages[3] = Outgoing(99, 99, "wechat", "o3", " ", "marketing")
    messages[4] = Outgoing(98, 98, "wechat", "o4", "字" * 5000, "marketing")
    messages[5] = Outgoing(96, 96, "wechat", "o5", "---\nsubscribe: T1\nthing1:\n---", "marketing")
    failed = {n: each.reason for n, each in enumerate(adapter.send_many(messages)) if each.status != "sent"}
    assert failed == {
        3: "44004 the text is empty",
        4: "errcode 45002: the text is too long",
        5: "47003 thing1 must be 1 to 20 characters",
        7: "errcode 43004: doesn't follow the account",
        40: "errcode 40003: no such openid",
    }
    assert server.at_once <= 4


def test_a_refused_connection_and_a_time_out_are_told_apart(make: Make, server: WechatServer, people: People) -> None:
    people.write("o1", "o2")
    (refused,) = make(url="http://127.0.0.1:1").send_many(to("o1"))
    assert refused.status == "retry"
    adapter = make(timeout=0.3)
    adapter.send_many(to("o2"))
    server.hold[CUSTOM] = threading.Event()
    (late,) = adapter.send_many(to("o1"))
    server.hold[CUSTOM].set()
    assert late.status == "unknown"


def test_nothing_is_sent_while_the_database_is_away(make: Make, server: WechatServer) -> None:
    nowhere = Database(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), ingest_given)
    (delivery,) = make(db=nowhere).send_many(to("o1"))
    assert (delivery.status, server.calls) == ("retry", [])


class TestToken:
    def test_that_ran_out_is_renewed_once_by_all(self, make: Make, server: WechatServer, people: People) -> None:
        everyone = [f"o{n}" for n in range(20)]
        people.write(*everyone)
        adapters = [make() for _ in range(2)]
        for adapter in adapters:
            adapter.send_many(to("o1"))
        server.expire_tokens()
        with ThreadPoolExecutor(2) as threads:
            batches = list(threads.map(lambda each: each.send_many(to(*everyone)), adapters))
        assert {each.status for batch in batches for each in batch} == {"sent"}
        assert server.count("token") == 2

    @pytest.mark.parametrize("code", [40001, 40014, 42001])
    def test_that_is_turned_down_again_is_not_renewed_again(
        self, adapter: Wechat, server: WechatServer, people: People, code: int
    ) -> None:
        people.write("o1")
        server.fail(CUSTOM, code, code)
        (delivery,) = adapter.send_many(to("o1"))
        assert (delivery.status, delivery.after) == ("retry", 600)
        assert (server.count("token"), server.count(CUSTOM)) == (2, 2)

    def test_that_cannot_be_had_for_a_wrong_secret_holds_the_messages(
        self, make: Make, server: WechatServer, people: People, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        people.write("o1")
        (delivery,) = make(secret="hush-hush").send_many(to("o1"))
        assert (delivery.status, delivery.after) == ("retry", 600)
        assert server.count(CUSTOM) == 0
        assert "hush-hush" not in f"{delivery.reason}{caplog.text}"


class TestJourney:
    """The same from a journey's side: its ledger and its other channel."""

    @pytest.fixture
    def shop(self, adapter: Wechat, db: Database, clock: VirtualClock) -> Shop:
        shop = Shop(db, clock)
        shop.channels = {**shop.channels, "wechat": adapter}
        shop.activities = JourneyActivities(db, clock, shop.channels)
        shop.publish(GIFT, texts={"remind": "---\nsubscribe: T1\nthing1: {{ customer.name }}\n---"})
        shop.customers("li", consent=["sms", "wechat"])
        who = identify("member_no:li", {"openid": "o1"})
        name = {"name": "李\n---\nthing9: x"}
        shop.take(
            Incoming("shop", "1", "customer.updated", clock.now(), name, who),
            Incoming("shop", "2", "cart.updated", clock.now(), {"cart_id": "k1", "total": 100}, who),
        )
        return shop

    def sent(self, shop: Shop) -> tuple[str, str]:
        shop.give("send", shop.group("remind"))
        message: Message = shop.rows(Message)[0]
        return message.channel, message.status

    def test_goes_by_a_subscription_whatever_the_customer_is_called(
        self, shop: Shop, server: WechatServer, people: People
    ) -> None:
        people.accept("o1")
        assert self.sent(shop) == ("wechat", "sent")
        assert [body["data"] for _, body in server.sent] == [{"thing1": {"value": "李 --- thing9: x"}}]
        assert shop.rows(Message)[0].provider_id is not None

    def test_takes_the_other_channel_without_one(self, shop: Shop, server: WechatServer, people: People) -> None:
        people.write("o1")
        assert self.sent(shop) == ("sms", "sent")
        assert server.count(SUBSCRIBED) == 0

    def test_takes_the_other_channel_when_wechat_knows_of_none(
        self, shop: Shop, server: WechatServer, people: People
    ) -> None:
        people.accept("o1")
        server.granted.clear()
        assert self.sent(shop) == ("sms", "sent")
        assert server.count(SUBSCRIBED) == 1

    def test_takes_no_other_channel_when_nobody_can_say(self, shop: Shop, server: WechatServer, people: People) -> None:
        people.accept("o1")
        server.fail(SUBSCRIBED, LOST)
        assert self.sent(shop) == ("wechat", "unknown")
