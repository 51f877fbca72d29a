"""`/v1/calendar`: what will be sent when, over a year."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from calling import Caller
from shop import Shop

from domain.membership.tables import SegmentSize
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

JOURNEY = """
    journey: {name}
    name: {name}的旅程
    trigger: {trigger}
    active: {{from: 2026-03-02, until: 2027-12-31}}
    entry: {{again: always}}
    steps: [{{id: hi, send: hello, via: [sms]}}]
"""
TRIGGERS = {
    "yearly": "{schedule: every year on 09-10 at 10:00, for_each: birthday}",
    "monthly": "{schedule: every month on the last day at 10:00, for_each: 'segment:常客'}",
    "festive": "{schedule: on 中秋节 -3d at 09:00, for_each: birthday}",
    "own": "{schedule: on 店庆 at 08:00, for_each: birthday}",
    "show": "{event: stream.started, for_each: 'segment:常客'}",
    "bought": "{event: order.paid}",
}


@pytest.fixture
def reader(db: Database, clock: VirtualClock, call_with: Callable[..., Caller]) -> Caller:
    shop = Shop(db, clock)
    for name, trigger in TRIGGERS.items():
        shop.publish(JOURNEY.format(name=name, trigger=trigger))
    with db.begin() as session:
        publish_document(session, "_calendar", {"店庆": ["05-20"], "年货节": ["2027-01-16"]})
        publish_document(session, "_segments", {"常客": {"field": "customer.orders", "at_least": 3}})
        session.add(SegmentSize(segment="常客", day=date(2026, 3, 1), size=321))
    shop.post("stream.scheduled", stream_id="s1", title="夜市", starts_at="2026-03-08T19:30:00+08:00")
    shop.post("stream.scheduled", stream_id="s2", starts_at="2026-03-08T20:30:00+08:00")
    shop.post("stream.cancelled", stream_id="s2")
    return call_with(scopes=("read",))


def days(reader: Caller, query: str = "") -> dict[str, Any]:
    answer = reader.get(f"/v1/calendar{query}")
    assert answer.status_code == 200, answer.text
    return {each["day"]: each for each in answer.json()}


def test_a_year_has_each_journey_on_the_days_on_which_it_begins(reader: Caller) -> None:
    year = days(reader)
    assert (min(year), max(year), len(year)) == ("2026-03-02", "2027-03-01", 365)
    fires = {
        name: [day for day, each in year.items() if name in {one["journey"] for one in each["firings"]}]
        for name in TRIGGERS
    }
    assert fires.pop("monthly") == [
        str(day) for day in map(date.fromisoformat, year) if (day + timedelta(days=1)).day == 1
    ]
    assert fires.pop("bought") == []
    assert {name: day for name, (day,) in fires.items()} == {
        "yearly": "2026-09-10", "festive": "2026-09-22", "own": "2026-05-20", "show": "2026-03-08",
    }  # fmt: skip
    (monthly,) = year["2026-03-31"]["firings"]
    assert (monthly["title"], monthly["customers"], monthly["paused"]) == ("monthly的旅程", 321, False)
    assert datetime.fromisoformat(monthly["at"]) == datetime.fromisoformat("2026-03-31T10:00:00+08:00")
    assert monthly["words"].startswith("每月最后一天 10:00")
    (show,) = year["2026-03-08"]["firings"]
    assert (show["stream_id"], show["customers"]) == ("s1", 321)
    assert [(each["stream_id"], each["title"], each["state"]) for each in year["2026-03-08"]["shows"]] == [
        ("s1", "夜市", "planned")
    ]


RESTS_FESTIVALS_AND_OWN: dict[str, tuple[bool, list[str], list[str]]] = {
    "2026-09-25": (True, ["中秋节"], []),
    "2026-10-01": (True, ["国庆节"], []),
    "2026-10-02": (True, [], []),
    "2026-10-10": (False, [], []),  # a Saturday on which everybody works
    "2026-05-20": (False, [], ["店庆"]),
    "2027-01-16": (True, [], ["年货节"]),
    "2027-02-06": (True, ["春节"], []),
    "2026-03-02": (False, [], []),
}


def test_days_of_rest_festivals_and_own_days_are_told_over_a_year_or_so(reader: Caller) -> None:
    year = days(reader, "?from=2026-03-02&to=2027-02-28")
    told = {day: (each["rest"], each["festivals"], each["own"]) for day, each in year.items()}
    assert {day: told[day] for day in RESTS_FESTIVALS_AND_OWN} == RESTS_FESTIVALS_AND_OWN
    for query in ("from=2026-03-02&to=2026-03-01", "from=2026-01-01&to=2027-03-01", "from=9999-12-31", "from=x"):
        assert reader.get(f"/v1/calendar?{query}").status_code == 422, query
    assert reader.get("/v1/calendar?to=0001-01-01").status_code == 422
