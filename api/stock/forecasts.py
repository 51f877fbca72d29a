"""What will be sold: of a product by day, and in a show."""

import math
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import select

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.stock.foretelling import TAUS, Basis, DayForecast, foretell
from domain.stock.showing import ProductForecast, ShowForecasts, foretell_show
from domain.stock.shows import ShowState
from domain.stock.tables import Lot, Product
from workflows.terms.quantities import Quantity
from workflows.terms.values import local_day

router = APIRouter(tags=["forecasts"], responses=documented(Unauthorized, Forbidden, Invalid, NotFound, Unavailable))

Reader = Annotated[Actor, Depends(require("stock.read"))]
FURTHEST = 120
"""Days ahead that can be asked for."""

Quantiles = dict[str, float]


class ForecastBasis(BaseModel):
    """What a forecast stands on: the product's own days, the mean of its category's products, or `nothing`.

    It could be sold on `days` days since `since` and sold `sold` units then, `recent` of them in the last 28 days; of
    `short` days it was sold out.
    """

    of: Literal["product", "category", "nothing"]
    days: int
    sold: float
    recent: float
    since: date | None
    short: float
    category: str | None
    products: int = Field(description="of the category, where it is that")


class ForecastDay(BaseModel):
    """Units: expected, and by quantile (`0.9`: exceeded on one day of ten); `special` names what makes the day so."""

    date: date
    expected: float
    quantiles: Quantiles
    special: list[str]


class DemandForecast(BaseModel):
    """What will be sold of a product, in a city or everywhere."""

    sku: str
    name: str | None
    city: str | None
    at: datetime
    basis: ForecastBasis
    days: list[ForecastDay]


class ShowBasis(BaseModel):
    """What the forecast of a product in a show stands on: `of` its own shows, its category's, all shows, or nothing.

    `updated` is whether what the show has sold so far counts, which it does from its 15th minute on.
    """

    of: Literal["product", "category", "shows", "nothing"]
    shows: int
    of_category: int
    category: str | None
    host: str | None
    hour: int
    weekend: bool
    price: float | None
    reservations: float | None
    updated: bool


class ForetoldProduct(BaseModel):
    """A product in a show, in units of the whole show. `expected` is null where it stands on nothing."""

    sku: str
    name: str | None
    sold: Quantity
    left: Quantity | None
    expected: float | None
    quantiles: Quantiles
    basis: ShowBasis


class ShowForecastAnswer(BaseModel):
    """A show, planned to last `minutes`, of which `elapsed` are over, learnt from `shows` past ones."""

    stream_id: str
    title: str | None
    state: ShowState
    starts_at: datetime
    at: datetime
    minutes: float
    elapsed: float
    shows: int
    products: list[ForetoldProduct]


@router.get("/v1/forecasts", summary="Read what will be sold of a product by day")
def get_forecast(
    request: Request,
    _: Reader,
    sku: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")],
    city: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="else everywhere")] = None,
    first: Annotated[date | None, Query(alias="from", description="the first day; today if it isn't given")] = None,
    days: Annotated[int, Query(ge=1, le=90)] = 14,
) -> DemandForecast:
    """A product that could be sold on fewer than 28 days uses its category, and says so in `basis`."""
    env = context(request)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        today = local_day(now, zone)
        begins = first or today
        if not today <= begins <= today + timedelta(days=FURTHEST):
            detail = f"must be today ({today}) or a day of the {FURTHEST} after it"
            raise Invalid(errors=[{"field": "from", "reason": "bad_time", "detail": detail}])
        found = foretell(session, sku, city or None, begins, days, now, zone)
        product = session.get(Product, sku)
        name = (product and product.name) or session.exec(select(Lot.name).where(Lot.sku == sku).limit(1)).first()
        is_known = product is not None or found.basis.of != "nothing"
        if not is_known and session.exec(select(Lot.lot_id).where(Lot.sku == sku).limit(1)).first() is None:
            raise NotFound("There is no such product: none is listed, kept or was ordered by this sku.")
    return DemandForecast(
        sku=sku,
        name=name,
        city=city or None,
        at=now,
        basis=_basis(found.basis),
        days=[_day(each) for each in found.days],
    )


@router.get("/v1/streams/{id:path}/forecast", summary="Read what a show will sell")
def get_show_forecast(
    request: Request,
    _: Annotated[Actor, Depends(require("streams.read"))],
    id: Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="the show's id")],
) -> ShowForecastAnswer:
    """Before it begins by what is planned; from its 15th minute on by what it sells, too."""
    env = context(request)
    with env.db() as session:
        now = env.clock.now()
        found = foretell_show(session, id, now, read_library(session).policy_zone)
        if found is None:
            raise NotFound("There is no such show.")
        return _show(found, now)


def _basis(basis: Basis) -> ForecastBasis:
    return ForecastBasis(**vars(basis))


def _day(day: DayForecast) -> ForecastDay:
    return ForecastDay(
        date=day.on,
        expected=day.expected,
        quantiles={str(tau): value for tau, value in day.quantiles.items()},
        special=list(day.special),
    )


def _show(found: ShowForecasts, now: datetime) -> ShowForecastAnswer:
    return ShowForecastAnswer(
        stream_id=found.stream.stream_id,
        title=found.stream.title,
        state=found.state,
        starts_at=found.stream.starts_at,
        at=now,
        minutes=round(found.minutes, 1),
        elapsed=round(found.elapsed, 1),
        shows=found.shows,
        products=[_product(each) for each in found.products],
    )


def _product(each: ProductForecast) -> ForetoldProduct:
    forecast, offer = each.forecast, each.offer
    known = not math.isnan(forecast.expected)
    return ForetoldProduct(
        sku=offer.sku,
        name=each.name,
        sold=each.sold,
        left=each.left,
        expected=round(forecast.expected, 2) if known else None,
        quantiles={str(tau): round(forecast.quantiles[tau], 2) for tau in TAUS} if known else {},
        basis=ShowBasis(
            of=forecast.of,
            shows=forecast.shows,
            of_category=forecast.of_category,
            category=offer.category,
            host=offer.host,
            hour=offer.hour,
            weekend=offer.weekend,
            price=offer.price,
            reservations=offer.reservations,
            updated=forecast.updated,
        ),
    )
