"""A delivery that is planned with a supplier, as the API tells of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from domain.stock.tables import Lot, Product
from domain.supply.tables import SupplyPlan


class Foreseen(BaseModel):
    """What is forecast of a day, in units: the median, and what demand exceeds on one day of ten."""

    date: date
    median: float
    high: float


class Shelf(BaseModel):
    """Units that can still be sold for so many days."""

    days: int
    units: float


class PlanLine(BaseModel):
    """What a delivery should bring of a product, in units, and what that goes by.

    `target` is the order-up-to level, `safety` the part of it for what can't be foreseen, `usable` what there is
    against it, which lasts for `days_left` days (null: none is sold). `ceiling` is what sells before it expires,
    `price` fen for one at this quantity, `lots` what was there, `sold` units of the last 28 days. The forecast is `of`
    the product, its category or nothing; `week` has its next days. `because` names what decided.
    """

    sku: str
    quantity: float
    pack: float
    because: str
    usable: float
    target: float
    safety: float
    expected: float
    ceiling: float | None
    days_left: float | None
    price: int | None
    of: str
    lots: list[Shelf]
    sold: float | None
    week: list[Foreseen]


class Answered(BaseModel):
    """What the supplier said: the units of each product that it would bring. `late` is after the deadline."""

    verdict: str
    lines: dict[str, float]
    reason: str | None
    promised_on: date | None
    at: datetime
    late: bool


class ShippedItem(BaseModel):
    """What a shipping notice says of a product."""

    sku: str
    quantity: float
    lot_id: str | None = None
    expires_on: date | None = None


class ShippingNotice(BaseModel):
    """What the supplier has shipped, and the day on which it comes."""

    at: datetime
    arrives_on: date | None
    items: list[ShippedItem]


class Came(BaseModel):
    """What came of a product, the last lot of it on a day."""

    quantity: float
    on: date
    lot: str


class Note(BaseModel):
    """What both sides were told, in a code and a detail."""

    what: str
    detail: str
    at: datetime


class ErpOrder(BaseModel):
    """What the ERP says of a product's order: its own name for it, what was ordered, and what was confirmed."""

    reference: str
    quantity: float
    confirmed: float | None = None
    promised_on: date | None = None


class Plan(BaseModel):
    """A delivery that is to come `on` a day, from the proposal to the receipt. Units.

    `lines` is what was proposed and why, `answer` what the supplier said, `exceptions` why that is for the buyer to
    decide (`more:SKU`, `less:SKU`, `expires:SKU`, `later`, `refused`), `ordered` what is awaited, `orders` what the ERP
    says of it, `shipped` the shipping notice, `received` what came, `notes` what differed. `due_at` is when something
    happens by itself. `names` are what people call the products.
    """

    id: int
    supplier: str
    way: str
    on: date
    status: str
    created_at: datetime
    due_at: datetime | None
    reminders: int
    lines: list[PlanLine]
    answer: Answered | None
    exceptions: list[str]
    decided_by: str | None
    ordered: dict[str, float]
    orders: dict[str, ErpOrder]
    reference: str | None
    promised_on: date | None
    shipped: ShippingNotice | None
    received: dict[str, Came]
    notes: list[Note]
    closed_at: datetime | None
    names: dict[str, str]


def shown(session: Session, plan: SupplyPlan) -> Plan:
    """A plan as it is told."""
    return all_shown(session, [plan])[0]


def all_shown(session: Session, plans: Sequence[SupplyPlan]) -> list[Plan]:
    """Plans as they are told, with the names of their products."""
    names = names_of(session, {line["sku"] for plan in plans for line in plan.lines})
    return [
        Plan.model_validate({
            **plan.model_dump(),
            "lines": [_line(line) for line in plan.lines],
            "names": {sku: names[sku] for line in plan.lines if (sku := line["sku"]) in names},
        })
        for plan in plans
    ]  # fmt: skip


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    week = [dict(zip(("date", "median", "high"), day, strict=True)) for day in line["week"]]
    lots = [{"days": days, "units": units} for days, units in line.get("lots", ())]
    return {"pack": 1, "price": None, "sold": None, **line, "week": week, "lots": lots}


def names_of(session: Session, skus: Iterable[str]) -> dict[str, str]:
    """What people call the products, by sku; those that have a name."""
    lots = select(Lot.sku, Lot.name).where(col(Lot.sku).in_(skus), col(Lot.name).is_not(None)).distinct()
    listed = select(Product.sku, Product.name).where(col(Product.sku).in_(skus), col(Product.name).is_not(None))
    return {sku: name or sku for query in (lots, listed) for sku, name in session.exec(query)}
