"""`/v1/journeys/{name}/graph`, `/counts` and `/inside`: what stands where, exactly."""

from datetime import timedelta

import pytest
from calling import Caller
from shop import Shop

from api.app import create_app
from domain.access.keys import create_key
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: welcome
    trigger: {event: order.paid}
    entry: {again: never}
    exit: [{event: order.refunded}]
    steps:
      - {wait: 3d}
      - {id: hi, send: hello, via: [sms]}
      - {id: offer, split: [{variant: a, weight: 100, steps: [{wait: 1d}]}, {variant: b, weight: 0, steps: []}]}
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    shop.customers("li", "wang")
    for name in ("li", "wang", "zhao"):
        shop.post("order.paid", name, order_id=name, total=1)
    return shop


@pytest.fixture
def caller(shop: Shop, db: Database, clock: VirtualClock) -> Caller:
    with db.begin() as session:
        secret = create_key(session, "test", ("read",), shop.clock.now())
    ui = "http://ui/namespaces/default"
    return Caller(create_app(db, clock, ready=dict, temporal_ui=ui), secret)


def counts(caller: Caller, query: str = "") -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Who stands where, what happened, which ways were taken."""
    answer = caller.get(f"/v1/journeys/welcome/counts{query}").json()
    steps = answer["steps"]
    return (
        {each["path"]: each["standing"] for each in steps if each["standing"]},
        {f"{each['path']} {it['what']} {it['detail']}".strip(): it["n"] for each in steps for it in each["happened"]},
        {f"{each['source']}→{each['target']}": each["n"] for each in answer["ways"]},
    )


def test_the_graph_is_told_in_both_languages(caller: Caller) -> None:
    graph = caller.get("/v1/journeys/welcome/graph").json()
    assert [node["path"] for node in graph["nodes"]] == ["^", "1", "hi", "offer", "offer.a.1", "$"]
    assert graph["nodes"][1]["words"] == "等待 3 天"
    english = caller.get("/v1/journeys/welcome/graph?lang=en").json()
    assert english["nodes"][1]["words"] == "wait 3 days"
    assert [(each["version"], each["live"]) for each in graph["versions"]] == [(1, True)]


def test_everybody_is_counted_where_they_are(caller: Caller, shop: Shop) -> None:
    shop.give("arrive", shop.group("1"))
    assert counts(caller) == ({"1": 3}, {"^ entered": 3}, {"^→1": 3})
    shop.post("order.refunded", "zhao", order_id="zhao")
    shop.clock.set(shop.clock.now() + timedelta(days=3))
    shop.give("send", shop.group("hi"))
    shop.give("split", shop.group("offer"))
    standing, happened, ways = counts(caller)
    assert standing == {"offer.a.1": 2}
    assert happened == {"^ entered": 3, "^ ended exit": 1, "hi sent": 2, "offer variant": 2}
    assert ways == {"^→1": 3, "1→hi": 2, "hi→offer": 2, "offer→offer.a.1": 2}
    _, today, _ = counts(caller, "?days=1")
    assert today == {"hi sent": 2, "offer variant": 2}


def test_who_is_at_a_step_is_listed_in_pages_with_their_runs(caller: Caller, shop: Shop) -> None:
    shop.give("arrive", shop.group("1"))
    first = caller.get("/v1/journeys/welcome/inside?step=1&limit=2").json()
    second = caller.get(f"/v1/journeys/welcome/inside?step=1&limit=2&after={first['next']}").json()
    found = [*first["enrollments"], *second["enrollments"]]
    assert len(found) == 3
    assert second["next"] is None
    assert found[0]["run"] == f"http://ui/namespaces/default/workflows/welcome%2F{found[0]['enrollment']}"
    assert caller.get("/v1/journeys/welcome/inside?step=hi").json()["enrollments"] == []


@pytest.mark.parametrize("part", ["graph", "counts", "inside", "counts/events"])
def test_what_was_never_published_is_not_there(caller: Caller, part: str) -> None:
    assert caller.get(f"/v1/journeys/other/{part}").status_code == 404
    assert caller.get(f"/v1/journeys/welcome/{part}?version=2").status_code == 404


def test_a_step_of_no_journey_has_nobody(caller: Caller) -> None:
    assert caller.get("/v1/journeys/welcome/inside?step=%F0%9F%98%80").json() == {"enrollments": [], "next": None}
