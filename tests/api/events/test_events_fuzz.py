"""Whatever is sent to the door, the answer is never a fault of ours."""

import json
from datetime import datetime
from typing import Any

from calling import Caller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalogue.page import FIELDS
from domain.catalogue.types import CATALOGUE
from domain.customers.identifiers import STRENGTH

ALLOWED = {202, 207, 401, 413, 415, 422}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.sampled_from(["", "\x00", "\ud800", "Asia/Shanghai", "2026-02-30", "0001-01-01T00:00:00Z", "13800000001"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)
NAMES = st.sampled_from(sorted({name.rpartition(".")[2] for names in FIELDS.values() for name in names}))
CUSTOMERS = st.dictionaries(st.sampled_from([*STRENGTH, "openid:mini"]) | st.text(), VALUES, max_size=3)
GOOD_CUSTOMERS = st.fixed_dictionaries({"phone": st.sampled_from(["13800000001", "13900000002"])})
DATA = st.builds(
    lambda fields, extra, customer: fields | extra | {"customer": customer},
    st.dictionaries(NAMES, VALUES | st.sampled_from(["sms", "s1", 1, 100]), max_size=8),
    st.dictionaries(st.text(), VALUES, max_size=2),
    CUSTOMERS | GOOD_CUSTOMERS,
)
EVENTS = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": st.text(min_size=1, max_size=5) | VALUES,
        "source": st.just("fuzz"),
        "type": st.sampled_from(sorted(CATALOGUE)) | st.text(min_size=1),
        "data": DATA | VALUES,
    },
    optional={"time": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | VALUES, "subject": st.text() | VALUES},
)
WHOLE = st.sampled_from([0, 1, 7, 10**9, 10**15]) | st.integers(0, 10**15)
CODES = st.sampled_from(["a", "b", "c" * 200, "咖啡豆"]) | st.text(min_size=1, max_size=3)
DAYS = st.dates().map(str)
LIKELY = {
    "total": WHOLE,
    "price": WHOLE,
    "quantity": st.integers(0, 10**9),
    "message": st.integers(1, 2**63 - 1),
    "enrollment": st.integers(1, 2**63 - 1),
    "watched_minutes": st.floats(0, 10**6) | st.integers(0, 100),
    "birthday": DAYS,
    "expires_on": DAYS,
    "starts_at": st.datetimes(datetime(1971, 1, 1), datetime(2998, 1, 1)).map(lambda at: f"{at.isoformat()}+08:00"),  # noqa: DTZ001
    "timezone": st.sampled_from(["Asia/Shanghai", "America/Sao_Paulo", "UTC"]),
    "channel": st.sampled_from(["sms", "wecom", "wechat", "mini", "email"]),
    "items": st.lists(
        st.fixed_dictionaries({"sku": CODES}, optional={"category": CODES, "quantity": st.integers(0, 10**9)}),
        max_size=3,
    ),
}


@st.composite
def likely_events(draw: st.DrawFn) -> dict[str, Any]:
    """Events that are well formed but for what chance spoils, so that most of them reach the database."""
    type_ = draw(st.sampled_from(sorted(CATALOGUE)))
    names = sorted(name for name in FIELDS[type_] if "." not in name)
    data = {name: draw(LIKELY.get(name, CODES) | st.none()) for name in names if draw(st.integers(0, 4))}
    if not draw(st.integers(0, 4)):
        data |= draw(st.dictionaries(st.text() | NAMES, VALUES, max_size=1))
    members = {
        "specversion": "1.0",
        "id": draw(st.text("abc", min_size=1, max_size=4)),
        "source": "fuzz",
        "type": type_,
        "data": data | {"customer": draw(GOOD_CUSTOMERS)},
    }
    if draw(st.booleans()):
        members["time"] = f"{draw(st.datetimes(datetime(1971, 1, 1), datetime(2026, 3, 2))).isoformat()}Z"  # noqa: DTZ001
    if not draw(st.integers(0, 3)):
        members["subject"] = draw(st.sampled_from(["unionid:u1", "unionid:u2", "openid:mini:o1", "device_id:d", "x"]))
    return members


BODIES = (
    st.one_of(EVENTS, st.lists(EVENTS | VALUES, max_size=4), VALUES).map(lambda value: json.dumps(value).encode())
    | st.binary()
    | st.builds(lambda event, cut: json.dumps(event).encode()[:cut], EVENTS, st.integers(0, 200))
)
TYPES = st.sampled_from(
    [
        b"application/json",
        b"application/cloudevents+json",
        b"application/cloudevents-batch+json",
        b"application/json; charset=\xff",
    ]
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"ce-id", b"ce-type", b"ce-source", b"ce-time", b"ce-subject", b"ce-specversion", b"content-type"]
        ),
        st.binary(max_size=20).filter(lambda value: not {10, 13, 0} & set(value))
        | st.sampled_from([b"1.0", b"order.paid", b"unionid:u1", b"%00", b"%ff", b'"', b'"\\']),
    ),
    max_size=6,
)

fuzz = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@fuzz
@given(body=BODIES, content_type=TYPES)
def test_any_body(caller: Caller, body: bytes, content_type: bytes) -> None:
    response = caller.post(content=body, headers={b"content-type": content_type})
    assert response.status_code in ALLOWED


@fuzz
@given(events=st.lists(likely_events(), min_size=1, max_size=6))
def test_events_that_are_nearly_right(caller: Caller, events: list[dict[str, Any]]) -> None:
    response = caller.post(content=json.dumps(events).encode(), headers={"content-type": "application/json"})
    assert response.status_code in ALLOWED


@fuzz
@given(body=BODIES, headers=HEADERS)
def test_any_headers(caller: Caller, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    given_headers: Any = [*headers, (b"authorization", f"Bearer {caller.secret}".encode())]
    response = caller.request("POST", "/v1/events", content=body, raw_headers=given_headers)
    assert response.status_code in ALLOWED


@fuzz
@given(authorization=st.binary(max_size=30).filter(lambda value: not {10, 13, 0} & set(value)))
def test_any_authorization(caller: Caller, authorization: bytes) -> None:
    headers = {b"authorization": authorization, b"content-type": b"application/json"}
    assert caller.post(content=b"{}", headers=headers).status_code == 401
