"""A show's stock, for programs and for the screen in the studio."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from api.http.auth import Cookie, Credentials, authorized
from api.http.context import Context, context
from api.http.feed import FeedResponse
from api.http.page_links import SHOWS, NotConfigured
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.published.library import read_library
from domain.stock.studio import Board, board
from domain.voice.alerts import Alert, alerts
from workflows.terms.quantities import Quantity

router = APIRouter(tags=["streams"])

StreamId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="the show's id")]
Token = Annotated[str | None, Query(max_length=1000, description="of a link from `aftershow studio-link`")]
SHOWN = 5
"""Complaints that a screen has room for."""
_PROBLEMS = documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable, NotConfigured)
_pages = Environment(loader=PackageLoader("api", "pages"), autoescape=True, undefined=StrictUndefined)


class ProductAlarm(BaseModel):
    """The last alarm of a product in this show."""

    kind: str
    at: datetime


class ProductStock(BaseModel):
    """A product in a show, in units.

    `left` is null where no lot is known, `expected`, since the show began, where no show sold it before. `per_minute`
    is the present rate and `sells_out_at` when nothing is left at that.
    """

    sku: str
    name: str | None
    left: Quantity | None
    sold: Quantity
    expected: float | None
    per_minute: float
    sells_out_at: datetime | None
    alarm: ProductAlarm | None


class Complaint(BaseModel):
    """What more customers than usual complain of in this show, `count` of those `speakers` who spoke of the product."""

    sku: str
    name: str | None
    topic: str
    count: int
    speakers: int
    at: datetime


class StreamStock(BaseModel):
    """A show and its products, those that sold most first; and complaints that rose in it, the newest first."""

    stream_id: str
    title: str | None
    starts_at: datetime
    ended_at: datetime | None
    products: list[ProductStock]
    complaints: list[Complaint]


async def may_read(request: Request, id: StreamId, _: Credentials, __: Cookie, token: Token = None) -> None:
    """Somebody with the permission `streams.read`, or the token of a link to this show's screen."""
    if token is None:
        await authorized(request, "streams.read")
    else:
        SHOWS.check(context(request).signing_key, token, id)


MayRead = Depends(may_read)


@router.get("/v1/streams/{id:path}/stock", summary="Read a show's stock", responses=_PROBLEMS, dependencies=[MayRead])
def get_stock(request: Request, id: StreamId) -> StreamStock:
    return _read(context(request), id)


@router.get(
    "/v1/streams/{id:path}/stock/events",
    summary="Follow a show's stock",
    responses=_PROBLEMS | {200: {"description": "server-sent events", "content": {"text/event-stream": {}}}},
    response_class=StreamingResponse,
    dependencies=[MayRead],
)
def get_events(request: Request, id: StreamId) -> FeedResponse:
    """Server-sent events: `stock`, with what `GET …/stock` tells, now and at each change; `ended` when it is over.

    A process serves a bounded number of listeners, and answers the others `503`.
    """
    env = context(request)
    _read(env, id)
    subject = f"stream {id}"
    if env.feed.is_full(subject):
        raise Unavailable("Too many are listening.", headers={"Retry-After": "30"})

    def read() -> tuple[str, bool]:
        stock = _read(env, id)
        return stock.model_dump_json(), stock.ended_at is not None

    return FeedResponse(env.feed.listen(subject, read, "stock"))


@router.get("/studio/{id:path}", summary="The screen in the studio", responses=_PROBLEMS, response_class=HTMLResponse)
def get_studio(request: Request, id: StreamId, token: Token = None) -> HTMLResponse:
    """A page for the host's screen, opened by a link from `aftershow studio-link`."""
    env = context(request)
    SHOWS.check(env.signing_key, token or "", id)
    stock = _read(env, id)
    with env.db() as session:
        zone = read_library(session).policy.timezone
    nonce = secrets.token_urlsafe(16)
    page = _pages.get_template("stock.html").render(
        stock=json.loads(stock.model_dump_json()),
        feed=f"/v1/streams/{quote(id, safe='')}/stock/events?token={quote(token or '')}",
        zone=zone,
        nonce=nonce,
    )
    policy = (
        f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return HTMLResponse(
        page,
        headers={
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _read(env: Context, id: str) -> StreamStock:
    with env.db() as session:
        stock_board = board(session, id, env.clock.now())
        if stock_board is None:
            raise NotFound("There is no such show; it begins to be known with stream.scheduled or stream.started.")
        return _as_answer(stock_board, alerts(session, stream_id=id, limit=SHOWN))


def _as_answer(stock_board: Board, raised: Sequence[Alert]) -> StreamStock:
    return StreamStock(
        stream_id=stock_board.stream_id,
        title=stock_board.title,
        starts_at=stock_board.starts_at,
        ended_at=stock_board.ended_at,
        products=[
            ProductStock(
                sku=product.sku,
                name=product.name,
                left=product.left,
                sold=product.sold,
                expected=product.expected,
                per_minute=product.per_minute,
                sells_out_at=product.sells_out_at,
                alarm=ProductAlarm(kind=product.alarm, at=product.alarmed_at)
                if product.alarm and product.alarmed_at
                else None,
            )
            for product in stock_board.products
        ],
        complaints=[
            Complaint(
                sku=each.sku,
                name=each.product,
                topic=each.topic,
                count=each.count,
                speakers=each.speakers,
                at=each.at,
            )
            for each in raised
        ],
    )
