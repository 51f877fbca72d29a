"""What customers said, as a report: of a show, of a product, of a week."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.voice.papers import FormatQuery, written
from api.voice.topics import AlertState, TopicState, as_state
from domain.access.actors import Actor
from domain.stock.tables import Stream
from domain.voice.reports import WEEK, managed, paper_of, report
from domain.voice.topics import Scope

router = APIRouter(tags=["voice"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("voice.read"))]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class ReportState(BaseModel):
    """What was said: comments and who spoke, parts of comments by kind and by sentiment, topics, alerts, questions."""

    stream_id: str | None
    sku: str | None
    since: datetime | None
    until: datetime | None
    title: str
    comments: int
    speakers: int
    kinds: dict[str, int]
    sentiments: dict[str, int]
    topics: list[TopicState]
    alerts: list[AlertState]
    questions: list[str]
    managers: list[str] = Field(description="who answer for products, for each of whom there is a report")


@router.get(
    "/v1/voice/report",
    summary="Report what customers said",
    response_model=ReportState,
    responses=documented(NotFound),
)
def get_report(
    request: Request,
    _: Reader,
    show: Annotated[Name, Query(description="in this show")] = None,
    product: Annotated[Name, Query(description="about this product, by its sku")] = None,
    manager: Annotated[Name, Query(description="only about the products that this employee answers for")] = None,
    since: Annotated[AwareDatetime | None, Query(description="at this instant or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="before this instant")] = None,
    form: FormatQuery = "json",
) -> ReportState | Response:
    """Of the last seven days, if neither a show, a product nor a time is named."""
    env = context(request)
    if show is None and product is None and since is None and until is None:
        until = env.clock.now()
        since = until - WEEK
    with env.db() as session:
        found = report(session, Scope(show, product, since, until), manager=manager)
        if show is not None and not found.comments and session.get(Stream, show) is None:
            raise NotFound("There is no such show.")
        name = f"voice-{show or product or manager or 'week'}"
        if (paper := written(lambda: paper_of(session, found), form, name)) is not None:
            return paper
        managers = list(managed(session))
    return ReportState(
        stream_id=show,
        sku=product,
        since=since,
        until=until,
        title=found.title,
        comments=found.comments,
        speakers=found.speakers,
        kinds=dict(found.kinds),
        sentiments=dict(found.sentiments),
        topics=[as_state(each) for each in found.topics],
        alerts=[AlertState(**vars(each)) for each in found.alerts],
        questions=list(found.questions),
        managers=managers,
    )
