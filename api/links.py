"""What customers open from a message: `/r/{token}` leads on, `/preferences/{token}` is a page of their own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.context import context
from api.http.problems import Gone, NotFound, Unavailable, documented
from domain.catalogue.sources import LINKS
from domain.customers.tables import Customer
from domain.intake import preferences
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.sending import receipts
from domain.sending.receipts import Receipt
from domain.texts.links import Site
from domain.texts.short_links import target
from workflows.terms.channels import CHANNEL_KINDS, Channel

PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
CLOSED = {
    **PRIVATE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


def router(site: Site) -> APIRouter:
    """The routes behind the links that this site signs."""
    routes = APIRouter(tags=["links"], responses=documented(NotFound, Gone, Unavailable))

    @routes.api_route("/r/{token}", methods=["GET", "HEAD"], status_code=302, summary="Follow a link of a message")
    def follow(request: Request, token: str) -> Response:
        """Leads only to what the message's own text says. The first click becomes `message.clicked`."""
        env = context(request)
        now = env.clock.now()
        with env.db.begin() as work:
            link = target(work, site, token)
            if link is None:
                raise NotFound("This is no link of ours.")
            url = link.url
            if request.method == "GET" and not _is_ahead(request):
                message = work.get_one(Message, link.message_id)
                click = Receipt(token, message.channel, "clicked", now, key=message.id, url=url)
                receipts.take(work, LINKS, [click], now)
        return RedirectResponse(url, 302, headers=PRIVATE)

    @routes.get("/preferences/{token}", summary="Show what a customer wants to receive")
    def show(request: Request, token: str) -> HTMLResponse:
        """A plain page. Looking at it changes nothing."""
        env = context(request)
        with env.db() as session:
            customer = _customer(session, _read(site, token, env.clock.now()))
            return _page(session, preferences.allowed_channels(session, customer), saved=False)

    @routes.post("/preferences/{token}", summary="Change what a customer wants to receive")
    async def change(request: Request, token: str) -> HTMLResponse:
        """The channels that are checked stay or become allowed, the others are withdrawn, from now on."""
        env = context(request)
        customer_id = _read(site, token, env.clock.now())
        wanted = {value for name, value in parse_qsl((await request.body()).decode("latin-1")) if name == "channel"}

        def choose() -> HTMLResponse:
            with env.db.begin() as work:
                chosen = preferences.choose_channels(work, _customer(work, customer_id), wanted, env.clock.now())
                return _page(work, chosen, saved=True)

        return await run_in_threadpool(choose)

    return routes


def _is_ahead(request: Request) -> bool:
    """Whether nobody has clicked yet: a browser fetches what somebody may click. https://w3c.github.io/resource-hints/"""
    return any("prefetch" in request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))


def _read(site: Site, token: str, now: datetime) -> int:
    read = site.read_preferences(token)
    if read is None:
        raise NotFound("This is no link of ours.")
    customer_id, last_day = read
    if now.astimezone(UTC).date() > last_day:
        raise Gone("A newer message has one that holds.")
    return customer_id


def _customer(session: Session, customer_id: int) -> int:
    if session.get(Customer, customer_id) is None:
        raise NotFound("This is no link of ours.")
    return customer_id


def _page(session: Session, channels: Mapping[Channel, bool], *, saved: bool) -> HTMLResponse:
    shop = read_library(session).policy.shop
    names = {channel: kind.name for channel, kind in CHANNEL_KINDS.items()}
    page = PAGES.get_template("preferences.html").render(shop=shop, channels=channels, names=names, saved=saved)
    return HTMLResponse(page, headers=CLOSED)
