"""`/v1/coupons`: what a shop calls, from the basket to the refund."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from calling import Caller
from sqlmodel import select

from domain.conditions.facts import CustomerFacts
from domain.coupons import issuing as life
from domain.coupons.codes import make_code
from domain.coupons.issuing import expire
from domain.customers.identifiers import identify
from domain.customers.resolution import lock_customers, resolve
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.published.publishing import publish_document, publish_journey
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.compile import read_journey

SPEC = """
journey: gifts
trigger: {event: form.filled}
entry: {again: always}
steps: [{wait: 1d}]
"""
TERMS = {"name": "满59减10", "amount_off": 1000, "threshold": 5900, "valid": "2d", "skus": ["beans", "milk"]}
LINES = [
    {"sku": "beans", "category": "咖啡豆", "quantity": 1, "price": 5900},
    {"sku": "filters", "quantity": 2, "price": 990},
    {"sku": "milk", "quantity": 3, "price": 500},
]


@pytest.fixture
def codes(db: Database, clock: VirtualClock) -> list[str]:
    """A code of each of two customers."""
    plan = read_journey(SPEC, "", None).plan
    assert plan is not None
    found = []
    with db.begin() as session:
        publish_journey(session, plan, SPEC, clock.now())
        publish_document(session, "_coupons", {"ten": TERMS})
    for name in ("li", "wang"):
        with db.begin() as session:
            who = identify(f"member_no:{name}", None)
            resolve(session, [who], clock.now())
            ingest(session, [Incoming("test", name, "form.filled", clock.now(), {}, who)], now=clock.now())
        with db.begin() as session:
            enrollment = session.exec(select(Enrollment).order_by(Enrollment.id.desc())).first()  # type: ignore[attr-defined]
            assert enrollment is not None
            (customer,) = lock_customers(session, [enrollment.customer_id]).values()
            facts = CustomerFacts(session, read_library(session), customer, clock.now())
            found.append(life.issue(session, facts, enrollment, "gift", "ten").code)
    return found


@pytest.fixture
def till(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("ingest", "read", "admin"))


def basket(*codes: str, **more: Any) -> dict[str, Any]:
    return {"customer": "member_no:li", "lines": LINES, "codes": list(codes), **more}


def call(till: Caller, what: str, **body: Any) -> tuple[int, Any]:
    answer = till.post(f"/v1/coupons/{what}", json=body)
    return answer.status_code, answer.json()


class TestAnOrder:
    def test_from_the_basket_to_the_refund(self, till: Caller, codes: list[str]) -> None:
        code = codes[0]
        applied = {"code": code, "campaign": "ten", "name": "满59减10", "discount": 1000, "lines": [797, 0, 203]}
        quoted = {"discount": 1000, "lines": [797, 0, 203], "coupons": [applied]}
        typed = f"{code[:4].lower()}-{code[4:8]} {code[8:]}"
        assert call(till, "quote", **basket(typed)) == (200, quoted | {"refusals": []})
        state = {"order_id": "o1", **quoted}
        locked = state | {"status": "locked", "locked_until": "2026-03-02T04:10:00Z"}
        assert call(till, "lock", order_id="o1", ttl=600, **basket(typed)) == (200, locked)
        redeemed = state | {"status": "redeemed", "locked_until": None}
        assert call(till, "redeem", order_id="o1") == (200, redeemed)
        part = call(till, "refund", order_id="o1", refund_id="r1", lines=[{"line": 2, "quantity": 2}])
        assert part == (200, {
            "order_id": "o1", "refund_id": "r1", "discount": 135, "restored": [],
            "lines": [{"line": 2, "quantity": 2, "discount": 135}],
        })  # fmt: skip
        status, rest = call(till, "refund", order_id="o1", refund_id="r2")
        assert (status, rest["discount"], rest["restored"]) == (200, 865, [code])
        assert till.get(f"/v1/coupons/{typed}").json() == {
            "code": code, "campaign": "ten", "name": "满59减10", "status": "issued", "customer": 1,
            "issued_at": "2026-03-02T04:00:00Z", "expires_at": "2026-03-04T04:00:00Z",
            "order_id": None, "locked_until": None,
        }  # fmt: skip

    def test_cancelled(self, till: Caller, codes: list[str]) -> None:
        call(till, "lock", order_id="o1", **basket(codes[0]))
        status, answer = call(till, "cancel", order_id="o1")
        assert (status, answer["status"], answer["locked_until"]) == (200, "open", None)
        status, problem = call(till, "redeem", order_id="o1")
        assert (status, problem["refusals"]) == (409, [{"code": codes[0], "reason": "expired", "slip": False}])
        assert problem["type"] == "urn:aftershow:problem:refused"

    def test_redeemed_twelve_times_at_once(self, till: Caller, codes: list[str]) -> None:
        call(till, "lock", order_id="o1", **basket(codes[0]))
        with ThreadPoolExecutor(12) as threads:
            found = list(threads.map(lambda _: call(till, "redeem", order_id="o1"), range(12)))
        assert found == [found[0]] * 12
        assert found[0][0] == 200

    @pytest.mark.parametrize(
        ("what", "body"),
        [("redeem", {}), ("cancel", {}), ("refund", {"refund_id": "r1"})],
    )
    def test_an_unknown_order(self, till: Caller, what: str, body: dict[str, Any]) -> None:
        assert call(till, what, order_id="o9", **body)[0] == 404

    def test_what_does_not_go_with_what_was_done(self, till: Caller, codes: list[str]) -> None:
        call(till, "lock", order_id="o1", **basket(codes[0]))
        assert call(till, "lock", order_id="o1", **basket(codes[0]) | {"lines": LINES[:1]})[0] == 409
        assert call(till, "refund", order_id="o1", refund_id="r1")[0] == 409
        call(till, "redeem", order_id="o1")
        assert call(till, "cancel", order_id="o1")[1]["detail"] == "The order has used its coupons; refund it."
        status, problem = call(till, "refund", order_id="o1", refund_id="r1", lines=[{"line": 2, "quantity": 4}])
        assert (status, problem["errors"][0]["field"]) == (422, "lines.0.quantity")


class TestRefusals:
    def test_each_code_has_its_own(self, till: Caller, codes: list[str]) -> None:
        unknown = make_code()
        _, answer = call(till, "quote", **basket(codes[0], codes[1], unknown, codes[0][:-1]))
        assert answer["discount"] == 1000
        assert [(each["reason"], each["slip"]) for each in answer["refusals"]] == [
            ("not_yours", False), ("unknown", False), ("unknown", True),
        ]  # fmt: skip

    def test_an_unknown_customer_learns_nothing(self, till: Caller, codes: list[str]) -> None:
        _, answer = call(till, "quote", **basket(codes[0]) | {"customer": "member_no:nobody"})
        assert [each["reason"] for each in answer["refusals"]] == ["not_yours"]
        status, problem = call(till, "lock", order_id="o1", **basket(codes[0]) | {"customer": "999"})
        assert (status, problem["refusals"][0]["reason"]) == (409, "not_yours")


class TestACoupon:
    def test_taken_back(self, till: Caller, codes: list[str]) -> None:
        first = till.post(f"/v1/coupons/{codes[0]}/revoke")
        assert (first.status_code, first.json()["status"]) == (200, "revoked")
        assert till.post(f"/v1/coupons/{codes[0]}/revoke").json() == first.json()
        call(till, "lock", order_id="o1", **basket(codes[1]) | {"customer": "member_no:wang"})
        assert till.post(f"/v1/coupons/{codes[1]}/revoke").json()["detail"] == "The coupon is locked."

    def test_of_a_customer(self, till: Caller, codes: list[str], db: Database, clock: VirtualClock) -> None:
        clock.set(clock.now() + timedelta(days=2))
        with db.begin() as session:
            assert expire(session, clock.now(), 10) == 2
        found = till.get("/v1/customers/1/coupons").json()
        assert [(each["code"], each["status"]) for each in found] == [(codes[0], "expired")]
        assert till.get("/v1/customers/9/coupons").status_code == 404

    def test_a_slip_is_told(self, till: Caller, codes: list[str]) -> None:
        assert till.get(f"/v1/coupons/{make_code()}").json()["detail"] == "There is no such coupon."
        assert till.get(f"/v1/coupons/{codes[0]}2").json()["detail"] == "The code was mistyped."
        assert till.get("/v1/coupons/a%00b").status_code == 422


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"lines": []}, "lines"),
            ({"lines": [LINES[0] | {"price": -1}]}, "lines.0.price"),
            ({"lines": [LINES[0], LINES[1] | {"price": 10**9 + 1}]}, "lines.1.price"),
            ({"lines": [LINES[0] | {"price": 10**30}]}, "lines.0.price"),
            ({"lines": [LINES[0] | {"price": 59.0}]}, "lines.0.price"),
            ({"lines": [LINES[0] | {"price": "5900"}]}, "lines.0.price"),
            ({"lines": [LINES[0] | {"quantity": 0}]}, "lines.0.quantity"),
            ({"lines": [LINES[0] | {"quantity": True}]}, "lines.0.quantity"),
            ({"lines": [LINES[0] | {"sku": "a\x00b"}]}, "lines.0.sku"),
            ({"lines": [LINES[0] | {"colour": "red"}]}, "lines.0.colour"),
            ({"lines": LINES * 200}, "lines"),
            ({"codes": []}, "codes"),
            ({"codes": ["2345", "23-45"]}, "codes"),
            ({"codes": [5]}, "codes.0"),
            ({"customer": "li"}, "customer"),
            ({"customer": "phone:12"}, "customer"),
            ({"order_id": ""}, "order_id"),
            ({"ttl": 0}, "ttl"),
            ({"ttl": 7201}, "ttl"),
        ],
    )
    def test_the_field_is_named(self, till: Caller, change: dict[str, Any], field: str) -> None:
        status, problem = call(till, "lock", **{**basket("2345"), "order_id": "o1", **change})
        assert (status, problem["errors"][0]["field"]) == (422, field)

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"NaN", b"[" * 10**5, b"1" * 9999]
    )
    @pytest.mark.parametrize("what", ["quote", "lock", "redeem", "cancel", "refund"])
    def test_what_is_no_body(self, till: Caller, what: str, body: bytes) -> None:
        assert till.post(f"/v1/coupons/{what}", content=body).status_code == 422

    def test_too_large(self, till: Caller) -> None:
        assert till.post("/v1/coupons/quote", content=b" " * 1_000_001).status_code == 413

    def test_a_line_twice_in_one_refund(self, till: Caller) -> None:
        lines = [{"line": 0, "quantity": 1}] * 2
        status, problem = call(till, "refund", order_id="o1", refund_id="r", lines=lines)
        assert (status, problem["errors"][0]["field"]) == (422, "lines")


class TestScopes:
    @pytest.mark.parametrize(
        ("method", "path", "scope"),
        [
            *(("POST", f"coupons/{what}", "ingest") for what in ("quote", "lock", "redeem", "cancel", "refund")),
            ("POST", "coupons/X/revoke", "admin"),
            ("GET", "coupons/X", "read"),
            ("GET", "customers/1/coupons", "read"),
        ],
    )
    def test_each_needs_its_own(self, call_with: Callable[..., Caller], method: str, path: str, scope: str) -> None:
        others = tuple({"ingest", "read", "admin"} - {scope})
        assert call_with(scopes=others).request(method, f"/v1/{path}").status_code == 403
        assert call_with(scopes=(scope,)).request(method, f"/v1/{path}").status_code in (404, 422)
