"""The pages of a play: what viewers open on their phones, and the host's big screen; both follow it as it goes on."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path as File

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.http.context import Context, context
from api.http.feed import FeedResponse
from api.http.problems import NotFound, Unavailable, documented
from api.plays.routes import Name, state_of
from domain.published.library import read_library
from domain.store.clock import Clock
from workflows.terms.wording import Wording

_FOLDER = File(__file__).parents[1] / "pages"
_PAGES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
_SPACED = re.compile(r" ?(=>|===?|&&|\|\||\?\?|[=?:*+,]) ?")
SCRIPT = "\n".join(_SPACED.sub(r"\1", line.strip()) for line in (_FOLDER / "play.js").read_text("utf-8").splitlines())
"""What the viewers' page runs: as it is written, without the indent and the spaces around signs."""

HOUR = 3600

router = APIRouter(tags=["plays"], responses=documented(NotFound, Unavailable))

WORDS: Mapping[str, tuple[str, str]] = {
    "not_open": ("还没开始", "Not open yet"),
    "open": ("进行中，截止", "Open until"),
    "closed": ("已截止，马上公布", "Closed; the result is about to come"),
    "over": ("已结束", "Over"),
    "stopped": ("已中止", "Stopped"),
    "people": ("人次参与", "entries"),
    "enter": ("参加", "Enter"),
    "guess": ("您猜多少", "Your guess"),
    "taken": ("已参加", "You have entered"),
    "again": ("您已经参加过了", "You have entered already"),
    "full": ("名额满了", "It is full"),
    "not_eligible": ("这次您不能参加", "You can't enter this one"),
    "minor": ("未满 18 岁不能参加", "Who is under 18 can't enter"),
    "no_such_choice": ("请写一个数或选一项", "Choose an option or write a number"),
    "unknown_customer": ("请重新进入页面", "Open the page again"),
    "token": ("请从直播间或公众号重新进入，再参加", "Open the page from the show again to enter"),
    "later": ("没有成功，请稍后再试", "That didn't work; try again in a moment"),
    "top": ("最高票：", "On top:"),
    "correct": ("正确答案：", "The right answer:"),
    "winners": ("中奖名单", "The winners"),
    "won": ("恭喜中奖：", "You won:"),
    "rules": ("规则、期限和中奖机会", "Rules, period and odds"),
    "odds": ("中奖机会", "Odds"),
    "during": ("期限", "When"),
}


@router.get(
    "/v1/plays/{play}/events",
    summary="Follow a play",
    responses={200: {"description": "server-sent events", "content": {"text/event-stream": {}}}},
    response_class=StreamingResponse,
)
def get_events(request: Request, play: Name) -> FeedResponse:
    """Server-sent events: `play`, with what `GET /v1/plays/{play}` tells, now and at each change. For everybody.

    A process serves a bounded number of listeners, and answers the others `503`.
    """
    env = context(request)
    _state(env, play)
    if env.viewers.is_full(play):
        raise Unavailable("Too many are listening.", headers={"Retry-After": "30"})
    return FeedResponse(env.viewers.listen(play, lambda: (_state(env, play), False), "play"))


@router.get("/play/{play}/screen", summary="The host's screen", response_class=HTMLResponse)
def get_screen(request: Request, play: Name) -> HTMLResponse:
    """A big page to be seen from afar: the time that is left, how many entered, the tally, the result."""
    return page(context(request), play, "play_screen.html")


def _state(env: Context, play: str) -> str:
    with env.db() as session:
        return state_of(session, play, env.clock.now()).model_dump_json()


def _pace(clock: Clock, before: datetime) -> float:
    """Seconds of the shop in a real one; 0 while its clock stands still since `before`, as a demo's does in the end."""
    if clock.now() <= before:
        return 0
    return 2 * HOUR / clock.seconds_until(before + timedelta(seconds=2 * HOUR))


def page(env: Context, play: str, name: str, token: str | None = None) -> HTMLResponse:
    """A page of a play; with a `token`, its viewer enters."""
    now = env.clock.now()
    with env.db() as session:
        state, library = state_of(session, play, now), read_library(session)
    say, nonce = Wording(library.policy.language), secrets.token_urlsafe(16)
    made = _PAGES.get_template(name).render(
        play=play,
        at=now.timestamp() * 1000,
        pace=_pace(env.clock, now),
        zone=library.policy_zone.key,
        token=token,
        state=state.model_dump(mode="json"),
        words={key: say.pick(*words) for key, words in WORDS.items()},
        lang=say.pick("zh-CN", "en"),
        nonce=nonce,
        script=Markup(SCRIPT),
    )
    policy = (
        f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return HTMLResponse(
        made,
        headers={
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
