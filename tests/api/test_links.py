"""Links in messages lead where their text says and nowhere else; the preferences page is the customer's own."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import Shop

from activities.journey import JourneyActivities
from api.app import create_app
from api.links import router
from domain.customers.tables import Consent
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.texts.links import Site

SITE = Site("https://shop.example", b"k" * 32)
SPEC = """
    journey: welcome
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: hello, send: hello, via: [sms]}, {id: more, send: more, via: [sms]}, {wait: 1d}]
"""
TEXTS = {
    "hello": "看看 {{ link('https://lvye.example/new?a=1&b=2') }} 设置 {{ preferences() }}",
    "more": "再看看 {{ link('https://lvye.example/cart') }}",
}


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """A customer who was written to, with two links of which one is the preferences page."""
    shop = Shop(db, clock)
    shop.activities = JourneyActivities(db, clock, shop.channels, site=SITE)
    shop.publish(SPEC, texts=TEXTS)
    shop.customers("li")
    shop.post("form.filled", "li")
    shop.give("send", shop.group("hello"))
    return shop


@pytest.fixture
def browser(shop: Shop, clock: VirtualClock) -> Caller:
    """Somebody without a key."""
    return Caller(create_app(shop.db, clock, ready=dict, receivers=[router(SITE)]), "none")


def paths(shop: Shop) -> list[str]:
    return re.findall(r"https://shop\.example(\S+)", shop.provider.taken[0].body)


def clicks(shop: Shop) -> list[Event]:
    return [event for event in shop.rows(Event) if event.type == "message.clicked"]


class TestShortLinks:
    def test_are_short(self, shop: Shop) -> None:
        assert [len(path) for path in paths(shop)] == [len("/r/") + 18, len("/preferences/1.20514") + 10]

    def test_lead_where_the_text_says_and_tell_of_the_first_click(self, shop: Shop, browser: Caller) -> None:
        link, _ = paths(shop)
        for _ in range(2):
            answer = browser.get(link)
            assert (answer.status_code, answer.headers["location"]) == (302, "https://lvye.example/new?a=1&b=2")
        (click,) = clicks(shop)
        assert (click.data["step"], click.data["url"]) == ("hello", "https://lvye.example/new?a=1&b=2")
        assert click.customer_id == 1

    def test_a_look_ahead_is_no_click(self, shop: Shop, browser: Caller) -> None:
        assert browser.request("HEAD", paths(shop)[0]).status_code == 302
        assert browser.get(paths(shop)[0], headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 302
        assert clicks(shop) == []

    @settings(max_examples=30)
    @given(st.text(st.characters(codec="utf-8", exclude_characters="/?#"), min_size=1, max_size=80))
    def test_nobody_can_make_one(self, token: str) -> None:
        assert SITE.read("link", token) is None
        assert SITE.read("preferences", f"1{token}"[:11]) is None

    @pytest.mark.parametrize(
        "change", [lambda token: token[:-1], lambda token: token[1:] + token[:1], lambda _: "x" * 99]
    )
    def test_a_changed_one_leads_nowhere(self, shop: Shop, browser: Caller, change: Callable[[str], str]) -> None:
        token = paths(shop)[0].removeprefix("/r/")
        answer = browser.get(f"/r/{change(token)}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert clicks(shop) == []

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "//evil.example", "/cart", "https:// x", "https://x/\n", ""]
    )
    def test_only_web_addresses_become_links(self, shop: Shop, url: str) -> None:
        shop.publish(SPEC.replace("hello", "odd"), texts={"odd": "{{ link(trigger.url) }}"})
        shop.post("form.filled", "li", url=url)
        (answer,) = shop.give("send", shop.group("odd", [2]))
        assert (answer.kind, answer.result) == ("done", "failed")


class TestPreferences:
    def test_looking_changes_nothing(self, shop: Shop, browser: Caller) -> None:
        page = browser.get(paths(shop)[1])
        assert page.status_code == 200
        assert re.findall(r'value="(\w+)"( checked)?', page.text) == [("sms", " checked")]
        assert page.headers["cache-control"] == "no-store"
        assert len(shop.rows(Consent)) == 1

    def test_what_is_withdrawn_holds_at_once_with_proof(self, shop: Shop, browser: Caller) -> None:
        assert browser.post(paths(shop)[1]).status_code == 200
        shop.give("send", shop.group("more"))
        assert shop.timeline() == [("sent", "hello"), ("suppressed", "no_consent")]
        said = max(shop.rows(Consent), key=lambda row: row.id)
        assert (said.given, said.source, said.purpose) == (False, "preferences page", "marketing")
        assert said.wording

    def test_it_can_be_given_again(self, shop: Shop, browser: Caller) -> None:
        page = paths(shop)[1]
        browser.post(page)
        shop.clock.set(shop.clock.now() + timedelta(minutes=1))
        answer = browser.post(page, data={"channel": ["sms", "carrier pigeon"]})
        assert "已保存" in answer.text
        shop.give("send", shop.group("more"))
        assert shop.timeline()[-1] == ("sent", "more")

    def test_nobody_else_can_open_it(self, shop: Shop, browser: Caller) -> None:
        other = paths(shop)[1].replace("/1", "/2", 1)
        for answer in (browser.get(other), browser.post(other)):
            assert answer.status_code == 404
        assert len(shop.rows(Consent)) == 1

    def test_it_ends(self, shop: Shop, browser: Caller) -> None:
        page, made = paths(shop)[1], shop.clock.now()
        shop.clock.set(made + timedelta(days=180))
        assert browser.get(page).status_code == 200
        shop.clock.set(made + timedelta(days=181))
        for answer in (browser.get(page), browser.post(page)):
            assert (answer.status_code, answer.json()["type"]) == (410, "urn:aftershow:problem:gone")
        assert len(shop.rows(Consent)) == 1

    def test_allow_names_what_can_be_asked_of_it(self, shop: Shop, browser: Caller) -> None:
        assert browser.request("PUT", paths(shop)[1]).headers["allow"] == "GET, POST"
        assert browser.request("PUT", paths(shop)[0]).headers["allow"] == "GET, HEAD"
        assert browser.request("POST", "/docs-assets/swagger-ui.css").headers["allow"] == "GET, HEAD"

    def test_the_forms_are_bounded(self, shop: Shop, browser: Caller) -> None:
        answer = browser.post(paths(shop)[1], data={"channel": ["x"] * 5000})
        assert answer.status_code < 500


def test_without_a_site_links_are_as_they_are_written(shop: Shop) -> None:
    shop.activities = JourneyActivities(shop.db, shop.clock, shop.channels)
    shop.give("send", shop.group("more"))
    assert shop.provider.taken[-1].body == "再看看 https://lvye.example/cart"
    assert len(shop.rows(Message)) == 2
