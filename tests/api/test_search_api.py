"""Searching from anywhere: what is found, and by whom."""

from collections.abc import Callable
from typing import Any

import pytest
from calling import Caller
from sqlalchemy import update

from api.search import masked
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Customer
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.compile import read_journey

SPEC = """\
journey: abandoned_cart
name: 弃购挽回
trigger: {event: order.paid}
entry: {again: never}
steps:
  - {id: hi, send: hello, via: [sms]}
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> None:
    plan = read_journey(SPEC, "", None).plan
    assert plan is not None
    idents = identify(None, {"phone": "13800000001", "openid:mini": "oX1", "unionid": "<img onerror=x>"})
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好")
        publish_journey(session, plan, SPEC, clock.now())
        resolve(session, [idents], clock.now())


def found(call_with: Callable[..., Caller], scopes: tuple[str, ...], text: str) -> dict[str, Any]:
    body: dict[str, Any] = call_with(scopes=scopes).get("/v1/search", params={"q": text}).json()
    return body


@pytest.mark.usefixtures("shop")
class TestSearch:
    @pytest.mark.parametrize("text", ["CART", "弃购", "abandoned_cart"])
    def test_a_journey_by_a_part_of_its_name_or_title(self, call_with: Callable[..., Caller], text: str) -> None:
        assert found(call_with, ("journeys.read",), text) == {
            "journeys": [{"journey": "abandoned_cart", "title": "弃购挽回", "state": "live"}],
            "customers": [],
        }

    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            ("138 0000 0001", "phone", "+8613800000001"),
            ("+8613800000001", "phone", "+8613800000001"),
            ("oX1", "openid:mini", "oX1"),
            ("<img onerror=x>", "unionid", "<img onerror=x>"),
            ("1", None, None),
        ],
    )
    def test_a_customer_by_a_whole_identifier_or_the_id(
        self, call_with: Callable[..., Caller], text: str, kind: str | None, value: str | None
    ) -> None:
        (customer,) = found(call_with, ("read",), text)["customers"]
        assert (customer["id"], customer["kind"], customer["value"]) == (1, kind, value)

    def test_a_customer_is_shown_by_their_name(self, db: Database, call_with: Callable[..., Caller]) -> None:
        with db.begin() as session:
            session.execute(update(Customer).values(name="<b>李</b>"))
        assert found(call_with, ("read",), "13800000001")["customers"][0]["name"] == "<b>李</b>"

    def test_identifiers_are_masked_for_who_may_not_see_them(self, call_with: Callable[..., Caller]) -> None:
        (customer,) = found(call_with, ("customers.read",), "13800000001")["customers"]
        assert customer["value"] == "••••0001"

    def test_nobody_finds_what_they_may_not_read(self, call_with: Callable[..., Caller]) -> None:
        assert found(call_with, ("ingest",), "1") == {"journeys": [], "customers": []}

    @pytest.mark.parametrize("text", ["1380000000", "zzz", "9" * 30, "٣", "%", "\u202e"])
    def test_what_is_not_there(self, call_with: Callable[..., Caller], text: str) -> None:
        assert found(call_with, ("read",), text) == {"journeys": [], "customers": []}

    @pytest.mark.parametrize("text", ["", "a\x00b", "x" * 201])
    def test_nonsense_is_refused(self, call_with: Callable[..., Caller], text: str) -> None:
        assert call_with(scopes=("read",)).get("/v1/search", params={"q": text}).status_code == 422


@pytest.mark.parametrize(("value", "shown"), [("+8613800000001", "••••0001"), ("oX1", "••••1"), ("ab", "••••")])
def test_a_short_one_shows_less(value: str, shown: str) -> None:
    assert masked(value) == shown
