"""The texts of plays: read, checked while they are written, and published."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, StringConstraints
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, NotFound, Stale, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.plays.bodies import Body
from api.plays.routes import Name
from domain.access import audit
from domain.access.actors import Actor
from domain.plays.publishing import publish_play
from domain.plays.running import live_play
from domain.published.fitting import published_references
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.plays.reading import ReadPlay, read_play
from workflows.plays.words import describe_play
from workflows.source.chinese import in_chinese
from workflows.terms.values import Language

router = APIRouter(tags=["plays"], responses=documented(Unauthorized, Forbidden, Stale, NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("plays.read"))]
Publisher = Annotated[Actor, Depends(require("journeys.publish"))]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]

_EXAMPLE = (
    "play: quick_vote\nsteps:\n  - {collect: votes, for: 3m, options: {a: 茶, b: 米}}\n  - {announce: [screen, page]}\n"
)


class PlayText(Body):
    """A play as it is written, in YAML."""

    text: Text


class PlaySpec(BaseModel):
    """The text of a play's live version."""

    play: str
    version: int
    text: str


class PlayMistake(BaseModel):
    """A mistake at its place, or a warning, in Chinese and in English."""

    line: int
    column: int
    code: str
    severity: str
    zh: str
    en: str


class PlayChecked(BaseModel):
    """What is wrong with a text; without errors, its name and what it does, in words."""

    play: str | None
    mistakes: list[PlayMistake]
    zh: str | None
    en: str | None


class PlayPublished(BaseModel):
    play: str
    version: int


@router.get("/v1/plays/{play}/spec", summary="Read the text of a play")
def get_spec(request: Request, _: Reader, play: Name) -> PlaySpec:
    with context(request).db() as session:
        live = live_play(session, play)
        if live is None:
            raise NotFound("There is no play of this name.")
        return PlaySpec(play=play, version=live[0].version, text=live[0].source)


@router.post(
    "/v1/plays/{play}/check", summary="Check the text of a play", openapi_extra=described(PlayText, {"text": _EXAMPLE})
)
async def post_check(request: Request, _: Publisher, play: Name) -> PlayChecked:
    """By what is published now: coupon campaigns, segments, texts, journeys. Nothing is changed."""
    body = await read_json(request, PlayText)

    def check(env: Context) -> PlayChecked:
        with env.db() as session:
            return _checked(session, _read(session, env, play, body.text))

    return await run_in_threadpool(check, context(request))


@router.post(
    "/v1/plays/{play}/versions",
    status_code=201,
    summary="Publish a play",
    openapi_extra=described(PlayText, {"text": _EXAMPLE}),
)
async def post_version(request: Request, caller: Publisher, play: Name) -> PlayPublished:
    """An instance that is open keeps its version. `422` with every mistake."""
    body = await read_json(request, PlayText)
    return await run_in_threadpool(_publish, context(request), caller, play, body.text)


def _publish(env: Context, caller: Actor, name: str, text: str) -> PlayPublished:
    def publish(work: UnitOfWork) -> int:
        found = _read(work, env, name, text)
        if found.play is None:
            errors = [
                {"field": f"text:{each.line}:{each.column}", "reason": each.code, "detail": each.message}
                for each in found.diagnostics
            ]
            raise Invalid("The play has mistakes.", errors=errors)
        version = publish_play(work, found.play, text, env.clock.now()).version
        audit.record(work, caller, "play.publish", f"play:{name}", env.wall.now(), after={"version": version})
        return version

    return PlayPublished(play=name, version=in_transaction(env.db, publish))


def _read(session: Session, env: Context, name: str, text: str) -> ReadPlay:
    library = read_library(session)
    references = published_references(library, env.webhooks, env.clock.now())
    journeys = {live.plan.journey: live.plan for live in library.journeys.values()}
    return read_play(text, f"{name}.yaml", references, library.campaigns, journeys)


def _checked(session: Session, found: ReadPlay) -> PlayChecked:
    library = read_library(session)
    languages: tuple[Language, Language] = ("zh", "en")
    zh, en = (describe_play(found.play, library.wording(lang)) if found.play else None for lang in languages)
    return PlayChecked(
        play=found.play.play if found.play else None,
        mistakes=[
            PlayMistake(
                line=each.line,
                column=each.column,
                code=each.code,
                severity=each.severity,
                zh=in_chinese(each.message),
                en=each.message,
            )
            for each in found.diagnostics
        ],
        zh=zh,
        en=en,
    )
