"""Every change is a row that says who, from where, what, and what differs."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser

from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.publishing import publish_document, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.policy import CouponTerms

SPEC = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
steps:
  - {id: hi, send: hello, via: [sms]}
"""
SignedIn = Callable[[str], Browser]


@pytest.fixture
def admin(signed_in: SignedIn, db: Database) -> Browser:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好")
    browser = signed_in("admin")
    yaml = {"content-type": "application/yaml"}
    assert browser.post("/v1/journeys/welcome/versions", content=SPEC.encode(), headers=yaml).status_code == 201
    return browser


def newest(browser: Browser) -> dict[str, Any]:
    entry: dict[str, Any] = browser.get("/v1/audit?limit=1").json()["entries"][0]
    return {name: entry[name] for name in ("action", "target", "before", "after")}


def entry(action: str, target: str, before: object, after: object) -> dict[str, Any]:
    return {"action": action, "target": target, "before": before, "after": after}


def test_a_journey(admin: Browser) -> None:
    target = "journey:welcome"
    live = {"state": "live", "version": 1}
    assert newest(admin) == entry("journey.publish", target, None, live | {"running": "finish"})
    assert admin.post("/v1/journeys/welcome/pause").status_code == 200
    assert newest(admin) == entry("journey.pause", target, {"state": "live"}, {"state": "paused"})
    assert admin.post("/v1/journeys/welcome/resume?late=drop").status_code == 200
    assert newest(admin) == entry("journey.resume", target, {"state": "paused"}, {"state": "live", "late": "drop"})
    assert admin.post("/v1/journeys/welcome/stop?customer=7").status_code == 200
    assert newest(admin) == entry("journey.stop_customer", target, None, {"customer": 7, "stopped": 0})
    assert admin.post("/v1/journeys/welcome/stop").status_code == 200
    assert newest(admin) == entry("journey.stop", target, {"state": "live"}, {"state": "stopped"})


def test_what_changes_nothing_is_no_row(admin: Browser) -> None:
    admin.post("/v1/journeys/welcome/pause")
    me = admin.get("/v1/session").json()["id"]
    before = len(admin.get("/v1/audit").json()["entries"])
    assert admin.post("/v1/journeys/welcome/pause").status_code == 200
    assert admin.request("PATCH", f"/v1/users/{me}", json={"roles": ["admin"]}).status_code == 200
    assert len(admin.get("/v1/audit").json()["entries"]) == before


def test_resuming_what_is_live_is_no_row(admin: Browser) -> None:
    assert admin.post("/v1/journeys/welcome/resume?late=send").status_code == 200
    assert newest(admin)["action"] == "journey.publish"


def test_users_and_keys(admin: Browser) -> None:
    new = {"name": "李雷", "email": "li@shop.cn", "roles": ["buyer"]}
    user = admin.post("/v1/users", json=new).json()["id"]
    after = {"name": "李雷", "roles": ["buyer"], "active": True, "staff": None}
    assert newest(admin) == entry("user.create", f"user:{user}", None, after)
    admin.request("PATCH", f"/v1/users/{user}", json={"roles": ["product"]})
    assert newest(admin) == entry("user.change", f"user:{user}", {"roles": ["buyer"]}, {"roles": ["product"]})
    admin.post(f"/v1/users/{user}/link")
    assert newest(admin) == entry("user.link", f"user:{user}", None, None)
    key = admin.post("/v1/keys", json={"name": "miniapp", "scopes": ["ingest"]}).json()["id"]
    assert newest(admin) == entry(
        "key.create", f"key:{key}", None, {"name": "miniapp", "scopes": ["ingest"], "origins": []}
    )
    admin.request("DELETE", f"/v1/keys/{key}")
    assert newest(admin) == entry("key.revoke", f"key:{key}", {"name": "miniapp"}, None)


def test_a_message_and_a_coupon(admin: Browser, db: Database, clock: VirtualClock) -> None:
    now = clock.now()
    with db.begin() as session:
        customer = resolve(session, [identify("member_no:1", None)], now)[0].customer_id
        assert customer is not None
        event = Event(source="s", event_id="e", type="order.paid", time=now, received_at=now, customer_id=customer)
        session.add(event)
        session.flush()
        plan = session.connection().exec_driver_sql("SELECT plan_id FROM journeys").scalar_one()
        enrollment = Enrollment(
            journey="welcome", plan_id=plan, customer_id=customer, key="k", slot="s", trigger_id=event.id,
            entered_at=now, anchor=now,
        )  # fmt: skip
        session.add(enrollment)
        session.flush()
        terms = CouponTerms(name="五元", amount_off=500, valid="4d").model_dump(mode="json")
        message = Message(
            enrollment_id=enrollment.id, customer_id=customer, journey="welcome", step="hi", template="hello",
            kind="marketing", channel="sms", recipient="+8613800000001", body="", status="unknown", counts=True,
            day=now, claimed_at=now,
        )  # fmt: skip
        coupon = Coupon(
            code="ABCD2345", campaign="five", customer_id=customer, enrollment_id=enrollment.id, step="hi",
            terms=terms, status="issued", issued_at=now, expires_at=now, cost=500,
        )  # fmt: skip
        session.add_all([message, coupon])
        session.flush()
        number = message.id
    assert admin.post(f"/v1/messages/{number}/settle", json={"status": "sent"}).status_code == 200
    assert newest(admin) == entry("message.settle", f"message:{number}", {"status": "unknown"}, {"status": "sent"})
    assert admin.post("/v1/coupons/ABCD2345/revoke").status_code == 200
    assert newest(admin) == entry("coupon.revoke", "coupon:ABCD2345", {"status": "issued"}, {"status": "revoked"})


def test_who_and_from_where(admin: Browser, signed_in: SignedIn) -> None:
    me = admin.get("/v1/session").json()["id"]
    key = admin.post("/v1/keys", json={"name": "robot", "scopes": ["admin"]}).json()
    robot = Browser(signed_in("admin")._app, "10.9.9.9")
    robot.post("/v1/journeys/welcome/pause", headers={"authorization": f"Bearer {key['secret']}"})
    first, second = admin.get("/v1/audit?limit=9&action=journey").json()["entries"]
    assert (first["actor"], first["name"], first["address"]) == (f"key:{key['id']}", "robot", "10.9.9.9")
    assert (second["actor"], second["name"], second["address"]) == (f"user:{me}", "a admin", "10.0.0.1")


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("action=journey.pause", ["journey.pause"]),
        ("action=journey", ["journey.pause", "journey.publish"]),
        ("action=jour", []),
        ("target=journey:welcome", ["journey.pause", "journey.publish"]),
        ("actor=key:1", []),
    ],
)
def test_it_is_searched(admin: Browser, query: str, actions: list[str]) -> None:
    admin.post("/v1/journeys/welcome/pause")
    found = admin.get(f"/v1/audit?{query}").json()["entries"]
    assert [each["action"] for each in found] == actions


def test_pages_follow_each_other(admin: Browser) -> None:
    whole = admin.get("/v1/audit").json()["entries"]
    pages, after = [], ""
    while True:
        page = admin.get(f"/v1/audit?limit=1{after}").json()
        pages += page["entries"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == whole
    assert len(whole) == 2
