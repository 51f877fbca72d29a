"""What customers say of products, gathered: topics, and the alerts that they gave rise to."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.voice.alerts import alerts
from domain.voice.reading import Sentiment
from domain.voice.topics import Scope, Share, Topic, topics
from workflows.language.voice import Aspect

router = APIRouter(tags=["voice"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("voice.read"))]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class ShareState(BaseModel):
    """How many of the speakers say it."""

    said: int
    of: int
    share: float


class TopicState(BaseModel):
    """What is said of an aspect of a product, by how many of those who spoke of it; `buyers` of them bought it.

    `usual` is the same of the product's last five shows or weeks, `category` of the products of its category; null
    where there were none. `chance` is how likely at least so many are if nothing has changed; `rises` says that it is
    worth an alarm. The most typical of the `quotes` comes first.
    """

    sku: str | None
    product: str | None
    aspect: Aspect
    sentiment: Sentiment
    topic: str = Field(description="names it among the topics of the aspect")
    title: str = Field(description="the topic, or where it has no name of its own what is most typically said")
    count: int
    speakers: int
    share: float
    buyers: int
    comments: int
    first_at: datetime
    last_at: datetime
    usual: ShareState | None
    category: ShareState | None
    chance: float
    rises: bool
    quotes: list[str]


class Topics(BaseModel):
    """The topics of a show or a time: those that rise first, then those that most people speak of."""

    topics: list[TopicState]


class AlertState(BaseModel):
    """More customers than usual complained of the same thing about a product; `usual` is null without any past."""

    id: int
    at: datetime
    sku: str
    product: str | None
    aspect: str
    topic: str
    stream_id: str | None
    count: int
    speakers: int
    share: float
    usual: float | None


@router.get("/v1/topics", summary="Read what customers say, gathered")
def get_topics(
    request: Request,
    _: Reader,
    stream: Annotated[Name, Query(description="of this show; else of a time")] = None,
    sku: Annotated[Name, Query(description="only about this product")] = None,
    since: Annotated[AwareDatetime | None, Query(description="said at this instant or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="said before this instant")] = None,
    days: Annotated[int, Query(ge=1, le=366, description="of so many days up to now, if nothing else says when")] = 7,
    limit: Annotated[int, Query(ge=1, le=500, description="of all, at most")] = 100,
) -> Topics:
    """Whoever says a thing counts once in a show, or in a week outside of shows."""
    env = context(request)
    if stream is None and since is None and until is None:
        since = env.clock.now() - timedelta(days=days)
    with env.db() as session:
        found = topics(session, Scope(stream, sku, since, until))
    return Topics(topics=[as_state(each) for each in found[:limit]])


@router.get("/v1/alerts", summary="List the alerts about complaints")
def get_alerts(
    request: Request,
    _: Reader,
    stream: Annotated[Name, Query(description="only of this show")] = None,
    sku: Annotated[Name, Query(description="only about this product")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of all, at most")] = 50,
) -> list[AlertState]:
    """The newest first. Each is an event `feedback.alert`, too: once a day at most of a product and topic."""
    with context(request).db() as session:
        return [AlertState(**vars(each)) for each in alerts(session, stream_id=stream, sku=sku, limit=limit)]


def as_state(topic: Topic) -> TopicState:
    """A topic as it is answered."""
    return TopicState.model_validate(
        {
            **vars(topic),
            **topic.key._asdict(),
            "count": topic.count.said,
            "speakers": topic.count.of,
            "share": round(topic.count.share, 4),
            "usual": _share(topic.usual),
            "category": _share(topic.category),
            "rises": topic.rises,
            "quotes": list(topic.quotes),
        }
    )


def _share(share: Share | None) -> ShareState | None:
    return ShareState(said=share.said, of=share.of, share=round(share.share, 4)) if share else None
