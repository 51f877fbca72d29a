"""Drafts are tried out: on one customer, and over recorded events, whose progress is told and which can be ended."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from calling import Caller

from api.app import create_app
from api.journeys.passing import Played as Case
from api.journeys.trials import Backtested, Happening, Simulated, TrialError, Watch
from domain.access.keys import create_key
from domain.customers.tables import Customer, Identifier
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.plan.model import Plan
from workflows.source.diagnostics import Diagnostic
from workflows.terms.values import Language

TEXT = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - wait: 3d\n"
DRAFT = "/v1/journeys/thanks/draft"
TESTS = "/v1/journeys/thanks/tests"


class Played:
    """Plays nothing, and says that it did."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.fails = False
        self.asked: list[Any] = []

    def simulate(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any], lang: Language) -> Simulated:
        self.asked.append((plan.journey, customer, event, data, lang))
        if self.fails:
            raise TrialError("no order.paid is stored for this customer")
        happening = Happening(at=self.now, words="进入旅程", text=None)
        return Simulated(begun_by="已下单", at=self.now, zone="Asia/Shanghai", happenings=[happening])

    def record(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        self.asked.append((plan.journey, customer, event, data))
        if self.fails:
            raise TrialError("no order.paid is stored for this customer")
        return {"customer": {"identifiers": {"phone": "+8613900000001"}}, "events": [], "expect": []}, True

    def read_tests(self, text: str, journey: str) -> tuple[int, Sequence[Diagnostic]]:
        if "broken" in text:
            return 0, [Diagnostic(journey, 3, 1, "E011", '"name" is missing')]
        return text.count("name:"), []

    def play_tests(self, plan: Plan, text: str, lang: Language) -> Sequence[Case]:
        passed = plan.steps != {} and "3d" in str(plan.model_dump(mode="json"))
        self.asked.append((text, lang))
        return [Case(case="first", passed=passed, expected=[], happened=["sent: hello"], problem=None)]

    def backtest(self, plan: Plan, days: int, lang: Language, watch: Watch) -> Backtested:
        self.asked.append((plan.journey, days, lang))
        for played in range(3):
            watch(played, 3, self.now)
        if self.fails:
            raise TrialError("nothing is recorded")
        return Backtested(
            since=self.now - timedelta(days=days), until=self.now, entered=7, not_entered={}, sent={"hello": 6},
            suppressed={}, coupons=0, cost=0, goals=2,
        )  # fmt: skip


@pytest.fixture
def played(clock: VirtualClock) -> Played:
    return Played(clock.now())


@pytest.fixture
def marketer(db: Database, clock: VirtualClock, played: Played) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        session.add(Customer(id=7, created_at=clock.now()))
        session.flush()
        session.add(Identifier(kind="phone", value="+8613800000001", customer_id=7))
        secret = create_key(session, "test", ("admin",), clock.now())
    return Caller(create_app(db, clock, ready=dict, try_out=played), secret)


def test_a_draft_is_played_for_a_customer(marketer: Caller, played: Played) -> None:
    body = {"text": TEXT, "customer": "phone:13800000001", "event": "order.paid", "data": {"total": 1}}
    answer = marketer.post(f"{DRAFT}/simulate", json=body)
    assert (answer.status_code, answer.json()["happenings"][0]["words"]) == (200, "进入旅程")
    assert played.asked == [("thanks", 7, "order.paid", {"total": 1}, "zh")]
    played.fails = True
    assert "no order.paid" in marketer.post(f"{DRAFT}/simulate", json=body).json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"customer": "phone:13900000009"}, 404),
        ({"customer": "shoe:42"}, 422),
        ({"text": TEXT.replace("3d", "soon")}, 422),
        ({"text": ""}, 422),
    ],
)
def test_what_cant_be_played_is_told(marketer: Caller, change: dict[str, Any], status: int) -> None:
    body = {"text": TEXT, "customer": "phone:13800000001"} | change
    assert marketer.post(f"{DRAFT}/simulate", json=body).status_code == status


def test_a_back_test_tells_how_far_it_is_and_then_its_result(marketer: Caller, played: Played) -> None:
    for fails in (False, True):
        played.fails = fails
        answer = marketer.post(f"{DRAFT}/backtest", json={"text": TEXT, "days": 7})
        *progress, last = [json.loads(line) for line in answer.text.splitlines()]
        assert [each["played"] for each in progress] == [0, 1, 2]
        assert last == {"error": "nothing is recorded"} if fails else last["result"]["entered"] == 7


def test_a_simulation_is_written_down_and_kept_and_run_before_anything_is_published(
    marketer: Caller, played: Played
) -> None:
    body = {"text": TEXT, "customer": "phone:13800000001", "called": "gets nothing"}
    written = marketer.post(f"{DRAFT}/record", json=body).json()
    assert written["same"]
    assert written["tests"].startswith("journey: thanks\ncases:\n  - name: gets nothing\n")
    assert marketer.get(TESTS).json() == {"text": "", "cases": 0, "revision": 0, "etag": '"0"'}
    kept = marketer.request("PUT", TESTS, json={"text": written["tests"]}, headers={"If-Match": '"0"'})
    assert (kept.status_code, kept.json()["cases"], kept.headers["etag"]) == (200, 1, '"1"')
    again = marketer.post(f"{DRAFT}/record", json=body | {"called": "once more"}).json()["tests"]
    assert again.startswith(written["tests"])  # what is kept stays as it is written
    assert again.count("name:") == 2

    ran = marketer.post(f"{DRAFT}/tests", json={"text": TEXT}).json()
    assert [(each["case"], each["passed"]) for each in ran["cases"]] == [("first", True)]
    for path, send in ((f"{DRAFT}/publish", _publish_draft), ("/v1/journeys/thanks/versions", _publish_version)):
        refused = send(marketer, path, TEXT.replace("3d", "4d"))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tests.first")
        assert send(marketer, path, TEXT).status_code in (200, 201)
    played.fails = True
    assert marketer.post(f"{DRAFT}/record", json=body).status_code == 422


def _publish_draft(caller: Caller, path: str, text: str) -> Any:
    revision = caller.get(DRAFT).json()["etag"]
    saved = caller.request("PUT", DRAFT, json={"text": text}, headers={"If-Match": revision})
    body = {"reason": "a test", "base": saved.json()["live"]}
    return caller.request("POST", path, json=body, headers={"If-Match": saved.headers["etag"]})


def _publish_version(caller: Caller, path: str, text: str) -> Any:
    return caller.request("POST", path, content=text.encode(), headers={"Content-Type": "application/yaml"})


@pytest.mark.parametrize(
    ("text", "seen", "status"),
    [
        ("broken", '"0"', 422),
        ("name:", None, 422),
        ("name:", '"x"', 422),
        ("name:", '"7"', 412),
        ("", '"0"', 200),
    ],
)
def test_tests_that_cant_be_kept_are_told(marketer: Caller, text: str, seen: str | None, status: int) -> None:
    headers = {} if seen is None else {"If-Match": seen}
    answer = marketer.request("PUT", TESTS, json={"text": text}, headers=headers)
    assert answer.status_code == status
    if text == "broken":
        assert (
            answer.json()["errors"][0]["line"],
            marketer.post(f"{DRAFT}/tests", json={"text": TEXT, "tests": text}).status_code,
        ) == (3, 422)


def test_without_what_plays_them_drafts_cant_be_tried(call_with: Callable[..., Caller]) -> None:
    answer = call_with(scopes=("admin",)).post(f"{DRAFT}/simulate", json={"text": TEXT, "customer": "1"})
    assert answer.status_code in (404, 503, 422)
