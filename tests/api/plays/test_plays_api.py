"""Plays over HTTP: opened, entered, closed; and the recipe of the documentation, given what is published."""

import contextlib
import io
import re
import sys
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from calling import Caller

from activities.plays import PlayActivities
from domain.plays.publishing import publish_play
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.policy import Policy, read_coupons
from workflows.plays.reading import read_play

LOTTERY = """
play: lottery
name: 福袋
rules: 免费
minors: out
steps:
  - {id: collect, collect: entries, for: 10m}
  - {id: draw, draw: {prizes: [{coupon: c5, count: 2}]}}
  - {id: show, announce: [screen]}
"""
RECIPE = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[3] / "docs" / "plays.md").read_text(), re.DOTALL)[0]


@pytest.fixture
def caller(db: Database, clock: VirtualClock, call_with: Callable[..., Caller]) -> Caller:
    play = read_play(LOTTERY, "a play").play
    terms, _ = read_coupons("c5: {name: 减5, amount_off: 5元, valid: 3d, per_customer: 1}", "coupons")
    assert play is not None
    assert terms is not None
    with db.begin() as work:
        publish_document(work, "_policy", Policy().model_dump(mode="json"))
        publish_document(work, "_coupons", {name: each.model_dump(mode="json") for name, each in terms.items()})
        publish_play(work, play, LOTTERY, clock.now())
    return call_with(scopes=("ingest", "read", "admin"))


def test_from_the_opening_to_a_draw_that_a_stranger_works_out(
    caller: Caller, db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(id: str, **body: Any) -> Any:
        return caller.post("/v1/plays/lottery/entries", json={"id": id, **body})

    assert caller.get("/v1/plays/lottery").json()["state"] == "not_open"
    assert enter("1", customer={"phone": "13900000001"}).json() == {
        "entry": None,
        "accepted": False,
        "reason": "not_open",
    }
    opened = caller.post("/v1/plays/lottery/open", json={})
    assert (opened.status_code, opened.json()["state"], len(opened.json()["commitment"])) == (201, "open", 64)
    assert caller.post("/v1/plays/lottery/open").json()["reason"] == "open_already"
    taken = [enter(f"{number}", customer={"phone": f"1390000000{number}"}) for number in range(5)]
    assert {answer.status_code for answer in taken} == {202}
    assert enter("0", customer={"phone": "13900000000"}).json() == taken[0].json()
    assert enter("x", customer={"phone": "13900000000"}).json()["reason"] == "again"
    for bad in ({}, {"customer": {}}, {"customer": {"phone": "1"}}, {"customer": {"phone": "13900000001"}, "by": 1}):
        assert enter("bad", **bad).status_code == 422
    state = caller.get("/v1/plays/lottery").json()
    assert (state["entries"], state["result"], state["draws"][0]["seed"]) == (5, None, None)
    assert state["odds"] == [{"step": "draw", "winners": 2, "entries": 5, "prizes": ["优惠券`c5` × 2"]}]
    entries = f"/v1/plays/lottery/entries?instance={state['instance']}&step=collect"
    assert caller.get(entries).status_code == 404
    closed = caller.post("/v1/plays/lottery/close").json()
    assert (closed["state"], closed["commitment"]) == ("closed", opened.json()["commitment"])
    clock.set(clock.now() + timedelta(seconds=1))
    activities = PlayActivities(db, clock)
    while not activities.carry_play_on(state["instance"]).over:
        pass
    done = caller.get("/v1/plays/lottery").json()
    assert (done["state"], len(done["result"]["winners"])) == ("over", 2)
    assert done["result"]["winners"][0]["who"].startswith("139****")
    assert caller.post("/v1/plays/lottery/stop", json={"reason": "晚了"}).json()["reason"] == "over"
    assert [play["state"] for play in caller.get("/v1/plays").json()["plays"]] == ["over"]

    monkeypatch.setattr(
        urllib.request, "urlopen", lambda url: io.BytesIO(caller.get(url.removeprefix("http://shop")).content)
    )
    monkeypatch.setattr(sys, "argv", ["recipe", "http://shop", "lottery", str(state["instance"])])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(RECIPE, {})
    assert printed.getvalue() == "draw 5 份参与 2 名中奖：对得上\n"


def test_what_is_not_there_is_told(caller: Caller) -> None:
    assert caller.get("/v1/plays/none").status_code == 404
    assert caller.post("/v1/plays/none/open").status_code == 404
    assert (
        caller.post("/v1/plays/none/entries", json={"id": "1", "customer": {"phone": "13900000001"}}).status_code == 404
    )
    assert caller.post("/v1/plays/lottery/close").json()["reason"] == "not_open"
    assert caller.post("/v1/plays/lottery/stop", json={}).status_code == 422
