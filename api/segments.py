"""Tags and segments: who has which and why, and who a condition would be: `/v1/tags`, `/v1/segments`."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.membership import exporting, listing, previewing
from domain.published.fitting import published_references
from domain.published.library import Library, read_library
from workflows.language.policy import read_condition
from workflows.language.rules import Kind
from workflows.terms.because import worded
from workflows.terms.conditions import Condition

router = APIRouter(tags=["segments"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("customers.read"))]
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="of a page, at most")]


class Tag(BaseModel):
    """A tag and how many customers have it. `ruled` if a rule keeps it; `asked` of how many so far, while it is new."""

    name: str
    size: int
    ruled: bool
    asked: int | None


class Tags(BaseModel):
    """The tags that are published or that somebody has, the commonest first."""

    tags: list[Tag]


class Holder(BaseModel):
    """A customer who has a tag or is in a segment, and why, in the language of the policy."""

    id: int
    name: str | None
    since: datetime | None
    until: datetime | None
    why: str


class Holders(BaseModel):
    """A page of customers, by id. `next` is what to give as `after` for the following one; null after the last."""

    customers: list[Holder]
    next: int | None


class SizeOfDay(BaseModel):
    """How many were in a segment when it was last counted on a day of the business."""

    day: date
    size: int


class SegmentSize(BaseModel):
    """A segment, how many are in it, and how many were by day; `asked` of how many so far, while it is new."""

    name: str
    size: int
    asked: int | None
    days: list[SizeOfDay]


class Segments(BaseModel):
    """The segments that are published, the largest first."""

    segments: list[SegmentSize]


class Sampled(BaseModel):
    """A customer of a segment, and why, in the language of the policy."""

    id: int
    name: str | None
    why: str


class Preview(BaseModel):
    """Exactly how many of how many customers a condition holds for now, some of them, and how many have which tag."""

    size: int
    of: int
    sample: list[Sampled]
    by_tag: dict[str, int]
    ms: int


class PreviewBody(BaseModel):
    """A condition as in `_segments.yaml`, in JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    when: dict[str, Any]


class Overlap(BaseModel):
    """How many are in each of two segments, and in both."""

    one: int
    other: int
    both: int


@router.get("/v1/tags", summary="List tags")
def get_tags(request: Request, _: Reader) -> Tags:
    """Those that rules keep and those that journeys set."""
    env = context(request)
    with env.db() as session:
        found = listing.standings(session, read_library(session), "tag", env.clock.now())
    return Tags(tags=[Tag.model_validate(vars(each)) for each in found])


@router.get("/v1/tags/{name}/customers", summary="List who has a tag, and why")
def get_tag(request: Request, _: Reader, name: Name, after: After = 0, limit: Limit = 50) -> Holders:
    """A tag that nobody has has nobody."""
    return _holders(request, "tag", name, after, limit)


@router.get("/v1/segments", summary="List segments")
def get_segments(
    request: Request, _: Reader, days: Annotated[int, Query(ge=1, le=366, description="how far back")] = 30
) -> Segments:
    """How large each is, and was by day."""
    env = context(request)
    with env.db() as session:
        library, now = read_library(session), env.clock.now()
        found = [each for each in listing.standings(session, library, "segment", now) if each.ruled]
        today = now.astimezone(library.policy_zone).date()
        by_day = listing.sizes_by_day(session, [each.name for each in found], today, days)
    return Segments(
        segments=[
            SegmentSize(
                name=each.name, size=each.size, asked=each.asked,
                days=[SizeOfDay(day=day, size=size) for day, size in by_day.get(each.name, {}).items()],
            )
            for each in found
        ]
    )  # fmt: skip


@router.get("/v1/segments/overlap", summary="See how two segments overlap", responses=documented(NotFound))
def get_overlap(
    request: Request,
    _: Reader,
    one: Annotated[str, Query(max_length=200)],
    other: Annotated[str, Query(max_length=200)],
) -> Overlap:
    """Exact, as of now."""
    env = context(request)
    with env.db() as session:
        library = read_library(session)
        first, second = _segment(library, one), _segment(library, other)
        try:
            sizes = previewing.overlap(session, library, first, second, env.clock.now())
        except previewing.TooSlowError as error:
            raise _too_slow(error) from None
    return Overlap(one=sizes[0], other=sizes[1], both=sizes[2])


@router.get(
    "/v1/segments/{name}/customers", summary="List who is in a segment, and why", responses=documented(NotFound)
)
def get_segment(request: Request, _: Reader, name: Name, after: After = 0, limit: Limit = 50) -> Holders:
    """As events and the sweep left it, at most five minutes ago."""
    with context(request).db() as session:
        _segment(read_library(session), name)
    return _holders(request, "segment", name, after, limit)


@router.get("/v1/segments/{name}/export", summary="Export a segment as CSV", responses=documented(NotFound))
def get_export(request: Request, caller: Reader, name: Name) -> StreamingResponse:
    """Its customers as of now with their identifiers; it needs the permission `pii`, too."""
    if "pii" not in caller.permissions:
        raise Forbidden("It needs the permission pii.")
    env = context(request)
    with env.db.begin() as work:
        library = read_library(work)
        condition = _segment(library, name)
        audit.record(work, caller, "segment.export", f"segment:{name}", env.wall.now(), after={})

    def lines() -> Iterator[str]:
        with env.db() as session:
            for row in exporting.rows(session, library, condition, env.clock.now()):
                yield _line(row)

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8")


@router.post(
    "/v1/segments/preview",
    summary="See who a condition would be",
    openapi_extra=described(PreviewBody, {"when": {"event": "order.paid", "within": "30d"}}),
)
async def post_preview(request: Request, _: Reader) -> Preview:
    """Exact, over all customers. `422` for what is wrong in the condition, and `too_slow` if it takes over 10 s."""
    body = await read_json(request, PreviewBody)
    return await run_in_threadpool(_preview, request, body.when)


def _preview(request: Request, when: Any) -> Preview:
    env = context(request)
    with env.db() as session:
        library = read_library(session)
        condition, diagnostics = read_condition(
            json.dumps({"when": when}, ensure_ascii=False), "when", published_references(library, ())
        )
        if condition is None:
            raise Invalid(
                errors=[
                    {"field": "when", "reason": each.code, "detail": each.message}
                    for each in diagnostics
                    if each.severity == "error"
                ]
            )
        try:
            found = previewing.preview(session, library, condition, env.clock.now())
        except previewing.TooSlowError as error:
            raise _too_slow(error) from None
    lang = library.policy.language
    sample = [Sampled(id=each.id, name=each.name, why=worded(each.because, lang)) for each in found.sample]
    return Preview(size=found.size, of=found.of, sample=sample, by_tag=dict(found.by_tag), ms=found.ms)


def _holders(request: Request, kind: Kind, name: str, after: int, limit: int) -> Holders:
    env = context(request)
    with env.db() as session:
        lang = read_library(session).policy.language
        rows = listing.holders(session, kind, name, env.clock.now(), after=after, limit=limit + 1)
    page = [
        Holder(id=row.id, name=row.name, since=row.since, until=row.until, why=worded(row.because or "", lang))
        for row in rows[:limit]
    ]
    return Holders(customers=page, next=page[-1].id if len(rows) > limit else None)


def _segment(library: Library, name: str) -> Condition:
    condition = library.segments.get(name)
    if condition is None:
        raise NotFound("There is no such segment.")
    return condition


def _too_slow(error: previewing.TooSlowError) -> Invalid:
    return Invalid(errors=[{"field": "when", "reason": "too_slow", "detail": str(error)}])


def _line(row: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue()
