"""How connected systems stand: how far each has come, what was set aside of it, and ranges to fill in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.chinese import in_chinese, is_chinese_wanted
from api.http.context import context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from domain.access import audit
from domain.access.actors import Actor
from domain.connectors import pulls, showing
from domain.connectors.showing import BackfillState, ConnectorState, OutputState
from domain.connectors.tables import Pull
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.language.connectors import Connector

router = APIRouter(
    tags=["connectors"], responses=documented(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable)
)

Reader = Annotated[Actor, Depends(require("channels.read"))]
Operator = Annotated[Actor, Depends(require("journeys.run"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\x00]*$", description="of a published connector")]
Bound = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
_MOST_PAGES = 20
_EXAMPLE = {"since": "2026-01-01", "until": "2026-02-01"}


class Connected(BaseModel):
    """What is connected: what comes in, and what goes out."""

    connectors: list[ConnectorState]
    outputs: list[OutputState]


class SetAside(BaseModel):
    """A row that was set aside, by the event that it should have been. The `row` is shown to whom personal data is."""

    id: int
    key: str
    field: str
    reason: str
    detail: str
    at: datetime
    row: dict[str, Any] | None


class SetAsideList(BaseModel):
    """Rows that were set aside, the newest first; `next` is the `before` of the next page."""

    rows: list[SetAside]
    next: int | None


class Range(BaseModel):
    """A range of the connector's cursor, from `since` to before `until`: times like 2026-01-01, or numbers."""

    model_config = ConfigDict(extra="forbid")

    since: Bound
    until: Bound


class Retried(BaseModel):
    """What became of the rows that had been set aside; `more` are left for another call."""

    events: int
    set_aside: int
    more: bool


@router.get("/v1/connectors", summary="List the connected systems, and how far they have come")
def get_connectors(request: Request, _: Reader) -> Connected:
    say = _saying(request)
    with context(request).db() as session:
        return Connected(
            connectors=[replace(each, error=say(each.error)) for each in showing.connectors(session)],
            outputs=[replace(each, error=say(each.error)) for each in showing.outputs(session)],
        )


@router.get("/v1/connectors/{name}/rows", summary="List the rows of a connector that were set aside")
def get_rows(
    request: Request,
    caller: Reader,
    name: Name,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
) -> SetAsideList:
    with context(request).db() as session:
        _published(session, name)
        rows = showing.set_aside(session, name, before)
        shown, say = "pii" in caller.permissions, _saying(request)
        return SetAsideList(
            rows=[
                SetAside(
                    id=row.id,
                    key=row.key if shown else row.key.partition("/")[0],
                    field=row.field,
                    reason=row.reason,
                    detail=say(row.detail) or "",
                    at=row.at,
                    row=row.row if shown else None,
                )
                for row in rows
            ],
            next=rows[-1].id if len(rows) == showing.SHOWN else None,
        )


@router.post(
    "/v1/connectors/{name}/backfills",
    status_code=202,
    summary="Ask for a range to be filled in",
    openapi_extra=described(Range, _EXAMPLE),
)
async def post_backfill(request: Request, caller: Operator, name: Name) -> BackfillState:
    """The connector's next run begins with it. `409` if the connector is pushed to, and so has no past to ask for."""
    env, wanted = context(request), await read_json(request, Range)

    def ask(work: UnitOfWork) -> BackfillState:
        if not _published(work, name).from_.pulled:
            raise Conflict("The system pushes; it can't be asked for a range.")
        pull: Pull = pulls.backfill(work, name, wanted.since, wanted.until, env.clock.now())
        audit.record(work, caller, "connector.backfill", f"connector:{name}", env.wall.now(), after=wanted.model_dump())
        return showing.backfill_state(pull)

    return await run_in_threadpool(in_transaction, env.db, ask)


@router.post("/v1/connectors/{name}/retry", summary="Take the rows that were set aside once more")
async def post_retry(request: Request, caller: Operator, name: Name) -> Retried:
    """By what the published map says now; what still can't be taken stays set aside."""
    env = context(request)

    def act(work: UnitOfWork) -> Retried:
        connector, events, aside, after, more = _published(work, name), 0, 0, 0, False
        for _ in range(_MOST_PAGES):
            done = pulls.retry(work, connector, after, env.clock.now())
            more = done is not None
            if done is None:
                break
            after, events, aside = done[0], events + done[1].events, aside + done[1].set_aside
        told = {"events": events, "set_aside": aside}
        audit.record(work, caller, "connector.retry", f"connector:{name}", env.wall.now(), after=told)
        return Retried(events=events, set_aside=aside, more=more)

    return await run_in_threadpool(in_transaction, env.db, act)


def _saying(request: Request) -> Callable[[str | None], str | None]:
    """Says what went wrong in the language that is asked for."""
    chinese = is_chinese_wanted(request.headers.get("accept-language", ""))
    return lambda words: in_chinese(words) if words and chinese else words


def _published(session: Session, name: str) -> Connector:
    """Raises NotFound."""
    connector = read_library(session).connectors.get(name)
    if connector is None:
        raise NotFound("There is no connector of this name in what is published.")
    return connector
