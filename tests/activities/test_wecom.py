"""WeCom over real HTTP: what becomes of a message, whatever WeCom, the network and the employee do."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from shop import Shop
from sqlalchemy import create_engine

from activities.adapters.wecom.channel import Patience, Wecom
from activities.adapters.wecom.client import WecomClient
from activities.journey import JourneyActivities
from activities.tracking import FollowUpActivities
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.channels.staff import Notice
from domain.channels.wecom_friends import note_friends
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest_given
from domain.journeys.tables import Todo
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.wecom_server import Fault, WecomServer
from workflows.terms.channels import CHANNELS

ADD = "externalcontact/add_msg_template"
RESULT = "externalcontact/get_groupmsg_send_result"
CANCEL = "externalcontact/cancel_groupmsg_send"
LIST = "externalcontact/get_groupmsg_list_v2"
LOST = Fault(accepted=True)
DROPPED = Fault()

REMIND = """
journey: cart
trigger: {event: cart.updated}
entry: {again: always}
steps: [{id: remind, send: remind, via: [sms]}]
"""
GIFT = """
journey: gift
trigger: {event: cart.updated}
entry: {again: always}
steps: [{id: remind, send: remind, via: [wecom, sms]}]
"""
PHONE = "+8613800000000"
CALL = """
journey: cart
trigger: {event: cart.updated}
entry: {again: always}
steps: [{id: call, todo: 电话回访, assign: owner, due: 24h}]
"""

Make = Callable[..., Wecom]


@pytest.fixture
def wecom(clock: VirtualClock) -> Iterator[WecomServer]:
    with WecomServer(now=lambda: clock.now().timestamp()).running() as server:
        yield server


@pytest.fixture
def make(db: Database, clock: VirtualClock, wecom: WecomServer) -> Iterator[Make]:
    """Adapters, each as in a process of its own."""
    with ExitStack() as stack:

        def one(*, db: Database = db, secret: str = wecom.secret, url: str = "", timeout: float = 5) -> Wecom:
            portal: BlockingPortal = stack.enter_context(start_blocking_portal())
            client = WecomClient(
                db, clock, corp_id=wecom.corp_id, secret=secret, agent_id=wecom.agent_id,
                base_url=url or wecom.url, timeout=timeout,
            )  # fmt: skip
            adapter = Wecom(portal, db, client, Account("wecom", at_once=4), Patience())
            stack.callback(adapter.close)
            return adapter

        yield one


@pytest.fixture
def adapter(make: Make) -> Wecom:
    return make()


def to(*recipients: str, body: str = "你好") -> list[Outgoing]:
    return [Outgoing(key, key, "wecom", name, body, "marketing") for key, name in enumerate(recipients, start=1)]


def pending(task: str, called_at: datetime, recipient: str = "wm1", looks: int = 0) -> OpenMessage:
    return OpenMessage(1, recipient, "你好", "pending_staff", task, called_at, looks)


def unknown(called_at: datetime, recipient: str = "wm1", body: str = "你好", key: int = 1) -> OpenMessage:
    return OpenMessage(key, recipient, body, "unknown", None, called_at, 0)


@pytest.mark.parametrize(
    ("fault", "status", "after"),
    [
        (-1, "retry", 5),
        (45009, "retry", 60),
        (45033, "retry", 5),
        (Fault(http=500), "retry", 5),
        (Fault(http=503, headers={"retry-after": "17"}), "retry", 17),
        (Fault(http=429, headers={"retry-after": "9"}), "retry", 9),
        (Fault(http=429, headers={"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"}), "retry", 3600),
        (Fault(http=404), "retry", 600),
        (48002, "retry", 600),
        (60020, "retry", 600),
        (84061, "failed", 0),
        (40096, "failed", 0),
        (41048, "failed", 0),
        (99999, "failed", 0),
        (LOST, "unknown", 0),
        (DROPPED, "unknown", 0),
        (Fault(http=504), "unknown", 0),
    ],
)
def test_what_goes_wrong_decides_what_becomes_of_the_message(
    adapter: Wecom, wecom: WecomServer, fault: Fault | int, status: str, after: float
) -> None:
    wecom.fail(ADD, fault)
    (delivery,) = adapter.send_many(to("wm1"))
    assert (delivery.status, delivery.after) == (status, after)
    assert delivery.reason
    assert wecom.count(ADD) == 1, "it is never given to WeCom twice"


def test_a_message_is_a_task_for_the_employee_whom_wecom_finds(adapter: Wecom, wecom: WecomServer) -> None:
    (delivery,) = adapter.send_many(to("wm1"))
    ((name, task),) = wecom.tasks.items()
    assert delivery == Delivery("pending_staff", provider_id=name)
    assert (task.external_userid, task.text) == ("wm1", "你好")
    assert "sender" not in dict(wecom.calls)[ADD]


def test_one_bad_recipient_never_disturbs_the_rest(adapter: Wecom, wecom: WecomServer) -> None:
    wecom.strangers = {"wm7"}
    messages = to(*(f"wm{n}" for n in range(40)), "bad-one")
    messages[3] = Outgoing(99, 99, "wecom", "wm3", " ", "marketing")
    messages[2] = Outgoing(97, 97, "wecom", "wm2", "🎉🎉", "marketing")
    messages[4] = Outgoing(98, 98, "wecom", "wm4", "字" * 5000, "marketing")
    deliveries = adapter.send_many(messages)
    failed = {n: each.reason for n, each in enumerate(deliveries) if each.status == "failed"}
    assert failed == {
        3: "the text is empty",
        4: "the text is longer than 4000 bytes",
        7: "not a friend, or over WeCom's limit for the customer",
        40: "errcode 40096: no such customer",
    }
    rest = [each for each in deliveries if each.status != "failed"]
    assert {each.status for each in rest} == {"pending_staff"}
    assert [wecom.tasks[each.provider_id or ""].external_userid for each in rest] == [
        message.recipient for n, message in enumerate(messages) if n not in failed
    ]


def test_a_refused_connection_and_a_time_out_are_told_apart(make: Make, wecom: WecomServer) -> None:
    (refused,) = make(url="http://127.0.0.1:1").send_many(to("wm1"))
    assert refused.status == "retry"
    adapter = make(timeout=0.3)
    adapter.send_many(to("wm2"))
    wecom.fail(ADD, Fault(errcode=0, accepted=True, slowly=True))
    (slow,) = adapter.send_many(to("wm1"))
    wecom.hold[ADD] = threading.Event()
    (late,) = adapter.send_many(to("wm1"))
    wecom.hold[ADD].set()
    assert (late.status, slow.status) == ("unknown", "unknown")


class TestToken:
    def test_is_asked_for_once_by_many_messages_in_many_processes(self, make: Make, wecom: WecomServer) -> None:
        adapters = [make() for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            batches = list(threads.map(lambda each: each.send_many(to("wm1", "wm2", "wm3")), adapters))
        assert {each.status for batch in batches for each in batch} == {"pending_staff"}
        assert wecom.count("gettoken") == 1

    def test_that_ran_out_is_renewed_once_by_all(self, make: Make, wecom: WecomServer) -> None:
        adapters = [make() for _ in range(2)]
        for adapter in adapters:
            adapter.send_many(to("wm1"))
        wecom.expire_tokens()
        with ThreadPoolExecutor(2) as threads:
            batches = list(threads.map(lambda each: each.send_many(to(*["wm1"] * 20)), adapters))
        assert {each.status for batch in batches for each in batch} == {"pending_staff"}
        assert wecom.count("gettoken") == 2

    def test_that_is_turned_down_again_is_not_renewed_again(self, adapter: Wecom, wecom: WecomServer) -> None:
        wecom.fail(ADD, 42001, 40014)
        (delivery,) = adapter.send_many(to("wm1"))
        assert (delivery.status, delivery.after) == ("retry", 600)
        assert wecom.count("gettoken") == 2
        assert wecom.count(ADD) == 2

    def test_is_renewed_before_it_runs_out(self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock) -> None:
        adapter.send_many(to("wm1"))
        clock.set(clock.now() + timedelta(seconds=7000))
        assert adapter.send_many(to("wm1"))[0].status == "pending_staff"
        assert (wecom.count("gettoken"), wecom.count(ADD)) == (2, 2)

    @pytest.mark.parametrize("fault", [DROPPED, Fault(http=500), -1])
    def test_that_cannot_be_had_holds_the_messages(
        self, adapter: Wecom, wecom: WecomServer, fault: Fault | int
    ) -> None:
        wecom.fail("gettoken", fault)
        assert {each.status for each in adapter.send_many(to("wm1", "wm2"))} == {"retry"}
        assert wecom.count("gettoken") == 1
        assert {each.status for each in adapter.send_many(to("wm1", "wm2"))} == {"pending_staff"}

    def test_that_the_database_keeps_to_itself_holds_the_messages(self, make: Make, wecom: WecomServer) -> None:
        away = create_engine("postgresql+psycopg://127.0.0.1:1/none")
        deliveries = make(db=Database(away, ingest_given)).send_many(to("wm1", "wm2"))
        assert {each.status for each in deliveries} == {"retry"}
        assert wecom.calls == []

    def test_refused_for_a_wrong_secret_loses_nothing(self, make: Make, wecom: WecomServer) -> None:
        deliveries = make(secret="wrong").send_many(to(*["wm1"] * 9))
        assert {(each.status, each.after) for each in deliveries} == {("retry", 600)}
        assert wecom.count(ADD) == 0

    def test_is_in_no_log(self, adapter: Wecom, wecom: WecomServer, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        wecom.fail("message/send", -1)
        adapter.tell_staff([Notice("anna", "待办")])
        adapter.send_many(to("wm1"))
        assert "an employee was not told of a todo: errcode -1" in caplog.text
        assert not any(word in caplog.text for word in ("token-", wecom.secret, "待办", "wm1"))


class TestEmployee:
    @pytest.fixture
    def task(self, adapter: Wecom) -> str:
        return adapter.send_many(to("wm1"))[0].provider_id or ""

    @pytest.mark.parametrize(
        ("does", "status", "reason"),
        [
            (0, "pending_staff", None),
            (1, "sent", None),
            (2, "failed", "not a friend"),
            (3, "failed", "over WeCom's limit for the customer"),
        ],
    )
    def test_decides(
        self,
        adapter: Wecom,
        wecom: WecomServer,
        clock: VirtualClock,
        task: str,
        does: int,
        status: str,
        reason: str | None,
    ) -> None:
        wecom.employee("wm1", does)
        (found,) = adapter.look_up([pending(task, clock.now())], clock.now())
        assert (found.status, found.reason, found.provider_id) == (status, reason, task)

    @pytest.mark.parametrize("fault", [41063, -1, 48002, 99999, DROPPED, Fault(http=502)])
    def test_is_asked_again_if_wecom_cannot_tell(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock, task: str, fault: Fault | int
    ) -> None:
        wecom.fail(RESULT, fault)
        for expected in ("pending_staff", "sent"):
            wecom.employee("wm1", 1)
            assert adapter.look_up([pending(task, clock.now())], clock.now())[0].status == expected

    def test_is_reminded_three_times_however_often_somebody_looks(
        self, make: Make, wecom: WecomServer, clock: VirtualClock, task: str
    ) -> None:
        called_at = clock.now()
        adapters = [make(), make()]
        reminded = []
        for hours in range(23):
            for adapter in adapters:
                adapter.look_up([pending(task, called_at)], called_at + timedelta(hours=hours))
            reminded.append(wecom.tasks[task].reminders)
        assert reminded == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 11

    def test_who_never_answers_is_given_up(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock, task: str
    ) -> None:
        (found,) = adapter.look_up([pending(task, clock.now())], clock.now() + timedelta(hours=24))
        assert found == Delivery("failed", provider_id=task, reason="staff_timeout")
        assert wecom.tasks[task].cancelled, "nor can it be sent any more"

    def test_who_was_quicker_than_we_has_sent_it(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock, task: str
    ) -> None:
        wecom.fail(RESULT, 41063)
        wecom.employee("wm1", 1)
        (found,) = adapter.look_up([pending(task, clock.now())], clock.now() + timedelta(hours=24))
        assert found.status == "sent"

    @pytest.mark.parametrize("fault", [-1, DROPPED, 48002])
    def test_is_not_given_up_while_the_task_cannot_be_cancelled(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock, task: str, fault: Fault | int
    ) -> None:
        wecom.fail(CANCEL, fault)
        later = clock.now() + timedelta(hours=24)
        assert adapter.look_up([pending(task, clock.now())], later)[0].status == "pending_staff"
        assert adapter.look_up([pending(task, clock.now())], later)[0].reason == "staff_timeout"


class TestLostAnswer:
    def test_is_found_again_by_the_text_and_the_customer(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock
    ) -> None:
        adapter.send_many(to("wm2", "wm3"))
        adapter.send_many(to("wm1", body="你好吗"))
        wecom.fail(ADD, LOST)
        adapter.send_many(to("wm1"))
        adapter.send_many(to("wm1", body="再见"))
        task = list(wecom.tasks)[3]
        (found,) = adapter.look_up([unknown(clock.now())], clock.now())
        assert found == Delivery("pending_staff", provider_id=task)
        wecom.employee("wm1", 1)
        (found,) = adapter.look_up([unknown(clock.now())], clock.now())
        assert found == Delivery("sent", provider_id=task)

    def test_of_a_call_that_never_arrived_stays_unknown(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock
    ) -> None:
        wecom.fail(ADD, DROPPED)
        for customer in ("wm1", "wm2"):
            adapter.send_many(to(customer))
        assert [each.status for each in adapter.look_up([unknown(clock.now())], clock.now())] == ["unknown"]

    def test_is_not_mistaken_for_another_message_of_the_same_words(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock
    ) -> None:
        adapter.send_many(to("wm1"))
        clock.set(clock.now() + timedelta(hours=1))
        wecom.fail(ADD, LOST, LOST, DROPPED)
        for _ in range(3):
            adapter.send_many(to("wm1"))
        found = adapter.look_up([unknown(clock.now(), key=key) for key in (1, 2, 3)], clock.now())
        assert [each.provider_id for each in found] == [*list(wecom.tasks)[1:], None]

    def test_is_not_mistaken_for_one_of_another_day(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock
    ) -> None:
        lost = []
        for fault in (DROPPED, LOST):
            wecom.fail(ADD, fault)
            adapter.send_many(to("wm1"))
            lost.append(unknown(clock.now(), key=len(lost)))
            clock.set(clock.now() + timedelta(hours=1))
        assert [each.status for each in adapter.look_up(lost, clock.now())] == ["unknown", "pending_staff"]

    def test_is_not_mistaken_for_one_that_the_ledger_knows(
        self, adapter: Wecom, db: Database, clock: VirtualClock
    ) -> None:
        (known,) = adapter.send_many(to("wm1"))
        shop = Shop(db, clock)
        shop.publish(REMIND)
        shop.customers("li")
        shop.provider.says = {PHONE: Delivery("sent", provider_id=known.provider_id)}
        shop.post("cart.updated", "li", cart_id="k1", total=100)
        shop.give("send", shop.group("remind"))
        assert adapter.look_up([unknown(clock.now())], clock.now()) == [Delivery("unknown")]

    def test_is_looked_for_again_if_wecom_cannot_tell(
        self, adapter: Wecom, wecom: WecomServer, clock: VirtualClock
    ) -> None:
        wecom.fail(ADD, LOST)
        adapter.send_many(to("wm1"))
        wecom.fail(LIST, -1)
        assert [adapter.look_up([unknown(clock.now())], clock.now())[0].status for _ in range(2)] == [
            "unknown",
            "pending_staff",
        ]


class TestJourney:
    """The same from a journey's side: its ledger, its follow-up and its other channel."""

    @pytest.fixture
    def shop(self, adapter: Wecom, db: Database, clock: VirtualClock) -> Shop:
        shop = Shop(db, clock)
        shop.channels = {**shop.channels, "wecom": adapter}
        shop.activities = JourneyActivities(db, clock, shop.channels)
        shop.publish(GIFT)
        shop.customers("li", consent=["sms", "wecom"])
        who = identify("member_no:li", {"external_userid": "wm1"})
        shop.take(Incoming("shop", "1", "cart.updated", clock.now(), {"cart_id": "k1", "total": 100}, who))
        return shop

    def look(self, shop: Shop, after: timedelta) -> Message:
        shop.clock.set(shop.clock.now() + after)
        FollowUpActivities(shop.db, shop.clock, shop.channels).follow_up("wecom")
        message: Message = shop.rows(Message)[0]
        return message

    def test_is_told_when_the_employee_has_sent_it(self, shop: Shop, wecom: WecomServer) -> None:
        shop.give("send", shop.group("remind"))
        assert self.look(shop, timedelta(minutes=1)).status == "pending_staff"
        wecom.employee("wm1", 1)
        assert self.look(shop, timedelta(hours=1)).status == "sent"

    def test_is_told_when_a_lost_answer_is_found(self, shop: Shop, wecom: WecomServer) -> None:
        wecom.fail(ADD, LOST)
        shop.give("send", shop.group("remind"))
        assert self.look(shop, timedelta(minutes=1)).status == "pending_staff"
        wecom.employee("wm1", 1)
        assert self.look(shop, timedelta(hours=1)).status == "sent"
        assert wecom.count(ADD) == 1

    def test_is_told_when_nobody_confirmed_it(self, shop: Shop, wecom: WecomServer) -> None:
        shop.give("send", shop.group("remind"))
        message = self.look(shop, timedelta(hours=24))
        assert (message.status, message.reason) == ("failed", "staff_timeout")
        assert [task.cancelled for task in wecom.tasks.values()] == [True]

    @pytest.mark.parametrize("busy", [(), (41063,)])
    def test_is_called_back_when_the_customer_refuses(
        self, shop: Shop, wecom: WecomServer, busy: tuple[int, ...]
    ) -> None:
        shop.give("send", shop.group("remind"))
        assert self.look(shop, timedelta(minutes=1)).status == "pending_staff"
        wecom.fail(CANCEL, *busy)
        shop.post("consent.withdrawn", "li", channel="wecom")
        for _ in busy:
            assert self.look(shop, timedelta()).status == "pending_staff"
        message = self.look(shop, timedelta(minutes=2 * len(busy)))
        assert (message.status, message.reason) == ("failed", "consent withdrawn")
        assert [task.cancelled for task in wecom.tasks.values()] == [True]

    @pytest.mark.parametrize("stranger", ["told by WeCom", "known before"])
    def test_takes_the_next_channel_for_a_customer_who_is_no_friend(
        self, shop: Shop, wecom: WecomServer, stranger: str
    ) -> None:
        if stranger == "known before":
            with shop.db.begin() as session:
                note_friends(session, "wm1", "anna", False, shop.clock.now())
        wecom.fail(ADD, 84061)
        shop.give("send", shop.group("remind"))
        (message,) = shop.rows(Message)
        assert (message.channel, message.status) == ("sms", "sent")
        assert wecom.count(ADD) == (stranger == "told by WeCom")


def test_who_deleted_their_last_friend_is_out_of_reach(adapter: Wecom, db: Database, clock: VirtualClock) -> None:
    now = clock.now()
    with db.begin() as session:
        note_friends(session, "wm1", "anna", False, now)
        note_friends(session, "wm2", "anna", False, now)
        note_friends(session, "wm2", "ben", True, now)
        note_friends(session, "wm3", "anna", False, now)
        note_friends(session, "wm3", "anna", True, now + timedelta(hours=1))
        note_friends(session, "wm3", "anna", False, now)  # told late
        assert adapter.unreachable(session, ["wm1", "wm2", "wm3", "wm4"], "你好", now) == {"wm1"}


class TestStaff:
    def test_is_told_once(self, adapter: Wecom, wecom: WecomServer) -> None:
        for _ in range(2):
            adapter.tell_staff([Notice("anna", "待办：回访"), Notice("ben", "待办：回访")])
        assert sorted(wecom.notices) == [("anna", "待办：回访"), ("ben", "待办：回访")]

    @pytest.mark.parametrize("fault", [81013, -1, 48002, DROPPED, Fault(http=500)])
    def test_that_cannot_be_reached_disturbs_nobody(
        self, adapter: Wecom, wecom: WecomServer, fault: Fault | int
    ) -> None:
        wecom.fail("message/send", fault)
        adapter.tell_staff([Notice("anna", "待办"), Notice("gone", "待办"), Notice("ben", "待" * 2000)])
        assert wecom.count("message/send") == 3, "everybody was tried"
        assert len(wecom.notices) >= 1

    def test_hears_of_todos_without_the_customers_phone(
        self, adapter: Wecom, wecom: WecomServer, db: Database, clock: VirtualClock
    ) -> None:
        shop = Shop(db, clock)
        shop.activities = JourneyActivities(db, clock, {**dict.fromkeys(CHANNELS, shop.provider), "wecom": adapter})
        shop.publish(CALL)
        shop.customers("li", "wang", "zhao", "sun")
        for who, owner in {"li": "anna", "wang": "anna", "zhao": "gone", "sun": None}.items():
            shop.post("customer.updated", who, owner=owner)
            shop.post("cart.updated", who, cart_id="k1", total=100)
        for _ in range(2):
            shop.give("todo", shop.group("call"))
        assert wecom.notices == [("anna", "待办：电话回访\n客户：#1、#2\n截止：2026-03-03 12:00")]
        assert len(shop.rows(Todo)) == 4
        assert {body.get("touser") for path, body in wecom.calls if path == "message/send"} == {"anna", "gone"}
