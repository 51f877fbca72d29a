"""`/v1/drafts`, `/v1/journeys/{name}/draft`: shared, saved from a revision, merged, published with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser
from calling import Caller
from fastapi import FastAPI

from api.app import create_app
from domain.access import sessions, users
from domain.published.publishing import publish_document, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database

TEXT = """\
journey: thanks
trigger: {event: order.paid}
entry: {again: never}
steps:
  - wait: 3d
  - {id: hi, send: hello, via: [sms], kind: transactional}
  - wait: 5d
"""
DRAFT = "/v1/journeys/thanks/draft"


@pytest.fixture(autouse=True)
def shop(db: Database) -> None:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好")


@pytest.fixture
def marketer(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("admin", "read"))


def save(caller: Any, text: str, revision: int, **members: Any) -> Any:
    return caller.request("PUT", DRAFT, json={"text": text, **members}, headers={"If-Match": f'"{revision}"'})


def publish(caller: Any, revision: int, **members: Any) -> Any:
    body = {"reason": "a shorter wait", **members}
    return caller.request("POST", f"{DRAFT}/publish", json=body, headers={"If-Match": f'"{revision}"'})


def test_a_draft_begins_with_what_is_live_and_a_save_goes_out_from_what_was_seen(marketer: Caller) -> None:
    assert marketer.get(DRAFT).json()["revision"] == 0
    first = save(marketer, TEXT, 0)
    assert (first.status_code, first.json()["revision"], first.headers["etag"]) == (200, 1, '"1"')
    assert save(marketer, TEXT, 1).json()["revision"] == 1  # the same text is no revision
    assert save(marketer, TEXT + "# more\n", 1).json()["revision"] == 2
    late = save(marketer, TEXT + "# mine\n", 1)
    assert (late.status_code, late.json()["revision"], late.json()["by"]) == (412, 2, "test")
    assert marketer.get(DRAFT).json()["text"] == TEXT + "# more\n"
    assert [each["revision"] for each in marketer.get(f"{DRAFT}/revisions").json()] == [2, 1]
    assert marketer.get(f"{DRAFT}/revisions/1").json()["text"] == TEXT
    assert marketer.get(f"{DRAFT}/revisions/9").status_code == 404
    assert [each["journey"] for each in marketer.get("/v1/drafts").json()] == ["thanks"]


@pytest.mark.parametrize("sent", [None, "", "*", '"x"', '"-1"', '"99999999999"'])
def test_a_save_must_say_what_it_goes_out_from(marketer: Caller, sent: str | None) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    answer = marketer.request("PUT", DRAFT, json={"text": TEXT}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "If-Match")


def test_two_changes_of_one_text_are_merged_and_a_clash_is_told(marketer: Caller) -> None:
    save(marketer, TEXT, 0)
    save(marketer, TEXT.replace("wait: 3d", "wait: 4d"), 1)
    mine = TEXT.replace("wait: 5d", "wait: 6d")
    merged = marketer.post(f"{DRAFT}/merge", json={"text": mine, "since": 1}).json()
    assert merged["text"] == TEXT.replace("wait: 3d", "wait: 4d").replace("wait: 5d", "wait: 6d")
    assert (merged["revision"], merged["clashes"]) == (2, [])
    clashing = TEXT.replace("wait: 3d", "wait: 1d")
    merged = marketer.post(f"{DRAFT}/merge", json={"text": clashing, "since": 1}).json()
    assert merged["clashes"] == [{"line": 5, "mine": "  - wait: 1d\n", "theirs": "  - wait: 4d\n"}]
    assert merged["text"] == clashing


def test_publishing_says_what_it_changes_keeps_the_reason_and_ends_the_draft(marketer: Caller) -> None:
    save(marketer, TEXT, 0)
    review = marketer.get(f"{DRAFT}/review").json()
    assert (review["sound"], review["live"], review["problems"]) == (True, None, [])
    done = publish(marketer, 1)
    assert (done.status_code, done.json()["published"]["version"]) == (200, 1)
    assert marketer.get(DRAFT).json()["revision"] == 0
    assert marketer.get("/v1/journeys/thanks/actions").json()[0]["details"]["reason"] == "a shorter wait"

    save(marketer, TEXT.replace("3d", "2d"), 0)
    review = marketer.get(f"{DRAFT}/review?lang=en").json()
    assert (review["live"], review["base"], review["moving"]) == (1, 1, 0)
    assert any("2 days" in each or "2d" in each for each in review["changes"])
    assert marketer.get("/v1/journeys/thanks/versions/1").json()["text"] == TEXT


def test_what_was_published_meanwhile_is_not_overwritten_unseen(marketer: Caller) -> None:
    save(marketer, TEXT, 0)
    publish(marketer, 1)
    save(marketer, TEXT.replace("3d", "2d"), 0)
    body = TEXT.replace("3d", "1d")
    at = "/v1/journeys/thanks/versions"
    assert marketer.post(f"{at}?base=0", content=body).status_code == 409
    assert marketer.post(f"{at}?base=1&reason=quick", content=body).status_code == 201
    refused = publish(marketer, 1, base=1)
    assert (refused.status_code, refused.json()["live"]) == (409, 2)
    assert publish(marketer, 1, base=2).json()["published"]["version"] == 3
    assert publish(marketer, 1, base=3).status_code == 412


def test_the_draft_of_a_journey_that_was_stopped_meanwhile_says_so_and_lets_it_run_again(marketer: Caller) -> None:
    save(marketer, TEXT, 0)
    assert marketer.get(f"{DRAFT}/review").json()["state"] is None
    publish(marketer, 1)
    save(marketer, TEXT.replace("3d", "2d"), 0)
    assert marketer.get(f"{DRAFT}/review").json()["state"] == "live"
    assert marketer.post("/v1/journeys/thanks/stop").status_code == 200
    assert marketer.get(DRAFT).json()["text"] == TEXT.replace("3d", "2d")
    review = marketer.get(f"{DRAFT}/review").json()
    assert (review["state"], review["sound"]) == ("stopped", True)
    assert publish(marketer, 1, base=1).json()["published"]["version"] == 2
    assert marketer.get(f"{DRAFT}/review").json()["state"] == "live"


def test_what_has_mistakes_is_kept_but_not_published(marketer: Caller) -> None:
    save(marketer, TEXT.replace("hello", "helo"), 0)
    review = marketer.get(f"{DRAFT}/review").json()
    assert not review["sound"]
    assert "是不是“hello”" in review["problems"][0]["detail"]
    assert publish(marketer, 1).status_code == 422
    assert publish(marketer, 1, reason=" ").status_code == 422
    assert marketer.get("/v1/journeys").json() == []


def test_a_draft_is_thrown_away_only_as_it_was_seen(marketer: Caller) -> None:
    save(marketer, TEXT, 0)
    save(marketer, TEXT + "# more\n", 1)
    assert marketer.request("DELETE", DRAFT, headers={"If-Match": '"1"'}).status_code == 412
    assert marketer.request("DELETE", DRAFT, headers={"If-Match": '"2"'}).status_code == 204
    assert marketer.get(DRAFT).json()["revision"] == 0


def test_with_four_eyes_a_second_person_agrees_and_a_change_takes_the_wish_back(
    db: Database, clock: VirtualClock
) -> None:
    app = create_app(db, clock, ready=dict, wall=clock, four_eyes=True)
    li, han = (_signed_in(app, db, clock, name) for name in ("李雷", "韩梅"))
    save(li, TEXT, 0)
    for _ in range(2):
        waiting = publish(li, 1).json()
        assert (waiting["published"], waiting["draft"]["asked"]["name"]) == (None, "李雷")
    save(han, TEXT.replace("3d", "2d"), 1)
    assert han.get(DRAFT).json()["asked"] is None
    assert publish(han, 2).json()["published"] is None
    assert publish(li, 2, reason="another").json()["published"]["version"] == 1
    assert li.get("/v1/journeys/thanks/actions").json()[0]["details"]["reason"] == "a shorter wait"


def test_who_else_is_there_is_told_until_they_leave(db: Database, clock: VirtualClock) -> None:
    app = create_app(db, clock, ready=dict, wall=clock)
    li, han = (_signed_in(app, db, clock, name) for name in ("李雷", "韩梅"))
    here = f"{DRAFT}/presence"
    assert li.post(here, json={"place": "/steps/1"}).json() == {"others": [], "revision": 0, "by": None}
    assert han.post(here, json={}).json()["others"] == [{"name": "李雷", "place": "/steps/1"}]
    assert li.request("DELETE", here).status_code == 204
    assert han.post(here, json={}).json()["others"] == []


def _signed_in(app: FastAPI, db: Database, clock: VirtualClock, name: str) -> Browser:
    with db.begin() as session:
        user = users.create_user(session, name, ["marketer"], clock.now(), email=f"{ord(name[0])}@shop.cn")
        token = sessions.make_link(session, user, clock.now())
    browser = Browser(app)
    browser.open_link(token)
    return browser
