"""The shop's metrics: `/v1/metrics`."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.insight import metrics
from domain.insight.metrics import METRICS, MetricError
from domain.published.library import read_library

router = APIRouter(tags=["results"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
USUAL = timedelta(days=30)


class MetricDefinition(BaseModel):
    """What a metric means, in Chinese and in English; `unit` is `count`, `fen` or `share`."""

    name: str
    zh: str
    en: str
    means_zh: str
    means_en: str
    unit: Literal["count", "fen", "share"]


class MetricPoint(BaseModel):
    """A period by its first day; `value` is the numerator, or that by the denominator (null if that is 0)."""

    day: date
    value: float | None
    numerator: float
    denominator: float | None


class MetricPoints(BaseModel):
    """A metric over a span, without the periods in which nothing was."""

    metric: MetricDefinition
    since: date
    until: date
    by: Literal["day", "week", "month"]
    points: list[MetricPoint]


@router.get("/v1/metrics", summary="List the metrics")
def get_metrics(_: Reader) -> list[MetricDefinition]:
    return [_definition(name) for name in METRICS]


@router.get("/v1/metrics/{name}", summary="Read a metric by day, week or month")
def get_metric(
    request: Request,
    _: Reader,
    name: Annotated[str, Path(min_length=1, max_length=64)],
    since: Annotated[date | None, Query(alias="from", description="the first day; 30 days before the end")] = None,
    until: Annotated[date | None, Query(alias="to", description="the day after the last; tomorrow")] = None,
    by: Annotated[Literal["day", "week", "month"], Query()] = "day",
    days: Annotated[int | None, Query(ge=1, le=metrics.MOST_DAYS, description="how far repurchase looks ahead")] = None,
) -> MetricPoints:
    env = context(request)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        end = until or now.astimezone(zone).date() + timedelta(days=1)
        try:
            start = since or end - USUAL
            found = metrics.points(session, name, start, end, now, zone, by=by, days=days)
        except (MetricError, OverflowError) as problem:
            raise Invalid(f"{problem}.") from None
    return MetricPoints(
        metric=_definition(name),
        since=start,
        until=end,
        by=by,
        points=[
            MetricPoint(day=each.day, value=each.value, numerator=each.numerator, denominator=each.denominator)
            for each in found
        ],
    )


def _definition(name: str) -> MetricDefinition:
    return MetricDefinition.model_validate({"name": name, **vars(METRICS[name])})
