"""A show's stock, its feed and its screen, over real HTTP."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from calling import Caller
from fastapi import FastAPI

from api.app import create_app
from api.http.feed import Feed
from api.http.page_links import SHOWS
from domain.access.keys import create_key
from domain.intake.ingest import Incoming, ingest
from domain.store.clock import VirtualClock
from domain.store.work import Database

KEY = "a long enough secret of the shop"
Post = Callable[..., None]


@pytest.fixture
def post(db: Database, clock: VirtualClock) -> Post:
    numbers = iter(range(10_000))

    def send(type: str, *, time: datetime | None = None, **data: Any) -> None:
        number = next(numbers)
        who = (("member_no", f"c{number}"),) if type == "order.paid" else ()
        event = Incoming("test", str(number), type, time or clock.now(), data, who)
        with db.begin() as session:
            ingest(session, [event], now=clock.now())

    return send


@pytest.fixture
def show(post: Post) -> Callable[[int], None]:
    """A running show with 20 bags of beans; sells as many as it is told."""
    post("lot.received", lot_id="l1", sku="beans", name="云南咖啡豆", quantity=20, expires_on="2026-09-01")
    post("stream.started", stream_id="s1")
    orders = iter(range(1000))

    def sell(units: int) -> None:
        items = [{"sku": "beans", "quantity": units}]
        post("order.paid", order_id=f"o{next(orders)}", total=100, stream_id="s1", items=items)

    return sell


@pytest.fixture
def app(db: Database, clock: VirtualClock) -> FastAPI:
    return create_app(db, clock, ready=dict, signing_key=KEY, feed=Feed(limit=4, seconds=0.02))


@pytest.fixture
def reader(app: FastAPI, db: Database, clock: VirtualClock) -> Caller:
    with db.begin() as session:
        return Caller(app, create_key(session, "screen", ["read"], clock.now()))


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name.partition(":")[0] == "data":
            yield kind, json.loads(value) if value else None


def link(stream: str = "s1", key: str = KEY) -> dict[str, str]:
    return {"token": SHOWS.sign(key, stream)}


def test_what_is_left_and_what_sells(reader: Caller, show: Callable[[int], None], clock: VirtualClock) -> None:
    clock.set(clock.now() + timedelta(minutes=10))
    for _ in range(10):
        show(1)
    found = reader.get("/v1/streams/s1/stock").json()
    (beans,) = found["products"]
    assert (beans["name"], beans["sold"], beans["expected"], beans["per_minute"]) == ("云南咖啡豆", 10, None, 2.0)
    assert beans["left"] <= 20
    assert beans["alarm"]["kind"] == "selling_out"
    assert datetime.fromisoformat(beans["sells_out_at"]) > clock.now()


def test_a_show_that_nobody_heard_of(reader: Caller) -> None:
    for path in ("/v1/streams/none/stock", "/v1/streams/none/stock/events", "/v1/streams/%00/stock"):
        assert reader.get(path).status_code in (404, 422)


def test_a_show_may_have_any_name(reader: Caller, post: Post) -> None:
    post("stream.started", stream_id="杭州/3月 春茶?")
    path = quote("杭州/3月 春茶?", safe="")
    assert reader.get(f"/v1/streams/{path}/stock").json()["stream_id"] == "杭州/3月 春茶?"
    page = reader.get(f"/studio/{path}", params=link("杭州/3月 春茶?"), raw_headers={})
    assert f"/v1/streams/{path}/stock/events?token=" in page.text


def test_the_feed_tells_each_change_and_the_end(app: FastAPI, show: Callable[[int], None], post: Post) -> None:
    with serving(app) as client, client.stream("GET", "/v1/streams/s1/stock/events", params=link()) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = events(response)
        assert next(told)[1]["products"] == []
        show(3)
        assert any(said["products"][0]["sold"] == 3 for _, said in told)
        show(2)
        assert any(said["products"][0]["sold"] == 5 for _, said in told)
        post("stream.ended", stream_id="s1")
        kinds = [kind for kind, _ in told]
        assert (kinds[-1], set(kinds)) == ("ended", {"stock", "ended"})


@pytest.mark.usefixtures("show")
def test_listeners_are_few_and_leave_room_when_they_go(app: FastAPI) -> None:
    path = "/v1/streams/s1/stock/events"
    with serving(app) as client:
        with client.stream("GET", path, params=link()) as one, client.stream("GET", path, params=link()) as two:
            held = [events(one), events(two)]
            assert [next(each)[0] for each in held] == ["stock", "stock"]
            refused = client.get(path, params=link())
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
            assert not app.state.context.feed.is_full("another"), "one show leaves room for others"
        feed = app.state.context.feed
        while feed._subjects:
            time.sleep(0.01)
        with client.stream("GET", path, params=link()) as three:
            assert next(events(three))[0] == "stock"


def test_whoever_is_slow_gets_only_the_newest(app: FastAPI, show: Callable[[int], None]) -> None:
    with serving(app) as client, client.stream("GET", "/v1/streams/s1/stock/events", params=link()) as response:
        told = events(response)
        next(told)
        (subject,) = app.state.context.feed._subjects.values()
        for _ in range(5):
            show(1)
        while not subject.text or json.loads(subject.text)["products"][0]["sold"] < 5:
            time.sleep(0.01)
        assert set(vars(subject)) == {"text", "event", "over", "version", "listeners", "news", "reader"}
        while next(told)[1]["products"][0]["sold"] < 5:
            pass


@pytest.mark.usefixtures("show")
@pytest.mark.parametrize("path", ["/v1/streams/s1/stock", "/v1/streams/s1/stock/events", "/studio/s1"])
def test_a_link_is_for_one_show_and_signed(reader: Caller, path: str) -> None:
    for token in (SHOWS.sign(KEY, "s2"), SHOWS.sign("another secret altogether", "s1"), "nonsense", ""):
        assert reader.get(path, params={"token": token}, raw_headers={}).status_code == 401
    assert reader.get(path, raw_headers={}).status_code == 401


@pytest.mark.usefixtures("show")
def test_a_key_needs_the_scope(call_with: Callable[..., Caller]) -> None:
    assert call_with(scopes=("ingest",)).get("/v1/streams/s1/stock").status_code == 403


@pytest.mark.usefixtures("show")
def test_without_a_signing_key_it_says_how_to_set_one(call_with: Callable[..., Caller]) -> None:
    answer = call_with(scopes=("read",)).get("/studio/s1", params=link())
    assert answer.status_code == 503
    assert "AFTERSHOW_SIGNING_KEY" in answer.json()["detail"]


def test_the_screen_shows_the_products_and_runs_no_strangers_code(
    reader: Caller, show: Callable[[int], None], post: Post
) -> None:
    name = "<script>alert('豆')</script>"
    post("lot.received", lot_id="l0", sku="beans", name=name, quantity=5, expires_on="2026-09-01")
    show(1)
    page = reader.get("/studio/s1", params=link(), raw_headers={})
    assert page.status_code == 200
    assert "剩余" in page.text
    assert "<script>alert" not in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    assert "/v1/streams/s1/stock/events?token=" in page.text
