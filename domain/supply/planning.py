"""A supplier's cycle: propose, ask, take the answer, let the buyer decide, order; what is due, and who is told."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.tables import Stream
from domain.store.outbox import LookAtSupplier, TellStaff
from domain.store.work import UnitOfWork
from domain.supply.answers import AnswerError, Verdict, answered, asked_of, changed, exceptions_of, extremes
from domain.supply.positions import COMING, positions_of
from domain.supply.proposing import days_of, propose_delivery
from domain.supply.tables import SupplierDue, SupplyPlan
from workflows.language.supply import Supplier
from workflows.plan.supply import SupplyState
from workflows.terms.quantities import number_of, quantity_of
from workflows.terms.values import at_local, local_day, parse_time

Decision = Literal["accept", "change", "refuse"]
UNDECIDED = ("exception", "escalated")
"""The states in which a buyer decides."""

EMPTY: Mapping[str, Decimal] = MappingProxyType({})
LAPSES = timedelta(days=3)
"""An escalated or exceptional plan that nobody decides lapses after this."""

OVERDUE_DAYS = 7
SHOWS_AFTER = timedelta(days=4)
"""Shows that begin so soon after the promised day may have been planned on the delivery."""

_MORNING = parse_time("06:00")
_MIDNIGHT = parse_time("00:00")
_WEEK = 8


class ClosedError(Exception):
    """Nothing can be said to this plan any more; the message is its status."""


def look_after(work: UnitOfWork, name: str, now: datetime, again: timedelta | None = None) -> SupplyState:
    """Do what is due with a supplier, and tell which plans are to be ordered, and when to look again.

    While goods are awaited, that is after `again` at the latest.
    """
    library = read_library(work)
    supplier = library.supply.suppliers.get(name)
    if supplier is None:
        return SupplyState(supplier=name, over=True)
    zone = library.policy_zone
    for plan in _locked(work, name):
        if plan.due_at is not None and plan.due_at <= now:
            _act_on_due(work, plan, supplier, now, zone)
    begins = _next_order(supplier, now, zone)
    if begins <= now:
        plan_delivery(work, name, supplier, now, zone)
        begins = _next_order(supplier, now + timedelta(days=1), zone, later=True)
    plans = _locked(work, name)
    dues = [begins, *(plan.due_at for plan in plans if plan.due_at is not None)]
    if again is not None and any(plan.status in COMING for plan in plans):
        dues.append(now + again)
    due = min(dues)
    row = {"supplier": name, "due_at": due}
    work.execute(insert(SupplierDue).values(row).on_conflict_do_update(index_elements=["supplier"], set_=row))
    waits = [f"{plan.on:%m-%d} {plan.status}" for plan in plans]
    return SupplyState(
        supplier=name,
        due=due,
        orders=tuple(plan.id for plan in plans if plan.status == "agreed"),
        waits_for=tuple(waits),
    )


def plan_delivery(work: UnitOfWork, name: str, supplier: Supplier, now: datetime, zone: ZoneInfo) -> SupplyPlan | None:
    """Propose the next delivery; None if there is a plan of its day already."""
    today = local_day(now, zone)
    on = _arrival(supplier, today)
    if work.exec(select(SupplyPlan).where(SupplyPlan.supplier == name, SupplyPlan.on == on)).first() is not None:
        return None
    positions, forecasts = positions_of(work, supplier, now, zone)
    delivery = propose_delivery(positions, supplier)
    shelves = {each.sku: each.shelf for each in positions}
    lines = [
        {
            "sku": line.sku,
            "quantity": number_of(line.quantity),
            "pack": number_of(supplier.products[line.sku].pack),
            "because": line.because,
            "usable": round(line.usable, 3),
            "target": round(line.target, 1),
            "safety": round(line.safety, 1),
            "expected": round(line.expected, 1),
            "ceiling": None if line.ceiling is None else round(line.ceiling, 3),
            "days_left": None if math.isinf(line.days_left) else round(line.days_left, 1),
            "price": supplier.products[line.sku].price_of(line.quantity),
            "city": supplier.city,
            "lots": [[left, round(units, 3)] for left, units in shelves[line.sku]],
            "sold": forecasts[line.sku].basis.recent,
            "of": forecasts[line.sku].basis.of,
            "week": [
                [day.on.isoformat(), day.quantiles[0.5], day.quantiles[0.9]] for day in forecasts[line.sku].days[:7]
            ],
        }
        for line in delivery.lines
    ]
    status = "asked" if delivery.units else "postponed" if delivery.postponed else "enough"
    plan = SupplyPlan(
        supplier=name, way=supplier.way, on=on, created_at=now, status=status, lines=lines, ordered={}, received={},
        due_at=now + supplier.answer_within.nominal / 2, closed_at=None,
    )  # fmt: skip
    if status != "asked":
        plan.due_at, plan.closed_at = None, now
    elif supplier.way == "quick":
        plan.status, plan.due_at = "agreed", now
        plan.ordered = {sku: number_of(units) for sku, units in asked_of(lines).items() if units}
    work.add(plan)
    work.flush()
    if status == "asked":
        tell(work, supplier, plan, f"{supplier.name or name} 的补货计划待确认：{on:%m-%d} 到货，共 {delivery.units} 件")
    return plan


def take_answer(
    work: UnitOfWork,
    plan_id: int,
    verdict: Verdict,
    changes: Mapping[str, Decimal],
    now: datetime,
    *,
    reason: str | None = None,
    promised_on: date | None = None,
) -> SupplyPlan:
    """Take a supplier's answer. The same one twice is one. Raises AnswerError, and ClosedError if it comes too late."""
    plan = one(work, plan_id)
    library = read_library(work)
    supplier = library.supply.suppliers.get(plan.supplier) or Supplier()
    if verdict == "confirm" and any(units != asked_of(plan.lines).get(sku) for sku, units in changes.items()):
        verdict = "change"  # who confirms other units than were asked for changes them
    brings = answered(plan.lines, verdict, changes, supplier)
    if promised_on is not None and not local_day(now, library.policy_zone) <= promised_on <= plan.on + timedelta(
        days=60
    ):
        raise AnswerError("promised_on", "bad_day")
    told = {
        "verdict": verdict,
        "lines": {sku: number_of(units) for sku, units in brings.items()},
        "reason": reason,
        "promised_on": promised_on.isoformat() if promised_on else None,
    }
    if plan.answer is not None:
        if {name: plan.answer.get(name) for name in told} == told:
            return plan
        raise ClosedError("answered_already")
    if plan.status not in ("asked", "escalated"):
        raise ClosedError(plan.status)
    late = plan.status == "escalated" or now > plan.created_at + supplier.answer_within.nominal
    plan.answer = {**told, "at": now.isoformat(), "late": late}
    plan.exceptions = exceptions_of(plan.lines, brings, plan.on, promised_on, supplier)
    plan.promised_on = promised_on or plan.on
    if plan.exceptions:
        plan.status, plan.due_at = "exception", now + LAPSES
        tell(work, supplier, plan, f"{supplier.name or plan.supplier} 的答复需要你决定：{_in_words(plan.exceptions)}")
    else:
        plan.status, plan.due_at = "agreed", now
        plan.ordered = {sku: number_of(units) for sku, units in brings.items() if units}
    work.add(plan)
    work.enqueue(LookAtSupplier(plan.supplier))
    return plan


def decide(
    work: UnitOfWork,
    plan_id: int,
    verdict: Decision,
    by: str,
    now: datetime,
    *,
    changes: Mapping[str, Decimal] = EMPTY,
    reason: str | None = None,
    confirmed: bool = False,
) -> SupplyPlan:
    """The buyer's decision on an exception, or on a plan that nobody answered.

    `accept` orders what the supplier offers, or what was proposed; `change` the same with these changes; `refuse`
    nothing. The reason is told to the supplier. Raises ClosedError where nothing is to be decided, AnswerError for
    changes that nobody could mean, and for what is extreme unless that was `confirmed`.
    """
    plan = one(work, plan_id)
    if plan.status not in UNDECIDED:
        raise ClosedError(plan.status)
    offered = plan.answer["lines"] if plan.answer else {line["sku"]: line["quantity"] for line in plan.lines}
    units = {sku: quantity_of(each) for sku, each in offered.items()}
    if verdict == "change":
        supplier = read_library(work).supply.suppliers.get(plan.supplier) or Supplier()
        units = changed(units, changes, supplier)
        if not confirmed and (many := extremes(plan.lines, changes, supplier)):
            raise AnswerError(f"lines.{many[0]}", "confirm_needed")
    plan.decided_by = by
    plan.ordered = {} if verdict == "refuse" else {sku: number_of(each) for sku, each in units.items() if each}
    if reason:
        plan.notes = [*plan.notes, {"what": "decided", "detail": reason, "at": now.isoformat()}]
    if plan.ordered:
        plan.status, plan.due_at = "agreed", now
        plan.promised_on = plan.promised_on or plan.on
    else:
        plan.status, plan.due_at, plan.closed_at = "refused", None, now
    work.add(plan)
    work.enqueue(LookAtSupplier(plan.supplier))
    return plan


def promise(plan: SupplyPlan, day: date, zone: ZoneInfo, now: datetime) -> None:
    """The goods are promised for a day, and are overdue after it."""
    plan.promised_on = day
    plan.due_at = at_local(day + timedelta(days=1), _MIDNIGHT, zone, now)


def overdue_suppliers(session: Session, before: datetime) -> list[str]:
    """Suppliers whose run should have acted, or has never begun."""
    names = read_library(session).supply.suppliers
    dues = {row.supplier: row.due_at for row in session.exec(select(SupplierDue)).all()}
    return [name for name in names if name not in dues or dues[name] < before]


def _act_on_due(work: UnitOfWork, plan: SupplyPlan, supplier: Supplier, now: datetime, zone: ZoneInfo) -> None:
    who = supplier.name or plan.supplier
    if plan.status == "asked" and plan.reminders == 0:
        plan.reminders, plan.due_at = 1, plan.created_at + supplier.answer_within.nominal
        tell(work, supplier, plan, f"{who} 还没有答复 {plan.on:%m-%d} 的补货计划，请催一下")
    elif plan.status == "asked":
        plan.status, plan.due_at = "escalated", now + LAPSES
        tell(work, supplier, plan, f"{who} 逾期没有答复 {plan.on:%m-%d} 的补货计划，请决定", to=supplier.escalate_to)
    elif plan.status in ("escalated", "exception"):
        plan.status, plan.due_at, plan.closed_at = "lapsed", None, now
    elif plan.status in COMING:
        if plan.status != "overdue":
            warn_of_shows(work, plan, supplier, zone)
        plan.reminders += 1
        plan.status, plan.due_at = "overdue", now + timedelta(days=1)
        if plan.reminders > OVERDUE_DAYS:
            plan.status, plan.due_at, plan.closed_at = "lapsed", None, now
        tell(work, supplier, plan, f"{who} 约好 {plan.promised_on} 到的货还没到，请催单")
    work.add(plan)


def warn_of_shows(work: UnitOfWork, plan: SupplyPlan, supplier: Supplier, zone: ZoneInfo) -> None:
    """Tell the buyer of shows that were planned on a delivery that slips."""
    for title, at in shows_on(work, plan, zone):
        text = (
            f"{supplier.name or plan.supplier} 的货推迟了，{at.astimezone(zone):%m-%d %H:%M} 的直播「{title}」可能缺货"
        )
        plan.notes = [*plan.notes, {"what": "show", "detail": title, "at": at.isoformat()}]
        tell(work, supplier, plan, text)


def shows_on(session: Session, plan: SupplyPlan, zone: ZoneInfo) -> Sequence[tuple[str, datetime]]:
    """The shows, by title and beginning, that begin soon after the promised day and sell what the delivery brings."""
    promised = plan.promised_on or plan.on
    soon = select(Stream).where(col(Stream.cancelled_at).is_(None), col(Stream.ended_at).is_(None))
    found = []
    for stream in session.exec(soon.order_by(col(Stream.starts_at))):
        planned = {each["sku"] for each in (stream.plan or {}).get("products") or ()}
        day = local_day(stream.starts_at, zone)
        if planned & plan.ordered.keys() and promised <= day <= promised + SHOWS_AFTER:
            found.append((stream.title or stream.stream_id, stream.starts_at))
    return found


def tell(work: UnitOfWork, supplier: Supplier | None, plan: SupplyPlan, text: str, to: str | None = None) -> None:
    """Tell the supplier's buyer, or somebody else, something about a plan."""
    who = to or (supplier.buyer if supplier else None)
    if who is not None:
        work.enqueue(TellStaff(who, f"{text}（计划 {plan.id}）"))


_REASONS = {"more": "多了", "less": "少了", "expires": "卖不完会过期", "later": "晚到", "refused": "不供货"}


def _in_words(exceptions: Sequence[str]) -> str:
    parts = [each.partition(":") for each in exceptions]
    return "、".join(f"{sku} {_REASONS[kind]}" if sku else _REASONS[kind] for kind, _, sku in parts)


def _arrival(supplier: Supplier, today: date) -> date:
    """The first delivery day that an order of today can reach."""
    on = today + timedelta(days=math.ceil(days_of(supplier.lead_time)))
    return next(day for ahead in range(_WEEK) if supplier.delivers_on((day := on + timedelta(days=ahead)).weekday()))


def _next_order(supplier: Supplier, now: datetime, zone: ZoneInfo, *, later: bool = False) -> datetime:
    """When the next proposal is made: in the morning of a day whose order comes on a delivery day."""
    today = local_day(now, zone)
    lead = timedelta(days=math.ceil(days_of(supplier.lead_time)))
    days = (today + timedelta(days=ahead) for ahead in range(_WEEK))
    day = next(day for day in days if supplier.delivers_on((day + lead).weekday()))
    at: datetime = at_local(day, _MORNING, zone, now)
    return at if later or day > today or at > now else now


def one(work: UnitOfWork, plan_id: int) -> SupplyPlan:
    """The plan of an id, as it is now, locked."""
    query = select(SupplyPlan).where(SupplyPlan.id == plan_id).with_for_update()
    return work.exec(query.execution_options(populate_existing=True)).one()


def _locked(work: UnitOfWork, supplier: str) -> Sequence[SupplyPlan]:
    """The plans that aren't over, by their day."""
    query = select(SupplyPlan).where(SupplyPlan.supplier == supplier, col(SupplyPlan.closed_at).is_(None))
    query = query.order_by(col(SupplyPlan.on)).with_for_update()
    return work.exec(query.execution_options(populate_existing=True)).all()
