"""`/v1/specs`: a draft is told as a tree, and edited without a byte of it changed that the edits aren't about."""

from collections.abc import Callable
from typing import Any

import pytest
from calling import Caller

from domain.published.publishing import publish_document, publish_text
from domain.store.work import Database

TEXT = """\
# thanks
journey: thanks
trigger: {event: order.paid}
entry: {again: never}
steps:
  - wait: 3d   # three days
  - {id: hi, send: hello, via: [sms], kind: transactional}
  - id: answer
    wait_for: {clicked: hi}
    within: 1d
    then:
      - stop: enough
"""


@pytest.fixture
def marketer(call_with: Callable[..., Caller], db: Database) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好")
    return call_with(scopes=("admin",))


def edited(caller: Caller, *edits: dict[str, Any], text: str = TEXT, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = caller.post(f"/v1/specs/edit{query}", json={"text": text, "edits": list(edits)})
    return answer.status_code, answer.json()


def test_a_draft_is_told_as_a_tree_with_what_is_wrong_at_its_step(marketer: Caller) -> None:
    answer = marketer.post("/v1/specs/outline", json={"text": TEXT.replace("send: hello", "send: helo")})
    assert answer.status_code == 200
    told = answer.json()
    assert told["steps"] == ["/steps/0", "/steps/1", "/steps/2"]
    assert [(node["path"], node["first_line"], node["last_line"]) for node in told["nodes"]] == [
        ("1", 6, 6), ("hi", 7, 7), ("answer", 8, 12), ("answer.then.1", 12, 12),
    ]  # fmt: skip
    happened = {"label": "发生了", "at": "/steps/2/then/0"}
    edge = {"source": "/steps/2", "target": "/steps/2/then/0", "label": "发生了", "inserts": [happened]}
    assert edge in told["edges"]
    assert told["nodes"][0]["value"] == {"wait": "3d"}
    assert told["head"] == {
        "journey": "thanks", "trigger": {"event": "order.paid"}, "entry": {"again": "never"},
    }  # fmt: skip
    assert told["begins"] == "「已下单」"
    (mistake,) = told["diagnostics"]
    assert (mistake["line"], mistake["code"], mistake["at"]) == (7, "E023", "/steps/1")
    assert "是不是“hello”" in mistake["detail"]


def test_edits_are_made_one_after_the_other(marketer: Caller) -> None:
    status, answer = edited(
        marketer,
        {"op": "insert", "at": "/steps/2", "value": {"wait": "2d"}},
        {"op": "set", "at": "/steps/3/within", "value": "2d"},
        {"op": "rename", "at": "/steps/1", "id": "greet"},
        {"op": "move", "from": "/steps/0", "to": "/steps/2/then/0"},
        {"op": "remove", "at": "/steps/1"},
    )
    assert status == 200
    assert (
        answer["text"].partition("steps:\n")[2]
        == """\
  - {id: greet, send: hello, via: [sms], kind: transactional}
  - id: answer
    wait_for: {clicked: greet}
    within: 2d
    then:
      - wait: 3d   # three days
      - stop: enough
"""
    )
    assert [node["at"] for node in answer["outline"]["nodes"]][-1] == "/steps/1/then/1"


def test_of_edits_all_are_made_or_none(marketer: Caller) -> None:
    status, answer = edited(
        marketer, {"op": "remove", "at": "/steps/0"}, {"op": "set", "at": "/steps/7/within", "value": "2d"}
    )
    assert status == 422
    assert answer["errors"] == [{"field": "edits.1", "reason": "refused", "detail": '"/steps/7" 处什么也没有'}]
    _, english = edited(marketer, {"op": "remove", "at": "/steps/9"}, query="?lang=en")
    assert english["errors"][0]["detail"] == 'there is nothing at "/steps/9"'


@pytest.mark.parametrize(
    "body",
    [
        {"text": TEXT},
        {"text": TEXT, "edits": []},
        {"text": TEXT, "edits": [{"op": "drop", "at": "/steps/0"}]},
        {"text": TEXT, "edits": [{"op": "set", "at": "/steps/0"}]},
        {"text": "steps: [", "edits": [{"op": "remove", "at": "/steps/0"}]},
        {"text": TEXT, "edits": [{"op": "remove", "at": "/steps/0"}] * 101},
    ],
)
def test_what_cannot_be_done_is_told(marketer: Caller, body: dict[str, Any]) -> None:
    assert marketer.post("/v1/specs/edit", json=body).status_code in (400, 422)


PUT_IN = TEXT.replace("  - {id", "  - {wait: 2d}\n  - {id")
STEP = {"op": "insert", "at": "/steps/1", "value": {"wait": "2d"}}
HEAD = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\n"


@pytest.mark.parametrize(
    ("text", "shown", "wrong", "after"),
    [
        # however it is written, it is read, and a step is put in its style
        (TEXT.replace("\n", "\r\n"), 4, None, PUT_IN.replace("\n", "\r\n")),
        ("\ufeff" + TEXT, 4, None, "\ufeff" + PUT_IN),
        (
            f"{HEAD}steps: [{{wait: 3d}}, {{stop: x}}]\n", 2, None,
            f"{HEAD}steps: [{{wait: 3d}}, {{wait: 2d}}, {{stop: x}}]\n",
        ),
        (
            f"{HEAD}steps: # all\n  # before\n  - wait: 3d # here\n  # between\n\n  - stop: x\n  # behind\n", 2, None,
            f"{HEAD}steps: # all\n  # before\n  - wait: 3d # here\n  # between\n\n"
            "  - wait: 2d\n  - stop: x\n  # behind\n",
        ),
        (
            f"{HEAD}steps:\n- &a {{tag: x}}\n- *a\n- stop: x\n", 3, None,
            f"{HEAD}steps:\n- &a {{tag: x}}\n- {{wait: 2d}}\n- *a\n- stop: x\n",
        ),
        # with mistakes, it is shown as far as it can be read, and edited where that can't go wrong
        (TEXT.replace("id: answer", "id: hi"), 4, "E021", PUT_IN.replace("id: answer", "id: hi")),
        (TEXT.replace("wait: 3d ", "wiat: 3d "), 4, "E016", PUT_IN.replace("wait: 3d ", "wiat: 3d ")),
        (f'{HEAD}steps:\n  - stop: "\\ud800"\n', 1, "E003", f'{HEAD}steps:\n  - stop: "\\ud800"\n  - wait: 2d\n'),
        (f"{HEAD}steps:\n  - {{wait: 3d}}\n\t- stop: x\n", 0, "E001", None),
        (f"{HEAD}steps:\n  - wait: [\n", 0, "E001", None),
        ("", 0, "E006", None),
        ("just words", 0, "E006", None),
    ],
    ids=[
        *("crlf", "bom", "flow", "comments", "anchors"),
        *("ids twice", "unknown verb", "half a character", "tabs", "open", "empty", "prose"),
    ],
)  # fmt: skip
def test_whatever_is_written_is_shown_as_far_as_it_can_be_read(
    marketer: Caller, text: str, shown: int, wrong: str | None, after: str | None
) -> None:
    told = marketer.post("/v1/specs/outline", json={"text": text})
    assert told.status_code == 200
    assert len(told.json()["nodes"]) == shown
    codes = [each["code"] for each in told.json()["diagnostics"] if each["severity"] == "error"]
    assert any(code.startswith(wrong) for code in codes) if wrong else codes == []
    status, answer = edited(marketer, STEP, text=text)
    assert (status, answer.get("text")) == (200 if after else status, after)
    assert status in (200, 422)
    # as a draft it is kept as it is, and publishing says what is wrong
    draft = "/v1/journeys/thanks/draft"
    kept = marketer.request("PUT", draft, json={"text": text}, headers={"If-Match": '"0"'})
    assert (kept.status_code, marketer.get(draft).json()["text"]) == (200, text)
    assert marketer.get(f"{draft}/review").json()["sound"] == (wrong is None)


def test_who_may_only_look_edits_nothing(call_with: Callable[..., Caller]) -> None:
    assert edited(call_with(scopes=("read",)), {"op": "remove", "at": "/steps/0"})[0] == 403
