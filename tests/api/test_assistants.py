"""An assistant by the package's own client, over both transports: what it may, and a journey written from nothing."""

import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import uvicorn
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from shop import Shop
from sqlmodel import select

from api.app import create_app
from api.journeys.trials import Backtested, Happening, Simulated
from domain.access.keys import create_key
from domain.published.tables import Draft, Journey
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.recipes import recipes_for
from workflows.plan.model import Plan

SPEC = """
    journey: welcome
    name: 新客欢迎
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: hi, send: hello, via: [sms]}]
"""
BROKEN = """journey: comeback
trigger: {event: order.payed}
entry: {again: sometimes}
steps:
  - {wait: 3 days}
  - {id: hi, send: helo, via: [sms, fax]}
"""
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TOOLS = {
    "list_journeys", "read_journey", "vocabulary", "check", "explain", "simulate", "backtest", "results", "why",
    "segment_preview", "metric", "draft_journey", "recipes", "publish_journey",
}  # fmt: skip
Connect = Callable[[str, str], AbstractAsyncContextManager[Client]]


class Played:
    """Tells of plans what a rehearsal would, which takes long; that is tested where it is."""

    play_tests = record = None

    def simulate(self, plan: Plan, _: int, __: str | None, ___: dict[str, Any], ____: str) -> Simulated:
        (step,) = plan.steps.values()
        said = Happening(at=NOON, words=str(getattr(step, "template", "")), text="您好")
        return Simulated(begun_by="order.paid", at=NOON, zone="Asia/Shanghai", happenings=[said])

    def backtest(self, _: Plan, days: int, __: str, watch: Callable[[int, int, datetime], None]) -> Backtested:
        watch(1, 2, NOON)
        return Backtested(since=NOON, until=NOON, entered=days, not_entered={}, sent={"hello": 3}, suppressed={},
                          coupons=0, cost=0, goals=0)  # fmt: skip


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC, shop="绿野", texts={"hello": "{{ shop.sign }}您好。拒收请回复R"})
    shop.customers("li")
    shop.post("order.paid", "li", order_id="1", total=100)
    clock.set(clock.now() + timedelta(hours=1))
    return shop


@pytest.fixture
def url(shop: Shop, clock: VirtualClock) -> Iterator[str]:
    app = create_app(shop.db, clock, ready=dict, try_out=Played(), known_recipes=recipes_for)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def key(db: Database, clock: VirtualClock) -> Callable[..., str]:
    def make(*scopes: str) -> str:
        with db.begin() as work:
            return create_key(work, "assistant", scopes or ("read", "admin"), clock.now())

    return make


@asynccontextmanager
async def over_http(url: str, key: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as caller,
        Client(streamable_http_client(f"{url}/mcp", http_client=caller), mode=mode) as client,
    ):
        yield client


def over_stdio(url: str, key: str) -> AbstractAsyncContextManager[Client]:
    environment = {"AFTERSHOW_URL": url, "AFTERSHOW_KEY": key, "PYTHONPATH": str(Path.cwd())}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "runtime.cli", "mcp"], env=environment, cwd=tempfile.gettempdir()
    )
    return Client(stdio_client(command))


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    text = "".join(part.text for part in answer.content if hasattr(part, "text"))
    if answer.is_error:
        raise AssertionError(text)
    structured = answer.structured_content
    return structured["result"] if set(structured) == {"result"} else structured


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return "".join(part.text for part in answer.content if hasattr(part, "text"))


def mended(text: str, mistakes: list[dict[str, Any]], words: dict[str, Any]) -> str:
    """The text as a client mends it that knows nothing but the mistakes, and the names of the vocabulary."""
    lines = text.splitlines()
    for each in sorted(mistakes, key=lambda item: (-item["line"], -item["column"])):
        line, detail = each["line"] - 1, each["detail"]
        wrong, meant = re.search(r'"([^"]+)"', detail), re.search(r'did you mean "([^"]+)"', detail)
        instead = re.search(r"(?:write it like|there are|write one of|must be|write) ([\w ]+)", detail)
        if wrong is None:
            continue
        known = [name["template"] for name in words["templates"]]
        new = meant[1] if meant else (instead[1].strip() if instead else known[0])
        lines[line] = lines[line].replace(wrong[1], new, 1)
    return "\n".join(lines) + "\n"


async def _tries(client: Client) -> None:
    simulated = await call(client, "simulate", name="welcome", text=SPEC, customer="phone:+8613800000000")
    assert [each["words"] for each in simulated["happenings"]] == ["hello"]
    played = await call(client, "backtest", name="welcome", text=SPEC, days=7)
    assert (played["entered"], played["sent"]) == (7, {"hello": 3})
    assert "422" in await refused(client, "simulate", name="comeback", text=BROKEN, customer="1")


async def _writes(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == TOOLS
    assert all(tool.description for tool in tools.values())
    resources = {str(each.uri) for each in (await client.list_resources()).resources}
    assert resources == {"aftershow://grammar", "aftershow://catalogue", "aftershow://guide"}
    read = {uri: (await client.read_resource(uri)).contents[0] for uri in sorted(resources)}
    grammar = json.loads(read["aftershow://grammar"].text)  # type: ignore[union-attr]
    assert {"journey", "trigger", "steps"} <= grammar["properties"].keys()
    assert "order.paid" in read["aftershow://catalogue"].text  # type: ignore[union-attr]
    assert "journey:" in read["aftershow://guide"].text  # type: ignore[union-attr]

    words = await call(client, "vocabulary")
    text, rounds = BROKEN, 0
    while not (checked := await call(client, "check", text=text))["valid"]:
        rounds += 1
        assert rounds < 8, (text, checked)
        text = mended(text, [each for each in checked["mistakes"] if each["severity"] == "error"], words)
    assert rounds, "the draft was broken"
    explained = await call(client, "explain", text=text)
    assert any("hello" in step["words"] or "短信" in step["words"] for step in explained["steps"]), explained
    saved = await call(client, "draft_journey", name="comeback", text=text)
    assert (saved["revision"], saved["valid"]) == (1, True)
    assert "person" in saved["next"]
    assert "412" in await refused(client, "draft_journey", name="comeback", text=BROKEN)
    again = await call(client, "read_journey", name="comeback")
    assert (again["text"], again["revision"]) == (text, 1)
    assert "a person does" in await refused(client, "publish_journey", name="comeback")


@pytest.mark.parametrize("connect", [over_http, over_stdio])
def test_an_assistant_mends_a_broken_draft_by_its_errors_and_can_not_publish_it(
    connect: Connect, url: str, key: Callable[..., str], db: Database
) -> None:
    async def run() -> None:
        async with connect(url, key()) as client:
            await _writes(client)

    anyio.run(run)
    with db() as session:
        assert session.exec(select(Draft.journey)).all() == ["comeback"]
        assert session.exec(select(Journey.name)).all() == ["welcome"]


def test_an_assistant_tries_a_journey_out(url: str, key: Callable[..., str]) -> None:
    async def run() -> None:
        async with over_http(url, key()) as client:
            await _tries(client)

    anyio.run(run)


def test_an_assistant_looks_at_what_its_key_permits(url: str, key: Callable[..., str]) -> None:
    async def looks(client: Client) -> None:
        (listed,) = await call(client, "list_journeys")
        assert listed["journey"] == "welcome"
        assert "{event: order.paid}" in (await call(client, "read_journey", name="welcome"))["text"]
        assert [each["recipe"] for each in await call(client, "recipes", journey="thanks")]
        assert (await call(client, "segment_preview", when={"event": "order.paid", "within": "30d"}))["size"] == 1
        assert any(each["name"] == "orders" for each in (await call(client, "metric"))["metrics"])
        assert (await call(client, "metric", name="orders"))["points"]
        assert (await call(client, "results", name="welcome"))["journey"] == "welcome"
        assert await call(client, "results")
        told = await call(client, "why", customer="phone:+8613800000000")
        assert [each["words"] for each in told["entries"]]
        assert "no journey" in await refused(client, "results", name="nothing")
        assert "there is no metric nothing" in await refused(client, "metric", name="nothing")
        assert "when:" in await refused(client, "segment_preview", when={"evnt": 1})

    async def may_not(client: Client) -> None:
        assert "403" in await refused(client, "draft_journey", name="x", text="journey: x")
        assert "403" in await refused(client, "why", customer="1")
        assert await call(client, "list_journeys")

    async def run(do: Callable[[Client], Awaitable[None]], secret: str, mode: str) -> None:
        async with over_http(url, secret, mode) as client:
            await do(client)

    anyio.run(run, looks, key(), "auto")
    anyio.run(run, may_not, key("journeys.read"), "legacy")


def test_without_a_key_nothing_is_told(url: str) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for headers in ({}, {"authorization": "Bearer nobody"}):
        assert httpx.post(f"{url}/mcp", json=asked, headers=headers).status_code == 401
    assert httpx.get(f"{url}/mcp").status_code == 405


def test_nothing_that_is_sent_is_a_fault_of_ours(url: str, key: Callable[..., str]) -> None:
    headers = {
        "authorization": f"Bearer {key()}", "accept": "application/json, text/event-stream",
        "content-type": "application/json",
    }  # fmt: skip
    large = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"x": "长" * 900_000}}).encode()
    for body in (b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', b"\xff", large):
        answer = httpx.post(f"{url}/mcp", content=body, headers=headers, timeout=30)
        assert 400 <= answer.status_code < 500 or (answer.status_code == 200 and "error" in answer.json()), body[:40]
    assert httpx.post(f"{url}/mcp", content=b"{}", headers=headers | {"content-type": "text/plain"}).status_code < 500
