"""Drafts of journeys and shared documents: saved as one types, shared, merged; those of journeys are published.

`/v1/drafts`, `/v1/journeys/{name}/draft`, `/v1/documents/{name}/draft`.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import ChangedMeanwhile, Conflict, Forbidden, Invalid, NotFound, Unauthorized, documented
from api.http.transactions import in_transaction
from api.journeys.draft_bodies import (
    ClashIn,
    DraftListed,
    DraftText,
    Here,
    MergedDraft,
    Other,
    Outcome,
    Present,
    Review,
    Revision,
    RevisionText,
    Saved,
    ToMerge,
    ToPublish,
    VersionText,
    Wish,
)
from api.journeys.routes import Lang, Name, publish_text, read_plan_text
from domain.access import audit
from domain.access.actors import Actor
from domain.journeys.lifecycle import UnknownJourneyError, journey_status, plan_of
from domain.journeys.moving import count_movable
from domain.published import drafts
from domain.published.drafts import DraftMovedError, DraftState
from domain.store.work import UnitOfWork
from workflows.language.documents import FORMS
from workflows.source.merging import merge
from workflows.words.diff import diff

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])

router = APIRouter(tags=["drafts"], responses=documented(Unauthorized, Forbidden, Invalid))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Editor = Annotated[Actor, Depends(require("journeys.publish"))]
IfMatch = Annotated[str | None, Header(description="the `ETag` of what the change goes out from")]


_TEXT = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - {wait: 3d}\n"


def known_document(name: Annotated[str, Path(max_length=64, description="like `_policy`")]) -> str:
    """A shared document that is edited here. Raises NotFound."""
    if name not in FORMS:
        raise NotFound(f"There is no such document; there are {', '.join(FORMS)}.")
    return name


def _permitted_document(_: Editor, name: Annotated[str, Depends(known_document)]) -> str:
    return name


def _of_both(method: str, path: str, summary: str, **route: Any) -> Callable[[_F], _F]:
    """Routes of the draft of a journey, and of a shared document."""

    def add(endpoint: _F) -> _F:
        journeys, documents = (f"/v1/{each}/{{name}}/draft{path}" for each in ("journeys", "documents"))
        router.add_api_route(journeys, endpoint, methods=[method], summary=summary, **route)
        responses = {**route.pop("responses", {}), **documented(NotFound)}
        router.add_api_route(
            documents,
            endpoint,
            methods=[method],
            summary=f"{summary}: of a shared document",
            dependencies=[Depends(_permitted_document)],
            responses=responses,
            **route,
        )
        return endpoint

    return add


@router.get("/v1/drafts", summary="List the drafts")
def get_drafts(request: Request, _: Reader) -> list[DraftListed]:
    with context(request).db() as session:
        return [
            DraftListed(
                journey=draft.journey, revision=draft.revision, base=draft.base,
                live=drafts.live_text(session, draft.journey)[1],
                by=newest.name, at=newest.at, waits=draft.asked is not None,
            )
            for draft, newest in drafts.drafts(session)
        ]  # fmt: skip


@_of_both("GET", "", "Read a draft")
def get_draft(request: Request, response: Response, _: Editor, name: Name) -> DraftText:
    """Without a draft, or a journey of that name, it is revision 0; saving makes one."""
    with context(request).db() as session:
        return _answer(response, shown(session, drafts.draft_state(session, name)))


@_of_both(
    "PUT",
    "",
    "Save a draft",
    openapi_extra=described(Saved, {"text": _TEXT}),
    responses=documented(ChangedMeanwhile),
)
async def put_draft(
    request: Request, response: Response, caller: Editor, name: Name, if_match: IfMatch = None
) -> DraftText:
    """Takes any text, also one with mistakes. `412` if somebody saved since the revision that `If-Match` names."""
    saved = await read_json(request, Saved)
    env, now = context(request), context(request).wall.now()
    seen = seen_revision(if_match)

    def act(work: UnitOfWork) -> DraftText:
        state = drafts.save(work, name, saved.text, seen, caller, now, base=saved.base)
        if not seen:
            audit.record(work, caller, "draft.begin", target_of(name), now)
        return shown(work, state)

    return _answer(response, await run_in_threadpool(guarded, env, act))


@_of_both("DELETE", "", "Throw a draft away", status_code=204, responses=documented(ChangedMeanwhile))
def delete_draft(request: Request, caller: Editor, name: Name, if_match: IfMatch = None) -> None:
    env = context(request)
    seen = seen_revision(if_match)

    def act(work: UnitOfWork) -> None:
        drafts.discard(work, name, seen)
        audit.record(work, caller, "draft.discard", target_of(name), env.wall.now())

    guarded(env, act)


@_of_both("GET", "/revisions", "List what a draft was like")
def get_revisions(
    request: Request, _: Editor, name: Name, limit: Annotated[int, Query(ge=1, le=drafts.KEPT)] = 50
) -> list[Revision]:
    """The newest first."""
    with context(request).db() as session:
        rows = drafts.revisions(session, name, limit)
        return [Revision(revision=each.revision, by=each.name, at=each.at) for each in rows]


@_of_both("GET", "/revisions/{revision}", "Read a revision of a draft", responses=documented(NotFound))
def get_revision(request: Request, _: Editor, name: Name, revision: int) -> RevisionText:
    with context(request).db() as session:
        text = drafts.revision_text(session, name, revision) if 0 <= revision < 2**31 else None
    if text is None:
        raise NotFound("The draft has no such revision, or it isn't kept any more.")
    return RevisionText(revision=revision, text=text)


@router.get(
    "/v1/journeys/{name}/versions/{version}", summary="Read a version as it was written", responses=documented(NotFound)
)
def get_version(request: Request, _: Reader, name: Name, version: int) -> VersionText:
    with context(request).db() as session:
        found = drafts.version_text(session, name, version) if 0 < version < 2**31 else None
    if found is None:
        raise NotFound("No such version of a journey of this name was ever published.")
    return VersionText(version=version, text=found[0], published_at=found[1])


@_of_both(
    "POST",
    "/merge",
    "Merge a text with the draft as it stands",
    openapi_extra=described(ToMerge, {"text": _TEXT, "since": 3}),
    responses=documented(NotFound),
)
async def post_merge(request: Request, _: Editor, name: Name) -> MergedDraft:
    """Both went out from a revision; what only one of them changed is taken over. Nothing is saved."""
    asked = await read_json(request, ToMerge)

    def act() -> MergedDraft:
        with context(request).db() as session:
            base = drafts.revision_text(session, name, asked.since)
            state = drafts.draft_state(session, name)
        if base is None:
            raise NotFound("The draft has no such revision, or it isn't kept any more.")
        merged = merge(base, asked.text, state.text)
        clashes = [ClashIn(line=each.line, mine=each.mine, theirs=each.theirs) for each in merged.clashes]
        return MergedDraft(text=merged.text, revision=state.revision, etag=etag_of(state), by=state.by, clashes=clashes)

    return await run_in_threadpool(act)


@_of_both("POST", "/presence", "Say that one has the draft open", openapi_extra=described(Here, {"place": "/steps/2"}))
async def post_presence(request: Request, caller: Editor, name: Name) -> Present:
    """To be said every 15 s; after 40 s of silence one isn't there any more."""
    here = await read_json(request, Here)
    env = context(request)

    def act(work: UnitOfWork) -> Present:
        others = drafts.meet(work, name, caller, here.place, env.wall.now())
        state = drafts.draft_state(work, name)
        shown = [Other(name=each.name, place=each.place) for each in others]
        return Present(others=shown, revision=state.revision, by=state.by)

    return await run_in_threadpool(in_transaction, env.db, act)


@_of_both("DELETE", "/presence", "Say that one has closed the draft", status_code=204)
def delete_presence(request: Request, caller: Editor, name: Name) -> None:
    in_transaction(context(request).db, lambda work: drafts.leave(work, name, caller))


@router.get("/v1/journeys/{name}/draft/review", summary="See what publishing a draft would change")
def get_review(request: Request, _: Editor, name: Name, lang: Lang = "zh") -> Review:
    env = context(request)
    with env.db() as session:
        state = drafts.draft_state(session, name)
        live = drafts.live_text(session, name)[1]
        compiled = read_plan_text(env, session, name, state.text, lang)
        changes: list[str] = []
        running: dict[int, int] = {}
        moving = staying = 0
        status = None
        with suppress(UnknownJourneyError):
            status = journey_status(session, name)
            running = status.running
            if compiled.plan is not None:
                changes = diff(plan_of(session, name), compiled.plan, running.get(live or 0, 0), lang)
                moving, staying = count_movable(session, compiled.plan)
    return Review(
        revision=state.revision, live=live, base=state.base, state=status.state if status else None, changes=changes,
        running=running, moving=moving, staying=staying, sound=compiled.plan is not None, seconded=env.four_eyes,
        problems=compiled.problems,
    )  # fmt: skip


@router.post(
    "/v1/journeys/{name}/draft/publish",
    summary="Publish a draft",
    openapi_extra=described(ToPublish, {"reason": "the wait was too short", "running": "finish", "base": 3}),
    responses=documented(ChangedMeanwhile, Conflict),
)
async def post_publish(
    request: Request, response: Response, caller: Editor, name: Name, if_match: IfMatch = None
) -> Outcome:
    """Publishes the revision that `If-Match` names, or `412`. `409` if another version than `base` is live by now.

    Where two people are needed, the first call asks; another person's call, of the same revision, publishes.
    """
    wanted = await read_json(request, ToPublish)
    env, seen = context(request), seen_revision(if_match)

    def ask(work: UnitOfWork) -> DraftState:
        state = drafts.draft_state(work, name, locked=True)
        if state.revision != seen or not seen:
            raise DraftMovedError(state)
        compiled = read_plan_text(env, work, name, state.text, "zh")
        if compiled.plan is None:
            raise Invalid("The journey has mistakes.", errors=compiled.problems)
        _, live = drafts.live_text(work, name)
        if live != wanted.base:
            raise Conflict("Another version was published meanwhile; look at what it changed first.", live=live)
        if env.four_eyes and (state.asked is None or state.asked["by"] == caller.reference):
            now = env.wall.now()
            wish = {"by": caller.reference, "name": caller.name, "at": now.isoformat(), **wanted.model_dump()}
            audit.record(work, caller, "draft.ask", f"journey:{name}", now, after={"revision": seen})
            return drafts.ask(work, name, seen, wish)
        return state

    def act() -> Outcome:
        state = guarded(env, ask)
        if env.four_eyes and (state.asked is None or state.asked["by"] == caller.reference):
            with env.db() as session:
                return Outcome(published=None, draft=shown(session, state))
        running = state.asked["running"] if state.asked else wanted.running
        reason = state.asked["reason"] if state.asked else wanted.reason
        published = publish_text(env, caller, name, state.text.encode(), running, reason=reason, base=wanted.base or 0)

        def over(work: UnitOfWork) -> DraftText:
            with suppress(DraftMovedError):  # somebody wrote on meanwhile: their draft stays
                drafts.discard(work, name, seen)
            return shown(work, drafts.draft_state(work, name))

        return Outcome(published=published, draft=in_transaction(env.db, over))

    outcome = await run_in_threadpool(act)
    response.headers["ETag"] = outcome.draft.etag
    return outcome


def target_of(name: str) -> str:
    """What the audit calls it whose draft this is."""
    return f"{'document' if name in FORMS else 'journey'}:{name}"


def guarded(env: Context, act: Callable[[UnitOfWork], _T]) -> _T:
    """What the act answers. Raises ChangedMeanwhile, with how the draft stands, if it isn't any more as it was seen."""
    try:
        return in_transaction(env.db, act)
    except DraftMovedError as moved:
        state = moved.state
        raise ChangedMeanwhile(
            "Somebody saved the draft meanwhile.", revision=state.revision, by=state.by, etag=etag_of(state)
        ) from None


def etag_of(state: DraftState) -> str:
    """What a change of the draft sends as `If-Match`."""
    return f'"{state.revision}"'


def seen_revision(if_match: str | None) -> int:
    """The revision that an `If-Match` names. Raises Invalid."""
    number = (if_match or "").strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Invalid(errors=[{"field": "If-Match", "reason": "missing", "detail": "send the draft's ETag"}])
    return int(number)


def shown(session: Session, state: DraftState) -> DraftText:
    """A draft as it is answered."""
    wish = Wish.model_validate(state.asked) if state.asked else None
    return DraftText(
        journey=state.journey, revision=state.revision, etag=etag_of(state), text=state.text, base=state.base,
        live=drafts.live_text(session, state.journey)[1], by=state.by, at=state.at, asked=wish,
    )  # fmt: skip


def _answer(response: Response, draft: DraftText) -> DraftText:
    response.headers["ETag"] = draft.etag
    return draft
