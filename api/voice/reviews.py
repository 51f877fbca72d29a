"""The review of a show: `/v1/streams/{id}/review`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.stock.streams import StreamId
from api.voice.papers import FormatQuery, written
from api.voice.tasks import TaskState
from domain.access import audit
from domain.access.actors import Actor
from domain.stock.tables import Stream
from domain.store.work import UnitOfWork
from domain.voice.lessons import reviews
from domain.voice.lessons.review_paper import paper_of

router = APIRouter(
    tags=["streams"], responses=documented(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable)
)

Reader = Annotated[Actor, Depends(require("voice.read"))]
Editor = Annotated[Actor, Depends(require("voice.edit"))]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000, pattern=r"^[^\x00]*$")]
Stage = Literal["first", "day1", "day3", "day7"]


class KeyFigures(BaseModel):
    """What a show comes to: people by what they did, money in fen; `conversion` is buyers of the viewers.

    `repurchase` is the share of buyers who ordered again within seven days; final once those are over.
    """

    viewers: int
    carts: int
    buyers: int
    speakers: int
    comments: int
    orders: int
    revenue: int
    refunded: int
    new_customers: int
    came_back: int
    minutes: int
    conversion: float | None
    repurchase: float | None
    repurchase_is_final: bool


class Compared(BaseModel):
    """The shows before, at most five, and the mean of each key figure in them."""

    shows: list[str]
    mean: dict[str, float]


class Watching(BaseModel):
    """Five minutes of a show: how many watched at their end, units sold, and the products shown."""

    at: datetime
    watching: int
    units: float
    shown: list[str]


class ProductSales(BaseModel):
    """What a product sold beside what was expected, in units; where it ran out, what wasn't sold, as an estimate."""

    sku: str
    name: str | None
    sold: float
    expected: float | None
    sold_out_at: datetime | None
    lost: float


class StockAlarm(BaseModel):
    """An alarm about stock, and the state of the order that it began; null if it began none."""

    at: datetime
    sku: str | None
    kind: str | None
    answer: str | None
    quantity: float | None


class ComplaintAnswered(BaseModel):
    """An alert about what was said, and what the product's manager answered."""

    at: datetime
    sku: str
    product: str | None
    topic: str
    count: int
    speakers: int
    answered_at: datetime | None
    answer: str | None


class CouponsOfShow(BaseModel):
    """Coupons given while the show ran; those that its orders used, and what they cost, in fen."""

    issued: int
    redeemed: int
    cost: int


class JourneyOfShow(BaseModel):
    """A journey that the show began: how many entered and reached its goal, and the orders owed to it, in fen."""

    journey: str
    title: str = Field(description="what people call it")
    entered: int
    reached: int
    orders: int
    revenue: int


class TopicOfShow(BaseModel):
    """What was said of a product, by how many of those who spoke of it."""

    sku: str | None
    product: str | None
    aspect: str
    sentiment: str
    title: str
    count: int
    speakers: int
    rises: bool
    quotes: list[str]


class CommentsOfShow(BaseModel):
    """The comments, who wrote them, opinions by sentiment, and the topics."""

    comments: int
    speakers: int
    sentiments: dict[str, int]
    topics: list[TopicOfShow]


class DecisionState(BaseModel):
    """What was decided, by whom."""

    text: str
    by: str
    at: datetime


class ReviewState(BaseModel):
    """The review of a show at a stage: `first` ten minutes after its end, then after one, three and seven days.

    `as_of` is when the figures were worked out, `next_at` when they will be again. `last_todos` are those of the show
    before.
    """

    stream_id: str
    title: str | None
    starts_at: datetime
    ended_at: datetime | None
    stage: Stage
    as_of: datetime
    next_at: datetime | None
    key: KeyFigures
    compared: Compared
    curve: list[Watching]
    products: list[ProductSales]
    alarms: list[StockAlarm]
    complaints: list[ComplaintAnswered]
    coupons: CouponsOfShow
    journeys: list[JourneyOfShow]
    comments: CommentsOfShow
    decisions: list[DecisionState]
    todos: list[TaskState]
    last_todos: list[TaskState]


class NewDecision(BaseModel):
    """What was decided in the review."""

    model_config = ConfigDict(extra="forbid")

    text: Text


@router.get("/v1/streams/{id:path}/review", summary="Review a show", response_model=ReviewState)
def get_review(request: Request, _: Reader, id: StreamId, form: FormatQuery = "json") -> ReviewState | Response:
    """`409` before it is ready, ten minutes after the show's end; `ready_at` says when."""
    env = context(request)
    with env.db() as session:
        review = _review(session, env, id)
        if (paper := written(lambda: paper_of(session, review), form, f"review-{id}")) is not None:
            return paper
        return _as_answer(review)


@router.post(
    "/v1/streams/{id:path}/review/decisions",
    summary="Note a decision of a review",
    status_code=201,
    openapi_extra=described(NewDecision, {"text": "下一场先上轻盐版"}),
)
async def post_decision(request: Request, caller: Editor, id: StreamId) -> ReviewState:
    body = await read_json(request, NewDecision)
    return await run_in_threadpool(_decide, context(request), caller, id, body.text)


def _decide(env: Context, caller: Actor, id: str, text: str) -> ReviewState:
    def note(work: UnitOfWork) -> None:
        review = _review(work, env, id)
        reviews.decide(work, review.stream, text, caller.name, env.clock.now())
        audit.record(work, caller, "review.decide", f"stream:{id}", env.wall.now())

    in_transaction(env.db, note)
    with env.db() as session:
        return _as_answer(_review(session, env, id))


def _review(session: Session, env: Context, id: str) -> reviews.Review:
    stream = session.get(Stream, id)
    if stream is None:
        raise NotFound("There is no such show.")
    if stream.cancelled_at is not None:
        raise Conflict("The show was called off.")
    review = reviews.read(session, stream, env.clock.now())
    if review is None:
        ready = reviews.ready_at(stream)
        raise Conflict("The review is ready ten minutes after the show's end.", ready_at=ready.isoformat())
    return review


def _as_answer(review: reviews.Review) -> ReviewState:
    stream = review.stream
    told: dict[str, Any] = {
        **review.figures,
        "stream_id": stream.stream_id,
        "title": stream.title,
        "starts_at": stream.starts_at,
        "ended_at": stream.ended_at,
        "stage": review.stage,
        "as_of": review.as_of,
        "next_at": review.next_at,
        "decisions": review.decisions,
        "todos": [TaskState.model_validate(task, from_attributes=True) for task in review.todos],
        "last_todos": [TaskState.model_validate(task, from_attributes=True) for task in review.last_todos],
    }
    return ReviewState.model_validate(told)
