"""The life cycle of journeys: `/v1/journeys`."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.journeys.passing import must_pass
from api.journeys.results import Interval, interval
from domain.access.actors import Actor
from domain.insight import results as insight
from domain.journeys import lifecycle
from domain.journeys.counts import Day, by_day
from domain.journeys.decisions import held_out
from domain.journeys.lifecycle import JourneyStatus, Late, Running, UnknownJourneyError, audited
from domain.journeys.moving import count_movable, settle_running
from domain.published.drafts import live_text
from domain.published.fitting import published_references
from domain.published.journey_tests import kept_tests
from domain.published.library import mark_published, read_library
from domain.published.publishing import has_policy
from workflows.language.compile import Compiled, read_journey
from workflows.plan.model import Plan
from workflows.source.chinese import in_chinese
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import decode
from workflows.terms.values import Language, at_local, local_day, parse_time
from workflows.words.diff import diff

router = APIRouter(tags=["journeys"], responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Publisher = Annotated[Actor, Depends(require("journeys.publish"))]
Runner = Annotated[Actor, Depends(require("journeys.run"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$", description="the journey's name")]
Lang = Annotated[Language, Query(description="of the words")]
LISTED_DAYS = 7
_YAML: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "string"}}}}
}


class Action(BaseModel):
    """What somebody did to a journey."""

    action: str
    by: str
    at: datetime
    version: int
    details: dict[str, Any]


class JourneyState(BaseModel):
    """A journey; `title` is what people call it. `running` counts the customers inside each version."""

    journey: str
    title: str
    version: int
    state: Literal["live", "paused", "stopped"]
    running: dict[int, int]
    last: Action | None


class JourneyDay(BaseModel):
    """How many entered on a day, how many messages were sent, how many reached the goal."""

    day: date
    entered: int
    sent: int
    goals: int


class ListedJourney(JourneyState):
    """A journey with its last seven days in the policy's time zone, today included, the oldest first.

    `lift` is the goal rate's relative lift over the holdout, as of the last night; null where it can't be said, or
    a group has too few customers for that. `holdout` is the percentage of customers whom it never messages, by the
    policy or its own rules; at 0 there is nobody to compare with.
    """

    days: list[JourneyDay]
    lift: Interval | None
    holdout: float


class Published(BaseModel):
    """What was published, and the warnings about it."""

    journey: str
    version: int
    warnings: list[dict[str, Any]]


class Difference(BaseModel):
    """What changes, in plain words, and how many customers are inside each version.

    Of those in other versions `moving` would go on under this one with `running=move`; `staying` would finish theirs.
    """

    journey: str
    changes: list[str]
    running: dict[int, int]
    moving: int = 0
    staying: int = 0


@dataclass(frozen=True)
class ReadPlan:
    """A text as it would be published; without a plan it can't be, and `problems` says why."""

    plan: Plan | None
    problems: list[dict[str, Any]]


class Stopped(BaseModel):
    """How many of the customer's enrollments were stopped."""

    journey: str
    customer: int
    stopped: int


@router.get("/v1/journeys", summary="List the journeys")
def get_journeys(request: Request, _: Reader) -> list[ListedJourney]:
    env = context(request)
    with env.db() as session:
        library, now = read_library(session), env.clock.now()
        zone = library.policy_zone
        days = [local_day(now, zone) - timedelta(days=back) for back in reversed(range(LISTED_DAYS))]
        counts = by_day(session, at_local(days[0], parse_time("00:00"), zone, now), zone)
        lifts = {name: interval(each.goal) for name, each in insight.lifts(session).items() if each.doubt is None}
        return [
            ListedJourney(
                **_as_answer(status).model_dump(),
                days=[JourneyDay(day=day, **asdict(counts.get(status.journey, {}).get(day, Day()))) for day in days],
                lift=lift if (lift := lifts.get(status.journey)) and lift.low is not None else None,
                holdout=held_out(live.plan if (live := library.journeys.get(status.journey)) else None, library.policy),
            )
            for status in lifecycle.journey_statuses(session)
        ]


@router.get("/v1/journeys/{name}/actions", summary="Read who did what to a journey, the newest first")
def get_actions(request: Request, _: Reader, name: Name) -> list[Action]:
    with context(request).db() as session:
        _standing(session, name)
        return [Action.model_validate(action, from_attributes=True) for action in lifecycle.actions(session, name)]


@router.post(
    "/v1/journeys/{name}/versions",
    status_code=201,
    summary="Publish a version",
    openapi_extra=_YAML,
    responses=documented(Conflict),
)
async def post_version(
    request: Request,
    caller: Publisher,
    name: Name,
    running: Annotated[Running, Query(description="what becomes of those in older versions")] = "finish",
    base: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="the live version that it replaces; 0 for none")
    ] = None,
    reason: Annotated[
        str | None, Query(max_length=500, pattern=r"^[^\x00]*$", description="kept in the history")
    ] = None,
) -> Published:
    """Takes the journey as YAML. The same text twice is one version. `errors` of a `422` tells every mistake.

    What the journey refers to, texts, coupons and segments, must be published already, and webhooks configured. With
    `base`, it is a `409` if another version is live by now.
    """
    env = context(request)
    body = await request.body()
    return await run_in_threadpool(publish_text, env, caller, name, body, running, reason=reason, base=base)


@router.get("/v1/journeys/{name}/diff", summary="Read what the live version changed")
def get_diff(
    request: Request,
    _: Reader,
    name: Name,
    since: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="the version to compare with; the one before")
    ] = None,
    lang: Lang = "en",
) -> Difference:
    with context(request).db() as session:
        now = _standing(session, name)
        try:
            old = lifecycle.plan_of(session, name, since or max(1, now.version - 1))
        except UnknownJourneyError:
            raise NotFound(f"There is no version {since}.") from None
        return Difference(
            journey=name, changes=diff(old, lifecycle.plan_of(session, name), lang=lang), running=now.running
        )


@router.post("/v1/journeys/{name}/diff", summary="Read what a draft would change", openapi_extra=_YAML)
async def post_diff(request: Request, _: Publisher, name: Name, lang: Lang = "en") -> Difference:
    """Takes a draft as YAML and compares it with the live version; publishes nothing."""
    env = context(request)
    body = await request.body()
    return await run_in_threadpool(_compare, env, name, body, lang)


@router.post("/v1/journeys/{name}/pause", summary="Pause a journey")
def post_pause(request: Request, caller: Runner, name: Name) -> JourneyState:
    """Nobody enters, and messages are held; waits go on. Pausing twice is pausing once."""
    env = context(request)
    with env.db.begin() as work:
        _standing(work, name)
        with audited(work, caller, "journey.pause", name, env.wall.now()):
            lifecycle.pause(work, name, env.clock.now(), caller.by)
        return _as_answer(_standing(work, name))


@router.post("/v1/journeys/{name}/resume", summary="Resume a journey")
def post_resume(
    request: Request,
    caller: Runner,
    name: Name,
    late: Annotated[Late, Query(description="what becomes of the messages that were held")],
) -> JourneyState:
    """Lets a paused journey go on. What was held is sent now, or dropped as `expired`."""
    env = context(request)
    now = env.clock.now()
    with env.db.begin() as work:
        _standing(work, name)
        with audited(work, caller, "journey.resume", name, env.wall.now(), late=late):
            lifecycle.resume(work, name, now, caller.by, late=late)
    lifecycle.in_pages(env.db, lifecycle.release_page, name, now)
    with env.db() as session:
        return _as_answer(_standing(session, name))


@router.post("/v1/journeys/{name}/stop", summary="Stop a journey, or one customer in it")
def post_stop(
    request: Request,
    caller: Runner,
    name: Name,
    customer: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="only this customer, by id")] = None,
) -> JourneyState | Stopped:
    """Nobody enters any more, and whoever is inside is done. For one customer the journey stays live."""
    env = context(request)
    now = env.clock.now()
    with env.db.begin() as work:
        _standing(work, name)
        if customer is not None:
            at = env.wall.now()
            with audited(work, caller, "journey.stop_customer", name, at, customer=customer) as details:
                count = details["stopped"] = lifecycle.stop_customer(work, name, customer, now, caller.by)
            return Stopped(journey=name, customer=customer, stopped=count)
        with audited(work, caller, "journey.stop", name, env.wall.now()):
            lifecycle.stop(work, name, now, caller.by)
    lifecycle.in_pages(env.db, lifecycle.stop_page, name, now)
    with env.db() as session:
        return _as_answer(_standing(session, name))


def publish_text(
    env: Context,
    caller: Actor,
    name: str,
    body: bytes,
    running: Running,
    *,
    reason: str | None = None,
    base: int | None = None,
) -> Published:
    """Publish a text under a journey's name, if it passes the tests kept with it.

    Raises Invalid with every mistake, or each test that it doesn't pass, and Conflict if not `base` is live.
    """
    now = env.clock.now()
    with env.db() as session:
        tests = kept_tests(session, name)[0] if has_policy(session) else ""
        if tests.strip():
            _, read = _compiled(env, session, name, body)
            assert read.plan is not None
            must_pass(env, read.plan, tests)
    with env.db.begin() as work:
        if not has_policy(work):
            raise Conflict("No policy is published yet; publish it first: aftershow publish.")
        mark_published(work)  # so that nobody publishes anything else between the check and this
        live = live_text(work, name)[1]
        if base is not None and base != (live or 0):
            raise Conflict("Another version was published meanwhile; look at what it changed first.", live=live)
        text, compiled = _compiled(env, work, name, body)
        assert compiled.plan is not None
        with audited(work, caller, "journey.publish", name, env.wall.now(), running=running):
            published = lifecycle.publish(work, compiled.plan, text, now, caller.by, running=running, reason=reason)
            version = published.version
    settle_running(env.db, name, running, now)
    return Published(
        journey=name, version=version, warnings=[_error(diagnostic) for diagnostic in compiled.diagnostics]
    )


def read_plan_text(env: Context, session: Session, name: str, text: str, lang: Language) -> ReadPlan:
    """Read a text as publishing would, with what is wrong in one language."""
    known = published_references(read_library(session), env.webhooks, env.clock.now())
    compiled = read_journey(text, f"{name}.yaml", known)
    problems = [_error(each) for each in compiled.diagnostics]
    if lang == "zh":
        problems = [each | {"detail": in_chinese(each["detail"])} for each in problems]
    return ReadPlan(compiled.plan, problems)


def _compare(env: Context, name: str, body: bytes, lang: Language) -> Difference:
    with env.db() as session:
        now = _standing(session, name)
        _, compiled = _compiled(env, session, name, body)
        assert compiled.plan is not None
        inside = now.running.get(now.version, 0)
        changes = diff(lifecycle.plan_of(session, name), compiled.plan, inside, lang)
        moving, staying = count_movable(session, compiled.plan)
        return Difference(journey=name, changes=changes, running=now.running, moving=moving, staying=staying)


def _compiled(env: Context, session: Session, name: str, body: bytes) -> tuple[str, Compiled]:
    """The text and its plan. Raises Invalid with every mistake."""
    path = f"{name}.yaml"
    text = decode(body, path)
    if isinstance(text, Diagnostic):
        raise Invalid("The journey has mistakes.", errors=[_error(text)])
    known = published_references(read_library(session), env.webhooks, env.clock.now())
    compiled = read_journey(text, path, known)
    if compiled.plan is None:
        raise Invalid("The journey has mistakes.", errors=[_error(diagnostic) for diagnostic in compiled.diagnostics])
    return text, compiled


def _error(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "line": diagnostic.line,
        "column": diagnostic.column,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "detail": diagnostic.message,
    }


def _standing(session: Session, name: str) -> JourneyStatus:
    try:
        return lifecycle.journey_status(session, name)
    except UnknownJourneyError:
        raise NotFound("No journey of this name was ever published.") from None


def _as_answer(status: JourneyStatus) -> JourneyState:
    last = Action.model_validate(status.last, from_attributes=True) if status.last else None
    return JourneyState(**{**vars(status), "last": last})
