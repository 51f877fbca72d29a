"""`/v1/documents`: coupons, policy and calendar are edited by form over their text, published with a reason, kept."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser
from calling import Caller
from shop import Shop
from sqlmodel import select

from api.app import create_app
from domain.access import sessions, users
from domain.access.tables import AuditEntry
from domain.published import library
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.publishing import publish_shared

COUPONS = """\
# what we give
ten:   {name: 立减10元, amount_off: 10元, valid: 4d}   # by hand

# the five
five:
  name: 立减5元
  amount_off: "5元"
  valid: 48h     # two days
"""
POLICY = "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00   # at night\ncaps: {sms: 1 per 1d}\n"


@pytest.fixture(autouse=True)
def shop(db: Database) -> None:
    with db.begin() as session:
        publish_shared(session, "_policy", POLICY)
        publish_shared(session, "_coupons", COUPONS)


@pytest.fixture
def marketer(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("admin", "read"))


def save(caller: Any, name: str, text: str, revision: int = 0) -> Any:
    headers = {"If-Match": f'"{revision}"'}
    answer = caller.request("PUT", f"/v1/documents/{name}/draft", json={"text": text}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def publish(caller: Any, name: str, revision: int = 1, **members: Any) -> Any:
    body = {"reason": "the spring sale", **members}
    headers = {"If-Match": f'"{revision}"'}
    return caller.request("POST", f"/v1/documents/{name}/draft/publish", json=body, headers=headers)


def edited(caller: Caller, name: str, text: str, *edits: dict[str, Any]) -> Any:
    return caller.post(f"/v1/documents/{name}/edit", json={"text": text, "edits": list(edits)})


def test_a_document_is_read_with_a_form_that_its_grammar_gives(marketer: Caller) -> None:
    listed = marketer.get("/v1/documents").json()
    assert [(each["document"], each["live"]) for each in listed] == [
        ("_coupons", 1),
        ("_policy", 1),
        ("_calendar", None),
    ]
    read = marketer.get("/v1/documents/_coupons").json()
    assert (read["text"], read["version"]) == (COUPONS, 1)
    fields = {each["key"]: each for each in read["form"]["entries"]["fields"]}
    assert (fields["valid"]["required"], fields["amount_off"]["required"]) == (True, False)
    assert "48h" not in fields["valid"]["about"]
    assert "until 2026-12-31" in fields["valid"]["about"]
    kinds = {key: fields[key]["kind"] for key in ("valid", "amount_off", "per_customer", "name")}
    assert kinds == {"valid": "validity", "amount_off": "money", "per_customer": "limit", "name": "text"}
    refund = [(each["value"], each["label"]) for each in fields["refund"]["choices"]]
    assert refund == [("restore", "券可以再用"), ("forfeit", "券作废")]
    assert [each["key"] for each in fields["budget"]["fields"]] == ["count", "money"]
    policy = marketer.get("/v1/documents/_policy?lang=en").json()["form"]
    assert (policy["entries"], policy["fields"][0]["label"]) == (None, "the shop's name, which signs messages")
    assert marketer.get("/v1/documents/_segments").status_code == 404
    assert marketer.get("/v1/documents/_nothing/draft").status_code == 404


def test_an_edit_leaves_every_byte_alone_that_it_isnt_about(marketer: Caller) -> None:
    answer = edited(
        marketer, "_coupons", COUPONS,
        {"op": "set", "at": "/five/amount_off", "value": "6元"},
        {"op": "set", "at": "/ten/per_customer", "value": "1 per 30d"},
    ).json()  # fmt: skip
    expected = COUPONS.replace('"5元"', '"6元"').replace("valid: 4d}", "valid: 4d, per_customer: 1 per 30d}")
    assert (answer["text"], answer["outline"]["diagnostics"]) == (expected, [])
    assert answer["outline"]["value"]["five"]["amount_off"] == "6元"
    removed = edited(marketer, "_coupons", COUPONS, {"op": "remove", "at": "/ten"}).json()["text"]
    assert removed == COUPONS.partition("\n\n")[2] or removed == "\n" + COUPONS.partition("\n\n")[2]
    refused = edited(marketer, "_coupons", COUPONS, {"op": "remove", "at": "/six"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "edits.0")


@pytest.mark.parametrize("before", ["", "# our days\n", "\ufeff# 日子"])
def test_the_first_entry_is_written_and_the_last_taken_away(marketer: Caller, before: str) -> None:
    text = edited(marketer, "_calendar", before, {"op": "set", "at": "/店庆", "value": "05-20"}).json()["text"]
    assert text.startswith(before)
    assert text.endswith("\n店庆: 05-20\n" if before else "店庆: 05-20\n")
    more = edited(marketer, "_calendar", text, {"op": "set", "at": "/年货节", "value": ["2027-01-16"]}).json()
    assert more["text"] == text + "年货节: ['2027-01-16']\n"
    emptied = edited(marketer, "_calendar", text, {"op": "remove", "at": "/店庆"}).json()
    assert (emptied["text"].rstrip().endswith("{}"), emptied["outline"]["value"]) == (True, {})


@pytest.mark.parametrize(
    ("name", "text", "line", "code", "at"),
    [
        ("_coupons", COUPONS.replace("48h", "later"), 8, "E015", "/five/valid"),
        ("_coupons", COUPONS.replace("valid: 4d", "vallid: 4d"), 2, "E010", "/ten/vallid"),
        ("_policy", POLICY.replace("1 per 1d", "often"), 3, "E015", "/caps/sms"),
        ("_calendar", "店庆: 02-30\n", 1, "E015", "/店庆"),
        ("_calendar", "春节: 02-30\n", 1, "E015", "/春节"),
        ("_policy", "a: [\n", 2, "E001", None),
    ],
)
def test_what_is_wrong_is_told_at_its_line_and_entry_and_isnt_published(
    marketer: Caller, name: str, text: str, line: int, code: str, at: str | None
) -> None:
    told = marketer.post(f"/v1/documents/{name}/outline", json={"text": text}).json()["diagnostics"]
    assert (line, at) in [(each["line"], each["at"]) for each in told if each["code"] == code], told
    save(marketer, name, text)
    review = marketer.get(f"/v1/documents/{name}/draft/review").json()
    assert (review["sound"], bool(review["problems"])) == (False, True)
    refused = publish(marketer, name, base=review["live"])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["line"] >= 1


def test_a_draft_is_published_with_its_reason_and_every_version_is_kept(marketer: Caller, db: Database) -> None:
    draft = save(marketer, "_policy", POLICY.replace("22:00", "21:00"))
    assert (draft["base"], draft["revision"]) == (1, 1)
    review = marketer.get("/v1/documents/_policy/draft/review").json()
    assert review["changes"] == [{"words": "免打扰时段由 22:00-08:00 改为 21:00-08:00", "risky": False}]
    assert publish(marketer, "_policy", base=None).status_code == 409
    done = publish(marketer, "_policy", base=1)
    assert (done.status_code, done.json()["version"], done.json()["draft"]["revision"]) == (200, 2, 0)
    assert marketer.get("/v1/policy").json()["quiet_hours"] == ["21:00-08:00"]
    versions = marketer.get("/v1/documents/_policy/versions").json()
    assert [(each["version"], each["by"], each["reason"]) for each in versions] == [
        (2, "test", "the spring sale"), (1, None, None),
    ]  # fmt: skip
    first = marketer.get("/v1/documents/_policy/versions/1").json()
    assert first["text"] == POLICY
    assert [(each["what"], each["text"].partition("#")[0].strip()) for each in first["lines"]] == [
        ("same", "timezone: Asia/Shanghai"),
        ("gone", "quiet_hours: 22:00-08:00"),
        ("new", "quiet_hours: 21:00-08:00"),
        ("same", "caps: {sms: 1 per 1d}"),
    ]
    assert marketer.get("/v1/documents/_policy/versions/3").status_code == 404
    save(marketer, "_policy", POLICY)
    risky = marketer.get("/v1/documents/_policy/draft/review?lang=en").json()["changes"]
    assert [each["risky"] for each in risky] == [True]
    with db() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.target == "document:_policy")).all()
    assert [row.action for row in rows] == ["draft.begin", "document.publish", "draft.begin"]
    assert rows[1].after == {"version": 2, "reason": "the spring sale"}


def test_what_was_published_meanwhile_is_not_overwritten_unseen(marketer: Caller) -> None:
    save(marketer, "_coupons", COUPONS.replace("4d", "5d"))
    assert publish(marketer, "_coupons", base=1).status_code == 200
    assert save(marketer, "_coupons", COUPONS)["base"] == 2
    refused = publish(marketer, "_coupons", base=1)
    assert (refused.status_code, refused.json()["live"]) == (409, 2)
    assert publish(marketer, "_coupons", revision=7, base=2).status_code == 412


def test_what_a_live_journey_needs_isnt_taken_away(marketer: Caller, db: Database, clock: VirtualClock) -> None:
    with db.begin() as session:
        publish_shared(session, "_calendar", "店庆: 05-20\n双十一: 11-11\n")
    spec = """
        journey: party
        trigger: {schedule: on 店庆 -3d at 10:00, for_each: birthday}
        entry: {again: always}
        steps: [{id: hi, send: hello, via: [sms], coupon: ten}]
    """
    Shop(db, clock).publish(spec)
    with db.begin() as session:
        publish_shared(session, "_coupons", COUPONS)
    save(marketer, "_calendar", "双十一: 11-11\n")
    review = marketer.get("/v1/documents/_calendar/draft/review").json()
    assert "店庆" in review["problems"][0]["detail"]
    assert publish(marketer, "_calendar", base=1).status_code == 422
    save(marketer, "_coupons", COUPONS.partition("\n\n")[2])
    assert "party" in publish(marketer, "_coupons", base=1).json()["errors"][0]["detail"]
    with db() as session:
        assert set(library.read_library(session).campaigns) == {"ten", "five"}


def test_with_four_eyes_a_second_person_agrees(db: Database, clock: VirtualClock) -> None:
    app = create_app(db, clock, ready=dict, wall=clock, four_eyes=True)
    wu, chen = Browser(app), Browser(app)
    for browser, name in ((wu, "wu"), (chen, "chen")):
        with db.begin() as session:
            user = users.create_user(session, name, ["marketer"], clock.now(), email=f"{name}@shop.cn")
            token = sessions.make_link(session, user, clock.now())
        browser.open_link(token)
    save(wu, "_policy", POLICY.replace("22:00", "21:00"))
    for _ in range(2):
        asked = publish(wu, "_policy", base=1).json()
        assert (asked["version"], asked["draft"]["asked"]["reason"]) == (None, "the spring sale")
    assert publish(chen, "_policy", base=1, reason="yes").json()["version"] == 2
    assert wu.get("/v1/documents/_policy/versions").json()[0]["reason"] == "the spring sale"
