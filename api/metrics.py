"""The shop's metrics: `/v1/metrics`, and its customers by the month of their first order: `/v1/cohorts`."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from sqlmodel import col, select

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.insight import metrics, rollups
from domain.insight.cohorts import Cohort, cohorts
from domain.insight.definitions import METRICS, Of, Part, Unit
from domain.insight.metrics import MetricError, Period
from domain.insight.tables import ForecastFit
from domain.published.library import read_library

router = APIRouter(tags=["results"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
USUAL = timedelta(days=30)


class MetricDefinition(BaseModel):
    """What a metric means, in Chinese and in English; `parts` are what it can be asked for alone.

    `of` says what it is made of, customers or products, if these can be told.
    """

    name: str
    zh: str
    en: str
    means_zh: str
    means_en: str
    unit: Unit
    parts: list[Part]
    of: Of | None


class MetricPoint(BaseModel):
    """A period by its first day, or a livestream by its id; `value` is the numerator, or that by the denominator (null
    if that is 0).
    """

    day: date
    value: float | None
    numerator: float
    denominator: float | None
    show: str | None = None


class MetricPoints(BaseModel):
    """A metric over a span, without the periods in which nothing was."""

    metric: MetricDefinition
    since: date
    until: date
    by: Period
    points: list[MetricPoint]


class ProductBehind(BaseModel):
    """A product that a metric is made of, with its part of the numerator and of the denominator."""

    sku: str
    name: str | None
    numerator: float
    denominator: float | None


class CustomerBehind(BaseModel):
    """A customer whom a metric is made of, with their part of its numerator."""

    customer: int
    name: str | None
    number: float


@router.get("/v1/metrics", summary="List the metrics")
def get_metrics(_: Reader) -> list[MetricDefinition]:
    return [_definition(name) for name in METRICS]


@router.get("/v1/metrics/{name}", summary="Read a metric by day, week, month or livestream")
def get_metric(
    request: Request,
    _: Reader,
    name: Annotated[str, Path(min_length=1, max_length=64)],
    since: Annotated[date | None, Query(alias="from", description="the first day; 30 days before the end")] = None,
    until: Annotated[date | None, Query(alias="to", description="the day after the last; tomorrow")] = None,
    by: Annotated[Period, Query()] = "day",
    where: Annotated[
        str | None, Query(max_length=200, description="only a part: `journey:NAME`, `show:ID` or `campaign:NAME`")
    ] = None,
    days: Annotated[int | None, Query(ge=1, le=metrics.MOST_DAYS, description="how far repurchase looks ahead")] = None,
) -> MetricPoints:
    env = context(request)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        end = until or now.astimezone(zone).date() + timedelta(days=1)
        try:
            start = since or end - USUAL
            part = metrics.part_of(where)
            found = rollups.points(session, name, start, end, now, zone, by=by, days=days, where=part)
        except (MetricError, OverflowError) as problem:
            raise Invalid(f"{problem}.") from None
    return MetricPoints(
        metric=_definition(name),
        since=start,
        until=end,
        by=by,
        points=[
            MetricPoint(
                day=each.day,
                value=each.value,
                numerator=each.numerator,
                denominator=each.denominator,
                show=each.show,
            )
            for each in found
        ],
    )


@router.get("/v1/metrics/{name}/customers", summary="List the customers whom a metric is made of")
def get_metric_customers(
    request: Request,
    _: Annotated[Actor, Depends(require("customers.read"))],
    name: Annotated[str, Path(min_length=1, max_length=64)],
    since: Annotated[date | None, Query(alias="from", description="the first day; 30 days before the end")] = None,
    until: Annotated[date | None, Query(alias="to", description="the day after the last; tomorrow")] = None,
    where: Annotated[
        str | None, Query(max_length=200, description="only a part: `journey:NAME`, `show:ID` or `campaign:NAME`")
    ] = None,
    days: Annotated[int | None, Query(ge=1, le=metrics.MOST_DAYS, description="how far repurchase looks ahead")] = None,
) -> list[CustomerBehind]:
    """Those with the most first, 100 at most."""
    env = context(request)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        end = until or now.astimezone(zone).date() + timedelta(days=1)
        try:
            part = metrics.part_of(where)
            found = metrics.customers_behind(session, name, since or end - USUAL, end, now, zone, days=days, where=part)
        except (MetricError, OverflowError) as problem:
            raise Invalid(f"{problem}.") from None
    return [CustomerBehind(customer=each.customer, name=each.name, number=each.number) for each in found]


def _definition(name: str) -> MetricDefinition:
    return MetricDefinition.model_validate({"name": name, **vars(METRICS[name]), "parts": sorted(METRICS[name].parts)})


@router.get("/v1/metrics/{name}/products", summary="List the products that a metric is made of")
def get_metric_products(
    request: Request,
    _: Reader,
    name: Annotated[str, Path(min_length=1, max_length=64)],
    since: Annotated[date | None, Query(alias="from", description="the first day; 30 days before the end")] = None,
    until: Annotated[date | None, Query(alias="to", description="the day after the last; tomorrow")] = None,
    where: Annotated[str | None, Query(max_length=200, description="only a part: `show:ID`")] = None,
) -> list[ProductBehind]:
    """Those with the most first, 100 at most."""
    env = context(request)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        end = until or now.astimezone(zone).date() + timedelta(days=1)
        try:
            part = metrics.part_of(where)
            found = metrics.products_behind(session, name, since or end - USUAL, end, now, zone, where=part)
        except (MetricError, OverflowError) as problem:
            raise Invalid(f"{problem}.") from None
    return [ProductBehind.model_validate(each, from_attributes=True) for each in found]


class ForetoldClass(BaseModel):
    """Customers who had ordered again so often (7: or more): the orders expected of them, and those that came."""

    repeats: int
    customers: int
    expected: float
    came: int


class Forecasts(BaseModel):
    """The newest fit: when, of how many customers, the parameters of its models, and how well it would have foretold.

    `foretold` is of the 90 days before it, from the orders before those; empty where there were too few.
    """

    at: datetime
    customers: int
    purchases: dict[str, float]
    order_values: dict[str, float]
    foretold: list[ForetoldClass]


@router.get("/v1/forecasts/customers", summary="Read the models of what customers will order")
def get_forecasts(request: Request, _: Reader) -> Forecasts | None:
    """Null before the first fit."""
    env = context(request)
    with env.db() as session:
        row = session.exec(select(ForecastFit).order_by(col(ForecastFit.id).desc()).limit(1)).first()
    return Forecasts.model_validate(row, from_attributes=True) if row else None


@router.get("/v1/cohorts", summary="Read who came back, by the month of the first order")
def get_cohorts(
    request: Request, _: Reader, months: Annotated[int, Query(ge=1, le=60, description="how far to look back")] = 12
) -> list[Cohort]:
    env = context(request)
    with env.db() as session:
        return cohorts(session, env.clock.now(), read_library(session).policy_zone, months)
