"""What the ERP says of a delivery's orders: its name for each, and what the supplier confirmed of it since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.store.work import UnitOfWork
from domain.supply.planning import one, promise, tell, warn_of_shows
from domain.supply.positions import COMING
from domain.supply.tables import SupplyPlan
from workflows.language.supply import Supplier
from workflows.terms.quantities import number_of, quantity_of, written

KEY = "supply-"
"""What an order's key begins with; the plan's id follows, and the product."""

EVERY = timedelta(hours=1)
"""How often an ERP is asked what was confirmed of goods that are awaited."""

MOST_AHEAD = timedelta(days=366)
"""A day later than this is no promise."""


@dataclass(frozen=True)
class Confirmation:
    """What a supplier confirmed of an order, by its key: units (0: refused) and, if it is said, the day."""

    order: str
    quantity: Decimal
    promised_on: date | None = None


def key_of(plan: SupplyPlan, sku: str) -> str:
    """The key of the order of a product: the same order, however often it is placed."""
    return f"{KEY}{plan.id}-{sku}"


def placed(
    work: UnitOfWork,
    plan_id: int,
    taken: dict[str, tuple[str, date | None]],
    refused: dict[str, str],
    now: datetime,
) -> None:
    """The ERP has the orders, each by its own name for it and with the day it promises; some it may have refused."""
    plan = one(work, plan_id)
    if plan.status != "agreed":
        return
    library = read_library(work)
    supplier = library.supply.suppliers.get(plan.supplier)
    for sku, reason in refused.items():
        plan.notes = [*plan.notes, _note("erp_refused", f"{sku} {reason}", now)]
    if refused:
        tell(work, supplier, plan, f"ERP 拒收了 {'、'.join(refused)} 的订单，请人工处理")
    plan.ordered = {sku: units for sku, units in plan.ordered.items() if sku in taken}
    plan.orders = {
        sku: {"reference": reference, "quantity": plan.ordered[sku]} for sku, (reference, _) in taken.items()
    }
    if not taken:
        plan.status, plan.due_at, plan.closed_at = "failed", None, now
    else:
        plan.status, plan.reference = "ordered", next(reference for reference, _ in taken.values())
        days = [day for _, day in taken.values() if day is not None and day <= now.date() + MOST_AHEAD]
        promise(plan, max(days, default=plan.promised_on or plan.on), library.policy_zone, now)
    work.add(plan)


def awaited(session: Session, supplier: str) -> list[str]:
    """The keys of the orders of a supplier whose goods haven't all come."""
    query = select(SupplyPlan).where(SupplyPlan.supplier == supplier, col(SupplyPlan.status).in_(COMING))
    return [key_of(plan, sku) for plan in session.exec(query.order_by(col(SupplyPlan.id))) for sku in plan.orders]


def take_confirmations(work: UnitOfWork, confirmations: Sequence[Confirmation], now: datetime) -> None:
    """Take what was confirmed. The same again changes nothing, and the buyer is told of what differs from the order.

    Less than was ordered is what is awaited from now on; more is not: what wasn't ordered is nobody's to promise.
    """
    library = read_library(work)
    for confirmation in confirmations:
        number, _, sku = confirmation.order.removeprefix(KEY).partition("-")
        plan = one(work, int(number))
        supplier = library.supply.suppliers.get(plan.supplier)
        said = {
            "confirmed": number_of(confirmation.quantity),
            "promised_on": confirmation.promised_on.isoformat() if confirmation.promised_on else None,
        }
        order: dict[str, Any] = plan.orders.get(sku, {})
        if plan.status not in COMING or sku not in plan.ordered or said.items() <= order.items():
            continue
        plan.orders = {**plan.orders, sku: {**order, **said}}
        found = _quantity(plan, sku, confirmation, now)
        day = confirmation.promised_on
        if day is not None and (plan.promised_on or plan.on) < day <= now.date() + MOST_AHEAD:
            found.append(_note("later", f"{sku} {plan.promised_on} → {day}", now))
            promise(plan, day, library.policy_zone, now)
        plan.notes = [*plan.notes, *found]
        if found:
            told = "、".join(f"{_WORDS[note['what']]} {note['detail']}" for note in found)
            tell(work, supplier, plan, f"{_called(supplier, plan)} 的确认和订单不同：{told}")
        if any(note["what"] == "later" for note in found):
            warn_of_shows(work, plan, supplier or Supplier(), library.policy_zone)
        if not plan.ordered:
            plan.status, plan.due_at, plan.closed_at = "refused", None, now
        work.add(plan)


def _quantity(plan: SupplyPlan, sku: str, confirmation: Confirmation, now: datetime) -> list[dict[str, Any]]:
    asked, awaited_now = quantity_of(plan.orders[sku]["quantity"]), quantity_of(plan.ordered[sku])
    comes = min(asked, confirmation.quantity)
    plan.ordered = {
        each: number_of(comes) if each == sku else units for each, units in plan.ordered.items() if each != sku or comes
    }
    if confirmation.quantity == asked == awaited_now:
        return []
    what = "more" if confirmation.quantity > asked else "less" if comes < awaited_now else "whole"
    return [_note(what, f"{sku} {written(confirmation.quantity)}/{written(asked)}", now)]


_WORDS = {"more": "多确认了", "less": "少确认了", "whole": "又确认了", "later": "改到"}


def _called(supplier: Supplier | None, plan: SupplyPlan) -> str:
    return (supplier.name if supplier else None) or plan.supplier


def _note(what: str, detail: str, now: datetime) -> dict[str, Any]:
    return {"what": what, "detail": detail, "at": now.isoformat()}
