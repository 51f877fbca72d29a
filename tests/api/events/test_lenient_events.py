"""`POST /v1/events` takes what it can: a slip in a nickname must not lose an order."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from calling import Caller
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import conversion as first_sdk
from cloudevents.v1.http import CloudEvent as FirstCloudEvent
from sqlmodel import col, select

from api.http.limits import Limits
from domain.customers.tables import Identifier
from domain.intake.tables import Event
from domain.store.work import Database

JSON = {"content-type": "application/json"}
PAID = {"order_id": "o1", "total": 8900}


def send(caller: Caller, data: dict[str, Any], type: str = "order.paid", **members: Any) -> httpx.Response:
    body = {"id": "e1", "source": "shop", "type": type, "subject": "unionid:u1", "data": data} | members
    return caller.post(content=json.dumps(body).encode(), headers=JSON)


def stored(db: Database) -> list[Event]:
    with db() as session:
        return list(session.exec(select(Event).order_by(col(Event.id))))


def warnings(response: httpx.Response) -> list[tuple[str, str]]:
    """The (field, reason) of each warning of a single event that was taken."""
    assert response.status_code == 202, response.text
    (result,) = response.json()["results"]
    assert result["status"] == "accepted"
    assert all(warning["detail"] for warning in result.get("warnings", ()))
    return [(warning["field"], warning["reason"]) for warning in result.get("warnings", ())]


MILK = {"sku": "milk"}
SET_ASIDE: list[tuple[str, str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("an optional text", "order.paid", PAID | {"stream_id": ["s1"]}, PAID, [("data.stream_id", "wrong_type")]),
    ("an empty one", "order.paid", PAID | {"cart_id": ""}, PAID, [("data.cart_id", "out_of_range")]),
    ("an optional list", "order.paid", PAID | {"items": "milk"}, PAID, [("data.items", "wrong_type")]),
    (
        "a field of an item",
        "order.paid",
        PAID | {"items": [MILK | {"price": "8.9"}]},
        PAID | {"items": [MILK]},
        [("data.items.0.price", "wrong_type")],
    ),
    (
        "items without what names them",
        "order.paid",
        PAID | {"items": [{"price": 1}, MILK, 7, {"sku": "", "price": -1}, MILK]},
        PAID | {"items": [MILK, MILK]},
        [
            ("data.items.0.sku", "missing"),
            ("data.items.2", "wrong_type"),
            ("data.items.3.price", "out_of_range"),
            ("data.items.3.sku", "out_of_range"),
        ],
    ),
    (
        "what is known of a customer",
        "customer.updated",
        {"birthday": "2026-02-30", "timezone": "Mars", "city": "杭州"},
        {"city": "杭州"},
        [("data.birthday", "bad_date"), ("data.timezone", "bad_timezone")],
    ),
]


@pytest.mark.parametrize(
    ("type_", "sent", "kept", "told"), [row[1:] for row in SET_ASIDE], ids=[row[0] for row in SET_ASIDE]
)
def test_an_optional_field_that_is_wrong_is_set_aside_and_told(
    caller: Caller,
    db: Database,
    type_: str,
    sent: dict[str, Any],
    kept: dict[str, Any],
    told: list[tuple[str, str]],
) -> None:
    assert warnings(send(caller, sent, type_)) == told
    assert [row.data for row in stored(db)] == [kept]


def test_a_number_given_for_a_text_is_taken_as_its_text(caller: Caller, db: Database) -> None:
    items = [{"sku": 42, "category": 1.5, "name": 12.0}]
    response = send(caller, {"order_id": 881, "total": 8900, "cart_id": 123, "items": items}, id=7, source=3)
    assert warnings(response) == []
    (row,) = stored(db)
    assert (row.event_id, row.source) == ("7", "3")
    assert row.data == {
        "order_id": "881",
        "total": 8900,
        "cart_id": "123",
        "items": [{"sku": "42", "category": "1.5", "name": "12"}],
    }


def test_what_no_database_holds_is_replaced(caller: Caller, db: Database) -> None:
    data = {"name": "小\ud83d", "note": {"\udc00": ["a\x00b"]}, "face": "\U0001f600"}
    assert warnings(send(caller, data, "customer.updated")) == []
    assert [row.data for row in stored(db)] == [
        {"name": "小\ufffd", "note": {"\ufffd": ["a\ufffdb"]}, "face": "\U0001f600"}
    ]


def test_an_identifier_that_is_wrong_is_set_aside_beside_one_that_is_right(caller: Caller, db: Database) -> None:
    data = PAID | {"customer": {"phone": 13800000001, "qq": "1", "email": "x"}}
    assert warnings(send(caller, data, subject="order/881")) == [
        ("subject", "bad_subject"),
        ("data.customer.qq", "unknown_kind"),
        ("data.customer.email", "bad_email"),
    ]
    with db() as session:
        assert [(row.kind, row.value) for row in session.exec(select(Identifier))] == [("phone", "+8613800000001")]


@pytest.mark.parametrize(
    ("type_", "meant"),
    [("order.payed", "order.paid"), ("Order.Paid", "order.paid"), ("cart.update", "cart.updated")],
)
def test_a_type_one_slip_away_is_kept_and_the_known_one_is_named(
    caller: Caller, db: Database, type_: str, meant: str
) -> None:
    response = send(caller, PAID, type_)
    assert warnings(response) == [("type", "unknown_type")]
    assert meant in response.json()["results"][0]["warnings"][0]["detail"]
    assert [row.type for row in stored(db)] == [type_]
    assert warnings(send(caller, PAID, "shop.entered", id="e2")) == []


class TestGzip:
    def body(self, count: int = 1) -> bytes:
        events = [
            {"id": f"e{number}", "source": "shop", "type": "a.b", "subject": "unionid:u"} for number in range(count)
        ]
        return json.dumps(events).encode()

    def post(self, caller: Caller, body: bytes) -> httpx.Response:
        return caller.post(content=body, headers=JSON | {"content-encoding": "gzip"})

    def test_a_compressed_batch_is_taken(self, caller: Caller) -> None:
        assert self.post(caller, gzip.compress(self.body(3))).json()["accepted"] == 3
        half = len(self.body(3)) // 2
        members = gzip.compress(self.body(3)[:half]) + gzip.compress(self.body(3)[half:])
        assert self.post(caller, members).json()["duplicates"] == 3

    def test_what_is_too_large_when_unpacked_is_refused(self, call_with: Any) -> None:
        caller = call_with(limits=Limits(max_body_bytes=10_000))
        response = self.post(caller, gzip.compress(b" " * 5_000_000 + self.body()))
        assert (response.status_code, response.json()["type"]) == (413, "urn:aftershow:problem:body_too_large")
        assert len(self.body()) <= 10_000
        assert self.post(caller, gzip.compress(b" " * (10_000 - len(self.body())) + self.body())).status_code == 202

    def test_what_is_unpacked_takes_room(self, call_with: Any) -> None:
        caller = call_with(limits=Limits(max_held_bytes=500_000))
        response = self.post(caller, gzip.compress(b" " * 600_000 + self.body()))
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")

    @pytest.mark.parametrize(
        "body",
        [b"[]", gzip.compress(b"[]")[:-4], gzip.compress(b"[]") + b"x"],
        ids=["not packed", "cut short", "something behind it"],
    )
    def test_what_is_no_gzip_is_refused(self, caller: Caller, body: bytes) -> None:
        response = self.post(caller, body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["reason"] == "bad_encoding"


class TestDataBase64:
    def post(self, caller: Caller, **members: Any) -> httpx.Response:
        event = {"specversion": "1.0", "id": "e1", "source": "shop", "type": "order.paid", "subject": "unionid:u1"}
        headers = {"content-type": "application/cloudevents+json"}
        return caller.post(content=json.dumps(event | members).encode(), headers=headers)

    def test_json_in_it_is_the_data(self, caller: Caller, db: Database) -> None:
        packed = base64.b64encode(json.dumps(PAID).encode()).decode()
        assert self.post(caller, data_base64=packed, datacontenttype="application/json").status_code == 202
        assert [row.data for row in stored(db)] == [PAID]

    def test_null_in_it_is_none(self, caller: Caller, db: Database) -> None:
        assert self.post(caller, data_base64=None, data=PAID).status_code == 202
        assert [row.data for row in stored(db)] == [PAID]

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"data_base64": "?"}, "bad_encoding"),
            ({"data_base64": "订单"}, "bad_encoding"),
            ({"data_base64": 7}, "bad_encoding"),
            ({"data_base64": base64.b64encode(b"{").decode()}, "bad_json"),
            ({"data_base64": base64.b64encode(b"{}").decode(), "data": PAID}, "not_allowed"),
        ],
    )
    def test_anything_else_is_refused(self, caller: Caller, members: dict[str, Any], reason: str) -> None:
        errors = self.post(caller, **members).json()["errors"]
        assert ("data_base64", reason) in [(error["field"], error["reason"]) for error in errors]


class TestClients:
    """The CloudEvents SDK for Python, in its second and its first API."""

    ATTRIBUTES = {  # noqa: RUF012
        "id": "订单 881",
        "source": "/shops/杭州",
        "type": "order.paid",
        "subject": "unionid:u1",
        "time": datetime(2026, 3, 2, 3, tzinfo=UTC),
        "specversion": "1.0",
    }

    @pytest.mark.parametrize("content_type", [None, "application/json", "application/vnd.shop.order+json"])
    @pytest.mark.parametrize("data", [PAID, json.dumps(PAID).encode()], ids=["object", "bytes"])
    @pytest.mark.parametrize("pack", [to_structured, to_binary])
    def test_the_second(self, caller: Caller, db: Database, pack: Any, data: Any, content_type: str | None) -> None:
        attributes = self.ATTRIBUTES | ({"datacontenttype": content_type} if content_type else {})
        message = pack(CloudEvent(attributes, data), JSONFormat())
        assert warnings(caller.post(content=message.body, headers=message.headers)) == []
        (row,) = stored(db)
        assert (row.event_id, row.source, row.data) == ("订单 881", "/shops/杭州", PAID)
        assert row.time == datetime(2026, 3, 2, 3, tzinfo=UTC)

    @pytest.mark.parametrize("data", [PAID, json.dumps(PAID).encode()], ids=["object", "bytes"])
    def test_a_batch_of_both(self, caller: Caller, db: Database, data: Any) -> None:
        """Neither has a batch of its own: each event is written by it, and they are put into one array."""
        second = JSONFormat().write(CloudEvent(self.ATTRIBUTES, data))
        time = "2026-03-02T03:00:00Z"
        attributes = {"id": "2", "source": "shop", "type": "order.paid", "subject": "unionid:u2", "time": time}
        first = first_sdk.to_json(FirstCloudEvent(attributes, data))
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = caller.post(content=b"[" + second + b"," + first + b"]", headers=headers)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
        assert [(row.event_id, row.data) for row in stored(db)] == [("订单 881", PAID), ("2", PAID)]

    @pytest.mark.parametrize("data", [PAID, json.dumps(PAID).encode()], ids=["object", "bytes"])
    @pytest.mark.parametrize("pack", [first_sdk.to_structured, first_sdk.to_binary])
    def test_the_first(self, caller: Caller, db: Database, pack: Any, data: Any) -> None:
        time = "2026-03-02T03:00:00+00:00"
        attributes = {"source": "shop", "type": "order.paid", "subject": "unionid:u1", "time": time}
        headers, body = pack(FirstCloudEvent(attributes, data))
        headers.setdefault("content-type", "application/json")
        assert warnings(caller.post(content=body, headers=headers)) == []
        assert [row.data for row in stored(db)] == [PAID]
