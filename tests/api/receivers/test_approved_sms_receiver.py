"""What Aliyun and Tencent push, over the real API: receipts and replies, forged, repeated, in any order."""

from typing import Any

import pytest
from calling import Caller
from shop import Shop
from sqlmodel import select

from api.app import create_app
from api.receivers.approved_sms import aliyun, tencent
from domain.channels.delivery import Delivery
from domain.customers.tables import Consent
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database

TOKEN = "a-secret-of-sixteen-letters"
LI = "+8613800000000"
SPEC = """
journey: hello
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [sms]}]
"""
THANKS = {"aliyun_sms": {"code": 0, "msg": "成功"}, "tencent_sms": {"result": 0, "errmsg": "OK"}}


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    shop.customers("li")
    return shop


@pytest.fixture
def caller(db: Database, clock: VirtualClock) -> Caller:
    return Caller(create_app(db, clock, ready=dict, receivers=[aliyun(TOKEN), tencent(TOKEN)]), "")


@pytest.fixture(params=["aliyun_sms", "tencent_sms"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(shop: Shop, name: str | None) -> Message:
    """One more message to li, which the provider calls by this name; if it answered at all."""
    shop.provider.says[LI] = Delivery("sent", provider_id=name) if name else Delivery("unknown")
    shop.post("order.paid", "li", order_id=str(shop.posted), total=100)
    shop.give("send", shop.group(shop.plan.first or ""))
    return newest(shop)


def newest(shop: Shop) -> Message:
    return max(shop.rows(Message), key=lambda row: row.id)


def receipt(provider: str, name: str, *, ok: bool, code: str = "", key: int | None = None) -> dict[str, Any]:
    if provider == "aliyun_sms":
        return {
            "phone_number": "13800000000", "send_time": "2026-03-02 12:00:00", "report_time": "2026-03-02 12:00:05",
            "success": ok, "err_code": code, "sms_size": "1", "biz_id": name, "out_id": str(key or ""),
        }  # fmt: skip
    return {
        "user_receive_time": "2026-03-02 12:00:05", "nationcode": "86", "mobile": "13800000000",
        "report_status": "SUCCESS" if ok else "FAIL", "errmsg": code or "DELIVRD", "description": "", "sid": name,
    }  # fmt: skip


def reply(provider: str, text: str, number: int = 1) -> dict[str, Any]:
    if provider == "aliyun_sms":
        return {
            "phone_number": "13800000000", "content": text, "dest_code": "10690", "send_time": "2026-03-02 12:00:05",
            "sequence_id": number,
        }  # fmt: skip
    return {"extend": "", "mobile": "13800000000", "nationcode": "86", "sign": "店", "text": text, "time": number}


def call(caller: Caller, provider: str, items: Any, token: str = TOKEN) -> Any:
    answer = caller.post(f"/v1/webhooks/{provider}/{token}", json=items)
    if answer.status_code == 200:
        assert answer.json() == THANKS[provider]
    return answer.status_code


def told(shop: Shop) -> list[str]:
    return [
        row.type
        for row in sorted(shop.rows(Event), key=lambda row: row.id)
        if row.type.startswith(("message.", "consent.")) and row.source != "shop"
    ]


def test_receipts_say_what_became_of_messages(caller: Caller, shop: Shop, provider: str) -> None:
    first, second = send(shop, "A^0"), send(shop, "B^0")
    items = [receipt(provider, "A^0", ok=True), receipt(provider, "B^0", ok=False, code="MK:0001")]
    assert [call(caller, provider, items) for _ in range(2)] == [200, 200]
    states = {row.id: (row.status, row.reason) for row in shop.rows(Message)}
    assert states == {first.id: ("delivered", None), second.id: ("failed", "MK:0001")}
    assert told(shop) == ["message.delivered", "message.failed"]


def test_a_receipt_before_the_answer_waits(caller: Caller, shop: Shop, provider: str) -> None:
    assert call(caller, provider, [receipt(provider, "A^0", ok=True)]) == 200
    assert told(shop) == []


def test_aliyuns_receipt_settles_an_unknown_message_by_our_key(caller: Caller, shop: Shop) -> None:
    message = send(shop, None)
    assert message.status == "unknown"
    call(caller, "aliyun_sms", [receipt("aliyun_sms", "A^0", ok=True, key=message.id)])
    assert (newest(shop).status, newest(shop).provider_id) == ("delivered", "A^0")


def test_a_refusal_to_the_carrier_withdraws_the_consent(caller: Caller, shop: Shop) -> None:
    send(shop, "A^0")
    call(caller, "aliyun_sms", [receipt("aliyun_sms", "A^0", ok=False, code="USER_REJECT")])
    assert told(shop) == ["message.failed", "consent.withdrawn"]


@pytest.mark.parametrize(("text", "event"), [("R", "consent.withdrawn"), ("多少钱", "message.replied")])
def test_what_people_answer(caller: Caller, shop: Shop, provider: str, text: str, event: str) -> None:
    send(shop, "A^0")
    assert [call(caller, provider, [reply(provider, text)]) for _ in range(2)] == [200, 200]
    assert told(shop) == [event]
    with shop.db() as session:
        given = session.exec(select(Consent.given).where(Consent.channel == "sms").order_by(Consent.id)).all()
    assert given[-1] is (event != "consent.withdrawn")


def test_without_the_secret_nothing_is_taken(caller: Caller, shop: Shop, provider: str) -> None:
    send(shop, "A^0")
    assert call(caller, provider, [receipt(provider, "A^0", ok=True)], token="a-secret-of-sixteen-lettera") == 403
    assert told(shop) == []


def test_what_is_no_receipt_is_refused_or_ignored(caller: Caller, provider: str) -> None:
    path = f"/v1/webhooks/{provider}/{TOKEN}"
    assert caller.post(path, content=b"{").status_code == 422
    assert call(caller, provider, [{}] * 1001) == 422
    odd = [None, 1, "x", {}, {"biz_id": 5, "success": None}, {"sid": "a", "report_status": "?"}]
    odd += [{"content": "R"}, {"text": "R"}, {"phone_number": "1", "content": "R"}, {"mobile": "x", "text": "\x00"}]
    assert call(caller, provider, odd) == 200
    assert call(caller, provider, {"mobile": "13800000000", "nationcode": "86", "text": "R"}) == 200
