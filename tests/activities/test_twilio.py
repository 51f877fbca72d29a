"""Text messages by Twilio, over HTTP, against a server that speaks its protocol."""

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from anyio.from_thread import start_blocking_portal

from activities.adapters.twilio.channel import Access, TwilioSms
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing, Traceable
from tests.providers.twilio_server import NUMBER, SID, TOKEN, Fate, TwilioServer, twilio_server

LI, WANG = "+8613800000001", "+8613800000002"
TEXT = "【绿野鲜踪】您的券明天到期。拒收请回复R"
REFUSED = Delivery("failed", reason="21610 the recipient has refused further messages", opted_out=True)
Connect = Callable[..., TwilioSms]
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with twilio_server(now=NOON) as server:
        yield server


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes adapters, which live as long as the event loop that they work on."""
    made = []
    with start_blocking_portal() as portal:

        def make(access: Access, at_once: int = 50) -> TwilioSms:
            made.append(TwilioSms(access, Account("twilio", at_once=at_once), portal))
            return made[-1]

        yield make


@pytest.fixture
def twilio(connect: Connect, server: TwilioServer) -> TwilioSms:
    return connect(Access(SID, TOKEN, NUMBER, server.url, "https://shop.example", timeout=5))


def message(to: str = LI, body: str = TEXT, key: int = 1, kind: str = "marketing") -> Outgoing:
    return Outgoing(key, key, "sms", to, body, kind)  # type: ignore[arg-type]


def lost(key: int = 1, to: str = LI, body: str = TEXT, sid: str | None = None, at: datetime = NOON) -> OpenMessage:
    return OpenMessage(key, to, body, "unknown", sid, at, 0)


def test_a_message_is_taken(twilio: TwilioSms, server: TwilioServer) -> None:
    assert twilio.send_many([message()]) == [Delivery("sent", provider_id=server.messages[0]["sid"])]
    method, path, form = server.requests[0]
    assert (method, path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert form == {
        "To": LI,
        "From": NUMBER,
        "Body": TEXT,
        "StatusCallback": "https://shop.example/v1/webhooks/twilio?key=1",
        "ValidityPeriod": "14400",
    }


def test_a_messaging_service_sends_without_being_called_back(connect: Connect, server: TwilioServer) -> None:
    adapter = connect(Access(SID, TOKEN, "MG1", server.url))
    assert adapter.send_many([message()])[0].status == "sent"
    assert server.requests[0][2].keys() == {"To", "MessagingServiceSid", "Body", "ValidityPeriod"}
    assert server.requests[0][2]["MessagingServiceSid"] == "MG1"


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        (Fate(400, 21211), Delivery("failed", reason="21211 not a phone number")),
        (Fate(400, 21614), Delivery("failed", reason="21614 not a mobile number")),
        (Fate(400, 21408), Delivery("failed", reason="21408 sending to this country is not enabled")),
        (Fate(403, 21610), REFUSED),
        (Fate(400, 29999), Delivery("failed", reason="29999")),
        (Fate(400, text="<html>"), Delivery("failed", reason="400")),
        (Fate(401, 20003), Delivery("retry", reason="20003: our account or sender is not set up right", after=600)),
        (Fate(403), Delivery("retry", reason="403: our account or sender is not set up right", after=600)),
        (Fate(400, 21606), Delivery("retry", reason="21606: our account or sender is not set up right", after=600)),
        (Fate(400, 21611), Delivery("retry", reason="21611", after=10)),
        (Fate(429, 20429, "7"), Delivery("retry", reason="Twilio answered 429", after=7)),
        (Fate(429, 20429), Delivery("retry", reason="Twilio answered 429", after=10)),
        (Fate(429, 20429, "86400"), Delivery("retry", reason="Twilio answered 429", after=300)),
        (Fate(429, 20429, "-1"), Delivery("retry", reason="Twilio answered 429", after=10)),
        (Fate(500), Delivery("retry", reason="Twilio answered 500", after=10)),
        (Fate(503, None, "0"), Delivery("retry", reason="Twilio answered 503", after=1)),
        (Fate(503, text="<html>sorry</html>"), Delivery("retry", reason="Twilio answered 503", after=10)),
        (Fate(504), Delivery("unknown", reason="504 from a gateway that got no answer")),
        (Fate(302), Delivery("unknown", reason="Twilio answered 302")),
        (Fate(drop="before"), Delivery("unknown")),
        (Fate(drop="after"), Delivery("unknown")),
        (Fate(text="<html>hello</html>"), Delivery("unknown")),
        (Fate(text="[]"), Delivery("unknown")),
        (Fate(text="{}"), Delivery("unknown", reason="the answer names no message")),
        (Fate(text='{"sid": "SM1", "status": "failed", "error_code": 30006}'),
         Delivery("failed", "SM1", "30006 a landline, or a carrier that can't be reached")),
    ],
)  # fmt: skip
def test_what_each_answer_means(twilio: TwilioSms, server: TwilioServer, fate: Fate, expected: Delivery) -> None:
    server.fates[LI] = [fate]
    (found,) = twilio.send_many([message()])
    assert (found.status, found.provider_id, found.after, found.opted_out) == (
        expected.status, expected.provider_id, expected.after, expected.opted_out,
    )  # fmt: skip
    assert expected.reason in (None, found.reason)
    assert LI not in (found.reason or "")
    assert "8613800000000" not in (found.reason or "")
    assert len([each for each in server.requests if each[0] == "POST"]) == 1


def test_a_date_to_try_again_at_is_read_by_the_servers_clock(twilio: TwilioSms, server: TwilioServer) -> None:
    server.fates[LI] = [Fate(429, 20429, "Fri, 31 Dec 2100 23:59:59 GMT"), Fate(429, 20429, "tomorrow")]
    assert [twilio.send_many([message()])[0].after for _ in range(2)] == [300, 10]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("", "transactional", "the text is empty"),
        (" \u200b\n", "transactional", "the text is empty"),
        ("【店】" + "长" * 5000, "transactional", "the text has 5003 characters, 1600 are the most"),
        ("🎉🎉", "marketing", "a marketing text with no signature like 【shop】 in front"),
        ("您的券明天到期。拒收请回复R", "marketing", "a marketing text with no signature like 【shop】 in front"),
        ("【店】您的券明天到期。", "marketing", "a marketing text with no way to refuse, like 拒收请回复R"),
        ("【店】\ud800", "transactional", "the text holds what is no character"),
    ],
)  # fmt: skip
def test_a_text_that_may_not_go_is_refused_before_any_call(
    twilio: TwilioSms, server: TwilioServer, body: str, kind: str, reason: str
) -> None:
    assert twilio.send_many([message(body=body, kind=kind)]) == [Delivery("failed", reason=reason)]
    assert server.requests == []


@pytest.mark.parametrize("body", ["🎉", "【店】谢谢，仓库正在备货", "长" * 1600])
def test_what_a_customer_asked_for_needs_no_way_to_refuse(twilio: TwilioSms, body: str) -> None:
    assert twilio.send_many([message(body=body, kind="transactional")])[0].status == "sent"


def test_one_bad_recipient_disturbs_nobody_else(connect: Connect, server: TwilioServer) -> None:
    server.always = Fate(latency=0.005)
    server.fates[f"+86138{300:08}"] = [Fate(400, 21211)]
    server.fates[f"+86138{301:08}"] = [Fate(429, 20429, "2")]
    server.fates[f"+86138{302:08}"] = [Fate(drop="after")]
    access = Access(SID, TOKEN, NUMBER, server.url)
    adapter = connect(access, at_once=20)
    found = adapter.send_many([message(f"+86138{number:08}", key=number) for number in range(500)])
    assert [(number, each.status) for number, each in enumerate(found) if each.status != "sent"] == [
        (300, "failed"), (301, "retry"), (302, "unknown"),
    ]  # fmt: skip
    sids = {record["to"]: record["sid"] for record in server.messages}
    assert all(
        each.provider_id == sids[f"+86138{number:08}"] for number, each in enumerate(found) if each.status == "sent"
    )
    assert 1 < server.at_once <= 20


def test_threads_share_what_may_be_in_flight(connect: Connect, server: TwilioServer) -> None:
    server.always = Fate(latency=0.005)
    adapter = connect(Access(SID, TOKEN, NUMBER, server.url), at_once=5)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(adapter.send_many, [message()] * 20) for _ in range(4)]
        assert {each.status for call in calls for each in call.result()} == {"sent"}
    assert server.at_once <= 5


def test_who_waits_too_long_for_a_turn_is_tried_again(
    connect: Connect, server: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.adapters.twilio.channel.TURN_SECONDS", 0.02)
    server.always = Fate(latency=0.2)
    found = connect(Access(SID, TOKEN, NUMBER, server.url), at_once=1).send_many([message(), message(WANG)])
    assert [(each.status, each.after) for each in found] == [("sent", 0), ("retry", 1)]
    assert len(server.messages) == 1


def test_wrong_credentials_lose_nothing(connect: Connect, server: TwilioServer) -> None:
    adapter = connect(Access(SID, "wrong", NUMBER, server.url))
    (found,) = adapter.send_many([message()])
    assert (found.status, found.after, server.messages) == ("retry", 600, [])


def _nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    "address",
    [_nobody_listens, lambda: "http://twilio.invalid", lambda: "https://127.0.0.1:1"],
    ids=["nobody listens", "no such host", "nobody speaks TLS"],
)
def test_without_a_connection_it_is_tried_again(connect: Connect, address: Callable[[], str]) -> None:
    adapter = connect(Access(SID, TOKEN, NUMBER, address(), timeout=2))
    (found,) = adapter.send_many([message()])
    assert (found.status, found.after) == ("retry", 10)


def test_a_server_that_does_not_speak_tls_was_sent_nothing(connect: Connect, server: TwilioServer) -> None:
    adapter = connect(Access(SID, TOKEN, NUMBER, server.url.replace("http:", "https:")))
    assert adapter.send_many([message()])[0].status == "retry"
    assert server.messages == []


def test_no_answer_in_time_is_unknown(connect: Connect, server: TwilioServer) -> None:
    server.fates[LI] = [Fate(latency=0.5)]
    adapter = connect(Access(SID, TOKEN, NUMBER, server.url, timeout=0.1))
    (found,) = adapter.send_many([message()])
    assert (found.status, found.provider_id) == ("unknown", None)


def test_nothing_personal_is_logged(twilio: TwilioSms, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        twilio.send_many([message()])
        twilio.look_up([lost()], NOON)
    assert LI.removeprefix("+") not in caplog.text
    assert "券" not in caplog.text


def test_a_lost_answer_is_found(twilio: TwilioSms, server: TwilioServer) -> None:
    assert isinstance(twilio, Traceable)
    server.fates[LI] = [Fate(drop="after")]
    assert [each.status for each in twilio.send_many([message(LI, key=1), message(WANG, key=2)])] == ["unknown", "sent"]
    sid = next(record["sid"] for record in server.messages if record["to"] == LI)
    assert twilio.look_up([lost()], NOON + timedelta(seconds=30)) == [Delivery("sent", sid)]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("queued", None, Delivery("sent", "SM1")),
        ("delivered", None, Delivery("sent", "SM1")),
        ("undelivered", 30005, Delivery("failed", "SM1", "30005 unknown handset")),
        (
            "failed",
            21610,
            replace(REFUSED, provider_id="SM1"),
        ),
        ("canceled", None, Delivery("failed", "SM1", "canceled")),
    ],
)
def test_what_became_of_it_is_told(
    twilio: TwilioSms, server: TwilioServer, status: str, code: int | None, expected: Delivery
) -> None:
    record = server.take({"To": LI, "From": NUMBER, "Body": TEXT})
    record |= {"sid": "SM1", "status": status, "error_code": code}
    assert twilio.look_up([lost(), lost(2, sid="SM1")], NOON) == [expected, expected]


def test_a_message_never_taken_is_given_up_after_ten_minutes(twilio: TwilioSms) -> None:
    ages = (timedelta(seconds=30), timedelta(minutes=9), timedelta(minutes=10))
    found = [twilio.look_up([lost()], NOON + age)[0] for age in ages]
    assert [(each.status, each.reason) for each in found] == [
        ("unknown", "not listed by the provider yet"),
        ("unknown", "not listed by the provider yet"),
        ("failed", "not found at the provider"),
    ]


def test_without_a_number_nothing_is_asked_or_given_up(twilio: TwilioSms, server: TwilioServer) -> None:
    assert twilio.look_up([lost(to="")], NOON + timedelta(days=1))[0].status == "unknown"
    assert server.requests == []


@pytest.mark.parametrize("listing", [Fate(500), Fate(429, 20429), Fate(401, 20003), Fate(drop="before")])
def test_while_it_can_not_be_asked_nothing_is_given_up(twilio: TwilioSms, server: TwilioServer, listing: Fate) -> None:
    server.listing = listing
    found = twilio.look_up([lost(), lost(2, sid="SM1")], NOON + timedelta(days=1))
    assert [(each.status, each.provider_id) for each in found] == [("unknown", None), ("unknown", "SM1")]


def test_only_our_text_to_that_number_from_our_sender_at_that_time_counts(
    twilio: TwilioSms, server: TwilioServer
) -> None:
    server.take({"To": LI, "From": NUMBER, "Body": TEXT + "。"})
    server.take({"To": WANG, "From": NUMBER, "Body": TEXT})
    server.take({"To": LI, "From": "+15005550007", "Body": TEXT})
    for minutes in (-6, 11):
        server.now = NOON + timedelta(minutes=minutes)
        server.take({"To": LI, "From": NUMBER, "Body": TEXT})
    assert twilio.look_up([lost()], NOON + timedelta(minutes=20))[0].status == "failed"


def test_equal_texts_get_a_record_each_the_nearest_in_time(twilio: TwilioSms, server: TwilioServer) -> None:
    sids = []
    for seconds in (1, 61):
        server.now = NOON + timedelta(seconds=seconds)
        sids.append(server.take({"To": LI, "From": NUMBER, "Body": TEXT})["sid"])
    later = NOON + timedelta(seconds=60)
    found = twilio.look_up([lost(1, at=later), lost(2), lost(3)], NOON + timedelta(minutes=20))
    assert [(each.status, each.provider_id) for each in found] == [
        ("sent", sids[1]), ("sent", sids[0]), ("failed", None),
    ]  # fmt: skip


def test_the_list_is_read_page_by_page_but_not_for_ever(twilio: TwilioSms, server: TwilioServer) -> None:
    server.page_size = 2
    sid = server.take({"To": LI, "From": NUMBER, "Body": TEXT})["sid"]
    for number in range(15):
        server.take({"To": LI, "From": NUMBER, "Body": str(number)})
    assert twilio.look_up([lost()], NOON + timedelta(minutes=20)) == [Delivery("sent", sid)]
    for number in range(5):
        server.take({"To": LI, "From": NUMBER, "Body": str(number)})
    assert twilio.look_up([lost()], NOON + timedelta(minutes=20))[0].status == "unknown"


def test_pages_from_before_the_call_are_not_read(twilio: TwilioSms, server: TwilioServer) -> None:
    server.page_size, server.now = 2, NOON - timedelta(days=30)
    for number in range(9):
        server.take({"To": LI, "From": NUMBER, "Body": str(number)})
    twilio.look_up([lost()], NOON)
    assert len([each for each in server.requests if each[0] == "GET"]) == 1


def test_a_list_that_begins_with_the_oldest_is_read_on(twilio: TwilioSms, server: TwilioServer) -> None:
    server.page_size = 2
    for days in (3, 2, 0):
        server.now = NOON - timedelta(days=days)
        record = server.take({"To": LI, "From": NUMBER, "Body": TEXT})
    server.messages.reverse()
    assert twilio.look_up([lost()], NOON + timedelta(minutes=20)) == [Delivery("sent", record["sid"])]


def test_its_connections_are_closed_with_the_event_loop(server: TwilioServer) -> None:
    with start_blocking_portal() as portal:
        adapter = TwilioSms(Access(SID, TOKEN, NUMBER, server.url), Account("twilio"), portal)
        adapter.send_many([message()])
        kept = adapter._messages
        adapter.send_many([message()])
        assert adapter._messages is kept
    assert kept is not None
    assert kept._version.domain.twilio.http_client.session.closed
