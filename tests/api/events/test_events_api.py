"""`POST /v1/events`: what is taken, what is refused, and what the answer says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from calling import Caller
from sqlmodel import col, select

from api.http.limits import Limits
from domain.catalogue.sources import OURS
from domain.customers.tables import Identifier
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
PLAIN = {"content-type": "application/json"}
BINARY = PLAIN | {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "shop", "ce-type": "order.delivered"}


def event(id: str = "e1", type: str = "order.delivered", **members: Any) -> dict[str, Any]:
    """A valid event that happened to a customer, with members replaced; one that is given as ... is left out."""
    base = {
        "specversion": "1.0",
        "id": id,
        "source": "shop",
        "type": type,
        "data": {"customer": {"phone": "13800000001"}, "order_id": "o1"},
    }
    return {name: value for name, value in (base | members).items() if value is not ...}


def send(caller: Caller, body: Any, headers: dict[str, str] = STRUCTURED) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return caller.post(content=content, headers=headers)


def stored(db: Database) -> list[Event]:
    with db() as session:
        return list(session.exec(select(Event).order_by(col(Event.id))))


def errors(response: httpx.Response) -> list[tuple[str, str]]:
    """The (field, reason) of each error of a refused request."""
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    return [(error["field"], error["reason"]) for error in response.json()["errors"]]


class TestModes:
    @pytest.mark.parametrize("headers", [STRUCTURED, PLAIN, {"content-type": "Application/JSON; charset=UTF-8"}])
    def test_one_event(self, caller: Caller, db: Database, headers: dict[str, str]) -> None:
        response = send(caller, event(), headers)
        assert response.status_code == 202
        result = {"index": 0, "id": "e1", "status": "accepted"}
        assert response.json() == {"accepted": 1, "duplicates": 0, "results": [result]}
        (row,) = stored(db)
        assert (row.source, row.event_id, row.type, row.data) == ("shop", "e1", "order.delivered", {"order_id": "o1"})

    @pytest.mark.parametrize("headers", [BATCH, PLAIN])
    def test_a_batch(self, caller: Caller, db: Database, headers: dict[str, str]) -> None:
        response = send(caller, [event("e1"), event("e2")], headers)
        assert response.status_code == 202
        assert [result["id"] for result in response.json()["results"]] == ["e1", "e2"]
        assert len(stored(db)) == 2

    def test_binary(self, caller: Caller, db: Database) -> None:
        headers = BINARY | {
            "ce-id": "%E8%AE%A2%E5%8D%95%201",
            "ce-source": '"a \\"shop\\""',
            "ce-time": "2026-03-02T11:00:00+08:00",
            "ce-subject": "unionid:u1",
        }
        response = send(caller, {"order_id": "o1"}, headers)
        assert response.status_code == 202
        (row,) = stored(db)
        assert (row.event_id, row.source, row.data) == ("订单 1", 'a "shop"', {"order_id": "o1"})
        assert row.time == datetime(2026, 3, 2, 3, tzinfo=UTC)

    def test_binary_without_a_body(self, caller: Caller) -> None:
        headers = {name: value for name, value in BINARY.items() if name != "content-type"}
        response = send(caller, b"", headers | {"ce-type": "shop.entered", "ce-subject": "unionid:u1"})
        assert response.status_code == 202

    def test_an_empty_batch_is_no_error(self, caller: Caller) -> None:
        assert send(caller, [], BATCH).json() == {"accepted": 0, "duplicates": 0, "results": []}

    def test_plain_json_needs_no_specversion(self, caller: Caller) -> None:
        assert send(caller, event(specversion=...), PLAIN).status_code == 202
        assert errors(send(caller, event(specversion=...), STRUCTURED)) == [("specversion", "missing")]

    def test_a_byte_order_mark_is_passed_over(self, caller: Caller) -> None:
        assert send(caller, b"\xef\xbb\xbf" + json.dumps(event()).encode()).status_code == 202

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "text/plain"},
            {"content-type": "application/xml"},
            {"content-type": "application/cloudevents+avro"},
            {"content-type": "application/json; charset=gbk"},
            PLAIN | {"content-encoding": "br"},
            BINARY | {"content-type": "application/octet-stream"},
        ],
    )
    def test_other_content_types_are_refused(self, caller: Caller, headers: dict[str, str]) -> None:
        response = send(caller, event(), headers)
        assert response.status_code == 415
        assert response.json()["type"] == "urn:aftershow:problem:unsupported_media_type"


class TestIdentity:
    def test_subject_and_customer_name_one_person(self, caller: Caller, db: Database) -> None:
        customer = {"phone": "138 0000 0001", "openid:mini": "oX1"}
        response = send(caller, event(subject="unionid:u1", data={"customer": customer, "order_id": "o1"}))
        assert response.status_code == 202
        with db() as session:
            found = {(row.kind, row.value): row.customer_id for row in session.exec(select(Identifier))}
        assert found.keys() == {("phone", "+8613800000001"), ("openid:mini", "oX1"), ("unionid", "u1")}
        assert len(set(found.values())) == 1

    def test_an_event_about_the_business_has_nobody(self, caller: Caller, db: Database) -> None:
        data = {"stream_id": "s1", "customer": {"phone": "13800000001"}}
        assert send(caller, event(type="stream.started", subject="stream/1", data=data)).status_code == 202
        (row,) = stored(db)
        assert (row.customer_id, row.data) == (None, {"stream_id": "s1"})

    @pytest.mark.parametrize("type_", ["order.delivered", "shop.entered"])
    def test_any_other_needs_somebody(self, caller: Caller, type_: str) -> None:
        response = send(caller, event(type=type_, data={"order_id": "o1", "customer": {"phone": None}}))
        assert errors(response) == [("data.customer", "missing_identity")]

    def test_the_refusal_of_a_phone_does_not_repeat_it(self, caller: Caller) -> None:
        response = send(caller, event(data={"order_id": "o1", "customer": {"phone": "138000000012345"}}))
        assert errors(response) == [("data.customer.phone", "bad_phone")]
        assert "1380" not in response.text


def refund(**data: Any) -> dict[str, Any]:
    return event(type="order.refunded", subject="unionid:u1", data={"order_id": "o1"} | data)


def consent(**data: Any) -> dict[str, Any]:
    return event(type="consent.given", subject="unionid:u1", data={"channel": "sms"} | data)


REFUSED: list[tuple[str, Any, str, str]] = [
    ("no id", event(id=...), "id", "missing"),
    ("an empty id", event(id=" "), "id", "empty"),
    ("a truth value for an id", event(id=True), "id", "wrong_type"),
    ("a long id", event(id="x" * 201), "id", "too_long"),
    ("a long source", event(source="x" * 201), "source", "too_long"),
    ("no source", event(source=None), "source", "missing"),
    ("no type", event(type=...), "type", "missing"),
    ("another specversion", event(specversion="0.3"), "specversion", "not_allowed"),
    ("a number for a specversion", event(specversion=1.0), "specversion", "not_allowed"),
    ("a time without an offset", event(time="2026-03-02T11:00:00"), "time", "bad_time"),
    ("a number for a time", event(time=1772420400), "time", "wrong_type"),
    ("a time before there were any", event(time="0001-01-01T00:00:00+08:00"), "time", "bad_time"),
    ("a time that overflows", event(time="9999-12-31T23:59:59-08:00"), "time", "bad_time"),
    ("a time in the future", event(time="2026-03-02T12:05:01+08:00"), "time", "time_in_future"),
    ("data that is a list", event(subject="unionid:u1", data=[1], type="a.b"), "data", "wrong_type"),
    ("data in base64", event(data_base64="AA=="), "data_base64", "not_allowed"),
    ("a customer that is a text", event(data={"order_id": "o", "customer": "li"}), "data.customer", "wrong_type"),
    ("a number for a subject", event(subject=7, data={"order_id": "o"}), "subject", "wrong_type"),
    ("a subject without a kind", event(subject="u1", data={"order_id": "o"}), "subject", "bad_subject"),
    ("an unknown kind", event(subject="qq:1", data={"order_id": "o"}), "subject", "unknown_kind"),
    ("a field of the wrong type", event(subject="unionid:u", data={"order_id": []}), "data.order_id", "wrong_type"),
    ("a refund of an amount that is none", refund(total="89"), "data.total", "wrong_type"),
    ("consent to a purpose that is none", consent(purpose=["news"]), "data.purpose", "wrong_type"),
    (
        "half a surrogate pair in who it is",
        event(data={"customer": {"unionid": "\ud800"}, "order_id": "o"}),
        "data.customer.unionid",
        "bad_character",
    ),
    ("NUL in the id", event(id="a\x00"), "id", "bad_character"),
    ("half a surrogate pair in the id", event(id="\ud800"), "id", "bad_character"),
    ("an integer beyond 64 bits", event(data={"n": 2**63}), "data.n", "bad_number"),
    ("a very long integer", event(data={"n": 10**4000}), "data.n", "bad_number"),
    ("NaN", event(data={"n": float("nan")}), "data.n", "bad_number"),
    ("Infinity", event(data={"n": float("-inf")}), "data.n", "bad_number"),
    ("not an object", 7, "", "wrong_type"),
]


class TestRefusals:
    @pytest.mark.parametrize(("body", "field", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
    def test_an_event_is_refused_by_field_and_reason(
        self, caller: Caller, db: Database, body: Any, field: str, reason: str
    ) -> None:
        assert errors(send(caller, [body], BATCH)) == [(field, reason)]
        assert stored(db) == []

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "bad_json"),
            (b"{", "bad_json"),
            (b'{"a": 1,}', "bad_json"),
            (b'{"id": "\xff"}', "bad_encoding"),
            (b'"text"', "wrong_type"),
            (b"[]", "wrong_type"),
            (b"[" * 100_000, "too_deep"),
        ],
    )
    def test_a_body_that_is_no_event(self, caller: Caller, body: bytes, reason: str) -> None:
        assert errors(send(caller, body)) == [("", reason)]

    def test_a_batch_must_be_an_array(self, caller: Caller) -> None:
        assert errors(send(caller, event(), BATCH)) == [("", "wrong_type")]

    def test_a_name_given_twice(self, caller: Caller) -> None:
        body = json.dumps(event()).replace('"order_id"', '"order_id": "o2", "order_id"').encode()
        assert errors(send(caller, body)) == [("data", "repeated_name")]

    def test_a_number_that_only_overflows(self, caller: Caller) -> None:
        body = json.dumps(event(data={"n": 7})).replace("7}", "1e999}").encode()
        assert errors(send(caller, body)) == [("data.n", "bad_number")]

    def test_deep_nesting(self, caller: Caller) -> None:
        deep: Any = []
        for _ in range(200):
            deep = [deep]
        (found,) = errors(send(caller, event(type="a.b", data={"deep": deep})))
        assert found[1] == "too_deep"

    @pytest.mark.parametrize(
        ("headers", "field", "reason"),
        [
            ({"ce-id": "%FF"}, "id", "bad_encoding"),
            ({"ce-id": "%00"}, "id", "bad_character"),
            ({"ce-id": ""}, "id", "empty"),
            ({"ce-specversion": "2.0"}, "specversion", "not_allowed"),
            ({"ce-time": "noon"}, "time", "bad_time"),
        ],
    )
    def test_a_binary_attribute(self, caller: Caller, headers: dict[str, str], field: str, reason: str) -> None:
        response = send(caller, {"order_id": "o1"}, BINARY | {"ce-subject": "unionid:u1"} | headers)
        assert errors(response) == [(field, reason)]

    def test_a_binary_body(self, caller: Caller) -> None:
        assert errors(send(caller, b"{", BINARY | {"ce-subject": "unionid:u1"})) == [("data", "bad_json")]

    def test_every_mistake_of_an_event_is_told(self, caller: Caller) -> None:
        response = send(caller, event(id=..., time="noon", data={"order_id": ""}))
        assert errors(response) == [
            ("id", "missing"),
            ("time", "bad_time"),
            ("data.customer", "missing_identity"),
            ("data.order_id", "out_of_range"),
        ]


class TestBatches:
    def test_the_good_are_taken_and_the_bad_are_named(self, caller: Caller, db: Database) -> None:
        send(caller, event("e0"))
        two_mistakes = event("e2", data={"customer": {"phone": "1"}, "order_id": ""})
        response = send(caller, [event("e0"), event("e1"), two_mistakes, event("e3"), 7], BATCH)
        assert response.status_code == 207
        body = response.json()
        assert (body["accepted"], body["duplicates"]) == (2, 1)
        statuses = [(result["index"], result["id"], result["status"]) for result in body["results"]]
        assert statuses == [
            (0, "e0", "duplicate"),
            (1, "e1", "accepted"),
            (2, "e2", "rejected"),
            (3, "e3", "accepted"),
            (4, None, "rejected"),
        ]
        rejected = body["results"][2]
        assert (rejected["field"], rejected["reason"]) == ("data.customer.phone", "bad_phone")
        assert rejected["detail"]
        assert [error["field"] for error in rejected["errors"]] == ["data.customer.phone", "data.order_id"]
        assert [row.event_id for row in stored(db)] == ["e0", "e1", "e3"]

    def test_a_batch_of_which_all_is_bad_is_refused(self, caller: Caller) -> None:
        response = send(caller, [event("e1", time="noon"), event("e2", source="")], BATCH)
        assert errors(response) == [("time", "bad_time"), ("source", "empty")]
        assert [(error["index"], error["id"]) for error in response.json()["errors"]] == [(0, "e1"), (1, "e2")]

    def test_the_same_event_twice_in_a_batch_is_one(self, caller: Caller, db: Database) -> None:
        response = send(caller, [event(), event(), event(source="other")], BATCH)
        statuses = [result["status"] for result in response.json()["results"]]
        assert statuses == ["accepted", "duplicate", "accepted"]
        assert len(stored(db)) == 2

    def test_a_batch_larger_than_a_transaction_keeps_its_order(self, caller: Caller, db: Database) -> None:
        batch = [event(f"e{number}", time=... if number % 3 else "noon") for number in range(450)]
        response = send(caller, batch, BATCH)
        assert response.status_code == 207
        results = response.json()["results"]
        assert [result["id"] for result in results] == [f"e{number}" for number in range(450)]
        assert all((result["status"] == "accepted") == bool(result["index"] % 3) for result in results)
        assert len(stored(db)) == 300

    def test_sending_a_batch_again_changes_nothing(self, caller: Caller, db: Database) -> None:
        batch = [event(f"e{number}") for number in range(250)]
        send(caller, batch, BATCH)
        body = send(caller, batch, BATCH).json()
        assert (body["accepted"], body["duplicates"]) == (0, 250)
        assert len(stored(db)) == 250

    def test_too_many_events(self, call_with: Callable[..., Caller]) -> None:
        caller = call_with(limits=Limits(max_batch=2))
        assert send(caller, [event("1"), event("2")], BATCH).status_code == 202
        response = send(caller, [event("3"), event("4"), event("5")], BATCH)
        assert response.status_code == 413
        assert response.json()["type"] == "urn:aftershow:problem:too_many_events"


class TestTime:
    def test_a_missing_time_is_the_arrival(self, caller: Caller, db: Database, clock: VirtualClock) -> None:
        send(caller, event())
        assert stored(db)[0].time == clock.now()

    def test_five_minutes_ahead_are_forgiven(self, caller: Caller, clock: VirtualClock) -> None:
        ahead = clock.now() + timedelta(minutes=5)
        assert send(caller, event("e1", time=ahead.isoformat())).status_code == 202
        late = ahead + timedelta(microseconds=1)
        assert errors(send(caller, event("e2", time=late.isoformat()))) == [("time", "time_in_future")]

    def test_an_old_event_is_taken(self, caller: Caller, db: Database) -> None:
        assert send(caller, event(time="1999-12-31T23:59:59.123456789Z")).status_code == 202
        assert stored(db)[0].time.year == 1999


class TestNulls:
    def test_a_null_field_is_one_left_out(self, caller: Caller, db: Database) -> None:
        data = {"order_id": "o1", "total": None, "customer": {"unionid": "u1", "phone": None}}
        assert send(caller, event(type="order.refunded", data=data)).status_code == 202
        assert stored(db)[0].data == {"order_id": "o1"}
        paid = {"order_id": "o1", "total": 100, "items": None}
        assert send(caller, event("e2", "order.paid", subject="unionid:u1", data=paid)).status_code == 202

    def test_a_customer_that_is_null_is_one_left_out(self, caller: Caller, db: Database) -> None:
        refunded, begun = {"order_id": "o1", "customer": None}, {"stream_id": "s1", "customer": None}
        named = event("e1", "order.refunded", subject="unionid:u1", data=refunded)
        assert send(caller, named).status_code == 202
        assert send(caller, event("e2", "stream.started", data=begun)).status_code == 202
        nobodys = send(caller, event("e3", "order.refunded", data=refunded))
        assert errors(nobodys) == [("data.customer", "missing_identity")]
        assert [row.data for row in stored(db)] == [{"order_id": "o1"}, {"stream_id": "s1"}]


@pytest.mark.parametrize("source", sorted(OURS))
@pytest.mark.parametrize("mode", ["structured", "binary", "plain"])
def test_nobody_posts_under_a_source_of_ours(caller: Caller, db: Database, source: str, mode: str) -> None:
    """A signed STOP of the same name would be taken for a duplicate, and the consent would stay."""
    event = {"specversion": "1.0", "id": "SM1", "source": source, "type": "lot.sold_out", "data": {"lot_id": "l1"}}
    if mode == "binary":
        headers = {f"ce-{name}": str(event[name]) for name in ("specversion", "id", "source", "type")}
        response = caller.post(json=event["data"], headers=headers)
    else:
        media = "application/cloudevents+json" if mode == "structured" else "application/json"
        response = caller.post(content=json.dumps(event), headers={"content-type": media})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["field"], error["reason"]) == ("source", "reserved")
    with db() as session:
        assert session.exec(select(Event)).all() == []
