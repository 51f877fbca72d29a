"""Tags and segments: who has which and why, and who a condition would be: `/v1/tags`, `/v1/segments`."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import (
    ChangedMeanwhile,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)
from api.http.transactions import in_transaction
from domain.access import audit
from domain.access.actors import Actor
from domain.membership import exporting, listing, previewing
from domain.published import history
from domain.published.fitting import published_references
from domain.published.library import Library, mark_published, read_library
from domain.published.publishing import publish_document
from domain.published.tables import Document
from domain.store.work import UnitOfWork
from workflows.language.needs import names_asked
from workflows.language.policy import read_condition, read_segments
from workflows.language.rules import Kind
from workflows.source.editing import Put, edit, escaped
from workflows.source.spans import EditRefusedError
from workflows.source.tree import read_source
from workflows.terms.because import worded
from workflows.terms.conditions import Condition

router = APIRouter(tags=["segments"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

_JSON: TypeAdapter[Any] = TypeAdapter(Any)

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


class SegmentWritten(BaseModel):
    """A segment as it is written, in words, and the live journeys that ask for it. `etag` goes with a change."""

    name: str
    when: Any
    words: str
    used_by: list[str]
    etag: str


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


@router.get("/v1/segments/{name}", summary="Read how a segment is written", responses=documented(NotFound))
def get_written(request: Request, response: Response, _: Reader, name: Name) -> SegmentWritten:
    with context(request).db() as session:
        written = _written(session, name)
    response.headers["ETag"] = written.etag
    return written


@router.put(
    "/v1/segments/{name}",
    summary="Publish a segment",
    openapi_extra=described(PreviewBody, {"when": {"event": "order.paid", "within": "30d"}}),
    responses=documented(ChangedMeanwhile, Conflict),
)
async def put_segment(
    request: Request,
    response: Response,
    caller: Annotated[Actor, Depends(require("journeys.publish"))],
    name: Name,
    if_match: Annotated[str | None, Header()] = None,
) -> SegmentWritten:
    """Writes its condition, and leaves every other byte of the segments' text alone; it holds at once, in running
    journeys, too. `412` if it isn't any more as `If-Match` says; `*` for one that there must not be yet.
    """
    body = await read_json(request, PreviewBody)
    env = context(request)

    def act(work: UnitOfWork) -> None:
        mark_published(work)
        library = read_library(work)
        before = library.segments.get(name)
        if if_match is not None and if_match != ("*" if before is None else _etag(before)):
            raise ChangedMeanwhile("Somebody changed the segment meanwhile.")
        document = work.get(Document, "_segments", populate_existing=True)
        if document is not None and document.body and not document.source:
            raise Conflict("The segments were published without their text; publish their file once more first.")
        text = document.source if document and document.source else ""
        value = {name: body.when}
        try:
            text = edit(text, Put(f"/{escaped(name)}", body.when)) if text.strip() else f"{json.dumps(value)[1:-1]}\n"
        except EditRefusedError as refused:
            raise Conflict(str(refused)) from None
        segments, diagnostics = read_segments(
            text, "_segments", published_references(library, env.webhooks, env.clock.now())
        )
        errors = [each for each in diagnostics if each.severity == "error"]
        if segments is None or errors:
            raise Invalid(errors=[{"field": "when", "reason": each.code, "detail": each.message} for each in errors])
        now = env.wall.now()
        history.keep(work, "_segments", document.source if document else None, text, caller, now)
        publish_document(work, "_segments", _JSON.dump_python(segments, mode="json"), text)
        was, target = {"when": _JSON.dump_python(before, mode="json")} if before is not None else {}, f"segment:{name}"
        audit.record(work, caller, "segment.publish", target, now, before=was, after={"when": body.when})

    def publish() -> SegmentWritten:
        in_transaction(env.db, act)
        with env.db() as session:
            return _written(session, name)

    written = await run_in_threadpool(publish)
    response.headers["ETag"] = written.etag
    return written


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
    """Its customers as of now with their identifiers; it needs the permission `pii`, too. `422` as of a preview."""
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

    text = lines()
    try:
        head = next(text)  # who is in it is known before the answer begins
    except previewing.TooSlowError as error:
        raise _too_slow(error) from None
    return StreamingResponse(chain([exporting.BOM, head], text), media_type="text/csv; charset=utf-8")


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
            json.dumps({"when": when}, ensure_ascii=False), "when", published_references(library, (), env.clock.now())
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


def _written(session: Session, name: str) -> SegmentWritten:
    library = read_library(session)
    condition = _segment(library, name)
    used = [
        live.plan.name or journey
        for journey, live in library.journeys.items()
        if ("_segments", name) in names_asked(live.plan)
    ]
    document = session.get(Document, "_segments")
    source = read_source(document.source, "_segments").root if document and document.source else None
    node = source.get(name) if source else None
    when = node.plain if node else _JSON.dump_python(condition, mode="json", by_alias=True, exclude_none=True)
    words = library.wording(library.policy.language).condition(condition)
    return SegmentWritten(name=name, when=when, words=words, used_by=used, etag=_etag(condition))


def _etag(condition: Condition) -> str:
    return f'"{hashlib.sha256(_JSON.dump_json(condition)).hexdigest()[:16]}"'


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
