"""What is written to customers: the texts by template and channel. `/v1/texts`."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import (
    ChangedMeanwhile,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)  # fmt: skip
from api.http.transactions import in_transaction
from api.journeys.documents import WrittenVersionListed, WrittenVersionText, version_of, versions_of
from api.journeys.specs import Lang
from api.texts.names import TextNames, names_of
from api.texts.preview import TextBody, TextMistake, Writer, mistakes_in
from domain.access import audit
from domain.access.actors import Actor
from domain.published import history
from domain.published.fitting import misfits
from domain.published.library import Library, mark_published, read_library
from domain.published.publishing import publish_text
from domain.store.work import UnitOfWork
from domain.texts.approved import differences
from workflows.language.needs import text_needs
from workflows.source.chinese import in_chinese
from workflows.terms.channels import Channel

router = APIRouter(prefix="/v1/texts", tags=["texts"], responses=documented(Unauthorized, Forbidden, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$", description="the template's name")]


class TextName(BaseModel):
    """A template, the channels that it has a text for, and the journeys that send it, by what people call them."""

    template: str
    channels: list[Channel]
    used_by: list[str]


class TextUse(BaseModel):
    """A step of a live journey that sends the text."""

    journey: str
    title: str
    step: str


class TextWritten(BaseModel):
    """A text as it is written, and where it is sent. `etag` goes with a change."""

    template: str
    channel: Channel
    body: str
    used_by: list[TextUse]
    etag: str


@router.get("", summary="List the texts")
def get_texts(request: Request, _: Reader) -> list[TextName]:
    with context(request).db() as session:
        library = read_library(session)
    channels: dict[str, list[Any]] = {}
    for template, channel in sorted(library.texts):
        channels.setdefault(template, []).append(channel)
    used: dict[str, dict[str, None]] = {}
    for live in library.journeys.values():
        for need in text_needs(live.plan):
            used.setdefault(need.text[0], {})[live.plan.name] = None
    return [
        TextName(template=template, channels=found, used_by=list(used.get(template, {})))
        for template, found in channels.items()
    ]


@router.get("/{template}/{channel}", summary="Read a text", responses=documented(NotFound, Invalid))
def get_text(request: Request, response: Response, _: Reader, template: Name, channel: Channel) -> TextWritten:
    with context(request).db() as session:
        written = _written(read_library(session), template, channel)
    response.headers["ETag"] = written.etag
    return written


@router.put(
    "/{template}/{channel}",
    summary="Write a text",
    responses=documented(NotFound, Invalid, ChangedMeanwhile),
    openapi_extra=described(TextBody, {"body": "{{ shop.sign }}谢谢您的订单。拒收请回复R"}),
)
async def put_text(
    request: Request,
    response: Response,
    caller: Writer,
    template: Name,
    channel: Channel,
    if_match: Annotated[str | None, Header()] = None,
) -> TextWritten:
    """It is sent from now on, in running journeys, too; one that a journey couldn't send any more is refused.

    `412` if it isn't any more as `If-Match` says; `*` for one that there must not be yet.
    """
    body = (await read_json(request, TextBody)).body
    env = context(request)

    def act(work: UnitOfWork) -> TextWritten:
        mark_published(work)
        before = read_library(work).texts.get((template, channel))
        if if_match is not None and if_match != ("*" if before is None else _etag(before)):
            raise ChangedMeanwhile("Somebody changed the text meanwhile.")
        mistakes = mistakes_in(channel, body) or [
            TextMistake(line=1, detail=in_chinese(str(each))) for each in misfits(work, {(template, channel): body})
        ]
        approved = read_library(work).approved.get(template) if channel == "sms" else None
        if approved is not None:
            found = differences(body, approved)
            mistakes += [TextMistake(line=each.line, detail=in_chinese(each.message)) for each in found]
        if mistakes:
            raise Invalid(
                errors=[
                    {"field": "body", "reason": "unfit", "detail": each.detail, "line": each.line} for each in mistakes
                ]
            )
        history.keep(work, f"{template}/{channel}", before, body, caller, env.wall.now())
        publish_text(work, template, channel, body)
        was, now = {"sha256": _etag(before) if before else None}, env.wall.now()
        target = f"text:{template}/{channel}"
        audit.record(work, caller, "text.publish", target, now, before=was, after={"sha256": _etag(body)})
        return _written(read_library(work), template, channel)

    written = await run_in_threadpool(in_transaction, env.db, act)
    response.headers["ETag"] = written.etag
    return written


@router.get("/{template}/{channel}/versions", summary="List the versions of a text", responses=documented(Invalid))
def get_versions(request: Request, _: Reader, template: Name, channel: Channel) -> list[WrittenVersionListed]:
    """The newest first; of a text that was never there, none."""
    with context(request).db() as session:
        return versions_of(session, f"{template}/{channel}")


@router.get(
    "/{template}/{channel}/versions/{version}",
    summary="Read a version of a text",
    responses=documented(NotFound, Invalid),
)
def get_version(request: Request, _: Reader, template: Name, channel: Channel, version: int) -> WrittenVersionText:
    with context(request).db() as session:
        live = read_library(session).texts.get((template, channel), "")
        return version_of(session, f"{template}/{channel}", version, live)


@router.get("/{template}/{channel}/names", summary="See what a text can name", responses=documented(Invalid))
def get_names(request: Request, _: Reader, template: Name, channel: Channel, lang: Lang = "zh") -> TextNames:
    """What the steps of live journeys that send it provide; of one that none sends, what any text can name."""
    with context(request).db() as session:
        return names_of(read_library(session), template, channel, lang)


def _written(library: Library, template: str, channel: Channel) -> TextWritten:
    body = library.texts.get((template, channel))
    if body is None:
        raise NotFound("There is no such text.")
    uses = [
        TextUse(journey=name, title=live.plan.name, step=need.step)
        for name, live in library.journeys.items()
        for need in text_needs(live.plan)
        if need.text == (template, channel)
    ]
    return TextWritten(template=template, channel=channel, body=body, used_by=uses, etag=_etag(body))


def _etag(body: str) -> str:
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
