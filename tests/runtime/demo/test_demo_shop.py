import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from ruamel.yaml import YAML

from domain.catalogue.types import is_business
from domain.catalogue.validation import validate
from domain.customers.identifiers import identify
from domain.texts.rendering import render
from domain.voice.reading import EmbeddedReader
from domain.voice.themes import Themes
from runtime.demo.catalog import LIGHT
from runtime.demo.events import Event
from runtime.demo.shop import Shop, build

ROOT = Path(__file__).parents[3]
EVENING = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
START = EVENING.replace(hour=19, minute=30)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return build(EVENING)


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def of_type(events: list[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event["type"] in kinds]


def people(shop: Shop) -> dict[str, Event]:
    """Registrations by each identifier that they bring."""
    return {
        f"{kind}:{value}": event
        for event in of_type(shop.events, "customer.registered")
        for kind, value in event["data"]["customer"].items()
    }


def who(event: Event, registered: Mapping[str, Event]) -> Event:
    kind, value = identify(event.get("subject"), event["data"].get("customer"))[0]
    return registered[f"{kind}:{value}"]


def orders_by_customer(shop: Shop, events: list[Event]) -> dict[str, list[Event]]:
    registered = people(shop)
    found = defaultdict(list)
    for event in of_type(events, "order.paid"):
        found[who(event, registered)["id"]].append(event)
    return found


class TestBuild:
    def test_the_same_evening_and_seed_tell_the_same_story(self, shop: Shop) -> None:
        assert build(EVENING.replace(hour=21), 7) == shop
        assert build(EVENING, 8).evening_events != shop.evening_events

    def test_the_evening_is_a_local_day(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            build(EVENING.replace(tzinfo=None))

    @pytest.mark.parametrize("day", [date(2028, 2, 26), date(2026, 12, 29)])
    def test_any_day_will_do(self, day: date) -> None:
        assert build(datetime(day.year, day.month, day.day, tzinfo=EVENING.tzinfo)).evening_events

    def test_ids_are_unique_and_differ_between_evenings(self, shop: Shop) -> None:
        ids = {event["id"] for event in shop.events}
        assert len(ids) == len(shop.events)
        assert ids.isdisjoint(event["id"] for event in build(EVENING + timedelta(days=1)).events)

    def test_orders_are_named_once(self, shop: Shop) -> None:
        names = [event["data"]["order_id"] for event in of_type(shop.events, "order.paid")]
        assert len(set(names)) == len(names)

    def test_events_are_in_time_order(self, shop: Shop) -> None:
        times = [at(event) for event in shop.events]
        assert times == sorted(times)
        for part in (shop.customers_events, shop.streams_events, shop.lots_events, shop.history_events):
            assert [at(event) for event in part] == sorted(at(event) for event in part)

    def test_events_are_cloudevents_of_the_catalogue(self, shop: Shop) -> None:
        for event in shop.events:
            assert event["specversion"] == "1.0"
            assert event["source"] == "demo"
            assert event["time"].endswith("+08:00")
            assert validate(event["type"], event["data"]) == []


class TestCustomers:
    def test_each_customer_event_names_a_customer_who_has_registered(self, shop: Shop) -> None:
        registered = people(shop)
        for event in shop.events:
            if is_business(event["type"]):
                assert "subject" not in event
                assert "customer" not in event["data"]
            else:
                assert at(who(event, registered)) <= at(event)

    def test_there_are_200_of_them_and_no_two_share_an_identifier(self, shop: Shop) -> None:
        registrations = of_type(shop.events, "customer.registered")
        assert len(registrations) == 200
        assert len(people(shop)) == sum(len(event["data"]["customer"]) for event in registrations)

    def test_phones_are_valid(self, shop: Shop) -> None:
        phones = [name.removeprefix("phone:") for name in people(shop) if name.startswith("phone:")]
        assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)

    @pytest.mark.parametrize("kind", ["phone", "openid", "external_userid"])
    def test_not_everybody_can_be_reached_everywhere(self, shop: Shop, kind: str) -> None:
        reachable = [name for name in people(shop) if name.startswith(f"{kind}:")]
        assert 80 < len(reachable) < 200

    def test_some_withdrew_what_they_had_agreed_to(self, shop: Shop) -> None:
        assert len(of_type(shop.customers_events, "consent.withdrawn")) >= 3

    def test_high_value_customers_stay_so_and_some_have_their_birthday_in_the_week_after(self, shop: Shop) -> None:
        last_day = START + timedelta(days=7)
        registrations = {event["id"]: event for event in people(shop).values()}
        birthdays = {f"{START + timedelta(days=n):%m-%d}" for n in range(1, 8)}
        vips = [
            registrations[customer]
            for customer, orders in orders_by_customer(shop, shop.history_events).items()
            if sum(order["data"]["total"] for order in orders) >= 1000_00
            and sum(at(order) > last_day - timedelta(days=90) for order in orders) >= 3
        ]
        assert len(vips) >= 20
        assert sum(vip["data"].get("birthday", "")[5:] in birthdays for vip in vips) >= 3

    def test_some_watch_every_show_and_never_buy(self, shop: Shop) -> None:
        registered = people(shop)
        buyers = orders_by_customer(shop, shop.history_events)
        visits: dict[str, int] = defaultdict(int)
        for event in of_type(shop.history_events, "stream.left"):
            if event["data"]["watched_minutes"] >= 15 and at(event) > START - timedelta(days=30):
                visits[who(event, registered)["id"]] += 1
        assert sum(count >= 3 and customer not in buyers for customer, count in visits.items()) >= 20


class TestHistory:
    def test_what_was_bought_before_is_too_old_to_start_a_journey(self, shop: Shop) -> None:
        assert max(at(event) for event in shop.history_events) < START - timedelta(days=7)


class TestStock:
    def test_three_lots_expire_within_three_days_of_the_evening(self, shop: Shop) -> None:
        days = [
            date.fromisoformat(event["data"]["expires_on"]) - START.date()
            for event in of_type(shop.lots_events, "lot.received")
        ]
        assert sum(left <= timedelta(days=3) for left in days) == 3
        assert sum(left <= timedelta(days=10) for left in days) == 3

    def test_a_clearance_show_comes_before_a_lot_of_its_city_expires(self, shop: Shop) -> None:
        *_, clearance = (event["data"] for event in shop.streams_events)
        day = datetime.fromisoformat(clearance["starts_at"]).date()
        assert day == START.date() + timedelta(days=2)
        expiring = [
            event["data"]
            for event in of_type(shop.lots_events, "lot.received")
            if event["data"]["city"] == clearance["city"]
            and day <= date.fromisoformat(event["data"]["expires_on"]) <= START.date() + timedelta(days=3)
        ]
        assert {lot["category"] for lot in expiring} == {"乳品", "生鲜"}


class TestEvening:
    def test_it_is_busy_and_over_by_ten(self, shop: Shop) -> None:
        assert 600 <= len(shop.evening_events) <= 1400
        assert at(shop.evening_events[0]) == START
        assert at(shop.evening_events[-1]) < START.replace(hour=22, minute=0)

    def test_first_orders_come_in_through_the_show(self, shop: Shop) -> None:
        before = orders_by_customer(shop, shop.history_events)
        first = [
            orders
            for customer, orders in orders_by_customer(shop, shop.evening_events).items()
            if customer not in before
        ]
        assert len(first) >= 15
        assert all("stream_id" in order["data"] for orders in first for order in orders)

    def test_some_orders_have_coffee_beans(self, shop: Shop) -> None:
        orders = of_type(shop.evening_events, "order.paid")
        assert sum(any(item["category"] == "咖啡豆" for item in order["data"]["items"]) for order in orders) >= 10

    def test_totals_add_up(self, shop: Shop) -> None:
        for event in of_type(shop.events, "order.paid", "cart.updated"):
            assert event["data"]["total"] == sum(item["price"] * item["quantity"] for item in event["data"]["items"])

    def test_carts_are_paid_cleared_or_left(self, shop: Shop) -> None:
        carts = {event["data"]["cart_id"] for event in of_type(shop.evening_events, "cart.updated")}
        paid = {event["data"]["cart_id"] for event in of_type(shop.evening_events, "order.paid")}
        cleared = {event["data"]["cart_id"] for event in of_type(shop.evening_events, "cart.cleared")}
        emptied = {
            event["data"]["cart_id"]
            for event in of_type(shop.evening_events, "cart.updated")
            if event["data"]["total"] == 0
        }
        assert paid < carts
        assert cleared
        assert emptied
        assert len(carts - paid - cleared - emptied) >= 20


class TestLaterDays:
    def test_they_are_the_week_after(self, shop: Shop) -> None:
        assert START.date() < at(shop.later_events[0]).date()
        assert at(shop.later_events[-1]) < START + timedelta(days=7)

    def test_what_comes_back_is_of_the_evening(self, shop: Shop) -> None:
        paid = {event["data"]["order_id"]: event for event in of_type(shop.evening_events, "order.paid")}
        refunds = of_type(shop.later_events, "order.refunded")
        assert refunds
        assert all(paid[event["data"]["order_id"]]["data"]["total"] == event["data"]["total"] for event in refunds)
        assert {event["data"]["order_id"] for event in of_type(shop.later_events, "order.delivered")} == set(paid)

    def test_new_customers_come_back_and_left_carts_are_paid(self, shop: Shop) -> None:
        newcomers = {event["id"] for event in of_type(shop.evening_events, "customer.registered")}
        again = orders_by_customer(shop, shop.later_events)
        assert len(newcomers & set(again)) >= 5
        assert any("cart_id" in event["data"] for event in of_type(shop.later_events, "order.paid"))


EXPIRES = datetime(2026, 3, 6, 19, 30, tzinfo=EVENING.tzinfo)
COMMON: dict[str, Any] = {"shop": {"name": "绿野鲜踪", "sign": "【绿野鲜踪】"}}
MINIMAL: dict[str, Any] = {
    "customer": {"name": None, "city": None},
    "trigger": {"order_id": "o1", "cart_id": "c1", "total": 8900},
    "coupon": {
        "code": "K7", "name": "临期6折券", "expires_at": EXPIRES,
        "amount_off": None, "threshold": None, "ceiling": None, "percent_off": 40,
    },
    "lot": {
        "sku": "milk-950", "name": None, "category": None, "city": None,
        "days_left": 0, "available": 1, "expires_on": "2026-03-05",
    },
    "stream": {"title": None, "city": None, "starts_at": EXPIRES},
    "data": {},
}  # fmt: skip
FULL: dict[str, Any] = {
    "customer": {"name": "欧阳晓雯", "city": "杭州"},
    "trigger": {
        "order_id": "o260302-166", "cart_id": "c260302-166", "total": 123450,
        "items": [
            {"sku": "beans-house-500", "category": "咖啡豆", "name": "意式拼配咖啡豆500g", "quantity": 1},
            {"sku": "blueberry-4", "category": "生鲜", "name": None, "quantity": 2, "price": 5990},
            {"sku": "milk-950"},
        ],
    },
    "coupon": {
        "code": "HK3M9Q2ATX", "name": "购物车专属立减5元", "expires_at": EXPIRES,
        "amount_off": 1000, "threshold": 5990, "ceiling": 3000, "percent_off": None,
    },
    "lot": {
        "sku": "salmon-400", "name": "冷冻三文鱼排400g", "category": "生鲜", "city": "杭州",
        "days_left": 2, "available": 1200, "expires_on": "2026-03-05",
    },
    "stream": {"title": "绿野清仓夜·临期好物专场", "city": "杭州", "starts_at": EXPIRES},
    "data": {"recommend": ["filter-paper-02", "server-600"]},
}  # fmt: skip


def sends(node: Any, subject: frozenset[str]) -> Iterator[tuple[str, str, frozenset[str], bool]]:
    """(template, channel, names the step provides besides the usual ones, transactional) of each send in a spec."""
    if isinstance(node, Mapping):
        if "send" in node:
            extra = subject | {"coupon"} if "coupon" in node or node["send"] == "coupon_expiring" else subject
            for channel in node["via"]:
                yield node["send"], channel, extra, node.get("kind") == "transactional"
        for value in node.values():
            yield from sends(value, subject)
    elif isinstance(node, list):
        for value in node:
            yield from sends(value, subject)


def shipped() -> list[tuple[str, str, frozenset[str], bool]]:
    found = set()
    for path in sorted((ROOT / "journey_specs").glob("[!_]*.yaml")):
        spec = YAML(typ="safe").load(path)
        lots = spec["trigger"].get("for_each") == "near_expiry_lot"
        found |= set(sends(spec["steps"], frozenset({"lot", "stream"} if lots else ())))
    for path in sorted((ROOT / "journey_specs" / "plays").glob("*.yaml")):
        letters = re.findall(r"send: (\w+), via: \[([\w, ]+)\]", path.read_text(encoding="utf-8"))
        found |= {(text, via, frozenset(), True) for text, all_via in letters for via in all_via.split(", ")}
    return sorted(found, key=lambda send: send[:2])


def read(template: str, channel: str) -> str:
    return (ROOT / "templates" / "messages" / template / f"{channel}.j2").read_text(encoding="utf-8")


class TestTexts:
    def test_each_is_of_a_shipped_journey_or_play(self) -> None:
        written = {(path.parent.name, path.stem) for path in (ROOT / "templates" / "messages").glob("*/*.j2")}
        assert written == {(template, channel) for template, channel, *_ in shipped()}

    @pytest.mark.parametrize("facts", [MINIMAL, FULL], ids=["minimal", "full"])
    @pytest.mark.parametrize(("template", "channel", "extra", "transactional"), shipped())
    def test_it_renders_with_what_its_step_provides(
        self, template: str, channel: str, extra: frozenset[str], transactional: bool, facts: dict[str, Any]
    ) -> None:
        given = {name: facts[name] for name in {"customer", "trigger", "data"} | extra}
        text = render(template, read(template, channel), COMMON | given)
        assert "None" not in text
        assert "{" not in text
        assert "\n\n\n" not in text
        if channel == "sms":
            assert text.startswith("【绿野鲜踪】")
            assert len(text) <= 130
            assert text.endswith("拒收请回复R") != transactional
            assert "\n" not in text
        if channel == "wechat":
            assert text.startswith("《")


class TestVoices:
    """What is said in the show."""

    def test_some_six_hundred_comments_are_worth_reading_and_a_dish_is_bland(self, shop: Shop) -> None:
        said = of_type(shop.evening_events, "stream.commented")
        assert 500 <= len(said) <= 750
        read = EmbeddedReader().read([event["data"]["text"] for event in said])
        kinds = [row.kind for rows in read for row in rows]
        assert kinds.count("opinion") + kinds.count("wish") > len(said) / 2
        themes = Themes()
        bland = {
            event["subject"]
            for event, rows in zip(said, read, strict=True)
            for row in rows
            if themes.topic_of(row.aspect, row.sentiment, row.phrase or "")[1] == "口味偏淡"
        }
        assert len(bland) >= 12

    def test_the_light_dish_is_shown_in_the_next_show(self, shop: Shop) -> None:
        (shown,) = of_type(shop.later_events, "stream.showing")
        assert shown["data"]["sku"] == LIGHT
        orders = of_type(shop.later_events, "order.paid")
        assert sum(item["sku"] == LIGHT for order in orders for item in order["data"]["items"]) >= 10
