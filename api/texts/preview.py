"""Texts tried out before they are sent: `/v1/texts/preview`, and what they can name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.customers import find_customer
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.conditions.facts import CustomerFacts
from domain.published.library import read_library
from domain.sending.text_context import companions_of, text_context
from domain.sending.text_samples import samples
from domain.stock.companions import Companions
from domain.texts import mail, wechat
from domain.texts.by_channel import checks_of
from domain.texts.checking import unknown_names
from domain.texts.links import TextLinks
from domain.texts.named import Named
from domain.texts.rendering import MAX_SOURCE, RenderError, render, variables
from workflows.source.chinese import in_chinese
from workflows.terms.channels import Channel
from workflows.terms.values import local_day

router = APIRouter(prefix="/v1/texts", tags=["texts"], responses=documented(Unauthorized, Forbidden, Unavailable))

Writer = Annotated[Actor, Depends(require("journeys.publish"))]

ONE_PART, EACH_PART = 70, 67
"""Characters of a short message in one part, and of each part of a longer one."""


class Body(BaseModel):
    """What is read strictly."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextBody(Body):
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
    """A link with a title, a picture and some words, as WeChat shows it; of an email its subject and text."""

    title: str
    url: str
    picture: str
    description: str
    html: str = Field(description="the same, with nothing in it that could run or that leads elsewhere than the web")


class TextPreview(BaseModel):
    """A text as it would be sent, by the renderer that sends; null if it can't be, and `problems` say why.

    A short message is sent in so many `parts`, which `cost` so many fen, where the policy says what one costs; null on
    other channels.
    """

    text: str | None
    kind: Literal["text", "article", "subscription", "email"]
    article: ArticleCard | None
    characters: int
    parts: int | None
    cost: int | None
    arguments: dict[str, str] | None = Field(description="of a subscription message")
    problems: list[TextMistake]


@router.post(
    "/preview",
    summary="See a text as it would be sent",
    responses=documented(NotFound, Invalid),
    openapi_extra=described(TextTry, {"channel": "sms", "body": "{{ shop.sign }}{{ customer.name }}，您好"}),
)
async def post_preview(request: Request, _: Writer) -> TextPreview:
    """By the renderer that sends, for a customer or with samples; nothing is sent, and links stay as they are."""
    asked = await read_json(request, TextTry)
    return await run_in_threadpool(preview, context(request), asked)


def preview(env: Context, asked: TextTry) -> TextPreview:
    """A text as it would be sent. Raises NotFound."""
    mistakes = mistakes_in(asked.channel, asked.body)
    text, kind, article, arguments, price = None, "text", None, None, None
    if not mistakes:
        try:
            with env.db() as session:
                price = read_library(session).policy.sms_price
                text = render(f"this/{asked.channel}", asked.body, _context(session, env, asked))
            content = _content(asked.channel, text)
            if isinstance(content, mail.Mail):
                kind, article = "email", ArticleCard(
                    title=content.subject, url="", picture="", description=content.text, html=content.html
                )  # fmt: skip
            elif isinstance(content, wechat.Article):
                kind, article = "article", ArticleCard(**vars(content), html=wechat.as_html(content))
            elif isinstance(content, wechat.Subscription):
                kind, arguments = "subscription", dict(content.arguments)
        except (RenderError, wechat.TextError, mail.MailError) as problem:
            mistakes, text = [TextMistake(line=1, detail=str(problem).removeprefix("template this/"))], None
    length = len((text or "").encode("utf-16-le")) // 2
    parts = (1 if length <= ONE_PART else -(-length // EACH_PART)) if asked.channel == "sms" and text else None
    return TextPreview.model_validate(
        {
            "text": text, "kind": kind, "article": article, "characters": length, "parts": parts,
            "cost": parts * price if parts and price is not None else None, "arguments": arguments,
            "problems": mistakes,
        }
    )  # fmt: skip


def _content(channel: str, text: str) -> mail.Mail | wechat.Plain | wechat.Article | wechat.Subscription:
    """What a rendered text is sent as. Raises MailError and TextError."""
    if channel == "email":
        return mail.read(text)
    return wechat.read(text) if channel in ("wechat", "mini") else wechat.Plain(text)


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


def mistakes_in(channel: str, body: str) -> list[TextMistake]:
    """What is wrong with a text, whoever sends it."""
    try:
        variables(body)
    except RenderError as problem:
        return [TextMistake(line=1, detail=in_chinese(str(problem)))]
    found = [(each.line, each.message) for each in unknown_names(body)]
    found += [(each.line, each.message) for each in checks_of(channel)("", body) if each.severity == "error"]
    return [TextMistake(line=line, detail=in_chinese(message)) for line, message in found]
