"""What comes of a delivery: its shipping notice, its receipt, and how good the supplier has been."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import cast, func
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlmodel import col, select

from domain.intake.tables import Event
from domain.published.library import Library
from domain.store.outbox import LookAtSupplier, TellStaff
from domain.store.work import UnitOfWork
from domain.supply.confirming import KEY
from domain.supply.planning import warn_of_shows
from domain.supply.positions import COMING
from domain.supply.proposing import days_of
from domain.supply.tables import SupplyPlan
from workflows.language.supply import Supplier
from workflows.terms.values import local_day


def follow_deliveries(work: UnitOfWork, library: Library, events: Sequence[Event]) -> None:
    """What events about the business mean for deliveries: a shipping notice, goods that came."""
    for event in events:
        if event.type == "asn.received":
            _ship(work, library, event)
        elif event.type == "lot.received" and library.supply.of(event.data["sku"]) is not None:
            _receive(work, library, event)


def _ship(work: UnitOfWork, library: Library, event: Event) -> None:
    """One of an order that nobody knows is told to the supplier's buyer, and changes nothing."""
    data = event.data
    plan = _ordered(work, str(data.get("order", "")))
    supplier = library.supply.suppliers.get(plan.supplier if plan else str(data.get("supplier", "")))
    if plan is None:
        for who in {supplier.buyer} if supplier else {each.buyer for each in library.supply.suppliers.values()}:
            if who is not None:
                work.enqueue(TellStaff(who, f"发货通知说的订单 {data.get('order')} 不存在，没有采用"))
        return
    arrives = date.fromisoformat(data["arrives_on"]) if data.get("arrives_on") else None
    plan.shipped = {
        "at": event.time.isoformat(),
        "arrives_on": arrives.isoformat() if arrives else None,
        "items": [dict(item) for item in data.get("items") or ()],
    }
    if plan.status in COMING:
        plan.status = "shipped" if plan.status == "ordered" else plan.status
        if supplier is not None and arrives and plan.promised_on and arrives > plan.promised_on:
            plan.notes = [*plan.notes, _note("later", f"{plan.promised_on} → {arrives}", event)]
            warn_of_shows(work, plan, supplier, library.policy_zone)
        for item in data.get("items") or ():
            wanted = plan.ordered.get(item["sku"])
            if wanted is None:
                plan.notes = [*plan.notes, _note("not_ordered", item["sku"], event)]
    work.add(plan)
    work.enqueue(LookAtSupplier(plan.supplier))


def _receive(work: UnitOfWork, library: Library, event: Event) -> None:
    """Goods are those of the delivery that has waited longest for the product; those of none are nobody's."""
    data, sku = event.data, event.data["sku"]
    query = select(SupplyPlan).where(col(SupplyPlan.status).in_(COMING)).order_by(col(SupplyPlan.on)).with_for_update()
    plans = work.exec(query.execution_options(populate_existing=True)).all()
    waiting = [each for each in plans if each.ordered.get(sku, 0) > each.received.get(sku, {}).get("quantity", 0)]
    plan = next(iter(waiting), None)
    if plan is None:
        return
    supplier = library.supply.suppliers.get(plan.supplier, Supplier())
    today = local_day(event.time, library.policy_zone)
    before = plan.received.get(sku, {}).get("quantity", 0)
    came = {"quantity": round(before + data["quantity"], 3), "on": today.isoformat(), "lot": data["lot_id"]}
    plan.received = {**plan.received, sku: came}
    found = []
    lots = [item.get("lot_id") for item in (plan.shipped or {}).get("items", ()) if item["sku"] == sku]
    if any(lots) and data["lot_id"] not in lots:
        found.append(_note("wrong_lot", f"{sku} {data['lot_id']}", event))
    terms = supplier.products.get(sku)
    keeps = (date.fromisoformat(str(data["expires_on"])) - today).days + 1
    if terms is not None and terms.shelf_life is not None and keeps < days_of(terms.shelf_life):
        found.append(_note("short_life", f"{sku} {keeps}", event))
    if plan.promised_on is not None and today > plan.promised_on:
        found.append(_note("late", f"{sku} {(today - plan.promised_on).days}", event))
    if all(each in plan.received for each in plan.ordered):
        found += [
            _note("short", f"{each} {plan.received[each]['quantity']:g}/{wanted:g}", event)
            for each, wanted in plan.ordered.items()
            if plan.received[each]["quantity"] < wanted
        ]
        plan.status, plan.due_at, plan.closed_at = "received", None, event.received_at
    plan.notes = [*plan.notes, *found]
    if found and supplier.buyer:
        told = "、".join(f"{_WORDS[note['what']]} {note['detail']}" for note in found)
        work.enqueue(
            TellStaff(supplier.buyer, f"{supplier.name or plan.supplier} 到货有出入：{told}（计划 {plan.id}）")
        )
    work.add(plan)
    work.enqueue(LookAtSupplier(plan.supplier))


_WORDS = {"wrong_lot": "批次不符", "short_life": "保质期不足（天）", "late": "晚到（天）", "short": "短少"}


def _note(what: str, detail: str, event: Event) -> dict[str, Any]:
    return {"what": what, "detail": detail, "at": event.time.isoformat()}


def _ordered(work: UnitOfWork, order: str) -> SupplyPlan | None:
    """The plan of an order, by its key or the ERP's reference."""
    query = select(SupplyPlan).with_for_update()
    number = order.removeprefix(KEY).partition("-")[0]
    if order.startswith(KEY) and number.isdecimal() and len(number) < 19:
        return work.exec(query.where(SupplyPlan.id == int(number))).first()
    is_named = col(SupplyPlan.reference) == order
    path = cast("$.*.reference ? (@ == $order)", JSONPATH)
    for_products = func.jsonb_path_exists(SupplyPlan.orders, path, func.jsonb_build_object("order", order))
    return work.exec(query.where(is_named | for_products).order_by(col(SupplyPlan.id).desc()).limit(1)).first()


@dataclass(frozen=True)
class Scorecard:
    """How good a supplier has been, of deliveries that are over: parts of 1, None without any.

    `answered` in time, `on_time` of the promised day, `filled` of the units ordered; how many lots came with too short
    a `short_life` or were not those of the notice (`wrong_lot`).
    """

    deliveries: int
    answered: float | None
    on_time: float | None
    filled: float | None
    short_life: int
    wrong_lot: int


def scorecard(plans: Sequence[SupplyPlan]) -> Scorecard:
    """The scorecard over plans, of which those that never were an order count only for answers."""
    asked = [plan for plan in plans if plan.way != "quick" and plan.status not in ("asked", "enough", "postponed")]
    over = [plan for plan in plans if plan.ordered and plan.closed_at is not None]
    noted = [note["what"] for plan in plans for note in plan.notes]
    ordered = sum(units for plan in over for units in plan.ordered.values())
    came = sum(min(units, _came(plan, sku)) for plan in over for sku, units in plan.ordered.items())
    late = sum(any(note["what"] == "late" for note in plan.notes) or plan.status != "received" for plan in over)
    in_time = sum(plan.answer is not None and not plan.answer.get("late") for plan in asked)
    return Scorecard(
        deliveries=len(over),
        answered=in_time / len(asked) if asked else None,
        on_time=1 - late / len(over) if over else None,
        filled=came / ordered if ordered else None,
        short_life=noted.count("short_life"),
        wrong_lot=noted.count("wrong_lot"),
    )


def _came(plan: SupplyPlan, sku: str) -> float:
    came: Mapping[str, Any] = plan.received.get(sku, {})
    return float(came.get("quantity", 0))
