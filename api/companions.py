"""What goes with products: `/v1/companions`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, StringConstraints

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.stock.companions import MOST, MOST_PRODUCTS, Companions
from workflows.terms.values import local_day

router = APIRouter(tags=["stock"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Sku = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class CompanionProduct(BaseModel):
    """A product that goes with those asked for. `own` says that one of them lists it.

    `lift` is how many times as often as by chance both are bought, `together` how often they were in a year; null where
    nothing was learnt of them.
    """

    sku: str
    name: str | None
    category: str | None
    own: bool
    lift: float | None
    together: int | None


@router.get("/v1/companions", summary="List what goes with products")
def get_companions(
    request: Request,
    _: Reader,
    sku: Annotated[list[Sku], Query(min_length=1, max_length=MOST_PRODUCTS, description="the products")],
    at_most: Annotated[int, Query(ge=1, le=MOST, description="products to list")] = 5,
    city: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="where it is to be")] = None,
) -> list[CompanionProduct]:
    """A product's own list comes first; never what is out of stock or near the last day on which it may be sold."""
    env = context(request)
    with env.db() as session:
        today = local_day(env.clock.now(), read_library(session).policy_zone)
        found = Companions(session, today).of(sku, at_most, city=city)
    return [
        CompanionProduct(
            sku=each.sku, name=each.name, category=each.category, own=each.is_own, lift=each.lift,
            together=each.together,
        )
        for each in found
    ]  # fmt: skip
