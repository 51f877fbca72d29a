"""Plays over HTTP: opened, entered, closed; and the recipe of the documentation, given what is published."""

import asyncio
import contextlib
import io
import json
import re
import sys
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from calling import Caller
from sqlalchemy import func
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from activities.plays import PlayActivities
from api.plays import flood
from api.plays.pages import SCRIPT
from domain.plays.publishing import publish_play
from domain.plays.tables import PlayEntry
from domain.plays.tokens import make_token, token_key
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
    assert state["odds"] == [{"step": "draw", "winners": 2, "entries": 5, "prizes": ["优惠券「减5」 × 2"]}]
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


def test_a_token_enters_once_however_often_it_is_sent_and_no_other_one_does(
    caller: Caller, db: Database, clock: VirtualClock
) -> None:
    def make(who: str, minutes: int = 30) -> str:
        body = {"customer": {"unionid": who}, "minutes": minutes}
        made = caller.post("/v1/plays/lottery/tokens", json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["token"])

    def send(*bodies: Any, play: str = "lottery") -> list[httpx.Response]:
        async def all_at_once() -> list[httpx.Response]:
            transport = httpx.ASGITransport(caller.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                path = f"/v1/plays/{play}/entries"
                sent = [client.post(path, content=b if isinstance(b, bytes) else json.dumps(b)) for b in bodies]
                return await asyncio.gather(*sent)

        return asyncio.run(all_at_once())

    caller.post("/v1/plays/lottery/open")
    token, other, short = make("a"), make("b"), make("c", minutes=1)
    many = send(*({"id": f"{number % 20}", "token": token} for number in range(1000)), {"id": "0", "token": other})
    assert {answer.status_code for answer in many} == {202}
    accepted = {answer.json()["entry"] for answer in many if answer.json()["accepted"]}
    refused = {answer.json()["reason"] for answer in many if not answer.json()["accepted"]}
    assert (len(accepted), refused) == (2, {"again"})
    assert caller.get("/v1/plays/lottery").json()["entries"] == 2

    clock.set(clock.now() + timedelta(minutes=2))
    forged = ".".join([*token.split(".")[:1], "999", *token.split(".")[2:]])
    faults = send(
        {"id": "1", "token": short}, {"id": "1", "token": forged}, {"id": "1", "token": "x"}, {"id": "1"},
        {"id": "1", "token": "é.1.1.é"},
    )  # fmt: skip
    faults += send({"id": "1", "token": token}, play="other")
    assert [answer.json().get("reason") for answer in faults] == [
        "expired_token", "bad_token", "bad_token", None, "bad_token", "bad_token",
    ]  # fmt: skip
    assert {answer.status_code for answer in faults} == {401}
    bad = [b"", b"[]", b"{", {"token": token}, {"id": "", "token": token}, {"id": "1", "token": token, "choice": []}]
    bad += [{"id": "1", "token": token, "who": 1}, {"id": "1\0", "token": token}]
    assert {answer.status_code for answer in send(*bad)} <= {401, 422}
    assert [answer.status_code for answer in send(b" " * 3000)] == [413]
    assert send({"id": "1", "token": make("z"), "choice": "tea"})[0].json()["reason"] == "no_such_choice"
    assert len(many) == 1001
    with db() as session:
        assert session.exec(select(func.count()).select_from(PlayEntry)).one() == 2


def test_a_flood_beyond_what_may_wait_is_told_to_come_again(
    caller: Caller, db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "MOST", 0)
    door = flood.EntryDoor(caller.app, db, clock)
    with db.begin() as work:
        token = make_token(token_key(work), "lottery", 1, clock.now() + timedelta(minutes=1))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://test") as client:
            return await client.post("/v1/plays/lottery/entries", json={"id": "1", "token": token})

    answer = asyncio.run(send())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_without_the_database_nothing_is_taken_and_it_is_to_be_sent_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(_: Database) -> bytes:
        raise OperationalError("SELECT", None, Exception("away"))

    monkeypatch.setattr(flood, "secret_of", is_away)
    sent = caller.post("/v1/plays/lottery/entries", json={"id": "1", "token": "a.b.1.c"}, raw_headers={})
    assert (sent.status_code, sent.headers["retry-after"]) == (503, "2")


def test_the_pages_are_small_and_bound_to_their_origin(caller: Caller) -> None:
    caller.post("/v1/plays/lottery/open")
    for path in ("/play/lottery", "/play/lottery/screen"):
        page = caller.get(path, raw_headers={})
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "福袋" in page.text
    shown = caller.get("/play/lottery", raw_headers={}).text
    assert '<p id="rules">免费</p>' in shown
    data = json.loads(re.findall(r'id="data">(.*?)</script>', shown)[0])
    assert data["now"]["odds"] == [{"step": "draw", "winners": 2, "entries": 0, "prizes": ["优惠券「减5」 × 2"]}]
    assert len(SCRIPT.encode()) <= 3 * 1024
    assert caller.get("/play/none").status_code == 404
