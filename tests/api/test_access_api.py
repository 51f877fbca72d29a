"""Who may call, how large, how fast, and what is said when something is away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from calling import Caller
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import select

import api.events.routes
from api.app import create_app
from api.events.routes import CHUNK
from api.http import context
from api.http.limits import Limits
from domain.access.keys import find_key, revoke_key
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database, UnitOfWork
from runtime.platform.database import connect

PHONE = "13800000001"
JSON = {"content-type": "application/json"}


def lot(id: str = "e1") -> dict[str, Any]:
    return {"id": id, "source": "wms", "type": "lot.sold_out", "data": {"lot_id": "l1"}}


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a problem, checked to be one."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:aftershow:problem:{code}"
    assert body["status"] == status
    assert body["title"]
    return body


def count(db: Database) -> int:
    with db() as session:
        return len(session.exec(select(Event.id)).all())


class TestKeys:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer as_unknown", "Bearer \xff", "x"])
    def test_no_or_an_unknown_key(self, caller: Caller, header: str) -> None:
        headers = JSON | {"authorization": header}
        response = caller.post(json=lot(), headers={k: v.encode("latin-1") for k, v in headers.items()})
        problem(response, 401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer ")

    def test_the_scheme_is_read_in_any_case(self, caller: Caller) -> None:
        assert caller.post(json=lot(), headers={"authorization": f"bearer {caller.secret}"}).status_code == 202

    def test_a_missing_scope(self, call_with: Callable[..., Caller]) -> None:
        response = call_with(scopes=("read", "admin")).post(json=lot())
        problem(response, 403, "forbidden")
        assert 'scope="events.send"' in response.headers["www-authenticate"]

    def test_a_revoked_key_is_refused_from_the_next_request_on(
        self, caller: Caller, db: Database, clock: VirtualClock
    ) -> None:
        assert caller.post(json=lot()).status_code == 202
        with db.begin() as session:
            key = find_key(session, caller.secret)
            assert key is not None
            revoke_key(session, key.id, clock.now())
        problem(caller.post(json=lot()), 401, "unauthorized")

    def test_the_key_is_asked_for_before_the_body_is_read(self, caller: Caller) -> None:
        response = caller.post(content=b"{" * 2_000_000, headers={"authorization": "", "content-type": "text/plain"})
        problem(response, 401, "unauthorized")


class TestBodySize:
    def test_a_declared_length_over_the_limit(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_body_bytes=100))
        problem(caller.post(content=b"x" * 101, headers=JSON), 413, "body_too_large")

    def test_a_length_that_only_claims_to_be_small(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_body_bytes=100))
        problem(caller.post(content=b"x" * 101, headers=JSON | {"content-length": "7"}), 413, "body_too_large")

    def test_a_body_in_chunks_is_counted_while_it_is_read(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_body_bytes=100))
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1000):
                sent += 10
                yield b"x" * 10

        response = caller.post(content=chunks(), headers=JSON)
        problem(response, 413, "body_too_large")
        assert sent < 200

    def test_a_body_of_exactly_the_limit(self, call_with: Callable[..., Caller]) -> None:
        body = json.dumps(lot()).encode()
        caller = call_with(limits=Limits(max_body_bytes=len(body)))
        assert caller.post(content=body, headers=JSON).status_code == 202

    def test_a_lost_connection_is_no_fault_of_ours(self, caller: Caller) -> None:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", f"Bearer {caller.secret}".encode()), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/events", "query_string": b"", "headers": headers}
        asyncio.run(caller.app(scope, receive, send))
        assert sent[0]["status"] == 400


class TestRate:
    def test_a_key_that_is_too_fast_is_told_when_to_come_back(
        self, call_with: Callable[..., Caller], db: Database
    ) -> None:
        caller = call_with(limits=Limits(max_batch=10, events_per_second=10))
        assert caller.post(json=[lot(f"a{number}") for number in range(8)]).status_code == 202
        response = caller.post(json=[lot(f"b{number}") for number in range(8)])
        problem(response, 429, "too_fast")
        assert 1 <= int(response.headers["retry-after"]) <= 2
        assert count(db) == 8

    def test_a_full_batch_fits_however_low_the_rate_is(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_batch=50, events_per_second=1))
        assert caller.post(json=[lot(f"a{number}") for number in range(50)]).status_code == 202
        response = caller.post(json=lot("b"))
        problem(response, 429, "too_fast")
        assert int(response.headers["retry-after"]) > 40

    def test_what_is_refused_counts_too(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_batch=2, events_per_second=2))
        statuses = [caller.post(content=b"{", headers=JSON).status_code for _ in range(3)]
        assert statuses == [422, 422, 429]

    def test_each_key_has_its_own(self, call_with: Callable[..., Caller]) -> None:
        first = call_with(limits=Limits(max_batch=1, events_per_second=1))
        second = Caller(first.app, call_with().secret)
        assert first.post(json=lot()).status_code == 202
        assert first.post(json=lot()).status_code == 429
        assert second.post(json=lot()).status_code == 202


class TestDatabaseAway:
    def test_nothing_listens(self, clock: VirtualClock) -> None:
        engine, sessions = connect("postgresql+psycopg://postgres@127.0.0.1:1/postgres")
        caller = Caller(create_app(sessions, clock, ready=dict), "as_any")
        response = caller.post(json=lot())
        problem(response, 503, "unavailable")
        assert response.headers["retry-after"] == "2"
        engine.dispose()

    @pytest.mark.parametrize(
        "error",
        [
            OperationalError("INSERT", {}, Exception("gone")),
            InterfaceError("INSERT", {}, Exception("closed")),
            DBAPIError("INSERT", {}, Exception("gone"), connection_invalidated=True),
            PoolTimeoutError("no connection became free"),
        ],
    )
    def test_it_goes_away_in_the_middle_of_a_batch(
        self, caller: Caller, db: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        calls = 0

        def fail_second(work: UnitOfWork, chunk: Sequence[Incoming], **options: Any) -> list[bool]:
            nonlocal calls
            calls += 1
            taken = ingest(work, chunk, **options)
            if calls == 2:
                raise error
            return taken

        batch = [lot(f"e{number}") for number in range(CHUNK + 100)]
        monkeypatch.setattr(api.events.routes, "ingest", fail_second)
        response = caller.post(json=batch)
        problem(response, 503, "unavailable")
        assert response.headers["retry-after"] == "2"
        assert count(db) == CHUNK
        body = caller.post(json=batch).json()
        assert (body["accepted"], body["duplicates"]) == (100, CHUNK)
        assert count(db) == CHUNK + 100

    def test_a_deadlock_is_tried_again(self, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = 0

        def deadlock_first(work: UnitOfWork, chunk: Sequence[Incoming], **options: Any) -> list[bool]:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected())
            return ingest(work, chunk, **options)

        monkeypatch.setattr(api.events.routes, "ingest", deadlock_first)
        assert caller.post(json=lot()).status_code == 202
        assert calls == 2

    def test_a_value_that_postgres_refuses_harms_only_its_own_event(
        self, caller: Caller, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse_one(work: UnitOfWork, chunk: Sequence[Incoming], **options: Any) -> list[bool]:
            if any(each.id == "e2" for each in chunk):
                raise DataError("INSERT", {}, Exception())
            return ingest(work, chunk, **options)

        monkeypatch.setattr(api.events.routes, "ingest", refuse_one)
        response = caller.post(json=[lot("e1"), lot("e2"), lot("e3")])
        assert response.status_code == 207
        assert [result["status"] for result in response.json()["results"]] == ["accepted", "rejected", "accepted"]
        assert response.json()["results"][1]["reason"] == "unstorable"
        assert count(db) == 2


class TestProblems:
    def test_a_fault_of_ours_tells_nothing(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: Any, **__: Any) -> list[bool]:
            raise RuntimeError(PHONE)

        monkeypatch.setattr(api.events.routes, "ingest", fail)
        response = caller.post(json=lot())
        problem(response, 500, "unexpected")
        assert PHONE not in response.text + caplog.text
        assert "RuntimeError" in caplog.text

    @pytest.mark.parametrize("path", ["/", "/v1", "/v1/events/", "/v1/events%00", "/v1/%FF"])
    def test_there_is_nothing_here(self, caller: Caller, path: str) -> None:
        problem(caller.post(path, json=lot()), 404, "not_found")

    def test_a_method_that_is_not_allowed(self, caller: Caller) -> None:
        response = caller.get("/v1/events")
        problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == "POST"


class TestHealth:
    def test_the_process_runs(self, caller: Caller) -> None:
        assert caller.get("/healthz").json() == {"status": "ok"}

    def test_ready_when_all_is_there(self, caller: Caller) -> None:
        response = caller.get("/readyz")
        assert (response.status_code, response.json()["checks"]) == (200, {"postgres": True, "temporal": True})

    @pytest.mark.parametrize("checks", [{}, {"postgres": True, "temporal": False}])
    def test_not_ready_when_something_is_away(self, call_with: Callable[..., Caller], checks: dict[str, bool]) -> None:
        response = call_with(ready=lambda: checks).get("/readyz")
        assert problem(response, 503, "unavailable")["checks"] == checks

    def test_not_ready_when_it_cannot_be_told(self, call_with: Callable[..., Caller]) -> None:
        def fail() -> dict[str, bool]:
            raise OSError("no route")

        problem(call_with(ready=fail).get("/readyz"), 503, "unavailable")

    def test_it_looks_once_a_second_however_many_ask(self) -> None:
        looks: list[int] = []

        def look() -> dict[str, bool]:
            looks.append(1)
            return {"postgres": True}

        readiness = context.Readiness(look)

        async def ask() -> list[dict[str, bool]]:
            return await asyncio.gather(*(readiness.ask() for _ in range(100)))

        assert asyncio.run(ask()) == [{"postgres": True}] * 100
        assert len(looks) < 100

    @pytest.mark.parametrize(("scopes", "status"), [(("read",), 200), (("ingest",), 403), (("admin",), 403)])
    def test_metrics_are_for_a_key_that_may_read(
        self, call_with: Callable[..., Caller], scopes: tuple[str, ...], status: int
    ) -> None:
        caller = call_with(scopes=scopes)
        assert caller.get("/metrics").status_code == status
        problem(caller.get("/metrics", raw_headers={}), 401, "unauthorized")

    def test_metrics_count_events_by_what_became_of_them(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(scopes=("ingest", "read"))

        def read() -> dict[str, float]:
            lines = caller.get("/metrics").text.splitlines()
            pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
            return {name: float(value) for name, _, value in pairs}

        before = read()
        caller.post(json=[lot(), lot(), lot("e2") | {"type": "made.up", "subject": "unionid:u1"}, 7])
        after = read()
        grown = {name: after[name] - before.get(name, 0) for name in after if name.startswith("aftershow_events_total")}
        assert {name: value for name, value in grown.items() if value} == {
            'aftershow_events_total{outcome="accepted",type="lot.sold_out"}': 1,
            'aftershow_events_total{outcome="duplicate",type="lot.sold_out"}': 1,
            'aftershow_events_total{outcome="accepted",type="other"}': 1,
            'aftershow_events_total{outcome="rejected",type="other"}': 1,
        }
        assert 'aftershow_http_requests_total{method="POST",route="/v1/events",status="207"}' in after


class TestDocumentation:
    def test_every_example_is_taken(self, caller: Caller, clock: VirtualClock) -> None:
        clock.set(clock.now() + timedelta(days=1))
        operation = caller.get("/openapi.json").json()["paths"]["/v1/events"]["post"]
        content = operation["requestBody"]["content"]
        assert len(content) == 3
        for media_type, described in content.items():
            assert described["examples"]
            for example in described["examples"].values():
                response = caller.post(json=example["value"], headers={"content-type": media_type})
                assert response.status_code == 202

    def test_every_answer_is_described(self, caller: Caller) -> None:
        operation = caller.get("/openapi.json").json()["paths"]["/v1/events"]["post"]
        assert set(operation["responses"]) >= {"202", "207", "401", "403", "413", "415", "422", "429", "503"}
        assert operation["security"]

    def test_the_page_is_there(self, caller: Caller) -> None:
        assert caller.get("/docs").status_code == 200
