"""`/v1/campaigns`: what was issued, used and is left, and the life of a coupon."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from shop import Shop

from domain.conditions.facts import CustomerFacts
from domain.coupons.issuing import expire, issue
from domain.coupons.tables import Coupon
from domain.customers.resolution import lock_customers
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.store.clock import VirtualClock
from domain.store.work import Database

TERMS = {
    "name": "满59减10",
    "amount_off": 1000,
    "threshold": 5900,
    "valid": "2d",
    "budget_count": 5,
    "per_customer": "1 per 30d",
}
SPEC = """
    journey: gifts
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{wait: 1d}]
"""
NAMES = ("li", "wang", "zhao")


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC, coupons={"ten": TERMS})
    for name in NAMES:
        shop.post("form.filled", name)
    for enrollment in shop.rows(Enrollment):
        with shop.db.begin() as work:
            (customer,) = lock_customers(work, [enrollment.customer_id]).values()
            facts = CustomerFacts(work, read_library(work), customer, clock.now())
            issue(work, facts, enrollment, "gift", "ten")
    return shop


@pytest.fixture
def till(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("ingest", "read", "admin"))


def codes(shop: Shop) -> list[str]:
    return [coupon.code for coupon in sorted(shop.rows(Coupon), key=lambda each: each.customer_id)]


def basket(name: str, code: str, **more: object) -> dict[str, object]:
    lines = [{"sku": "beans", "quantity": 1, "price": 8900}]
    return {"customer": f"member_no:{name}", "lines": lines, "codes": [code], **more}


def test_a_campaign_tells_what_was_issued_used_and_is_left(shop: Shop, till: Caller) -> None:
    first, second, third = codes(shop)
    assert till.post("/v1/coupons/lock", json=basket("li", first, order_id="o1")).status_code == 200
    assert till.post("/v1/coupons/redeem", json={"order_id": "o1"}).status_code == 200
    assert till.post("/v1/coupons/lock", json=basket("wang", second, order_id="o2")).status_code == 200
    assert till.post(f"/v1/coupons/{third}/revoke").status_code == 200
    (campaign,) = till.get("/v1/campaigns").json()
    assert campaign["terms"]["name"] == "满59减10"
    assert campaign["terms"]["per_customer"] == {"count": 1, "days": 30}
    counts = {name: campaign[name] for name in ("issued", "live", "locked", "redeemed", "expired", "revoked", "left")}
    assert counts == {
        "issued": 3, "live": 1, "locked": 1, "redeemed": 1, "expired": 0, "revoked": 1, "left": 3
    }  # fmt: skip
    assert (campaign["liability"], campaign["discounts"], campaign["left_money"]) == (1000, 1000, None)

    shop.clock.set(shop.clock.now() + timedelta(days=3))
    with shop.db.begin() as work:
        expire(work, shop.clock.now(), 100)
    detail = till.get("/v1/campaigns/ten").json()
    assert (detail["live"], detail["expired"], detail["liability"], detail["left"]) == (0, 1, 0, 4)
    assert [day["issued"] for day in detail["days"]] == [0] * 26 + [3] + [0] * 3
    assert {"redeemed": 1, "expired": 1, "revoked": 1}.items() <= detail["days"][26].items()


def test_its_coupons_are_paged_and_found_by_their_state(shop: Shop, till: Caller) -> None:
    seen, after = [], ""
    for _ in NAMES:
        page = till.get(f"/v1/campaigns/ten/coupons?limit=1&after={after}").json()
        seen += [each["code"] for each in page["coupons"]]
        after = page["next"] or ""
    assert sorted(seen) == sorted(codes(shop))
    assert after == ""
    till.post(f"/v1/coupons/{seen[0]}/revoke")
    revoked = till.get("/v1/campaigns/ten/coupons?status=revoked").json()["coupons"]
    assert [each["code"] for each in revoked] == [seen[0]]
    assert till.get("/v1/campaigns/ten/coupons?after=nowhere").status_code == 422
    assert till.get("/v1/campaigns/ten/coupons?after=999999999999999999_x").status_code == 422


def test_a_coupon_tells_its_life(shop: Shop, till: Caller) -> None:
    code = codes(shop)[0]
    till.post("/v1/coupons/lock", json=basket("li", code, order_id="o1"))
    till.post("/v1/coupons/redeem", json={"order_id": "o1"})
    till.post("/v1/coupons/refund", json={"order_id": "o1", "refund_id": "r1"})
    life = till.get(f"/v1/coupons/{code.lower()}/life").json()
    assert [(each["type"], each["order_id"]) for each in life["life"]] == [
        ("coupon.issued", None), ("coupon.locked", "o1"), ("coupon.redeemed", "o1"), ("coupon.restored", "o1"),
    ]  # fmt: skip
    assert (life["status"], life["step"], life["cost"]) == ("issued", "gift", 1000)


@pytest.mark.usefixtures("shop")
def test_what_isnt_there_is_not_found(till: Caller) -> None:
    assert till.get("/v1/campaigns/twenty").status_code == 404
    assert till.get("/v1/coupons/ABCD2345/life").status_code == 404


def test_a_campaign_that_is_no_more_keeps_what_came_of_it(shop: Shop, till: Caller) -> None:
    shop.publish(SPEC)
    (campaign,) = till.get("/v1/campaigns").json()
    assert (campaign["terms"], campaign["live"], campaign["left"]) == (None, 3, None)
