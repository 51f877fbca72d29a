"""`GET /v1/customers/{id}/timeline`."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller

from domain.customers.tables import Customer, Identifier
from domain.journeys.tables import TrailEntry
from domain.store.clock import VirtualClock
from domain.store.work import Database

PATH = "/v1/customers/1/timeline"


@pytest.fixture
def reader(call_with: Callable[..., Caller], db: Database, clock: VirtualClock) -> Caller:
    """A caller who may read of a customer about whom five things were decided."""
    said = [
        ("entered", "welcome", None, None),
        ("held", "thanks", None, None),
        ("sent", "thanks", "wecom", None),
        ("suppressed", "offer", None, "capped"),
        ("ended", "finished", None, None),
    ]
    with db.begin() as session:
        session.add(Customer(id=1, created_at=clock.now()))
        session.flush()
        for number, (what, value, via, reason) in enumerate(said):
            at = clock.now() + timedelta(hours=number)
            session.add(
                TrailEntry(
                    at=at, customer_id=1, journey="welcome", what=what, value=value, via=via, reason=reason,
                    until=at + timedelta(hours=1) if what == "held" else None,
                )
            )  # fmt: skip
    return call_with(scopes=("read",))


class TestTimeline:
    def test_tells_each_decision(self, reader: Caller) -> None:
        answer = reader.get(PATH, params={"lang": "en"})
        assert answer.status_code == 200
        body = answer.json()
        assert body["next"] is None
        assert [each["words"] for each in body["entries"]] == [
            "entered",
            "thanks held until 2026-03-02 14:00",
            "sent thanks by wecom",
            "offer suppressed: as many messages as the caps allow were sent",
            "came to its end",
        ]
        assert body["entries"][3] == {
            "at": "2026-03-02T07:00:00Z", "journey": "welcome", "title": "welcome", "what": "suppressed",
            "value": "offer", "words": "offer suppressed: as many messages as the caps allow were sent",
            "enrollment": None, "step": None, "via": None, "reason": "capped", "until": None,
            "because": None, "event": None,
        }  # fmt: skip

    def test_is_chinese_unless_asked_otherwise(self, reader: Caller) -> None:
        assert reader.get(PATH).json()["entries"][2]["words"] == "发送 thanks，经企业微信"

    def test_comes_in_pages(self, reader: Caller) -> None:
        found, after = [], None
        while True:
            page = reader.get(PATH, params={"limit": 2} | ({"after": after} if after else {})).json()
            found.append([each["what"] for each in page["entries"]])
            after = page["next"]
            if after is None:
                break
        assert found == [["entered", "held"], ["sent", "suppressed"], ["ended"]]

    def test_of_one_journey(self, reader: Caller) -> None:
        assert reader.get(PATH, params={"journey": "other"}).json() == {"customer": 1, "entries": [], "next": None}

    @pytest.mark.parametrize("name", ["phone:13800000001", "phone:+86 138 0000 0001", "openid:mini:a b", "1"])
    def test_of_a_customer_who_is_named(self, reader: Caller, db: Database, name: str) -> None:
        with db.begin() as session:
            session.add(Identifier(kind="phone", value="+8613800000001", customer_id=1))
            session.add(Identifier(kind="openid:mini", value="a b", customer_id=1))
        answer = reader.get(f"/v1/customers/{name}/timeline").json()
        assert (answer["customer"], len(answer["entries"])) == (1, 5)


class TestProblems:
    @pytest.mark.parametrize("name", ["2", "0", "99999999999999999999", "phone:13800000001", "openid:mini:o"])
    def test_an_unknown_customer(self, reader: Caller, name: str) -> None:
        answer = reader.get(f"/v1/customers/{name}/timeline")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "There is no such customer."

    @pytest.mark.parametrize(
        ("path", "options"),
        [
            ("/v1/customers/li/timeline", {}),
            ("/v1/customers/-1/timeline", {}),
            ("/v1/customers/qq:1/timeline", {}),
            ("/v1/customers/phone:x/timeline", {}),
            ("/v1/customers/unionid:%00/timeline", {}),
            (PATH, {"limit": 0}),
            (PATH, {"limit": 201}),
            (PATH, {"lang": "fr"}),
            (PATH, {"after": "yesterday"}),
            (PATH, {"after": "nan_1_1_"}),
            (PATH, {"after": "1_1_99999999999999999999_"}),
            (PATH, {"journey": "a\x00b"}),
        ],
    )
    def test_what_cannot_be_asked(self, reader: Caller, path: str, options: dict[str, object]) -> None:
        answer = reader.get(path, params=options)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:aftershow:problem:invalid"

    def test_who_may_not_read(self, call_with: Callable[..., Caller], reader: Caller) -> None:
        assert call_with(scopes=("ingest",)).get(PATH).status_code == 403
        assert reader.get(PATH, raw_headers={}).status_code == 401
