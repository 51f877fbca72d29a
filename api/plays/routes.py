"""Plays: looked at by everybody, opened, closed and stopped by marketers."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Stale, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.plays.bodies import Opening, PlayState, Stopping, about, shown
from domain.access import audit
from domain.access.actors import Actor
from domain.plays.entrants import ordered_lines
from domain.plays.publishing import published_plays
from domain.plays.running import (
    PlayError,
    close_entries,
    live_play,
    open_play,
    play_of,
    present_instance,
    stop_play,
)
from domain.plays.showing import show
from domain.plays.tables import PlayInstance, PlayVersion
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.terms.values import local_day
from workflows.terms.wording import Wording

router = APIRouter(tags=["plays"], responses=documented(NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("plays.read"))]
Runner = Annotated[Actor, Depends(require("plays.run"))]
Name = Annotated[str, Path(min_length=1, max_length=64, description="the play, by its name")]

_REFUSED = documented(Unauthorized, Forbidden, Stale, Conflict)
_WHY = {
    "open_already": "It is open already; one instance of a play goes on at a time.",
    "no_stream": "It is played while a livestream runs, and none does.",
    "not_its_time": "It isn't played on this day; see `during`.",
    "not_open": "No entries are being taken.",
    "over": "It is over.",
}


class PlaySummary(BaseModel):
    """A play in a list: its live version and how its newest instance stands."""

    play: str
    name: str
    version: int
    published_at: datetime
    instance: int | None
    state: str
    entries: int
    opened_at: datetime | None


class Plays(BaseModel):
    """All that are published, by name."""

    plays: list[PlaySummary]


@router.get("/v1/plays", summary="List the plays", responses=documented(Unauthorized, Forbidden))
def get_plays(request: Request, _: Reader) -> Plays:
    env = context(request)
    with env.db() as session:
        return Plays(plays=[_summary(session, play, version) for version, play in published_plays(session)])


@router.get("/v1/plays/{play}", summary="See a play, its tally and its result")
def get_play(
    request: Request,
    play: Name,
    instance: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="which time; the newest without it")] = None,
) -> PlayState:
    """Everybody may: it holds nobody's data. Winners are masked; secrets are told once the result is announced."""
    env = context(request)
    with env.db() as session:
        return state_of(session, play, env.clock.now(), instance)


@router.get(
    "/v1/plays/{play}/entries",
    summary="List the entries of a draw, to work it out anew",
    response_class=PlainTextResponse,
)
def get_entries(
    request: Request,
    play: Name,
    instance: Annotated[int, Query(ge=1, le=2**63 - 1, description="which time")],
    step: Annotated[str, Query(max_length=200, description="the `collect` that took them")],
) -> PlainTextResponse:
    """One a line, in their order, between tabs: the id, when it was taken, its weight, what was chosen or guessed, and
    the draws that it takes part in, between commas. `404` before the close.
    """
    env = context(request)
    with env.db() as session:
        row = session.get(PlayInstance, instance)
        lines = ordered_lines(session, row, step) if row is not None and row.play == play else None
        if lines is None:
            raise NotFound("There are no closed entries of this instance and step.")
    return PlainTextResponse("".join(f"{line}\n" for line in lines))


@router.post(
    "/v1/plays/{play}/open",
    status_code=201,
    summary="Open a play",
    responses=_REFUSED,
    openapi_extra=described(Opening, {}),
)
async def post_open(request: Request, caller: Runner, play: Name) -> PlayState:
    """Entries are taken from now on. `409` while an instance of it goes on, or where no livestream runs and it needs
    one.
    """
    body = await read_json(request, Opening) if await request.body() else Opening()

    def act(work: UnitOfWork, env: Context) -> PlayInstance:
        return open_play(work, play, env.clock.now(), caller.name, body.stream_id)

    return await run_in_threadpool(_change, context(request), caller, play, "play.open", act)


@router.post("/v1/plays/{play}/close", summary="Close the entries", responses=_REFUSED)
async def post_close(request: Request, caller: Runner, play: Name) -> PlayState:
    """Ahead of their time; what follows in the play goes on at once. `409` if none are being taken."""

    def act(work: UnitOfWork, env: Context) -> PlayInstance:
        return close_entries(work, play, env.clock.now())

    return await run_in_threadpool(_change, context(request), caller, play, "play.close", act)


@router.post(
    "/v1/plays/{play}/stop",
    summary="Stop a play for good",
    responses=_REFUSED,
    openapi_extra=described(Stopping, {"reason": "直播中断"}),
)
async def post_stop(request: Request, caller: Runner, play: Name) -> PlayState:
    """No more entries, and nobody wins what hasn't been drawn. `409` if it is over."""
    body = await read_json(request, Stopping)

    def act(work: UnitOfWork, env: Context) -> PlayInstance:
        return stop_play(work, play, env.clock.now(), body.reason)

    return await run_in_threadpool(_change, context(request), caller, play, "play.stop", act)


def state_of(session: Session, name: str, now: datetime, instance: int | None = None) -> PlayState:
    """How a play stands. Raises NotFound."""
    today = local_day(now, read_library(session).policy_zone)
    live = live_play(session, name)
    row = session.get(PlayInstance, instance) if instance is not None else present_instance(session, name)
    if instance is not None and (row is None or row.play != name):
        raise NotFound("There is no such instance of it.")
    if row is not None:
        return shown(show(session, row), _wording(session), today)
    if live is None:
        raise NotFound("There is no play of this name.")
    return about(live[1], _wording(session), today)


def _wording(session: Session) -> Wording:
    library = read_library(session)
    return library.wording(library.policy.language)


def _summary(session: Session, name: str, version: PlayVersion) -> PlaySummary:
    row = present_instance(session, name)
    last = show(session, row).round if row else None
    return PlaySummary(
        play=name,
        name=play_of(version).title,
        version=version.version,
        published_at=version.published_at,
        instance=row.id if row else None,
        state=row.state if row else "not_open",
        entries=last.entries if last else 0,
        opened_at=row.opened_at if row else None,
    )


def _change(
    env: Context, caller: Actor, name: str, action: str, act: Callable[[UnitOfWork, Context], PlayInstance]
) -> PlayState:
    def change(work: UnitOfWork) -> None:
        try:
            instance = act(work, env)
        except PlayError as refusal:
            if str(refusal) == "unknown_play":
                raise NotFound("There is no play of this name.") from None
            raise Conflict(_WHY[str(refusal)], reason=str(refusal)) from None
        after = {"instance": instance.id, "state": instance.state}
        audit.record(work, caller, action, f"play:{name}", env.wall.now(), after=after)

    in_transaction(env.db, change)
    with env.db() as session:
        return state_of(session, name, env.clock.now())
