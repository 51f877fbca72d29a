"""What there is to sell: lots by their expiry, how much is where, and the moves of a lot."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from api.http.auth import require
from api.http.context import context
from api.http.places import place, read_number_place, read_place
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.stock import shelves
from domain.stock.book import available, last_day
from domain.stock.inventory import NEAR_EXPIRY_DAYS, outlooks
from domain.stock.tables import Lot, Product
from workflows.terms.quantities import NONE, Quantity
from workflows.terms.values import local_day

router = APIRouter(tags=["stock"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("stock.read"))]
LotId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="the lot's id")]
Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class PlaceStock(BaseModel):
    """What is on hand in a place, in units: in all, expiring within 30 days, and expired. `""` names no place."""

    place: str
    lots: int
    products: int
    on_hand: Quantity
    near: Quantity
    expired: Quantity


class LotState(BaseModel):
    """A lot, in units. `days_left` counts to `expires_on`, `sell_by` is the last day on which it may be sold.

    `at_risk` won't sell in time, going by what sold in its place of late; null unless it expires within 30 days.
    """

    lot_id: str
    sku: str
    name: str | None
    category: str | None
    city: str | None
    store: str | None
    expires_on: date
    days_left: int
    sell_by: date
    on_hand: Quantity
    reserved: Quantity
    quarantined: Quantity
    available: Quantity
    at_risk: Quantity | None
    counted_at: datetime | None


class Lots(BaseModel):
    """A page, the soonest to expire first. `next` is what to give as `after` for the following one; null after it."""

    lots: list[LotState]
    next: str | None


class Move(BaseModel):
    """A change of what is on hand: received, sold, returned, counted, sold_out, or wholesale."""

    id: int
    at: datetime
    quantity: Quantity
    reason: str
    order_id: str | None
    seen: bool = Field(description="takes a late move back at the count that had already seen it")


class Moves(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    moves: list[Move]
    next: str | None


class Discrepancy(BaseModel):
    """What the stock book was told and didn't fit: why, of which product, lot or order, and how many units."""

    id: int
    at: datetime
    reason: str
    sku: str | None = None
    lot_id: str | None = None
    order_id: str | None = None
    quantity: Quantity | None = None


class Discrepancies(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    discrepancies: list[Discrepancy]
    next: str | None


@router.get("/v1/stock", summary="See how much is where")
def get_stock(request: Request, _: Reader) -> list[PlaceStock]:
    """Stores, and for lots that name none their cities, by name."""
    env = context(request)
    with env.db() as session:
        today = local_day(env.clock.now(), read_library(session).policy_zone)
        return [PlaceStock(**vars(each)) for each in shelves.places(session, today)]


@router.get("/v1/lots", summary="List the lots")
def get_lots(
    request: Request,
    _: Reader,
    shelf: Annotated[shelves.Shelf, Query(description="`near` expires within 30 days")] = "all",
    q: Annotated[Text, Query(description="a part of the lot's id, or of the product's id or name")] = None,
    place: Annotated[Text, Query(description="a store or city, as `GET /v1/stock` names it")] = None,
    after: Annotated[str | None, Query(max_length=240, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Lots:
    """Those of which something is on hand."""
    env = context(request)
    begins = read_place(after)
    with env.db() as session:
        zone, now = read_library(session).policy_zone, env.clock.now()
        today = local_day(now, zone)
        rows = shelves.lots(
            session, today, shelf=shelf, search=q and q.strip(), place=place, after=begins, limit=limit + 1
        )
        page = rows[:limit]
        near = [lot for lot, _ in page if 0 <= (lot.expires_on - today).days <= NEAR_EXPIRY_DAYS]
        risks = {each.lot_id: each.at_risk for each in outlooks(session, near, now, zone)}
        shown = [_state(lot, product, today, risks.get(lot.lot_id)) for lot, product in page]
    return Lots(lots=shown, next=_after(page[-1][0]) if len(rows) > limit else None)


@router.get("/v1/lots/{id:path}/moves", summary="List the moves of a lot", responses=documented(NotFound))
def get_moves(
    request: Request,
    _: Reader,
    id: LotId,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Moves:
    """What is on hand is their sum."""
    begins = read_number_place(after)
    with context(request).db() as session:
        if session.get(Lot, id) is None:
            raise NotFound("There is no such lot.")
        rows = shelves.moves(session, id, after=begins, limit=limit + 1)
        shown = [Move.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Moves(moves=shown, next=place(shown[-1].at, shown[-1].id) if len(rows) > limit else None)


@router.get("/v1/stock/discrepancies", summary="List what didn't fit")
def get_discrepancies(
    request: Request,
    _: Reader,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Discrepancies:
    """Orders beyond what there is, of what nobody keeps, counts of unknown lots; `docs/stock.md` tells the reasons."""
    begins = read_number_place(after)
    with context(request).db() as session:
        rows = shelves.discrepancies(session, after=begins, limit=limit + 1)
        shown = [Discrepancy.model_validate({**row.data, "id": row.id, "at": row.time}) for row in rows[:limit]]
    return Discrepancies(discrepancies=shown, next=place(shown[-1].at, shown[-1].id) if len(rows) > limit else None)


def _after(lot: Lot) -> str:
    return place(datetime.combine(lot.expires_on, time.min, UTC), lot.lot_id)


def _state(lot: Lot, product: Product | None, today: date, at_risk: Decimal | None) -> LotState:
    return LotState(
        lot_id=lot.lot_id,
        sku=lot.sku,
        name=lot.name or (product.name if product else None),
        category=lot.category or (product.category if product else None),
        city=lot.city,
        store=lot.store,
        expires_on=lot.expires_on,
        days_left=(lot.expires_on - today).days,
        sell_by=last_day(lot, product),
        on_hand=lot.on_hand,
        reserved=lot.reserved,
        quarantined=lot.quarantined,
        available=max(NONE, available(lot, product, today)),
        at_risk=at_risk,
        counted_at=lot.counted_at,
    )
