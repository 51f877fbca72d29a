"""The tests that are kept with a journey: written, run on drafts, and run before anything is published.

`/v1/journeys/{name}/tests`, in the format of files of journey tests.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import anyio
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import ChangedMeanwhile, Forbidden, Invalid, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.journeys.passing import Played
from api.journeys.routes import Lang, Name, read_plan_text
from domain.access import audit
from domain.access.actors import Actor
from domain.published.journey_tests import TestsMovedError, keep_tests, kept_tests
from domain.store.work import UnitOfWork
from workflows.plan.model import Plan
from workflows.source.chinese import in_chinese
from workflows.source.diagnostics import Diagnostic
from workflows.source.editing import Insert, edit
from workflows.source.emitting import Style, entry_lines
from workflows.source.spans import EditRefusedError
from workflows.source.tree import MAX_BYTES
from workflows.terms.values import Language

Text = Annotated[str, Field(max_length=MAX_BYTES)]
Editor = Annotated[Actor, Depends(require("journeys.publish"))]


class Player(Protocol):
    """Reads and plays the tests that are kept with journeys."""

    def read_tests(self, text: str, journey: str) -> tuple[int, Sequence[Diagnostic]]:
        """How many cases a text holds, and what is wrong with it."""

    def play_tests(self, plan: Plan, text: str, lang: Language) -> Sequence[Played]:
        """Each case of a text without mistakes, in virtual time; nothing is sent."""


class KeptTests(BaseModel):
    """A journey's tests. Revision 0 is none yet."""

    text: str
    cases: int
    revision: int
    etag: str = Field(description="what to send as `If-Match` with a change")


class TestsText(BaseModel):
    """A file of journey tests about the journey; an empty one takes them away."""

    text: Text


class ToTest(BaseModel):
    """A draft, and tests to be run on it; without any, those that are kept."""

    text: Text
    tests: Text | None = None


class Tested(BaseModel):
    cases: list[Played]


_TESTS = """\
journey: thanks
cases:
  - name: is thanked
    customer: {identifiers: {phone: "+8613900000001"}, consent: [sms]}
    events:
      - {at: 2026-03-02 19:00, event: order.paid, data: {order_id: o1, total: 8900}}
    expect:
      - {at: 2026-03-05 19:00, ended: finished}
"""
_DRAFT = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - {wait: 3d}\n"


def router(player: Player | None) -> APIRouter:
    """The routes; without a player tests can be read, and nothing else."""
    routes = APIRouter(tags=["drafts"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

    @routes.get("/v1/journeys/{name}/tests", summary="Read a journey's tests")
    def get_tests(request: Request, response: Response, _: Editor, name: Name) -> KeptTests:
        with context(request).db() as session:
            text, revision = kept_tests(session, name)
        return _answer(response, player, name, text, revision)

    @routes.put(
        "/v1/journeys/{name}/tests",
        summary="Keep a journey's tests",
        openapi_extra=described(TestsText, {"text": _TESTS}),
        responses=documented(ChangedMeanwhile),
    )
    async def put_tests(
        request: Request,
        response: Response,
        caller: Editor,
        name: Name,
        if_match: Annotated[str | None, Header(description="the `ETag` that was read")] = None,
    ) -> KeptTests:
        """They are run before the journey is published from here on; one that doesn't pass stops it."""
        body = await read_json(request, TestsText)
        env, seen = context(request), (if_match or "").strip('"')
        if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
            raise Invalid(errors=[{"field": "If-Match", "reason": "missing", "detail": "send the ETag of the tests"}])
        _check(player, body.text, name)

        def act(work: UnitOfWork) -> int:
            revision = keep_tests(work, name, body.text, int(seen))
            audit.record(work, caller, "journey.tests", f"journey:{name}", env.wall.now(), after={"revision": revision})
            return revision

        def keep() -> int:
            try:
                return in_transaction(env.db, act)
            except TestsMovedError as moved:
                raise ChangedMeanwhile("Somebody changed the tests meanwhile.", revision=moved.revision) from None

        revision = await anyio.to_thread.run_sync(keep)
        return _answer(response, player, name, body.text, revision)

    @routes.post(
        "/v1/journeys/{name}/draft/tests",
        summary="Run a journey's tests on a draft",
        openapi_extra=described(ToTest, {"text": _DRAFT, "tests": _TESTS}),
    )
    async def post_tests(request: Request, _: Editor, name: Name, lang: Lang = "zh") -> Tested:
        """Each in an empty shop, in virtual time, against what is published; nothing is sent, and nothing changes."""
        body = await read_json(request, ToTest)
        env = context(request)

        def act() -> Tested:
            if player is None:
                raise _UNAVAILABLE
            with env.db() as session:
                read = read_plan_text(env, session, name, body.text, lang)
                text = kept_tests(session, name)[0] if body.tests is None else body.tests
            if read.plan is None:
                raise Invalid("The journey has mistakes.", errors=read.problems)
            if not text.strip():
                return Tested(cases=[])
            _check(player, text, name, lang)
            return Tested(cases=list(player.play_tests(read.plan, text, lang)))

        return await anyio.to_thread.run_sync(act)

    return routes


_UNAVAILABLE = Unavailable("A journey's tests can't be run here.")


def appended(text: str, journey: str, case: dict[str, Any], cases: int) -> str:
    """The text of a journey's tests with one more case than they have. Raises Invalid where it can't be written in."""
    if not text.strip():
        return f"journey: {journey}\n" + entry_lines("cases", [case], Style())
    try:
        return edit(text, Insert(f"/cases/{cases}", case))
    except EditRefusedError as refused:
        raise Invalid(str(refused)) from None


def _check(player: Player | None, text: str, name: str, lang: Language = "zh") -> None:
    if not text.strip():
        return
    if player is None:
        raise _UNAVAILABLE
    _, diagnostics = player.read_tests(text, name)
    errors = [
        {
            "line": each.line,
            "column": each.column,
            "code": each.code,
            "detail": in_chinese(each.message) if lang == "zh" else each.message,
        }
        for each in diagnostics
        if each.severity == "error"
    ]
    if errors:
        raise Invalid("The tests have mistakes.", errors=errors)


def _answer(response: Response, player: Player | None, name: str, text: str, revision: int) -> KeptTests:
    etag = f'"{revision}"'
    response.headers["ETag"] = etag
    cases = player.read_tests(text, name)[0] if player and text.strip() else 0
    return KeptTests(text=text, cases=cases, revision=revision, etag=etag)
