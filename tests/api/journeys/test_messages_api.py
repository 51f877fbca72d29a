"""Operators see what is open in the ledger, and settle it."""

from collections.abc import Callable

import pytest
from calling import Caller
from shop import Shop

from domain.channels.delivery import Account, Delivery
from domain.coupons.tables import Coupon
from domain.intake.tables import Event
from domain.published.tables import JourneyAction
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [sms], coupon: five}, {wait: 1d}]
"""
FIVE = {"five": {"name": "5", "amount_off": 500, "valid": "30d"}}


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """Three messages: one sent, and two of which nobody can say."""
    shop = Shop(db, clock)
    shop.publish(SPEC, coupons=FIVE)
    shop.provider.account = Account("twilio AC1")
    shop.customers("a", "b", "c")
    shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
    lost = Delivery("unknown", reason="no answer", after=5)
    shop.provider.says = {"+8613800000001": lost, "+8613800000002": lost}
    shop.give("send", shop.group("gift"))
    return shop


@pytest.fixture
def caller(shop: Shop, call_with: Callable[..., Caller]) -> Caller:  # noqa: ARG001 there must be messages
    return call_with(scopes=("read", "admin"))


def test_lists_the_unknown_without_texts_or_recipients(caller: Caller) -> None:
    first = caller.get("/v1/messages", params={"status": "unknown", "limit": 1}).json()
    (entry,) = first["messages"]
    assert (entry["status"], entry["reason"], entry["step"]) == ("unknown", "no answer", "gift")
    assert not {"body", "recipient"} & entry.keys()
    second = caller.get("/v1/messages", params={"status": "unknown", "after": first["next"]}).json()
    assert [len(second["messages"]), second["next"]] == [1, None]
    assert caller.get("/v1/messages", params={"status": "lost"}).status_code == 422


def test_a_failure_takes_the_coupon_back_and_is_an_event_and_on_record(caller: Caller, shop: Shop) -> None:
    number = caller.get("/v1/messages", params={"status": "unknown"}).json()["messages"][0]["id"]
    answer = caller.post(f"/v1/messages/{number}/settle", json={"status": "failed"})
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert sorted(coupon.status for coupon in shop.rows(Coupon)) == ["issued", "issued", "revoked"]
    assert [event.data["message"] for event in shop.rows(Event) if event.type == "message.failed"] == [number]
    (action,) = shop.rows(JourneyAction)
    assert (action.by, action.action, action.details) == (
        "key test",
        "settled_message",
        {"message": number, "as": "failed"},
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/messages/1/settle", {"status": "sent"}, 409),
        ("/v1/messages/99/settle", {"status": "sent"}, 404),
        ("/v1/messages/2/settle", {"status": "delivered"}, 422),
        (f"/v1/messages/{2**63}/settle", {"status": "sent"}, 422),
    ],
)
def test_what_cannot_be_settled_says_why(caller: Caller, path: str, body: dict[str, str], status: int) -> None:
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_says_how_the_providers_stand(caller: Caller) -> None:
    (account,) = caller.get("/v1/accounts").json()
    assert (account["name"], account["failures"]) == ("twilio AC1", 0)


def test_settling_needs_admin(shop: Shop, call_with: Callable[..., Caller]) -> None:  # noqa: ARG001
    assert call_with(scopes=("read",)).post("/v1/messages/2/settle", json={"status": "sent"}).status_code == 403
