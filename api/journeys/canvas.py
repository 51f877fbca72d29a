"""A journey as a graph with live counts, and who is where in it."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.context import Context, context
from api.http.feed import FeedResponse
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.journeys.passage import inside, passage
from domain.published.library import read_library, read_plan
from domain.published.tables import Journey, PublishedPlan
from workflows.plan.model import Plan
from workflows.terms.values import Language, at_local, local_day, parse_time
from workflows.words.describe import head
from workflows.words.graph import END, START, graph
from workflows.words.telling import reasons_in_words

router = APIRouter(tags=["journeys"], responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$", description="the journey's name")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="of the journey; the live one")]
Days = Annotated[int | None, Query(ge=1, le=3650, description="count today and so many days before; ever")]


class PlanVersion(BaseModel):
    """A version of a journey."""

    version: int
    published_at: datetime
    live: bool


class GraphNode(BaseModel):
    """A step; `^` and `$` are the beginning and the end. `row` counts from the top, `column` is the middle."""

    path: str
    verb: str
    noun: str
    words: str
    row: int
    column: float


class GraphEdge(BaseModel):
    """A way from one step to another."""

    source: str
    target: str
    label: str


class HeadLine(BaseModel):
    """What begins the journey, for whom it is, or what ends it."""

    label: str
    words: str


class JourneyGraph(BaseModel):
    """A version of a journey. `reasons` says in words what the codes in its counts mean."""

    journey: str
    title: str
    version: int
    versions: list[PlanVersion]
    head: list[HeadLine]
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    reasons: dict[str, str]


class Happened(BaseModel):
    """How often something happened; `detail` is the reason's code, or how it ended."""

    what: str
    detail: str
    n: int


class StepCounts(BaseModel):
    """What happened at a step, and how many stand there now."""

    path: str
    standing: int
    happened: list[Happened]


class WayCount(BaseModel):
    """How many took a way."""

    source: str
    target: str
    n: int


class JourneyCounts(BaseModel):
    """The counts of a version. Under `^` is what concerns it as a whole: `entered`, `ended`, `converted`."""

    journey: str
    version: int
    inside: int
    steps: list[StepCounts]
    ways: list[WayCount]


class Inside(BaseModel):
    """Somebody inside. They act next at `due_at`; `run` is the page of their run in Temporal's UI, if it is known."""

    enrollment: int
    customer: int
    name: str | None
    entered_at: datetime
    due_at: datetime | None
    held: bool
    stuck: bool
    run: str | None


class InsidePage(BaseModel):
    """A page. `next` is what to give as `after` for the following one; null after the last."""

    enrollments: list[Inside]
    next: int | None


@router.get("/v1/journeys/{name}/graph", summary="Read a version of a journey as a graph")
def get_graph(
    request: Request,
    _: Reader,
    name: Name,
    version: Version = None,
    lang: Annotated[Language, Query(description="of the words")] = "zh",
) -> JourneyGraph:
    with context(request).db() as session:
        plan, number, _id = _plan(session, name, version)
        say = read_library(session).wording(lang)
        live = select(Journey.plan_id).where(Journey.name == name)
        versions = select(PublishedPlan.version, PublishedPlan.published_at, col(PublishedPlan.id).in_(live))
        rows = session.exec(
            versions.where(PublishedPlan.journey == name).order_by(col(PublishedPlan.version).desc())
        ).all()
    shown = graph(plan, say)
    return JourneyGraph(
        journey=name,
        title=plan.name,
        version=number,
        versions=[PlanVersion(version=each, published_at=at, live=is_live) for each, at, is_live in rows],
        head=[HeadLine(label=label.rstrip("：:"), words=words.replace("`", "")) for label, words in head(plan, say)],
        nodes=[GraphNode(**asdict(node)) for node in shown.nodes],
        edges=[GraphEdge(**asdict(edge)) for edge in shown.edges],
        reasons=reasons_in_words(say),
    )


@router.get("/v1/journeys/{name}/counts", summary="Count what happened in a version of a journey")
def get_counts(request: Request, _: Reader, name: Name, version: Version = None, days: Days = None) -> JourneyCounts:
    """Those who stand somewhere are counted now; the rest since the beginning of a day, in the policy's time zone."""
    return _counts(context(request), name, version, days)


@router.get(
    "/v1/journeys/{name}/counts/events",
    summary="Follow the counts",
    responses={200: {"description": "server-sent events", "content": {"text/event-stream": {}}}},
    response_class=StreamingResponse,
)
async def get_count_events(
    request: Request, _: Reader, name: Name, version: Version = None, days: Days = None
) -> FeedResponse:
    """Server-sent events: `counts`, with what `GET …/counts` tells, now and at each change.

    A process serves a bounded number of listeners, and answers the others `503`.
    """
    env = context(request)
    subject = f"counts {name} {version} {days}"
    if not env.feed.is_followed(subject):
        await run_in_threadpool(_check_version, env, name, version)
    if env.feed.is_full(subject):
        raise Unavailable("Too many are listening.", headers={"Retry-After": "30"})
    return FeedResponse(env.feed.listen(subject, _reader(env, name, version, days), "counts"))


@router.get("/v1/journeys/{name}/inside", summary="List those inside a version of a journey, or at a step")
def get_inside(
    request: Request,
    _: Annotated[Actor, Depends(require("customers.read"))],
    name: Name,
    version: Version = None,
    step: Annotated[
        str | None, Query(max_length=1000, pattern=r"^[^\x00]*$", description="a node of the graph")
    ] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> InsidePage:
    env = context(request)
    with env.db() as session:
        plan, _number, plan_id = _plan(session, name, version)
        rows = inside(session, plan, plan_id, node=step, after=after, limit=limit + 1)
    shown = [
        Inside(
            enrollment=each.id, customer=customer.id, name=customer.name,
            entered_at=each.entered_at, due_at=each.due_at, held=each.held, stuck=each.stuck_on is not None,
            run=env.run_page(name, each.run),
        )
        for each, customer in rows[:limit]
    ]  # fmt: skip
    return InsidePage(enrollments=shown, next=shown[-1].enrollment if len(rows) > limit else None)


def _reader(env: Context, name: str, version: int | None, days: int | None) -> Callable[[], tuple[str, bool]]:
    return lambda: (_counts(env, name, version, days).model_dump_json(), False)


def _counts(env: Context, name: str, version: int | None, days: int | None) -> JourneyCounts:
    with env.db() as session:
        plan, number, plan_id = _plan(session, name, version)
        found = passage(session, plan, plan_id, _since(session, env.clock.now(), days))
    paths = dict.fromkeys([START, *plan.steps, END])
    return JourneyCounts(
        journey=name,
        version=number,
        inside=found.standing.total(),
        steps=[
            StepCounts(
                path=path,
                standing=found.standing[path],
                happened=[
                    Happened(what=what, detail=detail, n=n)
                    for (what, detail), n in sorted(found.happened.get(path, {}).items())
                ],
            )
            for path in paths
            if found.standing[path] or path in found.happened
        ],
        ways=[WayCount(source=source, target=target, n=n) for (source, target), n in found.ways.items() if n > 0],
    )


def _since(session: Session, now: datetime, days: int | None) -> datetime | None:
    if days is None:
        return None
    zone = read_library(session).policy_zone
    return at_local(local_day(now, zone) - timedelta(days=days - 1), parse_time("00:00"), zone, now)


def _check_version(env: Context, name: str, version: int | None) -> None:
    """Raises NotFound for a version that never was."""
    with env.db() as session:
        _found(session, name, version)


def _plan(session: Session, name: str, version: int | None) -> tuple[Plan, int, str]:
    """A plan, its version and its id."""
    number, plan_id = _found(session, name, version)
    return read_plan(session, plan_id), number, plan_id


def _found(session: Session, name: str, version: int | None) -> tuple[int, str]:
    """A version's number and the id of its plan."""
    query = select(PublishedPlan.version, PublishedPlan.id).where(PublishedPlan.journey == name)
    if version is None:
        query = query.join(Journey, col(Journey.plan_id) == col(PublishedPlan.id))
    else:
        query = query.where(PublishedPlan.version == version)
    found = session.exec(query).first()
    if found is None:
        raise NotFound("No such version of a journey of this name was ever published.")
    return found
