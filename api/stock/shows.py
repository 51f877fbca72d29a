"""Shows: those that are planned, running and over; planned ones are moved and called off."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.places import place, read_place
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Stale, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.stock.streams import StreamId
from domain.access import audit
from domain.access.actors import Actor
from domain.catalogue.sources import SHOWS
from domain.intake.ingest import Incoming, ingest
from domain.stock.shows import Show, ShowState, shows, state_of
from domain.stock.tables import Stream
from domain.store.work import UnitOfWork
from workflows.terms.quantities import Quantity

router = APIRouter(tags=["streams"], responses=documented(Unauthorized, Forbidden, Stale, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("streams.read"))]
Planner = Annotated[Actor, Depends(require("streams.plan"))]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
AHEAD = timedelta(days=366)
"""A show is planned for within a year."""


class ShowSummary(BaseModel):
    """A show, what it sold in units, of how many products, and how many alarms it raised."""

    stream_id: str
    title: str | None
    city: str | None
    state: ShowState
    starts_at: datetime
    ended_at: datetime | None
    cancelled_at: datetime | None
    units: Quantity
    products: int
    alarms: int


class Shows(BaseModel):
    """A page, those that begin last first. `next` is what to give as `after` for the following one; null after it."""

    shows: list[ShowSummary]
    next: str | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfferedProduct(_Body):
    """What will be sold in a show: its price there in fen, and how many want it."""

    sku: Text
    price: Annotated[int, Field(ge=0, le=10**9)] | None = None
    reservations: Annotated[int, Field(ge=0, le=10**9)] | None = None


class NewShow(_Body):
    """A show that is planned. `stream_id` is what orders will name it by; `city` whose customers it is for.

    How long it lasts, its `host`, how many have reserved and its products make its forecast.
    """

    stream_id: Text
    title: Text | None = None
    city: Text | None = None
    starts_at: AwareDatetime
    minutes: Annotated[int, Field(ge=1, le=720)] | None = None
    host: Text | None = None
    reservations: Annotated[int, Field(ge=0, le=10**9)] | None = None
    products: Annotated[list[OfferedProduct], Field(max_length=500)] | None = None


class NewTime(_Body):
    """When it begins instead."""

    starts_at: AwareDatetime


@router.get("/v1/streams", summary="List the shows")
def get_streams(
    request: Request,
    _: Reader,
    state: Annotated[ShowState | None, Query(description="only these")] = None,
    after: Annotated[str | None, Query(max_length=240, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Shows:
    """One that nobody ended is over 12 hours after it began."""
    env = context(request)
    with env.db() as session:
        rows = shows(session, env.clock.now(), state=state, after=read_place(after), limit=limit + 1)
    last = rows[limit - 1].stream if len(rows) > limit else None
    return Shows(
        shows=[_summary(each) for each in rows[:limit]], next=place(last.starts_at, last.stream_id) if last else None
    )


@router.get("/v1/streams/{id:path}", summary="Read a show", responses=documented(NotFound))
def get_stream(request: Request, _: Reader, id: StreamId) -> ShowSummary:
    env = context(request)
    with env.db() as session:
        return _one(session, env, id)


_EXAMPLE = {"stream_id": "live-0305", "title": "周四春茶专场", "city": "杭州", "starts_at": "2026-03-05T19:30:00+08:00"}


@router.post(
    "/v1/streams",
    status_code=201,
    summary="Plan a show",
    responses=documented(Conflict),
    openapi_extra=described(NewShow, _EXAMPLE),
)
async def post_stream(request: Request, caller: Planner) -> ShowSummary:
    """Journeys hear of it as `stream.scheduled`. `409` if there is a show of this id already."""
    body = await read_json(request, NewShow)

    def plan(work: UnitOfWork, env: Context) -> None:
        if work.get(Stream, body.stream_id) is not None:
            raise Conflict("There is a show of this id already.")
        _in_time(body.starts_at, env.clock.now())
        _tell(work, env, "stream.scheduled", body.model_dump(exclude_none=True, mode="json"))
        at = _written(body.starts_at)
        audit.record(work, caller, "stream.plan", f"stream:{body.stream_id}", env.wall.now(), after={"starts_at": at})

    return await run_in_threadpool(_change, context(request), body.stream_id, plan)


@router.post(
    "/v1/streams/{id:path}/move",
    summary="Move a show that is planned",
    responses=documented(NotFound, Conflict),
    openapi_extra=described(NewTime, {"starts_at": "2026-03-05T20:00:00+08:00"}),
)
async def post_move(request: Request, caller: Planner, id: StreamId) -> ShowSummary:
    """Journeys that wait for it follow. One that was called off is planned again. `409` once it has begun."""
    body = await read_json(request, NewTime)

    def move(work: UnitOfWork, env: Context) -> None:
        stream = _planned(work, env, id)
        _in_time(body.starts_at, env.clock.now())
        data = {"stream_id": id, "title": stream.title, "city": stream.city, "starts_at": _written(body.starts_at)}
        before = {"starts_at": _written(stream.starts_at), "cancelled": stream.cancelled_at is not None}
        _tell(work, env, "stream.scheduled", {name: value for name, value in data.items() if value is not None})
        after = {"starts_at": _written(body.starts_at), "cancelled": False}
        audit.record(work, caller, "stream.move", f"stream:{id}", env.wall.now(), before=before, after=after)

    return await run_in_threadpool(_change, context(request), id, move)


@router.post(
    "/v1/streams/{id:path}/cancel",
    summary="Call a show off that is planned",
    responses=documented(NotFound, Conflict),
)
def post_cancel(request: Request, caller: Planner, id: StreamId) -> ShowSummary:
    """Journeys hear of it as `stream.cancelled`. Calling it off twice is calling it off once; `409` once it began."""

    def cancel(work: UnitOfWork, env: Context) -> None:
        stream = _planned(work, env, id)
        if stream.cancelled_at is None:
            _tell(work, env, "stream.cancelled", {"stream_id": id})
            called_off = {"before": {"cancelled": False}, "after": {"cancelled": True}}
            audit.record(work, caller, "stream.cancel", f"stream:{id}", env.wall.now(), **called_off)

    return _change(context(request), id, cancel)


def _change(env: Context, id: str, act: Callable[[UnitOfWork, Context], None]) -> ShowSummary:
    in_transaction(env.db, lambda work: act(work, env))
    with env.db() as session:
        return _one(session, env, id)


def _one(session: Session, env: Context, id: str) -> ShowSummary:
    found = shows(session, env.clock.now(), stream_id=id, limit=1)
    if not found:
        raise NotFound("There is no such show.")
    return _summary(found[0])


def _planned(work: UnitOfWork, env: Context, id: str) -> Stream:
    """The show, planned or called off. Raises NotFound, and Conflict if it has begun."""
    stream = work.get(Stream, id, with_for_update=True)
    if stream is None:
        raise NotFound("There is no such show.")
    state = state_of(stream, env.clock.now())
    if state not in ("planned", "cancelled"):
        raise Conflict("The show has begun." if state == "running" else "The show is over.", state_now=state)
    return stream


def _in_time(starts_at: datetime, now: datetime) -> None:
    if not now < starts_at <= now + AHEAD:
        detail = "must be in the future, and within a year"
        raise Invalid(errors=[{"field": "starts_at", "reason": "bad_time", "detail": detail}])


def _tell(work: UnitOfWork, env: Context, type: str, data: dict[str, Any]) -> None:
    now = env.clock.now()
    ingest(work, [Incoming(SHOWS, uuid4().hex, type, now, data)], now=now)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _summary(show: Show) -> ShowSummary:
    figures = {"state": show.state, "units": show.units, "products": show.products, "alarms": show.alarms}
    return ShowSummary.model_validate(show.stream.model_dump() | figures)
