"""Trying a draft out: what it would do to one customer, and what it would have done over recorded events."""

import json
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.http.auth import SECURITY, authorized
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.journeys.kept_tests import Player, appended
from api.journeys.routes import Lang, Name, read_plan_text
from domain.customers.identifiers import IdentifierError
from domain.customers.resolution import find_customer
from domain.published.journey_tests import kept_tests
from workflows.plan.model import Plan
from workflows.source.tree import MAX_BYTES
from workflows.terms.values import Language

Text = Annotated[str, Field(max_length=MAX_BYTES)]
Watch = Callable[[int, int, datetime], None]
"""Is told how many events are played, of how many, and the time. Raises what ends the trial."""


class TrialError(Exception):
    """A trial that can't be made; the text says why."""


class Happening(BaseModel):
    """Something that would be decided, in words, with the text of its message."""

    at: datetime
    words: str
    text: str | None


class Simulated(BaseModel):
    """What would happen to a customer after an event; `zone` is where they live."""

    begun_by: str
    at: datetime
    zone: str
    happenings: list[Happening]


class Backtested(BaseModel):
    """What a draft would have done. `cost` is the most that its coupons come to, in fen; reasons are in words."""

    since: datetime
    until: datetime
    entered: int
    not_entered: dict[str, int]
    sent: dict[str, int]
    suppressed: dict[str, int]
    coupons: int
    cost: int
    goals: int


class Trials(Player, Protocol):
    """Plays drafts in virtual time on a copy. Raises TrialError; what `watch` raises goes through."""

    def simulate(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any], lang: Language) -> Simulated:
        """One customer, after an event of this type, or the newest stored that fits."""

    def record(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """A simulation as a case of a journey test, and whether the case alone comes to the same."""

    def backtest(self, plan: Plan, days: int, lang: Language, watch: Watch) -> Backtested:
        """Everybody, over the events of the last days."""


class ToSimulate(BaseModel):
    """A draft, a customer (an id or `kind:value`), and the event to begin with; without one, the newest that fits."""

    text: Text
    customer: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")
    event: str | None = Field(default=None, max_length=100, pattern=r"^[^\x00]*$")
    data: dict[str, Any] = Field(default_factory=dict)


class ToRecord(ToSimulate):
    """A simulation to be written down, and what the case is called."""

    called: str = Field(min_length=1, max_length=200, pattern=r"\S")


class Recorded(BaseModel):
    """The journey's tests with a simulation as one more case, not kept yet.

    The case names nobody: its customer has invented identifiers. It is played in an empty shop, which knows of the
    customer only what the case says; `same` if it comes to what the simulation did.
    """

    tests: str
    case: dict[str, Any]
    same: bool


class ToBacktest(BaseModel):
    """A draft, and how many days back to begin."""

    text: Text
    days: int = Field(default=30, ge=1, le=366)


class _EndedError(Exception):
    """Whoever asked has gone."""


_EXAMPLE = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - {wait: 3d}\n"


def router(trials: Trials | None) -> APIRouter:
    """The routes; without `trials` they are unavailable. A process plays one at a time."""
    routes = APIRouter(tags=["drafts"], responses=documented(Unauthorized, Forbidden, Invalid, NotFound, Unavailable))
    busy = threading.Lock()

    def playing() -> Trials:
        if trials is None:
            raise Unavailable("Drafts can't be tried out here.")
        if not busy.acquire(blocking=False):
            raise Unavailable("Another draft is being tried out; try again in a moment.", headers={"Retry-After": "5"})
        return trials

    @routes.post(
        "/v1/journeys/{name}/draft/simulate",
        summary="See what a draft would do to a customer",
        openapi_extra=described(ToSimulate, {"text": _EXAMPLE, "customer": "phone:13800000001"})
        | {"security": SECURITY},
    )
    async def post_simulate(request: Request, name: Name, lang: Lang = "zh") -> Simulated:
        """Played in virtual time on a copy; nothing is sent, and nothing changes."""
        await authorized(request, "journeys.publish")
        asked = await read_json(request, ToSimulate)
        env = context(request)

        def act() -> Simulated:
            plan, customer = _plan(env, name, asked.text, lang), _customer(env, asked.customer)
            player = playing()
            try:
                return player.simulate(plan, customer, asked.event, asked.data, lang)
            except TrialError as problem:
                raise _refused(problem) from None
            finally:
                busy.release()

        return await anyio.to_thread.run_sync(act)

    @routes.post(
        "/v1/journeys/{name}/draft/record",
        summary="Write a simulation down as a test",
        openapi_extra=described(ToRecord, {"text": _EXAMPLE, "customer": "phone:13800000001", "called": "is thanked"})
        | {"security": SECURITY},
    )
    async def post_record(request: Request, name: Name, lang: Lang = "zh") -> Recorded:
        """Simulates once more, and keeps nothing: `PUT` the tests to keep them."""
        await authorized(request, "journeys.publish")
        asked = await read_json(request, ToRecord)
        env = context(request)

        def act() -> Recorded:
            plan, customer = _plan(env, name, asked.text, lang), _customer(env, asked.customer)
            with env.db() as session:
                tests = kept_tests(session, name)[0]
            player = playing()
            try:
                case, same = player.record(plan, customer, asked.event, asked.data)
                cases = player.read_tests(tests, name)[0]
            except TrialError as problem:
                raise _refused(problem) from None
            finally:
                busy.release()
            case = {"name": asked.called, **case}
            return Recorded(tests=appended(tests, name, case, cases), case=case, same=same)

        return await anyio.to_thread.run_sync(act)

    @routes.post(
        "/v1/journeys/{name}/draft/backtest",
        summary="See what a draft would have done",
        openapi_extra=described(ToBacktest, {"text": _EXAMPLE, "days": 30}) | {"security": SECURITY},
        response_class=StreamingResponse,
        responses={200: {"description": "lines of JSON", "content": {"application/x-ndjson": {}}}},
    )
    async def post_backtest(request: Request, name: Name, lang: Lang = "zh") -> StreamingResponse:
        """Answers a line of JSON now and then: `{"played", "of", "at"}`, and `{"result"}` or `{"error"}` at its end.

        Whoever closes the connection ends it.
        """
        await authorized(request, "journeys.publish")
        asked = await read_json(request, ToBacktest)
        env = context(request)
        plan = await anyio.to_thread.run_sync(_plan, env, name, asked.text, lang)
        player = playing()
        return StreamingResponse(_lines(player, busy, plan, asked.days, lang), media_type="application/x-ndjson")

    return routes


async def _lines(player: Trials, busy: threading.Lock, plan: Plan, days: int, lang: Language) -> AsyncIterator[bytes]:
    told, heard = anyio.create_memory_object_stream[dict[str, Any]](100)
    gone = threading.Event()

    def watch(played: int, of: int, at: datetime) -> None:
        if gone.is_set():
            raise _EndedError
        try:
            anyio.from_thread.run_sync(told.send_nowait, {"played": played, "of": of, "at": at.isoformat()})
        except anyio.WouldBlock:
            return  # the next will tell more

    def play() -> dict[str, Any]:
        try:
            return {"result": player.backtest(plan, days, lang, watch).model_dump(mode="json")}
        except _EndedError:
            return {}
        except TrialError as problem:
            return {"error": str(problem)}
        finally:
            busy.release()

    async def run() -> None:
        async with told:
            await told.send(await anyio.to_thread.run_sync(play))

    try:
        async with anyio.create_task_group() as group, heard:
            group.start_soon(run)
            async for line in heard:
                yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
    finally:
        gone.set()


def _refused(problem: TrialError) -> Invalid:
    return Invalid(str(problem), errors=[{"field": "event", "reason": "refused", "detail": str(problem)}])


def _plan(env: Context, name: str, text: str, lang: Language) -> Plan:
    with env.db() as session:
        read = read_plan_text(env, session, name, text, lang)
    if read.plan is None:
        raise Invalid("The journey has mistakes.", errors=read.problems)
    return read.plan


def _customer(env: Context, name: str) -> int:
    with env.db() as session:
        try:
            found = find_customer(session, name)
        except IdentifierError as problem:
            raise Invalid(errors=[{"field": "customer", "reason": "unfit", "detail": str(problem)}]) from None
    if found is None:
        raise NotFound("There is no such customer.")
    return found.id
