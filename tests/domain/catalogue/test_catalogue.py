"""The event catalogue: what is refused, what is kept, and the page made of it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import Shop

from domain.catalogue.chinese import CHINESE
from domain.catalogue.data import CustomerData
from domain.catalogue.page import FIELDS, document
from domain.catalogue.types import CATALOGUE, is_business
from domain.catalogue.validation import FieldError, as_stored, validate
from domain.catalogue.wire import parse_instant
from domain.stock import inventory
from domain.stock.tables import Lot, Stream
from runtime.chinese import in_chinese
from workflows.language.policy import CouponTerms
from workflows.terms import fields
from workflows.terms.comparing import NOW_PARTS
from workflows.terms.names.events import EVENT_NAMES
from workflows.terms.names.fields import field_name
from workflows.terms.values import Language

ORDER = {"order_id": "o1", "total": 8900}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("customer.registered", {}),
    ("customer.updated", {"name": "李", "birthday": "1990-02-28", "city": "杭州", "owner": "g1"}),
    ("customer.updated", {"timezone": "Europe/Berlin", "favourite": {"colour": "red"}}),
    ("customer.updated", {"city": None}),
    ("customer.updated", {"birthday": "--02-29", "birthday_lunar": "12-30"}),
    ("customer.updated", {"birthday": "03-05"}),
    ("customer.birthday", {"journey": "vip_birthday"}),
    ("consent.given", {"channel": "sms"}),
    ("consent.withdrawn", {"channel": "wechat", "purpose": "marketing", "source": "回T退订", "wording": "v3"}),
    ("cart.updated", {"cart_id": "k1", "total": 0, "items": []}),
    ("cart.cleared", {"cart_id": "k1"}),
    (
        "order.paid",
        ORDER | {"items": [{"sku": "s", "category": "咖啡豆", "quantity": 2, "price": 4450, "weight": 0.25}]},
    ),
    ("order.delivered", {"order_id": "o1"}),
    ("order.refunded", {"order_id": "o1", "total": 100}),
    ("product.viewed", {"sku": "s"}),
    ("stream.scheduled", {"stream_id": "s1", "starts_at": "2026-03-05T20:00:00+08:00"}),
    ("stream.left", {"stream_id": "s1", "watched_minutes": 12.5}),
    ("stream.left", {"stream_id": "s1", "watched_minutes": 12}),
    ("message.clicked", {"message": 7, "enrollment": 1, "step": "remind", "journey": "abandoned_cart"}),
    ("coupon.redeemed", {"code": "C1"}),
    ("lot.received", {"lot_id": "l1", "sku": "s", "quantity": 3, "expires_on": "2028-02-29"}),
    ("stock.counted", {"lot_id": "l1", "quantity": 0}),
    ("stock.alarm", {}),
    ("todo.done", {}),
    ("shop.closed", {"anything": [1, None, {"at": "all"}]}),
]

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("order.paid", {"total": 1}, "order_id", "missing"),
    ("order.paid", {"order_id": None, "total": 1}, "order_id", "wrong_type"),
    ("order.paid", ORDER | {"order_id": 881}, "order_id", "wrong_type"),
    ("order.paid", ORDER | {"order_id": ""}, "order_id", "out_of_range"),
    ("order.paid", ORDER | {"order_id": "o" * 201}, "order_id", "out_of_range"),
    ("order.paid", ORDER | {"total": "8900"}, "total", "wrong_type"),
    ("order.paid", ORDER | {"total": 89.0}, "total", "wrong_type"),
    ("order.paid", ORDER | {"total": True}, "total", "wrong_type"),
    ("order.paid", ORDER | {"total": -1}, "total", "out_of_range"),
    ("order.paid", ORDER | {"total": 10**16}, "total", "out_of_range"),
    ("order.paid", ORDER | {"items": {"sku": "s"}}, "items", "wrong_type"),
    ("order.paid", ORDER | {"items": ["s"]}, "items.0", "wrong_type"),
    ("order.paid", ORDER | {"items": [{"sku": "s"}, {"quantity": 1}]}, "items.1.sku", "missing"),
    ("order.paid", ORDER | {"items": [{"sku": "s", "price": 1.5}]}, "items.0.price", "wrong_type"),
    ("order.refunded", {"order_id": "o1", "total": "all"}, "total", "wrong_type"),
    ("consent.given", {"channel": "fax"}, "channel", "not_allowed"),
    ("consent.given", {}, "channel", "missing"),
    ("customer.updated", {"birthday": "28.2.1990"}, "birthday", "bad_date"),
    ("customer.updated", {"birthday": "1990-02-30"}, "birthday", "bad_date"),
    ("customer.updated", {"birthday": "02-30"}, "birthday", "bad_date"),
    ("customer.updated", {"birthday": "3-5"}, "birthday", "bad_date"),
    ("customer.updated", {"birthday_lunar": "08-31"}, "birthday_lunar", "bad_date"),
    ("customer.updated", {"birthday": 0}, "birthday", "bad_date"),
    ("customer.updated", {"birthday": "1990-02-28T00:00:00"}, "birthday", "bad_date"),
    ("customer.updated", {"timezone": "Asia/Atlantis"}, "timezone", "bad_timezone"),
    ("customer.updated", {"timezone": "America"}, "timezone", "bad_timezone"),
    ("customer.updated", {"timezone": "localtime"}, "timezone", "bad_timezone"),
    ("customer.updated", {"timezone": "../../etc/passwd"}, "timezone", "bad_timezone"),
    ("customer.updated", {"name": ["李"]}, "name", "wrong_type"),
    ("stream.scheduled", {"stream_id": "s1"}, "starts_at", "missing"),
    ("stream.scheduled", {"stream_id": "s1", "starts_at": "2026-03-05T20:00:00"}, "starts_at", "bad_time"),
    ("stream.scheduled", {"stream_id": "s1", "starts_at": 1772712000}, "starts_at", "bad_time"),
    ("stream.left", {"stream_id": "s1", "watched_minutes": True}, "watched_minutes", "wrong_type"),
    ("message.read", {"message": 0}, "message", "out_of_range"),
    ("message.read", {"enrollment": 2**63}, "enrollment", "out_of_range"),
    ("lot.received", {"lot_id": "l", "sku": "s", "quantity": 1}, "expires_on", "missing"),
    ("stock.counted", {"lot_id": "l", "quantity": "2.5"}, "quantity", "wrong_type"),
    ("stock.counted", {"lot_id": "l", "quantity": 2.5678}, "quantity", "too_fine"),
    ("stock.counted", {"lot_id": "l", "quantity": True}, "quantity", "wrong_type"),
]


class TestValidate:
    @pytest.mark.parametrize(("type_", "data"), GOOD)
    def test_takes(self, type_: str, data: dict[str, Any]) -> None:
        assert validate(type_, data) == []

    @pytest.mark.parametrize(("type_", "data", "field", "reason"), BAD)
    def test_refuses(self, type_: str, data: dict[str, Any], field: str, reason: str) -> None:
        assert [(error.field, error.reason) for error in validate(type_, data)] == [(field, reason)]

    @pytest.mark.parametrize(("type_", "data"), [(type_, data) for type_, data, _, _ in BAD])
    def test_every_refusal_is_explained_in_words(self, type_: str, data: dict[str, Any]) -> None:
        (error,) = validate(type_, data)
        assert error.detail not in ("", "has a wrong value")
        assert re.search("[一-鿿]", in_chinese(error.detail))

    def test_all_errors_come_at_once(self) -> None:
        found = validate("order.paid", {"total": -1, "items": [{"sku": "s", "price": -1}]})
        assert [error.field for error in found] == ["order_id", "total", "items.0.price"]

    def test_the_value_is_never_repeated(self) -> None:
        found = validate(
            "customer.updated", {"name": 13800000001, "birthday": "13800000001", "timezone": "13800000001"}
        )
        assert len(found) == 3
        assert not any("13800000001" in error.detail + error.field for error in found)

    @given(st.sampled_from(sorted(CATALOGUE)), st.dictionaries(st.text(), st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )), st.data())  # fmt: skip
    def test_any_data_is_judged_without_an_error(self, type_: str, junk: dict[str, Any], data: st.DataObject) -> None:
        names = sorted({name.partition(".")[0] for name in FIELDS[type_]})
        if names and junk:
            junk[data.draw(st.sampled_from(names))] = next(iter(junk.values()))
        assert all(isinstance(error, FieldError) for error in validate(type_, junk))


class TestGiven:
    def test_a_null_is_a_field_left_out(self) -> None:
        data = {"order_id": "o1", "cart_id": None, "items": [{"sku": "s", "price": None}], "note": {"by": None}}
        assert as_stored("order.paid", data) == {"order_id": "o1", "items": [{"sku": "s"}], "note": {}}

    def test_a_null_clears_what_is_known_of_a_customer(self) -> None:
        assert as_stored("customer.updated", {"city": None}) == {"city": None}

    def test_an_unknown_type_is_kept_as_it_is(self) -> None:
        assert as_stored("shop.closed", {"why": None}) == {"why": None}


class TestFields:
    def test_the_fields_of_a_list_stand_beside_it(self) -> None:
        assert {"total", "items", "items.category", "items.sku"} <= FIELDS["order.paid"]

    def test_every_known_type_has_an_entry(self) -> None:
        assert FIELDS.keys() == CATALOGUE.keys()


class TestIsBusiness:
    @pytest.mark.parametrize("name", ["lot.received", "lot.moved", "stock.counted", "stream.scheduled", "stream.ended"])
    def test_stock_lots_and_the_life_of_a_stream_have_no_customer(self, name: str) -> None:
        assert is_business(name)

    @pytest.mark.parametrize("name", ["order.paid", "stream.joined", "stream.left", "customer.birthday", "lottery.won"])
    def test_the_rest_happened_to_a_customer(self, name: str) -> None:
        assert not is_business(name)


class TestParseInstant:
    @pytest.mark.parametrize(
        "text",
        ["2026-03-02T19:40:00+08:00", "2026-03-02T11:40:00Z", "2026-03-02 11:40:00.000z", "2026-03-02t06:40:00-05:00"],
    )
    def test_every_spelling_of_an_instant_is_that_instant(self, text: str) -> None:
        assert parse_instant(text) == datetime(2026, 3, 2, 11, 40, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "2026-03-02",
            "2026-03-02T19:40:00",
            "2026-03-02T19:40+08:00",
            "2026-W10-1T19:40:00+08:00",
            "20260302T194000Z",
            "2026-02-30T19:40:00Z",
            "2026-03-02T24:40:00Z",
            "2026-03-02T19:40:00+99:00",
            "0001-01-01T00:00:00+08:00",
            "9999-12-31T23:59:59-08:00",
            "２０２６-03-02T19:40:00Z",
        ],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"must|exists"):
            parse_instant(text)


@pytest.mark.parametrize(("name", "lang"), [("events.md", "zh"), ("events.en.md", "en")])
def test_the_page_is_what_the_catalogue_says(name: str, lang: Language) -> None:
    page = Path(__file__).parents[3] / "docs" / name
    assert page.read_text(encoding="utf-8") == document(lang)


def test_the_chinese_page_says_everything_in_chinese() -> None:
    cells = {cell for line in document("zh").splitlines() for cell in line.split(" | ")}
    assert {cell for cell in cells if re.search(r"[A-Za-z]{2,} [a-z]{2,}", re.sub("`[^`]*`", "", cell))} == set()
    english = document("en")
    assert {words for words in CHINESE if words not in english} == set()


def test_specs_are_checked_against_what_there_is_to_ask(shop: Shop) -> None:
    shop.post("lot.received", lot_id="l1", sku="milk", quantity=1, expires_on="2026-03-20")
    shop.post("stream.scheduled", stream_id="s1", starts_at="2026-03-03T20:00:00+08:00")
    with shop.db() as session:
        lot = inventory.lot_facts(session.get_one(Lot, "l1"), None, None, shop.clock.now(), ZoneInfo("Asia/Shanghai"))
        stream = inventory.stream_facts(session.get_one(Stream, "s1"))
    assert lot is not None
    assert stream is not None
    assert {name: set(known) for name, known in fields.FIELDS.items()} == {
        "lot": lot.keys(),
        "stream": stream.keys(),
        "now": set(NOW_PARTS),
        "coupon": {*CouponTerms.model_fields, "code", "campaign", "status", "expires_at"},
    }


def test_every_event_has_a_chinese_name() -> None:
    assert CATALOGUE.keys() - EVENT_NAMES.keys() == set()


def test_every_field_has_a_chinese_name_of_its_own() -> None:
    roots = {root: [f"{root}.{each}" for each in known] for root, known in fields.FIELDS.items()}
    for type, known in FIELDS.items():
        roots[type] = [f"event.{each}" for each in known] + [f"trigger.{each}" for each in known]
    customer = (*fields.DERIVED, *fields.RANKED, *CustomerData.model_fields)
    roots["customer"] = [f"customer.{each}" for each in customer]
    for root, known in roots.items():
        named = [field_name(each, "zh") or each for each in known]
        assert [each for each in named if each.isascii()] == [], root
        assert len(set(named)) == len(known), root
    assert field_name("customer.birthday.month", "zh") == "客户生日的月份"
    assert field_name("customer.whatever", "zh") is None
