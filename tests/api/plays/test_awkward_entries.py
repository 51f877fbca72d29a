"""Whatever comes in from outside: each entrant counts once, at the right time, and what can't be given goes on."""

import contextlib
import io
import re
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

COUPONS = """
few: {name: 少, amount_off: 5元, valid: 3d, budget: {count: 2}}
many: {name: 多, amount_off: 5元, valid: 3d}
"""
PLAYS = (
    """
play: bag
during: {stream: any}
entry: {after: {event: stream.commented, where: {field: event.text, contains: 想要}}}
steps:
  - {id: collect, collect: entries, for: 10m}
  - {id: draw, draw: {prizes: [{coupon: few, count: 3}, {coupon: many, count: 2}, {coupon: few, count: 2}]}}
  - {id: show, announce: [screen]}
""",
    """
play: waves
steps:
  - {id: one, collect: votes, for: 1m, options: {a: 茶, b: 米}}
  - {id: told, announce: [screen]}
  - {id: two, collect: answers, for: 1m, options: {a: 茶, b: 米}, correct: b}
  - {id: right, draw: {among: correct, winners: 1}}
  - {id: show, announce: [screen]}
""",
    """
play: heavy
steps:
  - {id: collect, collect: entries, for: 1m}
  - if: {entries_at_least: 2}
    then: [{id: draw, draw: {winners: 3, weight: {field: customer.level}}}]
""",
)
RECIPE = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[3] / "docs" / "plays.md").read_text(), re.DOTALL)[0]


class Evening:
    """A show, its plays, and the worker that carries them on."""

    def __init__(self, caller: Caller, db: Database, clock: VirtualClock) -> None:
        self.caller = caller
        self.clock = clock
        self._activities = PlayActivities(db, clock)
        self._events = 0
        self.happen("stream.started", stream_id="s1")

    def happen(self, type: str, subject: str | None = None, time: str | None = None, **data: Any) -> None:
        self._events += 1
        event = {"specversion": "1.0", "id": f"{self._events}", "source": "test", "type": type, "data": data}
        told = {name: value for name, value in (("subject", subject), ("time", time)) if value is not None}
        answer = self.caller.post("/v1/events", json={**event, **told})
        assert answer.status_code == 202, answer.text

    def open(self, play: str) -> Any:
        opened = self.caller.post(f"/v1/plays/{play}/open")
        assert opened.status_code == 201, opened.text
        return opened.json()

    def enter(self, play: str, who: str, id: str = "1", choice: Any = None, **body: Any) -> Any:
        body = {"id": id, "customer": {"member_no": who}, **({} if choice is None else {"choice": choice}), **body}
        answer = self.caller.post(f"/v1/plays/{play}/entries", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def see(self, play: str) -> Any:
        return self.caller.get(f"/v1/plays/{play}").json()

    def work_out(self, play: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """What the recipe of the documentation prints, given what is published."""
        answer = lambda url: io.BytesIO(self.caller.get(url.removeprefix("http://shop")).content)  # noqa: E731
        monkeypatch.setattr(urllib.request, "urlopen", answer)
        monkeypatch.setattr(sys, "argv", ["recipe", "http://shop", play, str(self.see(play)["instance"])])
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(RECIPE, {})
        return printed.getvalue()

    def go_on(self, play: str, **span: float) -> Any:
        """After a while, the worker has done what can be done then."""
        self.clock.set(self.clock.now() + timedelta(**span))
        instance = self.see(play)["instance"]
        while True:
            standing = self._activities.carry_play_on(instance)
            if standing.over or standing.due_at is not None:
                return self.see(play)


@pytest.fixture
def evening(db: Database, clock: VirtualClock, call_with: Callable[..., Caller]) -> Evening:
    terms, diagnostics = read_coupons(COUPONS, "coupons")
    assert terms is not None, diagnostics
    with db.begin() as work:
        publish_document(work, "_policy", Policy().model_dump(mode="json"))
        publish_document(work, "_coupons", {name: each.model_dump(mode="json") for name, each in terms.items()})
        for text in PLAYS:
            play = read_play(text, "a play").play
            assert play is not None, read_play(text, "a play").diagnostics
            publish_play(work, play, text, clock.now())
    return Evening(call_with(scopes=("ingest", "read", "admin")), db, clock)


def test_a_show_that_ends_early_closes_what_is_played_in_it_and_its_winners_are_drawn(evening: Evening) -> None:
    evening.open("bag")
    taken = evening.enter("bag", "a")
    evening.happen("stream.ended", stream_id="s1")
    state = evening.go_on("bag", minutes=1)
    assert (state["state"], state["entries"], len(state["result"]["winners"])) == ("over", 1, 1)
    assert evening.enter("bag", "b")["reason"] == "closed"
    assert evening.enter("bag", "a") == taken
    assert evening.caller.post("/v1/plays/bag/open").json()["reason"] == "no_stream"


def test_more_prizes_than_entries_and_a_budget_that_is_gone_are_told_of(evening: Evening) -> None:
    evening.open("bag")
    for number in range(5):
        evening.enter("bag", f"m{number}")
    draw = evening.go_on("bag", minutes=10)["draws"][0]
    assert [each["prize"] for each in draw["winners"]] == ["少", "少", "多", "多"]
    assert (draw["left_over"], draw["passed"]) == (3, [])


def test_the_clock_of_whoever_sends_decides_nothing(evening: Evening) -> None:
    opened = evening.open("bag")
    for number, time in enumerate(("2019-01-01T00:00:00Z", "2026-03-02T04:00:00Z")):
        evening.happen("stream.commented", f"member_no:old{number}", time, stream_id="s1", text="想要")
    assert evening.see("bag")["entries"] == 2
    lines = (
        evening.go_on("bag", minutes=10)
        and evening.caller.get(f"/v1/plays/bag/entries?instance={opened['instance']}&step=collect").text.splitlines()
    )
    assert {line.split("\t")[1][:16] for line in lines} == {"2026-03-02T04:00"}
    evening.happen("stream.commented", "member_no:late", "2026-03-02T04:05:00Z", stream_id="s1", text="想要")
    assert evening.see("bag")["entries"] == 2


@pytest.mark.parametrize("when", ["before the close", "after the close", "after the draw"])
def test_whoever_turns_out_to_be_one_counts_once_from_the_close_on_nothing_changes(evening: Evening, when: str) -> None:
    def join() -> None:
        data = {"customer": {"member_no": "m1", "phone": "+8613900000077"}}
        evening.happen("customer.updated", **data)

    evening.open("bag")
    taken = evening.enter("bag", "m1")
    evening.enter("bag", "m1", customer={"phone": "+8613900000077"})
    if when == "before the close":
        join()
        assert evening.enter("bag", "m1", "2", customer={"phone": "+8613900000077"})["reason"] == "again"
    closed = evening.caller.post("/v1/plays/bag/close").json()
    if when == "after the close":
        join()
    done = evening.go_on("bag")
    if when == "after the draw":
        join()
    now = evening.see("bag")
    assert [each["entry"] for each in now["draws"][0]["winners"]] == [
        each["entry"] for each in done["draws"][0]["winners"]
    ]
    winners, passed = now["draws"][0]["winners"], now["draws"][0]["passed"]
    assert (closed["entries"], len(winners), [each["reason"] for each in passed]) == {
        "before the close": (1, 1, []), "after the close": (2, 1, ["joined"]), "after the draw": (2, 2, []),
    }[when]  # fmt: skip
    if when == "before the close":
        assert winners[0]["entry"] == taken["entry"]


def test_a_retry_that_comes_in_the_next_round_is_the_entry_that_it_was(evening: Evening) -> None:
    evening.open("waves")
    first = evening.enter("waves", "m1", "tap", "a")
    assert evening.enter("waves", "m2", "tap", "nothing")["reason"] == "no_such_choice"
    state = evening.go_on("waves", minutes=1)
    assert (state["step"], state["entries"], state["correct"]) == ("two", 0, None)
    assert evening.enter("waves", "m1", "tap", "a") == first
    assert evening.see("waves")["entries"] == 0
    for who, choice in (("m1", "a"), ("m2", "b"), ("m3", "a")):
        assert evening.enter("waves", who, "second", choice)["accepted"]
    done = evening.go_on("waves", minutes=1)
    assert (done["correct"], done["result"]["top"], len(done["result"]["winners"])) == ("b", None, 1)
    lines = evening.caller.get(f"/v1/plays/waves/entries?instance={done['instance']}&step=two").text.splitlines()
    assert [line.split("\t")[3:] for line in lines] == [["a", ""], ["b", "right"], ["a", ""]]


def test_a_stranger_works_out_a_weighted_draw_and_one_among_some(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening.open("heavy")
    for number in range(6):
        evening.happen("customer.updated", f"member_no:m{number}", level=number)
        evening.enter("heavy", f"m{number}")
    done = evening.go_on("heavy", minutes=1)
    assert done["draws"][0]["weighted"]
    assert evening.work_out("heavy", monkeypatch) == "2.then.draw 6 份参与 3 名中奖：对得上\n"
    evening.open("waves")
    evening.go_on("waves", minutes=1)
    for who, choice in (("m1", "a"), ("m2", "b"), ("m3", "b"), ("m4", "a")):
        evening.enter("waves", who, choice=choice)
    evening.go_on("waves", minutes=1)
    assert evening.work_out("waves", monkeypatch) == "right 4 份参与 1 名中奖：对得上\n"


def test_of_several_who_open_it_at_once_one_does(evening: Evening) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: evening.caller.post("/v1/plays/waves/open"), range(4)))
    assert sorted(each.status_code for each in opened) == [201, 409, 409, 409]
    assert {each.json()["reason"] for each in opened if each.status_code == 409} == {"open_already"}
    assert evening.open("bag")["instance"] != evening.see("waves")["instance"]


def test_a_token_may_come_with_the_shops_key_but_not_beside_a_customer(evening: Evening) -> None:
    evening.open("waves")
    token = evening.caller.post("/v1/plays/waves/tokens", json={"customer": {"member_no": "m1"}}).json()["token"]
    send = {"id": "1", "token": token, "choice": "a"}
    taken = evening.caller.post("/v1/plays/waves/entries", json=send)
    assert (taken.status_code, taken.json()["accepted"]) == (202, True)
    assert evening.enter("waves", "m1", choice="a") == taken.json()
    both = evening.caller.post("/v1/plays/waves/entries", json={**send, "customer": {"member_no": "m1"}})
    assert both.status_code == 422
    forged = evening.caller.post("/v1/plays/waves/entries", json={**send, "token": f"{token}x"})
    assert (forged.status_code, forged.json()["reason"]) == (401, "bad_token")
