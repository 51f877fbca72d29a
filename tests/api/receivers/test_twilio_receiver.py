"""Twilio's callbacks over the real API: signed by the real algorithm, forged, repeated, in any order."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from calling import Caller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop
from sqlmodel import col, select, update

from activities.adapters.twilio.channel import Access, TwilioSms
from activities.journey import JourneyActivities
from api.app import create_app
from api.receivers.twilio import PATH, router
from domain.channels.delivery import Account
from domain.customers.resolution import find_customer
from domain.customers.tables import Consent, Customer, Identifier
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.twilio_server import NUMBER, SID, TOKEN, Fate, signed, twilio_server
from workflows.terms.channels import CHANNELS

PUBLIC = "https://hooks.shop.example/aftershow"
LI = "+8613800000000"
SPEC = """
journey: hello
name: 你好
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [sms]}]
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    shop.customers("li")
    return shop


@pytest.fixture
def caller(db: Database, clock: VirtualClock) -> Caller:
    return Caller(create_app(db, clock, ready=dict, receivers=[router(TOKEN, PUBLIC)]), "")


def send(shop: Shop) -> Message:
    """One more message to li."""
    shop.post("order.paid", "li", order_id=str(shop.posted), total=100)
    shop.give("send", shop.group(shop.plan.first or ""))
    return newest(shop)


def newest(shop: Shop) -> Message:
    return max(shop.rows(Message), key=lambda row: row.id)


def call(caller: Caller, form: Mapping[str, Any], query: str = "", **changes: str | bytes) -> httpx.Response:
    headers = signed(f"{PUBLIC}{PATH}{query}", form) | {"Content-Type": "application/x-www-form-urlencoded"}
    return caller.post(f"{PATH}{query}", content=urlencode(form), raw_headers=headers | changes)


def status(caller: Caller, message: Message, what: str, sid: str = "SM1", **more: str) -> httpx.Response:
    form = {"MessageSid": sid, "MessageStatus": what, "SmsStatus": what, "AccountSid": SID, "To": LI, "From": NUMBER}
    return call(caller, form | more, f"?key={message.id}")


def reply(caller: Caller, text: str, phone: str = LI, sid: str = "SM9", **more: str) -> httpx.Response:
    form = {"MessageSid": sid, "SmsStatus": "received", "AccountSid": SID, "From": phone, "To": NUMBER, "Body": text}
    return call(caller, form | more)


def told(shop: Shop) -> list[tuple[str, Any]]:
    """What came in about messages and consent: the type, and the message, or what was said."""
    return [
        (row.type, row.data.get("message") or row.data["source"])
        for row in sorted(shop.rows(Event), key=lambda row: row.id)
        if row.type.startswith(("message.", "consent."))
    ]


@pytest.mark.parametrize(
    ("what", "code", "event", "state", "reason"),
    [
        ("delivered", None, "message.delivered", "delivered", None),
        ("read", None, "message.read", "read", None),
        ("undelivered", "30005", "message.failed", "failed", "30005"),
        ("failed", "30007", "message.failed", "failed", "30007"),
        ("failed", None, "message.failed", "failed", "failed"),
    ],
)
def test_what_became_of_a_message(
    caller: Caller, shop: Shop, what: str, code: str | None, event: str, state: str, reason: str | None
) -> None:
    message = send(shop)
    answer = status(caller, message, what, **({"ErrorCode": code} if code else {}))
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/xml")
    assert "<Response/>" in answer.text
    assert told(shop) == [(event, message.id)]
    assert (newest(shop).status, newest(shop).reason) == (state, reason)


def test_what_is_still_on_its_way_says_nothing(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    for what in ("accepted", "queued", "sending", "sent", "anything new"):
        assert status(caller, message, what).status_code == 200
    assert told(shop) == []


def test_replays_and_any_order_are_harmless(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    for what in ("read", "delivered", "sent", "read", "delivered", "queued"):
        assert status(caller, message, what).status_code == 200
    assert told(shop) == [("message.read", message.id), ("message.delivered", message.id)]
    assert newest(shop).status == "read"


def test_it_may_come_before_we_know_that_the_message_was_taken(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    with shop.db.begin() as session:
        session.exec(update(Message).where(col(Message.id) == message.id).values(status="calling"))
    status(caller, message, "delivered")
    assert newest(shop).status == "delivered"


def test_a_message_is_known_by_its_sid_too(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    with shop.db.begin() as session:
        session.exec(update(Message).where(col(Message.id) == message.id).values(provider_id="SM1"))
    call(caller, {"MessageSid": "SM1", "MessageStatus": "delivered"})
    assert told(shop) == [("message.delivered", message.id)]


def test_a_message_never_sent_by_us_is_ignored(caller: Caller, shop: Shop) -> None:
    send(shop)
    for query in ("", "?key=4711", "?key=x", "?key=-1", f"?key={10**20}", "?key=%00", "?a=b"):
        assert call(caller, {"MessageSid": "SM7", "MessageStatus": "delivered"}, query).status_code == 200
    assert told(shop) == []


def test_another_databases_key_is_not_taken_for_ours(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    with shop.db.begin() as session:
        session.exec(update(Message).where(col(Message.id) == message.id).values(provider_id="SM1"))
    status(caller, message, "failed", sid="SM2", ErrorCode="21610")
    assert told(shop) == []


def test_what_an_earlier_channel_says_is_not_taken_for_the_later_ones(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    with shop.db.begin() as session:
        session.exec(update(Message).where(col(Message.id) == message.id).values(channel="wecom"))
    status(caller, message, "failed")
    assert told(shop) == []


def test_a_receipt_of_more_than_thirty_days_later_is_ignored(caller: Caller, shop: Shop, clock: VirtualClock) -> None:
    message = send(shop)
    clock.set(clock.now() + timedelta(days=30))
    status(caller, message, "failed")
    assert told(shop) == []


def test_a_forged_request_is_refused(caller: Caller, shop: Shop) -> None:
    form = {"MessageSid": "SM9", "From": LI, "Body": "TD"}
    for signature in (
        "",
        "bm9wZQ==",
        "签".encode(),
        signed(f"{PUBLIC}{PATH}", form, "another token")["X-Twilio-Signature"],
        signed(f"http://test{PATH}", form)["X-Twilio-Signature"],
    ):
        answer = call(caller, form, **{"X-Twilio-Signature": signature})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:aftershow:problem:forged")
    assert told(shop) == []


def test_without_a_signature_or_with_a_changed_form_or_key_it_is_refused(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = signed(f"{PUBLIC}{PATH}?key=1", form) | {"Content-Type": "application/x-www-form-urlencoded"}
    tries = [
        caller.post(f"{PATH}?key=1", data=form, raw_headers={}),
        caller.post(f"{PATH}?key=1", content=urlencode(form | {"MessageStatus": "failed"}), raw_headers=headers),
        caller.post(f"{PATH}?key={message.id + 1}", content=urlencode(form), raw_headers=headers),
        caller.post(f"{PATH}?key=1", content=urlencode(form) + "&ErrorCode=21610", raw_headers=headers),
    ]
    assert [each.status_code for each in tries] == [403] * 4
    assert told(shop) == []


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"MessageSid=%ff", "application/x-www-form-urlencoded", 422),
        ("MessageSid=签".encode(), "application/x-www-form-urlencoded; charset=utf-8", 422),
        (b"&".join([b"a=1"] * 201), "application/x-www-form-urlencoded", 422),
        (b"Body=" + b"x" * 64_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 403),
    ],
)
def test_what_is_no_form_is_refused(caller: Caller, content: bytes, kind: str, expected: int) -> None:
    answer = caller.post(PATH, content=content, raw_headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (expected, "application/problem+json")


def test_an_empty_or_strange_callback_that_is_signed_changes_nothing(caller: Caller, shop: Shop) -> None:
    for form in ({}, {"MessageSid": "SM1"}, {"Body": "TD"}, {"MessageSid": "SM1", "Body": "TD"}):
        assert call(caller, form).status_code == 200
    assert told(shop) == []


@pytest.mark.parametrize("text", ["STOP", "ＴＤ", "回T退订"])
def test_who_wants_no_more_is_heard(caller: Caller, shop: Shop, text: str) -> None:
    send(shop)
    for _ in range(2):
        assert reply(caller, text).status_code == 200
    assert told(shop) == [("consent.withdrawn", "sms reply")]
    consent = max(shop.rows(Consent), key=lambda row: row.id)
    assert (consent.given, consent.channel, consent.purpose, consent.wording) == (False, "sms", "marketing", text)
    send(shop)
    assert shop.timeline()[-2:] == [("suppressed", "no_consent"), ("ended", "finished")]


def test_anything_else_answers_the_newest_message(caller: Caller, shop: Shop) -> None:
    send(shop)
    message = send(shop)
    for number, text in enumerate(("什么时候发货？", "", "\x00", "什么时候发货？")):
        assert reply(caller, text, sid=f"SM{number % 3}").status_code == 200
    assert told(shop) == [("message.replied", message.id)] * 3


def test_a_keyword_is_no_consent(caller: Caller, shop: Shop) -> None:
    send(shop)
    reply(caller, "START")
    assert told(shop) == []


def test_what_twilio_has_read_counts(caller: Caller, shop: Shop) -> None:
    send(shop)
    reply(caller, "basta", sid="SM8", OptOutType="STOP")
    reply(caller, "stop?", sid="SM9", OptOutType="HELP")
    reply(caller, "td", sid="SM10", OptOutType="START")
    assert told(shop) == [("consent.withdrawn", "sms reply")]


def test_a_block_that_twilio_tells_of_later_is_a_withdrawal(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    for _ in range(2):
        status(caller, message, "failed", ErrorCode="21610")
    assert told(shop) == [("message.failed", message.id), ("consent.withdrawn", "provider")]


def test_strangers_are_thanked_and_their_refusal_is_kept(caller: Caller, shop: Shop) -> None:
    assert reply(caller, "hello", phone="+8613911112222").status_code == 200
    assert len(shop.rows(Customer)) == 1
    reply(caller, "退订", phone="+8613911112222")
    with shop.db() as session:
        stranger = find_customer(session, "phone:+8613911112222")
        assert stranger is not None
        assert session.exec(select(Consent.given).where(Consent.customer_id == stranger.id)).all() == [False]
        kinds = session.exec(select(Identifier.kind).where(col(Identifier.customer_id) == stranger.id))
        assert kinds.all() == ["phone"]


def test_what_comes_from_no_phone_is_thanked(caller: Caller, shop: Shop) -> None:
    for phone in ("", "12345", "whatsapp:+8613800000000", "LVYE", "+"):
        for text in ("退订", "hello"):
            assert reply(caller, text, phone=phone).status_code == 200
    assert told(shop) == []


def test_what_the_adapter_sent_is_what_the_receiver_hears_of(caller: Caller, db: Database, clock: VirtualClock) -> None:
    shop = Shop(db, clock)
    shop.publish(SPEC, texts={"hi": "【店】您好。拒收请回复R"})
    shop.customers("li", "wang", "zhao")
    with twilio_server(now=clock.now()) as server, start_blocking_portal() as portal:
        sms = TwilioSms(Access(SID, TOKEN, NUMBER, server.url, PUBLIC), Account("twilio"), portal)
        shop.activities = JourneyActivities(db, clock, {**dict.fromkeys(CHANNELS, shop.provider), "sms": sms})
        server.fates = {LI: [Fate(drop="after")], "+8613800000002": [Fate(400, 21610)]}
        for name in ("li", "wang", "zhao"):
            shop.post("order.paid", name, order_id=name, total=100)
        shop.give("send", shop.group(shop.plan.first or ""))
        rows = sorted(shop.rows(Message), key=lambda row: row.customer_id)
        assert [row.status for row in rows] == ["unknown", "sent", "failed"]
        assert [row.customer_id for row in shop.rows(Consent) if not row.given] == [rows[2].customer_id]
        for record in server.messages:
            url, form, headers = server.callback(record, "delivered")
            answer = caller.post(url.removeprefix(PUBLIC), data=form, raw_headers=headers)
            assert answer.status_code == 200
    rows = sorted(shop.rows(Message), key=lambda row: row.customer_id)
    assert [row.status for row in rows] == ["delivered", "delivered", "failed"]


_FIELD = st.text(st.characters(codec="utf-8"), max_size=20)
_NAMES = st.sampled_from(["MessageSid", "MessageStatus", "Body", "From", "To", "ErrorCode", "OptOutType", "x"]) | _FIELD


@pytest.mark.usefixtures("shop")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.dictionaries(_NAMES, _FIELD | st.sampled_from(["delivered", "SM1", LI, "STOP"])), key=_FIELD)
def test_nothing_that_is_signed_is_answered_500(caller: Caller, form: dict[str, str], key: str) -> None:
    assert call(caller, form, f"?{urlencode({'key': key})}").status_code == 200
