"""Text messages by Aliyun's and Tencent's own libraries, over HTTP, against servers that speak their protocols."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from shop import Provider, Shop
from sqlmodel import select

from activities.adapters.approved_sms.aliyun import Aliyun, local
from activities.adapters.approved_sms.aliyun import Keys as AliyunKeys
from activities.adapters.approved_sms.channel import ApprovedSms
from activities.adapters.approved_sms.routes import Routes, SmsRoutes
from activities.adapters.approved_sms.tencent import Keys as TencentKeys
from activities.adapters.approved_sms.tencent import Tencent
from activities.journey import JourneyActivities
from domain.channels.accounts import note_answers
from domain.channels.delivery import Account, ChannelAdapter, Delivery, OpenMessage, Outgoing, Traceable
from domain.channels.tables import ProviderAccount
from domain.ledger.tables import Message
from domain.published.publishing import publish_document
from domain.sending import tracking
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.sms_servers import APP, KEY_ID, SECRET, Fate, SmsServer, aliyun_server, tencent_server
from workflows.terms.channels import CHANNELS

LI, WANG = "+8613900000001", "+8613900000002"
TEXT = "【绿野鲜踪】您的9折券A1明天到期。拒收请回复R"
APPROVED = {
    "coupon": {
        "aliyun": "SMS_1", "tencent": 101, "text": "您的${off}券${code}明天到期。拒收请回复R",
        "variables": {"off": "coupon.off", "code": "coupon.code"},
    },
    "any": {"aliyun": "SMS_2", "text": "您的${all}", "variables": {"all": "x"}},
    "thanks": {"tencent": 102, "text": "谢谢"},
}  # fmt: skip
TEMPLATES = {"SMS_1": "您的${off}券${code}明天到期。拒收请回复R", "101": "您的{1}券{2}明天到期。拒收请回复R"}


@dataclass
class Side:
    """One provider: its server, and adapters of it."""

    name: str
    server: SmsServer
    make: Callable[..., ApprovedSms]

    def number(self, phone: str) -> str:
        return local(phone) if self.name == "aliyun" else phone

    @property
    def keys(self) -> list[str]:
        return [each["OutId" if self.name == "aliyun" else "SessionContext"] for each in self.server.taken]


@pytest.fixture
def sides(db: Database) -> Iterator[dict[str, Side]]:
    with db.begin() as work:
        publish_document(work, "_approved", APPROVED)
    with aliyun_server(TEMPLATES) as one, tencent_server(TEMPLATES) as other:

        def aliyun(secret: str = SECRET, url: str = one.url, timeout: float = 5, at_once: int = 5) -> ApprovedSms:
            api = Aliyun(AliyunKeys(KEY_ID, secret, url, timeout))
            return ApprovedSms(db, Account("aliyun_sms", at_once=at_once), api)

        def tencent(secret: str = SECRET, url: str = other.url, timeout: float = 5, at_once: int = 5) -> ApprovedSms:
            api = Tencent(TencentKeys(KEY_ID, secret, APP, base_url=url, timeout=timeout))
            return ApprovedSms(db, Account("tencent_sms", at_once=at_once), api)

        yield {"aliyun": Side("aliyun", one, aliyun), "tencent": Side("tencent", other, tencent)}


@pytest.fixture(params=["aliyun", "tencent"])
def side(sides: dict[str, Side], request: pytest.FixtureRequest) -> Side:
    return sides[request.param]


def message(to: str = LI, body: str = TEXT, key: int = 1, kind: str = "marketing") -> Outgoing:
    return Outgoing(key, key, "sms", to, body, kind)  # type: ignore[arg-type]


def lost(clock: VirtualClock, key: int = 1, to: str = LI) -> OpenMessage:
    return OpenMessage(key, to, TEXT, "unknown", None, clock.now(), 0)


def test_the_recipient_reads_our_very_text(side: Side) -> None:
    (found,) = side.make().send_many([message(key=7)])
    (record,) = side.server.taken
    assert found == Delivery("sent", provider_id=record["BizId" if side.name == "aliyun" else "SerialNo"])
    assert record["text"] == TEXT
    assert side.keys == ["7"]
    assert (record.get("PhoneNumbers") or record["PhoneNumberSet"][0]) == side.number(LI)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("【店】您好", "transactional", "no template that the provider has approved makes this text"),
        ("您的9折券A1明天到期。拒收请回复R", "transactional",
         "no template that the provider has approved makes this text"),
        ("【店】您的券", "marketing", "a marketing text with no way to refuse, like 拒收请回复R"),
        ("您的9折券A1明天到期。拒收请回复R", "marketing", "a marketing text with no signature like 【shop】 in front"),
    ],
)  # fmt: skip
def test_what_nobody_has_approved_is_refused_before_any_call(side: Side, body: str, kind: str, reason: str) -> None:
    assert side.make().send_many([message(body=body, kind=kind)]) == [Delivery("failed", reason=reason)]
    assert side.server.requests == []


ANSWERS: dict[str, list[tuple[Fate, Delivery]]] = {
    "aliyun": [
        (Fate("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"), Delivery("retry", after=60, alone=True)),
        (Fate("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5"), Delivery("retry", after=3600, alone=True)),
        (Fate("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10"), Delivery("retry", after=21600, alone=True)),
        (Fate("isv.BUSINESS_LIMIT_CONTROL"), Delivery("retry", after=600, alone=True)),
        (Fate("isv.DAY_LIMIT_CONTROL"), Delivery("retry", after=3600)),
        (Fate("Throttling.User", http=400), Delivery("retry", after=10)),
        (Fate("isv.AMOUNT_NOT_ENOUGH"), Delivery("retry", after=600)),
        (Fate("InvalidAccessKeyId.NotFound", http=404), Delivery("retry", after=600)),
        (Fate("isv.MOBILE_NUMBER_ILLEGAL"),
         Delivery("failed", reason="isv.MOBILE_NUMBER_ILLEGAL not a phone number")),
        (Fate("isv.NEW"), Delivery("failed", reason="isv.NEW")),
        (Fate("isp.SYSTEM_ERROR"), Delivery("unknown")),
        (Fate(http=500), Delivery("unknown")),
        (Fate(http=503), Delivery("retry", after=10)),
        (Fate(http=504), Delivery("unknown")),
        (Fate(text="<html>"), Delivery("unknown")),
        (Fate(text="{}"), Delivery("unknown")),
        (Fate(drop="before"), Delivery("unknown")),
        (Fate(drop="after"), Delivery("unknown")),
    ],
    "tencent": [
        (Fate("LimitExceeded.PhoneNumberThirtySecondLimit"), Delivery("retry", after=30, alone=True)),
        (Fate("LimitExceeded.PhoneNumberDailyLimit"), Delivery("retry", after=21600, alone=True)),
        (Fate("LimitExceeded.AppDailyLimit"), Delivery("retry", after=3600)),
        (Fate("RequestLimitExceeded", "top"), Delivery("retry", after=10)),
        (Fate("FailedOperation.InsufficientBalanceInSmsPackage"), Delivery("retry", after=600)),
        (Fate("UnauthorizedOperation.RequestIpNotInWhitelist", "top"), Delivery("retry", after=600)),
        (Fate("FailedOperation.PhoneNumberInBlacklist"),
         Delivery("failed", reason="FailedOperation.PhoneNumberInBlacklist the recipient has refused further messages",
                  opted_out=True)),
        (Fate("InvalidParameterValue.IncorrectPhoneNumber"),
         Delivery("failed", reason="InvalidParameterValue.IncorrectPhoneNumber not a phone number")),
        (Fate("InternalError.Timeout"), Delivery("unknown")),
        (Fate(http=500), Delivery("unknown")),
        (Fate(http=504), Delivery("unknown")),
        (Fate(text="<html>"), Delivery("unknown")),
        (Fate(text='{"Response": {"RequestId": "R"}}'), Delivery("unknown")),
        (Fate(drop="before"), Delivery("unknown")),
        (Fate(drop="after"), Delivery("unknown")),
    ],
}  # fmt: skip


def test_what_each_answer_means(side: Side) -> None:
    adapter = side.make(at_once=20)
    cases = ANSWERS[side.name]
    phones = [f"+86139{number:08}" for number in range(len(cases))]
    side.server.fates = {side.number(phone): [fate] for phone, (fate, _) in zip(phones, cases, strict=True)}
    found = adapter.send_many([message(phone, key=key) for key, phone in enumerate(phones)])
    for (fate, expected), each in zip(cases, found, strict=True):
        assert replace(each, reason=None, provider_id=None) == replace(expected, reason=None), (fate, each)
        assert expected.reason in (None, each.reason)
        assert "139" not in (each.reason or "")
    sent = [each for each in side.server.requests if each["action"] == "SendSms"]
    assert len(sent) == len(cases), "each is asked once"


def test_a_wrong_key_loses_nothing(side: Side) -> None:
    (found,) = side.make(secret="another's").send_many([message()])
    assert (found.status, found.after, side.server.taken) == ("retry", 600, [])


def test_a_wrong_key_is_told_to_who_looks(side: Side, clock: VirtualClock) -> None:
    refused = {"aliyun": "SignatureDoesNotMatch", "tencent": "AuthFailure.SignatureFailure"}[side.name]
    assert api_of(side.make()).trouble(clock.now()) is None
    assert api_of(side.make(secret="another's")).trouble(clock.now()) == refused
    with pytest.raises(ConnectionError):
        api_of(side.make(url=_nobody_listens(), timeout=1)).trouble(clock.now())


def api_of(adapter: ApprovedSms) -> Any:
    return adapter._api


def _nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_without_a_connection_it_is_tried_again(side: Side) -> None:
    for url in (_nobody_listens(), "http://sms.invalid", side.server.url.replace("http:", "https:")):
        (found,) = side.make(url=url, timeout=2).send_many([message()])
        assert (found.status, found.after) == ("retry", 10), url
    assert side.server.taken == []


def test_no_answer_in_time_is_unknown_and_found_by_our_key(side: Side, clock: VirtualClock) -> None:
    side.server.fates = {side.number(LI): [Fate(latency=0.3)]}
    adapter = side.make(timeout=0.1)
    assert adapter.send_many([message(key=3)])[0].status == "unknown"
    while not side.server.taken:
        time.sleep(0.01)
    side.server.taken[0]["ReportStatus"] = "SUCCESS"
    assert isinstance(adapter, Traceable)
    (found,) = side.make().look_up([lost(clock, 3)], clock.now() + timedelta(seconds=30))
    assert found.status == "sent"


def test_what_the_carrier_refused_is_told_by_the_list(side: Side, clock: VirtualClock) -> None:
    adapter = side.make()
    adapter.send_many([message(key=1), message(WANG, key=2)])
    for record, code in zip(sorted(side.server.taken, key=str), ("USER_REJECT", "MOBILE_IN_BLACK"), strict=True):
        record.update(SendStatus=2, ErrCode=code, ReportStatus="FAIL", Description=code)
    found = adapter.look_up([lost(clock, 1), lost(clock, 2, WANG)], clock.now())
    assert [each.status for each in found] == ["failed", "failed"]
    assert any(each.opted_out for each in found) == (side.name == "aliyun")


def test_only_aliyuns_list_proves_that_nothing_was_taken(side: Side, clock: VirtualClock) -> None:
    adapter = side.make()
    ages = (timedelta(minutes=9), timedelta(minutes=10))
    found = [adapter.look_up([lost(clock)], clock.now() + age)[0].status for age in ages]
    assert found == ["unknown", "failed" if side.name == "aliyun" else "unknown"]
    side.server.listing = Fate("Down")
    assert adapter.look_up([lost(clock)], clock.now() + timedelta(days=1))[0].status == "unknown"
    assert adapter.look_up([lost(clock, to="")], clock.now() + timedelta(days=1))[0].status == "unknown"


def test_nothing_personal_is_logged(side: Side, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        adapter = side.make()
        adapter.send_many([message()])
        adapter.look_up([lost(clock)], clock.now())
    assert "13900000001" not in caplog.text


def test_a_number_that_has_had_enough_holds_nobody_else(db: Database, clock: VirtualClock) -> None:
    with db.begin() as work:
        work.add(ProviderAccount(name="a", failures=0))
        note_answers(work, Account("a"), [Delivery("retry", after=3600, alone=True)], clock.now())
        assert work.exec(select(ProviderAccount)).one().held_until is None
        note_answers(work, Account("a"), [Delivery("retry", after=3600)], clock.now())
        assert work.exec(select(ProviderAccount)).one().held_until is not None


@pytest.fixture
def route(db: Database, clock: VirtualClock) -> Callable[[Routes, dict[str, Any]], SmsRoutes]:
    def make(routes: Routes, providers: dict[str, ChannelAdapter]) -> SmsRoutes:
        return SmsRoutes(db, clock, providers, routes)

    return make


def test_messages_are_shared_out_by_country_and_weight(route: Callable[..., SmsRoutes]) -> None:
    one, other, abroad = (Provider(account=Account(name, at_once=500)) for name in ("one", "other", "abroad"))
    routes = route({"86": {"one": 3, "other": 1}, "*": {"abroad": 1}}, {"one": one, "other": other, "abroad": abroad})
    batch = [message(f"+86139{key:08}", key=key) for key in range(400)] + [message("+12025550123", key=900)]
    assert {each.status for each in routes.send_many(batch)} == {"sent"}
    assert [each.recipient for each in abroad.taken] == ["+12025550123"]
    assert 260 < len(one.taken) < 340
    assert len(one.taken) + len(other.taken) == 400
    assert routes.order(5, LI) == routes.order(5, LI), "asked again, a message goes the same way"


def test_what_one_refuses_for_good_goes_to_the_next(route: Callable[..., SmsRoutes]) -> None:
    no, gone = Delivery("failed", reason="no"), Delivery("failed", reason="refused", opted_out=True)
    three = "+8613900000003"
    first = Provider(account=Account("first"), says={LI: no, WANG: gone, three: Delivery("retry", after=9)})
    second = Provider(account=Account("second"), says={"+8613900000004": no})
    routes = route({"86": {"first": 1, "second": 0}}, {"first": first, "second": second})
    first.says["+8613900000004"] = no
    phones = (LI, WANG, three, "+8613900000004")
    found = routes.send_many([message(phone, key=key) for key, phone in enumerate(phones)])
    assert [each.status for each in found] == ["sent", "failed", "retry", "failed"]
    assert (found[1].opted_out, found[2].alone) == (True, True)
    assert [each.recipient for each in second.taken] == [LI, "+8613900000004"]
    assert routes.send_many([message("+4915112345678", key=5)])[0].reason == "no provider is set for this country"


def test_each_account_keeps_its_own_limits_and_what_one_has_no_room_for_goes_to_the_next(
    route: Callable[..., SmsRoutes],
) -> None:
    first, second = Provider(account=Account("first", per_second=2)), Provider(account=Account("second", per_second=1))
    routes = route({"*": {"first": 1, "second": 0}}, {"first": first, "second": second})
    found = routes.send_many([message(f"+86139{key:08}", key=key) for key in range(5)])
    assert [each.status for each in found] == ["sent", "sent", "sent", "retry", "retry"]
    assert (len(first.taken), len(second.taken)) == (2, 1)
    assert all(each.alone and each.after >= 1 for each in found[3:])


def test_an_unknown_message_is_asked_of_everyone_who_may_have_it(
    route: Callable[..., SmsRoutes], clock: VirtualClock
) -> None:
    sent, failed, unknown = Delivery("sent", "x"), Delivery("failed", reason="not found"), Delivery("unknown")
    for answers, expected in (
        ((failed, sent), "sent"),
        ((failed, unknown), "unknown"),
        ((failed, failed), "failed"),
        ((sent, unknown), "sent"),
    ):
        providers = {name: Provider(says={LI: each}) for name, each in zip(("a", "b"), answers, strict=True)}
        routes = route({"86": {"a": 1, "b": 1}}, providers)
        assert routes.look_up([lost(clock)], clock.now())[0].status == expected


SPEC = """
journey: coupon
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: coupon, via: [sms, wecom]}]
"""


def test_a_journey_sends_by_the_next_provider_and_finds_what_was_lost_by_our_key(
    sides: dict[str, Side], db: Database, clock: VirtualClock
) -> None:
    shop = Shop(db, clock)
    shop.publish(SPEC, texts={"coupon": TEXT})
    shop.customers("li", "wang", "sun")
    aliyun, tencent = sides["aliyun"], sides["tencent"]
    providers: dict[str, ChannelAdapter] = {"aliyun_sms": aliyun.make(), "tencent_sms": tencent.make()}
    sms = SmsRoutes(db, clock, providers, {"86": {"aliyun_sms": 1, "tencent_sms": 0}})
    shop.activities = JourneyActivities(db, clock, {**dict.fromkeys(CHANNELS, shop.provider), "sms": sms})
    aliyun.server.fates = {
        "13800000000": [Fate("isv.SMS_TEMPLATE_ILLEGAL")],
        "13800000001": [Fate(drop="after")],
        "13800000002": [Fate("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控")],
    }
    for who in ("li", "wang", "sun"):
        shop.post("order.paid", who, order_id=who, total=100)
    answers = {each.enrollment: each for each in shop.give("send", shop.group(shop.plan.first or ""))}
    messages = {row.recipient[-1]: row for row in shop.rows(Message)}
    assert [messages[each].status for each in "012"] == ["sent", "unknown", "claimed"]
    assert (messages["0"].provider_id or "").startswith("5000:"), "Tencent has it"
    assert answers[messages["2"].enrollment_id].seconds == 3600
    clock.set(clock.now() + timedelta(minutes=1))
    with db.begin() as work:
        due = tracking.due_messages(work, "sms", clock.now())
        tracking.record_answers(work, due, sms.look_up(due, clock.now()), clock.now())
    assert {row.recipient[-1]: row.status for row in shop.rows(Message)} == {"0": "sent", "1": "sent", "2": "claimed"}
    with db() as session:
        held = {row.name: row.held_until for row in session.exec(select(ProviderAccount))}
    assert held == {"sms": None, "aliyun_sms": None, "tencent_sms": None}, "one number's limit holds nobody else"
