"""Viewers whom WeChat names: its code becomes a token, so that whoever opens the page there enters without a key.

In WeChat's browser the page sends its viewer to WeChat, which sends them back with a code at once (网页授权, scope
`snsapi_base`); a mini program gets its code by `wx.login`. We redeem either at WeChat, once.
https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool

from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import BodyTooLarge, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.plays.bodies import MINUTES, Body, PlayToken
from api.plays.entries import token_for
from api.plays.pages import page
from api.plays.routes import Name
from domain.customers.identifiers import identify

AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"

WhoOf = Callable[[str], Awaitable[Mapping[str, str]]]
"""The identifiers of whoever got a code from WeChat. Raises CodeError for one that WeChat doesn't know, or not any
more, AwayError if it can't be asked."""


class CodeError(Exception):
    """WeChat turned a code down."""


class AwayError(Exception):
    """WeChat didn't answer as it should. The text is for the log, and names nobody."""


@dataclass(frozen=True)
class WechatViewers:
    """How codes are redeemed, as far as it is configured: those of the official account `app_id`, of a mini program."""

    app_id: str = ""
    of_page: WhoOf | None = None
    of_mini: WhoOf | None = None

    def address(self, back: str) -> str:
        """Where the page sends its viewer, to come `back` with a code."""
        asked = {"appid": self.app_id, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base"}
        return f"{AUTHORIZE}?{urlencode(asked)}#wechat_redirect"


class WechatCode(Body):
    """A code that `wx.login` gave the mini program."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


def router(viewers: WechatViewers, public_url: str | None) -> APIRouter:
    """The viewers' page, and the route by which a mini program gets a token; WeChat sends viewers to `public_url`."""
    made = APIRouter(tags=["plays"])

    @made.get(
        "/play/{play}",
        summary="The viewers' page",
        response_class=HTMLResponse,
        responses=documented(NotFound, Unavailable),
    )
    async def get_page(
        request: Request,
        play: Name,
        token: Annotated[str | None, Query(max_length=500, description="the viewer's")] = None,
        code: Annotated[str | None, Query(max_length=200, description="what WeChat sent its viewer back with")] = None,
    ) -> Response:
        """A page for phones, WeChat's browser too: with `?token=…`, its viewer enters; without, they look on. In
        WeChat's browser, where the official account is set up, they are sent to WeChat first and come back with a
        `code`.
        """
        if token is None and viewers.of_page is not None:
            if code is not None:
                with suppress(Unauthorized, Unavailable):  # who can't be named looks on
                    token = (await token_by(request, play, viewers.of_page, code)).token
            elif public_url is not None and _is_in_wechat(request.headers.get("user-agent", "").lower()):
                return RedirectResponse(viewers.address(f"{public_url.rstrip('/')}/play/{quote(play)}"), 303)
        return await run_in_threadpool(page, context(request), play, "play.html", token)

    @made.post(
        "/v1/plays/{play}/tokens/wechat",
        status_code=201,
        summary="Make a viewer's token of a WeChat code",
        responses=documented(Unauthorized, NotFound, BodyTooLarge, Invalid, Unavailable),
        openapi_extra=described(WechatCode, {"code": "0a1b2c"}),
    )
    async def post_wechat_token(request: Request, play: Name) -> PlayToken:
        """For a mini program, without a key: whom WeChat names by the code of `wx.login` gets a token for 30 minutes.
        `503` where no mini program is configured.
        """
        body = await read_json(request, WechatCode)
        return await token_by(request, play, viewers.of_mini, body.code)

    return made


def _is_in_wechat(agent: str) -> bool:
    return "micromessenger" in agent and "wxwork" not in agent


async def token_by(request: Request, play: str, who: WhoOf | None, code: str) -> PlayToken:
    """A token for whoever got a code. Raises Unauthorized and Unavailable."""
    if who is None:
        raise Unavailable("WeChat isn't set up here; see docs/delivery_wechat.md.")
    try:
        known = await who(code)
    except CodeError:
        raise Unauthorized("WeChat doesn't know the code, or it was used already.", reason="bad_code") from None
    except AwayError:
        raise Unavailable("WeChat can't be asked now.", headers={"Retry-After": "2"}) from None
    idents = identify(None, known)
    return await run_in_threadpool(token_for, context(request), play, idents, MINUTES)
