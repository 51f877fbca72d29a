"""`/v1/journeys`: who may, what comes back, what is recorded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from calling import Caller
from sqlmodel import col, select

from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.publishing import publish_document, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
steps:
  - wait: 3d
  - {id: hi, send: hello, via: [sms]}
"""
CHANGED = SPEC.replace("3d", "5d")
YAML = {"content-type": "application/yaml"}


@pytest.fixture
def admin(call_with: Callable[..., Caller], db: Database) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好 {{ customer.name }}")
    return call_with(scopes=("read", "admin"))


def publish(caller: Caller, text: str = SPEC, name: str = "welcome", query: str = "") -> tuple[int, dict]:
    answer = caller.post(f"/v1/journeys/{name}/versions{query}", content=text.encode(), headers=YAML)
    return answer.status_code, answer.json()


def enter(db: Database, clock: VirtualClock, who: str) -> int:
    idents = identify(f"member_no:{who}", None)
    with db.begin() as session:
        customer = resolve(session, [idents], clock.now())[0].customer_id
        paid = Incoming("test", who, "order.paid", clock.now(), {"order_id": who, "total": 1}, idents)
        ingest(session, [paid], now=clock.now())
    return customer


def endings(db: Database) -> list[str | None]:
    with db() as session:
        return list(session.exec(select(Enrollment.ending).order_by(col(Enrollment.id))))


class TestVersions:
    def test_need_a_policy(self, call_with: Callable[..., Caller]) -> None:
        assert publish(call_with(scopes=("admin",)))[0] == 409

    def test_the_same_text_twice_is_one_version(self, admin: Caller) -> None:
        assert publish(admin) == (201, {"journey": "welcome", "version": 1, "warnings": []})
        assert publish(admin)[1]["version"] == 1
        assert publish(admin, CHANGED)[1]["version"] == 2

    def test_every_mistake_is_told_at_its_place(self, admin: Caller) -> None:
        status, problem = publish(admin, SPEC.replace("hello", "helo").replace("3d", "3 dogs"))
        assert (status, problem["type"]) == (422, "urn:aftershow:problem:invalid")
        assert [(each["line"], each["column"], each["code"]) for each in problem["errors"]] == [
            (5, 11, "E015"), (6, 20, "E023"),
        ]  # fmt: skip
        assert admin.get("/v1/journeys").json() == []

    def test_a_text_that_is_not_there_or_does_not_fit(self, admin: Caller, db: Database) -> None:
        assert publish(admin, SPEC.replace("[sms]", "[wecom]"))[1]["errors"][0]["code"] == "E024"
        with db.begin() as session:
            publish_text(session, "hello", "sms", "{{ coupon.code }}")
        assert publish(admin)[1]["errors"][0]["code"] == "E039"

    def test_a_webhook_must_be_configured(self, admin: Caller, call_with: Callable[..., Caller]) -> None:
        calls = SPEC + "  - {id: tell, webhook: crm}\n"
        assert publish(admin, calls)[1]["errors"][0]["code"] == "E040"
        assert publish(call_with(scopes=("admin",), webhooks=("crm",)), calls)[0] == 201

    def test_a_journey_has_the_name_of_its_address(self, admin: Caller) -> None:
        assert publish(admin, name="other")[1]["errors"][0]["code"] == "E036"

    def test_what_is_no_text(self, admin: Caller) -> None:
        answer = admin.post("/v1/journeys/welcome/versions", content=b"\xff\xfe\xff", headers=YAML)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "E003"

    def test_stop_ends_those_inside(self, admin: Caller, db: Database, clock: VirtualClock) -> None:
        publish(admin)
        enter(db, clock, "li")
        publish(admin, CHANGED)
        assert admin.get("/v1/journeys").json()[0]["running"] == {"1": 1}
        publish(admin, CHANGED, query="?running=stop")
        assert endings(db) == ["stopped"]
        assert admin.get("/v1/journeys").json()[0]["running"] == {}

    def test_two_admins_at_once(self, admin: Caller, call_with: Callable[..., Caller]) -> None:
        callers = [admin, call_with(scopes=("read", "admin"))] * 4
        for each in callers[:2]:
            each.get("/v1/journeys")  # an app builds its routes at the first request, which threads must not do at once
        with ThreadPoolExecutor(8) as threads:
            texts = [SPEC.replace("3d", f"{days}d") for days in range(1, 9)]
            found = list(threads.map(publish, callers, texts))
        assert sorted(answer["version"] for _, answer in found) == list(range(1, 9))


class TestPauseResumeStop:
    def test_each_is_recorded_with_who(self, admin: Caller) -> None:
        publish(admin)
        assert admin.post("/v1/journeys/welcome/pause").json()["state"] == "paused"
        assert admin.post("/v1/journeys/welcome/pause").json()["state"] == "paused"
        assert admin.post("/v1/journeys/welcome/resume?late=drop").json()["state"] == "live"
        assert admin.post("/v1/journeys/welcome/stop").json()["state"] == "stopped"
        found = admin.get("/v1/journeys/welcome/actions").json()
        assert [(each["action"], each["by"]) for each in found] == [
            (action, "key test") for action in ("stopped", "resumed", "paused", "published")
        ]
        assert found[1]["details"] == {"late": "drop"}

    def test_what_becomes_of_late_messages_must_be_said(self, admin: Caller) -> None:
        publish(admin)
        assert admin.post("/v1/journeys/welcome/resume").status_code == 422

    def test_one_customer(self, admin: Caller, db: Database, clock: VirtualClock) -> None:
        publish(admin)
        li, _ = enter(db, clock, "li"), enter(db, clock, "wang")
        answer = admin.post(f"/v1/journeys/welcome/stop?customer={li}").json()
        assert answer == {"journey": "welcome", "customer": li, "stopped": 1}
        assert endings(db) == ["stopped", None]
        assert admin.get("/v1/journeys").json()[0]["state"] == "live"

    @pytest.mark.parametrize("action", ["pause", "resume?late=send", "stop", "stop?customer=1"])
    def test_an_unknown_journey(self, admin: Caller, action: str) -> None:
        assert admin.post(f"/v1/journeys/nothing/{action}").status_code == 404


class TestDiff:
    def test_with_the_version_before(self, admin: Caller) -> None:
        publish(admin)
        publish(admin, CHANGED)
        found = admin.get("/v1/journeys/welcome/diff").json()
        assert found["changes"] == ["the wait before step hi grows from 3d to 5d"]
        assert "延长为 5d" in admin.get("/v1/journeys/welcome/diff?lang=zh").json()["changes"][0]
        assert admin.get("/v1/journeys/welcome/diff?since=99999999999999999999").status_code == 422
        assert admin.get("/v1/journeys/welcome/diff?since=2").json()["changes"] == []
        assert admin.get("/v1/journeys/welcome/diff?since=9").status_code == 404

    def test_of_a_draft(self, admin: Caller, db: Database, clock: VirtualClock) -> None:
        publish(admin)
        enter(db, clock, "li")
        found = admin.post("/v1/journeys/welcome/diff", content=CHANGED.encode(), headers=YAML).json()
        assert found["changes"] == ["the wait before step hi grows from 3d to 5d; 1 running customer keeps 3d"]
        assert found["running"] == {"1": 1}
        assert (found["moving"], found["staying"]) == (0, 1)
        told = admin.post("/v1/journeys/welcome/diff?lang=zh", content=CHANGED.encode(), headers=YAML).json()
        assert "1 位在途客户仍用 3d" in told["changes"][0]
        assert admin.get("/v1/journeys").json()[0]["version"] == 1

    def test_whoever_stands_at_a_step_of_both_versions_moves(
        self, admin: Caller, db: Database, clock: VirtualClock
    ) -> None:
        old, new = (spec.replace("- wait:", "- id: think\n    wait:") for spec in (SPEC, CHANGED))
        publish(admin, old)
        enter(db, clock, "li")
        found = admin.post("/v1/journeys/welcome/diff", content=new.encode(), headers=YAML).json()
        assert (found["moving"], found["staying"]) == (1, 0)
        publish(admin, new, query="?running=move")
        assert admin.get("/v1/journeys").json()[0]["running"] == {"2": 1}
        with db() as session:
            assert session.exec(select(TrailEntry.value).where(TrailEntry.what == "moved")).all() == ["2"]


class TestScopes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "versions"), ("POST", "pause"), ("POST", "resume?late=send"), ("POST", "stop"), ("POST", "diff"),
        ],
    )  # fmt: skip
    def test_changing_needs_admin(self, call_with: Callable[..., Caller], method: str, path: str) -> None:
        reader = call_with(scopes=("read", "ingest"))
        assert reader.request(method, f"/v1/journeys/welcome/{path}", content=b"a: 1").status_code == 403

    @pytest.mark.parametrize("path", ["", "/welcome/diff", "/welcome/actions"])
    def test_looking_needs_read(self, call_with: Callable[..., Caller], path: str) -> None:
        assert call_with(scopes=("ingest",)).get(f"/v1/journeys{path}").status_code == 403


@pytest.mark.parametrize("escape", ["\\UFFFFFFFF", "\\U00110000", "\\ud800", "\\x00"])
def test_a_character_that_does_not_exist_is_a_mistake_of_the_journey(admin: Caller, escape: str) -> None:
    status, answer = publish(admin, SPEC.replace("welcome", f'"{escape}"'))
    assert status == 422
    assert answer["errors"][0]["line"] == 1
