"""Viewers whom WeChat names, over HTTP: from its browser to the page and back, and from a mini program."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from calling import Caller
from providers.wechat_server import WechatServer

from api.app import create_app
from domain.access.keys import create_key
from domain.plays.publishing import publish_play
from domain.plays.running import open_play
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.providers import wechat
from workflows.plays.reading import read_play

VOTE = "play: vote\nsteps:\n  - {id: vote, collect: votes, for: 3m, options: {a: 茶, b: 米}}\n"
IN_WECHAT = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}


@pytest.fixture
def server() -> Iterator[WechatServer]:
    with WechatServer(now=lambda: 0.0).running() as server:
        yield server


@pytest.fixture
def caller(db: Database, clock: VirtualClock, server: WechatServer, monkeypatch: pytest.MonkeyPatch) -> Caller:
    play = read_play(VOTE, "a play").play
    assert play is not None
    with db.begin() as work:
        publish_play(work, play, VOTE, clock.now())
        open_play(work, "vote", clock.now(), "test")
        secret = create_key(work, "test", ("ingest",), clock.now())
    for prefix in ("WECHAT", "MINIPROGRAM"):
        for name, value in {"APP_ID": "wx1", "SECRET": "s3cret", "TOKEN": "abc", "BASE_URL": server.url}.items():
            monkeypatch.setenv(f"AFTERSHOW_{prefix}_{name}", value)
    monkeypatch.delenv("AFTERSHOW_MINIPROGRAM_TOKEN")
    public_url, viewers = "https://shop.example", wechat.viewers()
    return Caller(create_app(db, clock, ready=dict, public_url=public_url, wechat_viewers=viewers), secret)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def enter(caller: Caller, token: str, choice: str = "a") -> Any:
    sent = caller.post("/v1/plays/vote/entries", json={"id": choice, "token": token, "choice": choice}, raw_headers={})
    assert sent.status_code == 202, sent.text
    return sent.json()


def test_in_wechats_browser_a_viewer_goes_to_wechat_and_comes_back_as_who_they_are(
    caller: Caller, server: WechatServer
) -> None:
    sent = caller.get("/play/vote", raw_headers=IN_WECHAT)
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert (sent.status_code, asked["appid"], asked["scope"]) == (303, ["wx1"], ["snsapi_base"])
    assert asked["redirect_uri"] == ["https://shop.example/play/vote"]
    server.codes = {"c1": {"openid": "o1", "unionid": "u1"}, "c2": {"openid": "o1", "unionid": "u1"}}
    token = data_of(caller.get("/play/vote?code=c1", raw_headers=IN_WECHAT).text)["token"]
    assert enter(caller, token)["accepted"]
    again = data_of(caller.get("/play/vote?code=c2", raw_headers=IN_WECHAT).text)["token"]
    assert enter(caller, again, "b")["reason"] == "again"
    used = caller.get("/play/vote?code=c1", raw_headers=IN_WECHAT)
    assert (used.status_code, data_of(used.text)["token"]) == (200, None)
    assert caller.get("/play/vote", raw_headers={}).status_code == 200
    assert data_of(caller.get("/play/vote?token=mine", raw_headers=IN_WECHAT).text)["token"] == "mine"


def test_a_mini_program_gets_a_token_of_a_code_once(caller: Caller, server: WechatServer) -> None:
    def ask(**body: Any) -> Any:
        return caller.post("/v1/plays/vote/tokens/wechat", json=body, raw_headers={})

    server.codes = {"c1": {"openid": "m1", "session_key": "k", "unionid": "u1"}, "c2": {"openid": "m2"}}
    made = ask(code="c1")
    assert made.status_code == 201, made.text
    assert enter(caller, made.json()["token"])["accepted"]
    customer = caller.post("/v1/plays/vote/entries", json={"id": "x", "customer": {"unionid": "u1"}, "choice": "b"})
    assert customer.json()["reason"] == "again"
    assert enter(caller, ask(code="c2").json()["token"])["accepted"]
    assert (ask(code="c1").status_code, ask(code="c1").json()["reason"]) == (401, "bad_code")
    assert [ask(**body).status_code for body in ({}, {"code": ""}, {"code": "a b"}, {"code": 1})] == [422] * 4
    server.codes = {"c3": {"openid": "m3"}}
    server.fail("/sns/jscode2session", 40125, -1)
    assert [ask(code="c3").status_code for _ in range(3)] == [503, 503, 201]
    assert caller.post("/v1/plays/none/tokens/wechat", json={"code": "c4"}, raw_headers={}).status_code in (401, 404)


def test_where_wechat_is_not_set_up_its_codes_are_nobodys(db: Database, clock: VirtualClock, caller: Caller) -> None:
    bare = Caller(create_app(db, clock, ready=dict, public_url="https://shop.example"), caller.secret)
    assert bare.get("/play/vote", raw_headers=IN_WECHAT).status_code == 200
    assert data_of(bare.get("/play/vote?code=c1", raw_headers=IN_WECHAT).text)["token"] is None
    assert bare.post("/v1/plays/vote/tokens/wechat", json={"code": "c"}, raw_headers={}).status_code == 503
