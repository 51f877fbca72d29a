"""What is written to customers: the texts by template and channel, tried as they would be sent. `/v1/texts`."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.customers import find_customer
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
from domain.access import audit
from domain.access.actors import Actor
from domain.conditions.facts import CustomerFacts
from domain.published import history
from domain.published.fitting import misfits
from domain.published.library import Library, mark_published, read_library
from domain.published.publishing import publish_text
from domain.sending.text_context import companions_of, text_context
from domain.sending.text_samples import samples
from domain.stock.companions import Companions
from domain.store.work import UnitOfWork
from domain.texts import wechat
from domain.texts.checking import unknown_names
from domain.texts.links import TextLinks
from domain.texts.named import Named
from domain.texts.rendering import MAX_SOURCE, RenderError, render, variables
from workflows.language.needs import text_needs
from workflows.source.chinese import in_chinese
from workflows.terms.channels import Channel
from workflows.terms.values import local_day

router = APIRouter(prefix="/v1/texts", tags=["texts"], responses=documented(Unauthorized, Forbidden, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Writer = Annotated[Actor, Depends(require("journeys.publish"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$", description="the template's name")]

ONE_PART, EACH_PART = 70, 67
"""Characters of a short message in one part, and of each part of a longer one."""


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


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TextBody(_Body):
    """A text with its names in braces."""

    body: str = Field(min_length=1, max_length=MAX_SOURCE)


class TextTry(TextBody):
    """A text that isn't published yet. Without a `customer`, an id or `kind:value`, samples stand in it."""

    channel: Channel
    customer: str | None = Field(None, max_length=300)


class TextMistake(BaseModel):
    """What is wrong in a line of a text."""

    line: int
    detail: str


class ArticleCard(BaseModel):
    """A link with a title, a picture and some words, as WeChat shows it."""

    title: str
    url: str
    picture: str
    description: str


class TextPreview(BaseModel):
    """A text as it would be sent, by the renderer that sends; null if it can't be, and `problems` say why.

    A short message is sent in so many `parts`, each of which costs; null on other channels.
    """

    text: str | None
    kind: Literal["text", "article", "subscription"]
    article: ArticleCard | None
    characters: int
    parts: int | None
    problems: list[TextMistake]


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


@router.post(
    "/preview",
    summary="See a text as it would be sent",
    responses=documented(NotFound, Invalid),
    openapi_extra=described(TextTry, {"channel": "sms", "body": "{{ shop.sign }}{{ customer.name }}，您好"}),
)
async def post_preview(request: Request, _: Writer) -> TextPreview:
    """By the renderer that sends, for a customer or with samples; nothing is sent, and links stay as they are."""
    asked = await read_json(request, TextTry)
    return await run_in_threadpool(_preview, context(request), asked)


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
        mistakes = _mistakes(channel, body) or [
            TextMistake(line=1, detail=in_chinese(str(each))) for each in misfits(work, {(template, channel): body})
        ]
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


def _preview(env: Context, asked: TextTry) -> TextPreview:
    mistakes = _mistakes(asked.channel, asked.body)
    text, kind, article = None, "text", None
    if not mistakes:
        try:
            with env.db() as session:
                text = render(f"this/{asked.channel}", asked.body, _context(session, env, asked))
            content = wechat.read(text) if asked.channel == "wechat" else wechat.Plain(text)
            if isinstance(content, wechat.Article):
                kind, article = "article", ArticleCard(**vars(content))
            elif isinstance(content, wechat.Subscription):
                kind = "subscription"
        except (RenderError, wechat.TextError) as problem:
            mistakes, text = [TextMistake(line=1, detail=str(problem).removeprefix("template this/"))], None
    length = len((text or "").encode("utf-16-le")) // 2
    parts = (1 if length <= ONE_PART else -(-length // EACH_PART)) if asked.channel == "sms" and text else None
    return TextPreview.model_validate(
        {"text": text, "kind": kind, "article": article, "characters": length, "parts": parts, "problems": mistakes}
    )


def _context(session: Session, env: Context, asked: TextTry) -> Mapping[str, Any]:
    library, now = read_library(session), env.clock.now()
    stand_ins = samples(library, now)
    links = TextLinks(None, 0).functions()
    if asked.customer is None:
        goods = Named(stand_ins["trigger"]["items"])
        return {**stand_ins, **links, "companions": lambda *_: goods}
    facts = CustomerFacts(session, library, find_customer(session, asked.customer), now)
    own = {name: value for name, value in text_context(facts, {}, None, asked.body).items() if value}
    companions = companions_of(facts, Companions(session, local_day(now, facts.zone)))
    return {**stand_ins, **own, **links, "companions": companions}


def _mistakes(channel: str, body: str) -> list[TextMistake]:
    """What is wrong with a text, whoever sends it."""
    try:
        variables(body)
    except RenderError as problem:
        return [TextMistake(line=1, detail=in_chinese(str(problem)))]
    found = [(each.line, each.message) for each in unknown_names(body)]
    if channel == "wechat":
        found += [(each.line, each.message) for each in wechat.check("", body) if each.severity == "error"]
    return [TextMistake(line=line, detail=in_chinese(message)) for line, message in found]


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
