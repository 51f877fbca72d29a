"""The rules of tags, read and written by form: `/v1/tags/{name}`."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
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
from api.segments import Name, Reader
from domain.access import audit
from domain.access.actors import Actor
from domain.published import history
from domain.published.fitting import published_references
from domain.published.library import Library, mark_published, read_library
from domain.published.publishing import publish_document
from domain.published.tables import Document
from domain.store.work import UnitOfWork
from workflows.language.tags import TagRule, read_tags
from workflows.source.editing import Put, edit, escaped
from workflows.source.emitting import Style, entry_lines
from workflows.source.spans import EditRefusedError
from workflows.source.tree import read_source
from workflows.terms.values import parts_of

router = APIRouter(tags=["segments"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))


class TagRuleBody(BaseModel):
    """A rule as in `_tags.yaml`, in JSON: who has the tag, and for how long once that doesn't hold any more."""

    model_config = ConfigDict(extra="forbid", strict=True)

    when: dict[str, Any]
    keep: str | None = Field(default=None, max_length=20)


class TagWritten(BaseModel):
    """A tag's rule as it is written, the condition in words, and what asks for the tag. `etag` goes with a change."""

    name: str
    when: Any
    keep: str | None
    words: str
    used_by: list[str] = Field(description="live journeys that set it or ask for it, then segments and other tags")
    etag: str


@router.get("/v1/tags/{name}", summary="Read how a tag is written", responses=documented(NotFound))
def get_rule(request: Request, response: Response, _: Reader, name: Name) -> TagWritten:
    """`404` for a tag that no rule keeps."""
    with context(request).db() as session:
        written = _written(session, name)
    response.headers["ETag"] = written.etag
    return written


@router.put(
    "/v1/tags/{name}",
    summary="Publish a tag's rule",
    openapi_extra=described(TagRuleBody, {"when": {"field": "customer.orders", "at_least": 3}, "keep": "30d"}),
    responses=documented(ChangedMeanwhile, Conflict),
)
async def put_rule(
    request: Request,
    response: Response,
    caller: Annotated[Actor, Depends(require("journeys.publish"))],
    name: Name,
    if_match: Annotated[str | None, Header()] = None,
) -> TagWritten:
    """Writes its rule, and leaves every other byte of the tags' text alone; who has it changes from here on.

    `412` if it isn't any more as `If-Match` says; `*` for one that there must not be yet.
    """
    body = await read_json(request, TagRuleBody)
    env = context(request)

    def publish() -> TagWritten:
        in_transaction(env.db, lambda work: _publish(env, work, caller, name, body, if_match))
        with env.db() as session:
            return _written(session, name)

    written = await run_in_threadpool(publish)
    response.headers["ETag"] = written.etag
    return written


def _publish(env: Context, work: UnitOfWork, caller: Actor, name: str, body: TagRuleBody, if_match: str | None) -> None:
    mark_published(work)
    library = read_library(work)
    before = library.tags.get(name)
    if if_match is not None and if_match != ("*" if before is None else _etag(before)):
        raise ChangedMeanwhile("Somebody changed the tag meanwhile.")
    document = work.get(Document, "_tags", populate_existing=True)
    if document is not None and document.body and not document.source:
        raise Conflict("The tags were published without their text; publish their file once more first.")
    value = {"when": body.when, **({"keep": body.keep} if body.keep else {})}
    text = _with(document.source if document and document.source else "", name, value)
    tags, diagnostics = read_tags(text, "_tags", published_references(library, env.webhooks, env.clock.now()))
    errors = [each for each in diagnostics if each.severity == "error"]
    if tags is None or errors:
        raise Invalid(errors=[{"field": "when", "reason": each.code, "detail": each.message} for each in errors])
    now = env.wall.now()
    history.keep(work, "_tags", document.source if document else None, text, caller, now)
    publish_document(work, "_tags", tags.model_dump(mode="json", by_alias=True), text)
    was = json.loads(before.model_dump_json()) if before is not None else {}
    audit.record(work, caller, "tag.publish", f"tag:{name}", now, before=was, after=value)


def _with(text: str, name: str, value: dict[str, Any]) -> str:
    """The text of the tags with one rule as it is to be."""
    root = read_source(text, "_tags").root if text.strip() else None
    if root is None:
        lines = entry_lines(name, value, Style()).splitlines()
        return text + "".join(f"{line}\n" for line in ["tags:", *(f"  {line}" for line in lines)])
    has_tags = (tags := root.get("tags")) is not None and bool(tags.entries)
    try:
        return edit(text, Put(f"/tags/{escaped(name)}", value) if has_tags else Put("/tags", {name: value}))
    except EditRefusedError as refused:
        raise Conflict(str(refused)) from None


def _written(session: Session, name: str) -> TagWritten:
    library = read_library(session)
    rule = library.tags.get(name)
    if rule is None:
        raise NotFound("No rule keeps such a tag.")
    document = session.get(Document, "_tags")
    source = read_source(document.source, "_tags").root if document and document.source else None
    node = found.get(name) if source and (found := source.get("tags")) else None
    written = node.plain if node else json.loads(rule.model_dump_json(by_alias=True, exclude_none=True))
    words = library.wording(library.policy.language).condition(rule.when)
    keep = written.get("keep")
    used = list(_used_by(library, name))
    return TagWritten(name=name, when=written["when"], keep=keep, words=words, used_by=used, etag=_etag(rule))


def _used_by(library: Library, name: str) -> Iterator[str]:
    """By what people call them, whatever sets the tag or asks for it."""

    def asks(whole: object) -> bool:
        return any(getattr(part, "tag", None) == name for part in parts_of(whole))

    yield from (live.plan.name or journey for journey, live in library.journeys.items() if asks(live.plan))
    yield from (segment for segment, condition in library.segments.items() if asks(condition))
    yield from (tag for tag, rule in library.tags.items() if tag != name and asks(rule.when))


def _etag(rule: TagRule) -> str:
    return f'"{hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:16]}"'
