"""Who a condition would be, how segments overlap and grow, and a message to all of one."""

from datetime import timedelta

import pytest
from rules_shop import members, publish, sweep
from shop import Shop
from sqlalchemy import text

from domain.customers.tables import Customer
from domain.insight.ranking import rank, write_page
from domain.intake.once import OnceError, addressees, begin, send_page
from domain.journeys.tables import Enrollment
from domain.membership import exporting, listing, previewing, sweeping
from domain.published.library import read_library
from domain.published.publishing import publish_text
from workflows.language.policy import read_condition
from workflows.terms.conditions import Condition

NAMES = [f"m{number}" for number in range(30)]


@pytest.fixture
def crowd(shop: Shop) -> Shop:
    """Thirty customers; those with an even number watched, every third one bought."""
    for number, name in enumerate(NAMES):
        shop.post("customer.updated", name, city="杭州" if number < 10 else "宁波", name=name)
        if number % 2 == 0:
            shop.post("stream.left", name, stream_id="s1", watched_minutes=number)
        if number % 3 == 0:
            shop.post("order.paid", name, order_id=name, total=1000 * number)
    publish(
        shop,
        "tags: {杭州: {when: {field: customer.city, is: 杭州}}}",
        "看过: {event: stream.left}\n买过: {event: order.paid}",
    )
    sweep(shop)
    return shop


def condition(written: str) -> Condition:
    read, diagnostics = read_condition(f"when: {written}", "when")
    assert read is not None, diagnostics
    return read


def test_a_preview_is_exact_and_says_why(crowd: Shop) -> None:
    watched = "{event: stream.left, where: {field: event.watched_minutes, at_least: 4}}"
    with crowd.db() as session:
        found = previewing.preview(
            session, read_library(session), condition(f"{{all: [{watched}, {{not: {{segment: 买过}}}}]}}"),
            crowd.clock.now(),
        )  # fmt: skip
    expected = [name for number, name in enumerate(NAMES) if number % 2 == 0 and number % 3 and number >= 4]
    assert (found.size, found.of) == (len(expected), 30)
    assert [each.name for each in found.sample] == expected
    assert all("stream.left" in each.because for each in found.sample)
    assert found.by_tag == {"杭州": 2}


def test_a_condition_that_takes_too_long_is_cancelled_and_told(crowd: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = text("SELECT set_config('statement_timeout', '1', true), pg_sleep(0)")
    monkeypatch.setattr(previewing, "_BOUNDS", slow)
    monkeypatch.setattr(previewing, "selecting", lambda *_: text("pg_sleep(1) IS NOT NULL"))
    with crowd.db() as session, pytest.raises(previewing.TooSlowError, match="narrow it"):
        previewing.preview(session, read_library(session), condition("{tag: 杭州}"), crowd.clock.now())


def test_fields_narrow_down_whose_events_are_counted_and_change_nothing_else(crowd: Shop) -> None:
    """Also where it is asked that there be few events, of none of which a customer has any."""
    watched = "event: stream.left, within: 30d"
    near, far = (f"{{field: customer.city, is: {each}}}" for each in ("杭州", "宁波"))
    total = "measure: {sum: event.watched_minutes, of: stream.left}"
    expected = {
        f"{{all: [{near}, {{{watched}, times: {{at_least: 1}}}}]}}": "m0 m2 m4 m6 m8",
        f"{{all: [{near}, {{{watched}, times: {{below: 1}}}}]}}": "m1 m3 m5 m7 m9",
        f"{{all: [{near}, {{not: {{{watched}, times: {{at_least: 1}}}}}}]}}": "m1 m3 m5 m7 m9",
        f"{{all: [{near}, {{{total}, above: 4}}]}}": "m6 m8",
        f"{{all: [{far}, {{any: [{{{total}, above: 26}},"
        " {all: [{field: customer.name, is: m11}, {not: {event: stream.left, times: {at_least: 1}}}]}]}]}": "m11 m28",
    }  # fmt: skip
    with crowd.db() as session:
        library = read_library(session)
        found = {
            each: " ".join(
                NAMES[id - 1] for id in previewing.members(session, library, condition(each), crowd.clock.now())
            )
            for each in expected
        }
    assert found == expected


def test_how_two_overlap(crowd: Shop) -> None:
    with crowd.db() as session:
        library = read_library(session)
        both = previewing.overlap(
            session, library, library.segments["看过"], library.segments["买过"], crowd.clock.now()
        )
    assert both == (15, 10, 5)


def test_sizes_are_kept_by_day(crowd: Shop) -> None:
    for _ in range(2):
        with crowd.db.begin() as work:
            sweeping.count_segments(work, read_library(work), crowd.clock.now())
        crowd.post("order.paid", "m1", order_id="new", total=1)
        sweep(crowd, timedelta(days=1))
    with crowd.db() as session:
        library, now = read_library(session), crowd.clock.now()
        sizes = listing.sizes_by_day(session, ["买过"], now.date(), 3)["买过"]
        assert [(each.name, each.size) for each in listing.standings(session, library, "segment", now)] == [
            ("看过", 15), ("买过", 11),
        ]  # fmt: skip
    assert list(sizes.values()) == [10, 11]


def test_an_export_has_everybody_and_no_formula(crowd: Shop) -> None:
    crowd.post("customer.updated", "m3", name="=1+1")
    with crowd.db() as session:
        library = read_library(session)
        rows = list(exporting.rows(session, library, library.segments["买过"], crowd.clock.now()))
    assert len(rows) == 11
    assert [row[1] for row in rows[1:3]] == ["m0", "'=1+1"]
    assert rows[2][3:] == ["member_no:m3", "杭州", "1", "30.00"]


def test_a_message_goes_once_to_everybody_in_a_segment(crowd: Shop) -> None:
    now = crowd.clock.now()
    with crowd.db.begin() as work:
        publish_text(work, "news", "sms", "你好")
    for _ in range(2):
        with crowd.db.begin() as work:
            once = begin(work, "news", "买过", ["sms"], now)
        with crowd.db.begin() as work:
            number = send_page(work, once, addressees(work, once, now), now)
    assert number == 0, "the same on the same day is one"
    assert sorted(each.customer_id for each in crowd.rows(Enrollment)) == [
        number + 1 for number in range(30) if number % 3 == 0
    ]
    with crowd.db.begin() as work, pytest.raises(OnceError, match="no segment"):
        begin(work, "news", "没有", ["sms"], now)
    with crowd.db.begin() as work, pytest.raises(OnceError, match="unknown template"):
        begin(work, "letter", "买过", ["sms"], now)


def test_rfm_ranks_by_fifths_and_what_goes_by_them_follows(shop: Shop) -> None:
    for number in range(10):
        for place in range(1 + number // 5):
            at = shop.clock.now() - timedelta(days=number)
            shop.post("order.paid", f"m{number}", order_id=f"{number}/{place}", total=100 * number, time=at)
    publish(shop, "", "好客户: {all: [{field: customer.m, is: 5}, {field: customer.recency_days, below: 10}]}")
    sweep(shop)
    assert members(shop) == {}
    now = shop.clock.now()
    with shop.db.begin() as work:
        write_page(work, read_library(work), rank(work, now), now)
    fields = {each.id: each.fields for each in shop.rows(Customer)}
    assert [fields[id]["r"] for id in range(1, 11)] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [fields[id]["f"] for id in range(1, 11)] == [3] * 5 + [5] * 5
    assert [fields[id]["m"] for id in (1, 2, 10)] == [1, 1, 5]
    sweep(shop)
    assert members(shop) == {"好客户": ["m8", "m9"]}
    sweep(shop, timedelta(days=1))
    assert members(shop) == {"好客户": ["m8"]}, "nine days ago and one"
    with shop.db() as session:
        assert rank(session, shop.clock.now()) == []
