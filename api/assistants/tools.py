"""The tools and resources of an assistant (https://modelcontextprotocol.io). Each tool is a call of the API.

So whoever asks may do by a tool what their key permits, and nothing else; and no tool publishes.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import httpx
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from domain.catalogue.page import document
from workflows.language.spec import Journey

INSTRUCTIONS = """\
You help people of a shop to write customer journeys, as YAML, and to understand what journeys did.
To write one: read `aftershow://guide` and `aftershow://grammar`, ask `vocabulary` what this shop has (texts, coupons,
segments, events), begin with one of `recipes`, `check` until no error is left, `explain` it to see that it says what
was meant, try it by `simulate` and `backtest`, and save it by `draft_journey`. Only a person publishes, in the
console. A mistake is told with its line, what is wrong and what to write instead.
"""

PEOPLE_PUBLISH = (
    "An assistant can't publish: a person does, in the console under 旅程 → {name} → 发布, after reading what would "
    "change. Save your text by draft_journey, and tell them that it waits there."
)

Lang = Annotated[Literal["zh", "en"], Field(description="of the words")]
Name = Annotated[str, Field(min_length=1, max_length=64, description="a journey's name, like abandoned_cart")]
Text = Annotated[str, Field(max_length=1_000_000, description="the journey as YAML")]
Day = Annotated[str | None, Field(description="like 2026-03-01")]

PACKED = Path(__file__).with_name("guide.en.md")
"""Where a wheel has the guide; a checkout has it among its pages."""

_LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_KEEPS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


Ask = Callable[..., Awaitable[httpx.Response]]
"""Sends a request of the API as whoever asks: of a Context, a method, a path, and what httpx takes beside."""


def assistant_server(ask: Ask) -> MCPServer:
    """What an assistant can do, by an API that is asked so."""
    server = MCPServer("aftershow", title="Aftershow", instructions=INSTRUCTIONS, log_level="WARNING")
    _add_resources(server)
    _add_writing(server, ask)
    _add_looking(server, ask)
    return server


def _add_resources(server: MCPServer) -> None:
    @server.resource("aftershow://grammar", mime_type="application/schema+json")
    def grammar() -> str:
        """The grammar of a journey as JSON Schema."""
        return json.dumps(Journey.model_json_schema(by_alias=True), ensure_ascii=False)

    @server.resource("aftershow://catalogue", mime_type="text/markdown")
    def catalogue() -> str:
        """The events that begin journeys and end waits, with their fields."""
        return document("en")

    @server.resource("aftershow://guide", mime_type="text/markdown")
    def guide() -> str:
        """How journeys are written, with examples."""
        return (PACKED if PACKED.is_file() else Path(__file__).parents[2] / "docs/guide.en.md").read_text("utf-8")


def _add_writing(server: MCPServer, ask: Ask) -> None:
    @server.tool(annotations=_LOOKS)
    async def list_journeys(ctx: Context) -> list[dict[str, Any]]:
        """The journeys: their state, live version, and how many are inside."""
        keys = ("journey", "name", "state", "version", "running", "ended")
        return [_of(each, *keys) for each in await _json(ask, ctx, "GET", "/v1/journeys")]

    @server.tool(annotations=_LOOKS)
    async def read_journey(ctx: Context, name: Name) -> dict[str, Any]:
        """A journey as YAML: its draft if there is one, else the live version. `revision` goes with draft_journey."""
        return _of(
            await _json(ask, ctx, "GET", _draft(name)), "journey", "text", "revision", "base", "live", "by", "at"
        )

    @server.tool(annotations=_LOOKS)
    async def vocabulary(ctx: Context, lang: Lang = "zh") -> dict[str, Any]:
        """What a journey of this shop can name: texts with their channels, coupons, segments, tags, events, fields."""
        found = await _json(ask, ctx, "GET", "/v1/specs/vocabulary", params={"lang": lang})
        return {name: value for name, value in found.items() if name != "grammar"}

    @server.tool(annotations=_LOOKS)
    async def recipes(ctx: Context, journey: Name = "new_journey", lang: Lang = "zh") -> list[dict[str, Any]]:
        """Journeys to begin with, under the name of your own: what each is for, and its YAML."""
        answer: list[dict[str, Any]] = await _json(
            ask, ctx, "GET", "/v1/recipes", params={"journey": journey, "lang": lang}
        )
        return answer

    @server.tool(annotations=_LOOKS)
    async def check(ctx: Context, text: Text, lang: Lang = "en") -> dict[str, Any]:
        """Every mistake in a journey: its place, what is wrong and what to write. `valid` if none is an error.

        What it names, texts, coupons, segments, has to be published already.
        """
        return await _checked(ask, ctx, text, lang)

    @server.tool(annotations=_LOOKS)
    async def explain(ctx: Context, text: Text, lang: Lang = "zh") -> dict[str, Any]:
        """A journey in words, step by step."""
        read = await _json(ask, ctx, "POST", "/v1/specs/outline", json={"text": text}, params={"lang": lang})
        steps = [{"at": each["path"], "words": each["words"]} for each in read["nodes"]]
        return {"title": read["title"], "head": read["head"], "steps": steps}

    @server.tool(annotations=_LOOKS)
    async def simulate(
        ctx: Context,
        name: Name,
        text: Text,
        customer: Annotated[str, Field(description="an id, or kind:value like phone:13900000001")],
        event: Annotated[str | None, Field(description="to begin with; else the newest that fits")] = None,
        data: Annotated[dict[str, Any] | None, Field(description="of that event")] = None,
        lang: Lang = "zh",
    ) -> dict[str, Any]:
        """What a journey would do to a customer, in virtual time on a copy. Nothing is sent."""
        asked = {"text": text, "customer": customer, "event": event, "data": data or {}}
        found: dict[str, Any] = await _json(
            ask, ctx, "POST", f"{_draft(name)}/simulate", json=asked, params={"lang": lang}
        )
        return found

    @server.tool(annotations=_LOOKS)
    async def backtest(
        ctx: Context, name: Name, text: Text, days: Annotated[int, Field(ge=1, le=366)] = 30, lang: Lang = "zh"
    ) -> dict[str, Any]:
        """What a journey would have done to everybody in the last days: who entered, what was sent, what it cost."""
        asked = {"text": text, "days": days}
        answer = await _answer(ask, ctx, "POST", f"{_draft(name)}/backtest", json=asked, params={"lang": lang})
        last = json.loads(answer.text.strip().splitlines()[-1])
        if "result" not in last:
            raise ToolError(str(last.get("error") or "it was ended"))
        result: dict[str, Any] = last["result"]
        return result

    @server.tool(annotations=_KEEPS)
    async def draft_journey(
        ctx: Context,
        name: Name,
        text: Text,
        revision: Annotated[
            int, Field(ge=0, description="of the draft that yours replaces; 0 where there is none")
        ] = 0,
    ) -> dict[str, Any]:
        """Save a journey as a draft, for a person to read and publish. Tells what is still wrong with it.

        Refused if somebody has saved another revision meanwhile: then read_journey first, and keep what they wrote.
        """
        saved = await _json(ask, ctx, "PUT", _draft(name), json={"text": text}, headers={"If-Match": f'"{revision}"'})
        checked = await _checked(ask, ctx, text, "en")
        return {**_of(saved, "journey", "revision"), **checked, "next": PEOPLE_PUBLISH.format(name=name)}

    @server.tool(annotations=_LOOKS)
    async def publish_journey(name: Name) -> str:
        """Not possible for an assistant: a person publishes. Tells where."""
        raise ToolError(PEOPLE_PUBLISH.format(name=name))


def _add_looking(server: MCPServer, ask: Ask) -> None:
    @server.tool(annotations=_LOOKS)
    async def results(ctx: Context, name: Name | None = None, since: Day = None, lang: Lang = "zh") -> dict[str, Any]:
        """What a journey brought, against those held out; without a name, all journeys together. Money is in fen."""
        path = f"/v1/journeys/{quote(name, safe='')}/results" if name else "/v1/results"
        found: dict[str, Any] = await _json(ask, ctx, "GET", path, params=_given(since=since, lang=lang))
        return found

    @server.tool(annotations=_LOOKS)
    async def why(
        ctx: Context,
        customer: Annotated[str, Field(description="an id, or kind:value like phone:13900000001")],
        journey: Name | None = None,
        after: Annotated[str | None, Field(description="`next` of the page before")] = None,
        lang: Lang = "zh",
    ) -> dict[str, Any]:
        """What happened to a customer and what was decided, each with its reason, oldest first."""
        path = f"/v1/customers/{quote(customer, safe='')}/timeline"
        found = await _json(ask, ctx, "GET", path, params=_given(journey=journey, after=after, lang=lang))
        entries = [_of(each, "at", "kind", "journey", "words", "because") for each in found["entries"]]
        return {"customer": found["customer"], "entries": entries, "next": found["next"]}

    @server.tool(annotations=_LOOKS)
    async def segment_preview(
        ctx: Context, when: Annotated[Any, Field(description="a condition as in a journey, like {tag: 老客}")]
    ) -> dict[str, Any]:
        """Exactly how many customers a condition holds for now, some of them, and why."""
        found: dict[str, Any] = await _json(ask, ctx, "POST", "/v1/segments/preview", json={"when": when})
        return found

    @server.tool(annotations=_LOOKS)
    async def metric(
        ctx: Context,
        name: Annotated[str | None, Field(description="without one, the metrics there are")] = None,
        since: Day = None,
        until: Day = None,
        by: Literal["day", "week", "month", "show"] = "day",
        where: Annotated[str | None, Field(description="journey:NAME, show:ID or campaign:NAME")] = None,
    ) -> dict[str, Any]:
        """A metric of the shop over time, with its definition."""
        if name is None:
            return {"metrics": await _json(ask, ctx, "GET", "/v1/metrics")}
        query = _given(by=by, where=where) | {key: day for key, day in (("from", since), ("to", until)) if day}
        found: dict[str, Any] = await _json(ask, ctx, "GET", f"/v1/metrics/{quote(name, safe='')}", params=query)
        return found


async def _checked(ask: Ask, ctx: Context, text: str, lang: str) -> dict[str, Any]:
    read = await _json(ask, ctx, "POST", "/v1/specs/outline", json={"text": text}, params={"lang": lang})
    keys = ("line", "column", "code", "severity", "detail", "at")
    mistakes = [_of(each, *keys) for each in read["diagnostics"]]
    return {"valid": all(each["severity"] != "error" for each in mistakes), "mistakes": mistakes}


async def _json(ask: Ask, ctx: Context, method: str, path: str, **options: Any) -> Any:
    return (await _answer(ask, ctx, method, path, **options)).json()


async def _answer(ask: Ask, ctx: Context, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer. Raises ToolError with what the API says against it, or why it can't be reached."""
    try:
        answer = await ask(ctx, method, path, **options)
    except httpx.HTTPError as problem:
        raise ToolError(f"the shop can't be reached: {type(problem).__name__}") from None
    if answer.is_success:
        return answer
    is_told = "json" in answer.headers.get("content-type", "")
    told: Mapping[str, Any] = answer.json() if is_told else {}
    details = [f"{each.get('field')}: {each.get('detail')}" for each in told.get("errors") or ()]
    words = [str(answer.status_code), told.get("title"), told.get("detail"), *details]
    raise ToolError("\n".join(str(each) for each in words if each))


def _draft(name: str) -> str:
    return f"/v1/journeys/{quote(name, safe='')}/draft"


def _of(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _given(**query: str | None) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}
