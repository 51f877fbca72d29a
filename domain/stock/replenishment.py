"""Replenishments: what an alarm proposes, what is decided about it, and what comes of the order."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.access.tables import ApiKey, User
from domain.catalogue.types import WHOLESALE
from domain.channels.staff import Notice
from domain.intake.tables import Event
from domain.published.library import Library, read_library
from domain.stock.foretelling import ENOUGH, foretell
from domain.stock.live import ProductStock, floor, units_left
from domain.stock.places import is_in, plain
from domain.stock.reordering import Demand, demand_of, in_packs, propose
from domain.stock.selling import WINDOW, Day, apart_in_show, read_days
from domain.stock.showing import planned_end
from domain.stock.tables import LiveSale, Lot, Product, Replenishment, ReplenishmentNotice, StockMove, Stream
from domain.store.outbox import Replenish, Restocked
from domain.store.work import UnitOfWork
from workflows.plan.supply import AWAITING, CLOSED, Decision, ReplenishmentState, refusal
from workflows.terms.quantities import NONE, number_of, quantity_of, written
from workflows.terms.values import Duration, at_local, local_day, parse_time

LAPSES = timedelta(days=7)
"""An escalated proposal without a decision lapses after this, so that a new alarm can propose again."""

LONGEST_PROMISE = timedelta(days=366)
"""A promised day later than this counts as none."""

REMINDERS = 7
"""Days that overdue goods are reminded of before the order is given up."""

AHEAD = 28
"""Days that a proposal looks ahead; after them each is taken to be like their mean."""

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class DecisionRefusedError(Exception):
    """A decision that can't be taken; the message is the reason, one of workflows.plan.supply.Reason."""


class UndecidableError(Exception):
    """The run that takes decisions can't be reached now."""


def follow_supply(work: UnitOfWork, library: Library, events: Sequence[Event]) -> None:
    """What events about the business mean for replenishments: an alarm begins one, a lot received ends one."""
    for event in events:
        data = event.data
        if event.type == "stock.alarm" and data.get("sku"):
            city = _city(work, data.get("stream_id"))
            today = local_day(event.time, library.policy_zone)
            stock = units_left(work, [data["sku"]], city, today).get(data["sku"])
            if library.stock.of(data["sku"], stock.category if stock else None).buyer:
                work.enqueue(Replenish(event.id))
    if receipts := [event for event in events if event.type == "lot.received"]:
        _receive(work, receipts)


def begin(session: Session, alarm_id: int, now: datetime) -> ReplenishmentState:
    """Propose an order because of an alarm. Asked again, it says where that stands."""
    if earlier := _earlier(session, alarm_id):
        return state_of(earlier)
    library = read_library(session)
    zone = library.policy_zone
    alarm = session.get_one(Event, alarm_id)
    data = alarm.data
    sku, city = data["sku"], _city(session, data.get("stream_id"))
    stock = units_left(session, [sku], city, local_day(now, zone)).get(sku, ProductStock(NONE, None, None))
    rule = library.stock.of(sku, stock.category)
    places = _days_of_places(session, sku, city, zone, now)
    demand = sum(map(demand_of, (days.values() for days in places)), Demand())
    today = local_day(now, zone)
    forecast = foretell(session, sku, city, today, AHEAD, now, zone)
    is_foretold = forecast.basis.of == "product" and forecast.basis.days >= ENOUGH
    if is_foretold:
        by_day = [day.expected for day in forecast.days]
        demand = Demand(sum(by_day) / len(by_day), forecast.deviation, by_day)
    apart = _apart(session, alarm)
    part = 1 - float(apart) / data["sold"] if apart else 1.0
    is_new = not is_foretold and not any(day.sold for days in places for on, day in days.items() if on < today)
    looks_ahead = rule.sells_out_within.nominal
    if is_new and (stream := session.get(Stream, data.get("stream_id") or "")) is not None:
        looks_ahead = max(looks_ahead, planned_end(session, stream, now) - now)
    rush = math.ceil(max(0.0, data.get("per_minute", 0) * part) * (looks_ahead / _MINUTE))
    beside = quantity_of(sum(day.beside for days in places for day in days.values()))
    proposal = propose(demand, max(NONE, stock.left), rule, rush=rush)
    quantity, ceiling = proposal.quantity, None if is_new else proposal.ceiling
    if is_new:
        quantity = max(quantity, in_packs(max(NONE, rush - max(NONE, stock.left)), rule.pack))
    if rule.capacity is not None:
        room = max(NONE, rule.capacity - max(NONE, stock.left - rush))
        quantity = min(quantity, in_packs(room, rule.pack, up=False))
    if stock.left <= 0 and ceiling != 0:
        quantity = max(quantity, rule.pack)
    values: dict[str, Any] = {
        "alarm_id": alarm_id,
        "stream_id": data.get("stream_id"),
        "sku": sku,
        "city": city or "",
        "status": "proposed" if quantity else "enough",
        "proposed": quantity,
        "pack": rule.pack,
        "ceiling": ceiling,
        "basis": {
            "left": number_of(stock.left),
            "rush": rush,
            "rush_minutes": round(looks_ahead / _MINUTE),
            "by": "forecast" if is_foretold else "show" if is_new else "rate",
            "special": forecast.special(round(rule.lead_time.nominal / _DAY) + 1) if is_foretold else [],
            "per_day": round(demand.per_day, 2),
            "deviation": round(demand.deviation, 2),
            "sold_by_day": _by_day(places, local_day(now, zone)),
            "wholesale": _sold_to_wholesale(session, sku, city, now),
            "beside": number_of(max(beside, apart)),
            "reorder_point": proposal.reorder_point,
            "safety_stock": proposal.safety_stock,
            "capacity": None if rule.capacity is None else number_of(rule.capacity),
            "alarm": data.get("kind"),
            "escalate_to": rule.escalate_to,
            "lead_time": str(rule.lead_time),
        },
        "assignee": rule.buyer,
        "created_at": now,
        "due_at": now + rule.escalate_after.nominal if quantity else None,
        "closed_at": None if quantity else now,
        "reminders": 0,
    }
    new = insert(Replenishment).values(values).on_conflict_do_nothing()
    if session.execute(new.returning(col(Replenishment.id))).first() is None:
        meanwhile = _earlier(session, alarm_id)
        return state_of(meanwhile) if meanwhile else ReplenishmentState(event=alarm_id, status="duplicate", sku=sku)
    row = _locked(session, alarm_id)
    if row.closed_at is None:
        _notify(session, row, "请审批补货", now)
    return state_of(row)


def notice_of(session: Session, alarm_id: int) -> Notice | None:
    """The notice to the assignee in its present status, if there is one."""
    row = of_alarm(session, alarm_id)
    notice = session.get(ReplenishmentNotice, (row.id, row.status, row.reminders))
    return Notice(notice.recipient, notice.body) if notice else None


def act_on_due(session: Session, alarm_id: int, now: datetime) -> ReplenishmentState:
    """Do what is due: escalate, let lapse, remind; and say where it stands."""
    row = _locked(session, alarm_id)
    if row.closed_at is not None or row.due_at is None or row.due_at > now:
        return state_of(row)
    if row.status == "proposed":
        row.status, row.assignee = "escalated", row.basis.get("escalate_to") or row.assignee
        row.due_at = now + LAPSES
        _notify(session, row, "补货待审批已超时，请处理", now)
    elif row.status == "escalated":
        _close(row, "lapsed", now, reason="undecided")
    elif row.reminders >= REMINDERS:
        _close(row, "lapsed", now, reason="not_received")
        _notify(session, row, "补货一直未到货，已不再跟踪", now)
    elif row.status in ("ordered", "overdue"):
        row.status, row.reminders, row.due_at = "overdue", row.reminders + 1, now + timedelta(days=1)
        _notify(session, row, "补货已过约定日期仍未到货，请催单", now)
    session.add(row)
    return state_of(row)


def decide(session: Session, alarm_id: int, decision: Decision, now: datetime) -> ReplenishmentState | None:
    """Settle a buyer's decision; None if another was taken before. The same one twice is one."""
    row = _locked(session, alarm_id)
    if decision.user is not None:
        by = f"user {session.get_one(User, decision.user).name}"
    else:
        by = f"key {session.get_one(ApiKey, decision.key).name}"
    refused = decision.verdict == "refuse"
    quantity = None if refused else decision.quantity if decision.verdict == "change" else row.proposed
    if row.decided_at is not None and (row.decided_by, row.quantity) == (by, quantity):
        return state_of(row)
    if refusal(state_of(row), decision):
        return None
    row.quantity, row.decided_by, row.decided_at = quantity, by, now
    if refused:
        _close(row, "refused", now)
    else:
        row.status, row.due_at = "approved", now
    session.add(row)
    return state_of(row)


def ordered(
    session: Session, alarm_id: int, reference: str, promised: date | None, now: datetime
) -> ReplenishmentState:
    """The ERP has the order. Without a day that it promises, the lead time counts."""
    row = _locked(session, alarm_id)
    if row.status == "approved":
        zone = read_library(session).policy_zone
        row.status, row.reference = "ordered", reference
        if promised is None or promised > local_day(now + LONGEST_PROMISE, zone):
            promised = local_day(Duration.of(row.basis["lead_time"]).after(now, zone), zone)
        row.promised_on = promised
        row.due_at = at_local(promised + timedelta(days=1), parse_time("00:00"), zone, now)
        session.add(row)
    return state_of(row)


def failed(session: Session, alarm_id: int, reason: str, now: datetime) -> ReplenishmentState:
    """The ERP has refused the order for good."""
    row = _locked(session, alarm_id)
    if row.status == "approved":
        _close(row, "failed", now, reason=reason)
        _notify(session, row, "ERP 拒收补货订单，请人工处理", now)
        session.add(row)
    return state_of(row)


def stop(session: Session, alarm_id: int, now: datetime) -> None:
    """Its run was ended by an operator."""
    row = _locked(session, alarm_id)
    if row.closed_at is None:
        _close(row, "stopped", now, reason="run_ended")
        session.add(row)


def state_of(row: Replenishment) -> ReplenishmentState:
    """Where a replenishment stands, as its run sees it."""
    return ReplenishmentState(
        event=row.alarm_id,
        status=row.status,
        sku=row.sku,
        quantity=row.proposed if row.quantity is None else row.quantity,
        pack=row.pack,
        ceiling=row.ceiling,
        due=row.due_at,
    )


def of_alarm(session: Session, alarm_id: int) -> Replenishment:
    """The replenishment that an alarm began."""
    return session.exec(select(Replenishment).where(Replenishment.alarm_id == alarm_id)).one()


def replenishments(session: Session, status: str | None, *, after: int | None, limit: int) -> Sequence[Replenishment]:
    """A page of replenishments, the newest first."""
    query = select(Replenishment).order_by(col(Replenishment.id).desc()).limit(limit)
    if status is not None:
        query = query.where(Replenishment.status == status)
    if after is not None:
        query = query.where(Replenishment.id < after)
    return session.exec(query).all()


def called(session: Session, rows: Sequence[Replenishment]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What people call the products, by sku, and the shows, by id; one that nobody has named is in neither.

    A product that isn't listed is called what its lots call it.
    """
    skus, shows = {row.sku for row in rows}, {row.stream_id for row in rows if row.stream_id}
    lots = select(Lot.sku, func.max(Lot.name)).where(col(Lot.sku).in_(skus)).group_by(Lot.sku)
    listed = select(Product.sku, Product.name).where(col(Product.sku).in_(skus))
    titles = select(Stream.stream_id, Stream.title).where(col(Stream.stream_id).in_(shows))
    products = [*session.exec(lots), *session.exec(listed)]
    return _named(products), _named(session.exec(titles))


def _named(rows: Iterable[tuple[str, str | None]]) -> Mapping[str, str]:
    return {key: name for key, name in rows if name}


def stalled_alarms(session: Session, since: datetime, limit: int) -> list[int]:
    """The alarms whose replenishments should have acted by themselves before, or await a decision: that takes a run."""
    is_stalled = (col(Replenishment.due_at) < since) | col(Replenishment.status).in_(AWAITING)
    query = select(Replenishment.alarm_id).where(col(Replenishment.closed_at).is_(None), is_stalled)
    return list(session.exec(query.order_by(col(Replenishment.due_at)).limit(limit)))


def _receive(work: UnitOfWork, receipts: Sequence[Event]) -> None:
    is_awaited = col(Replenishment.sku).in_({event.data["sku"] for event in receipts})
    query = select(Replenishment).where(is_awaited, col(Replenishment.status).in_(("ordered", "overdue")))
    for row in work.exec(query.order_by(col(Replenishment.id)).with_for_update()):
        if event := next((event for event in receipts if _is_for(event, row)), None):
            row.received = quantity_of(event.data["quantity"])
            _close(row, "received", event.received_at)
            work.add(row)
            work.enqueue(Restocked(row.alarm_id))


def _is_for(receipt: Event, row: Replenishment) -> bool:
    """Whether these may be the goods: of the product, in its city if both name one, and not from before the order."""
    city = receipt.data.get("city")
    is_since = row.decided_at is not None and row.decided_at <= receipt.time
    return is_since and receipt.data["sku"] == row.sku and (not city or not row.city or plain(city) == plain(row.city))


def _days_of_places(
    session: Session, sku: str, city: str | None, zone: ZoneInfo, now: datetime
) -> Sequence[Mapping[date, Day]]:
    """What each place that can serve the city has sold by local day; of what none of them keeps, what shows have."""
    places_query: Any = select(func.coalesce(Lot.store, Lot.city, "")).where(Lot.sku == sku).distinct()
    if city is not None:
        places_query = places_query.where(is_in(Lot.city, city) | col(Lot.city).is_(None))
    if places := set(session.exec(places_query)):
        return [days for (_, place), days in read_days(session, [sku], now, zone).items() if place in places]
    day_of_sale: Any = func.date(func.timezone(str(zone), LiveSale.minute))
    sales = select(day_of_sale, func.sum(LiveSale.units)).where(LiveSale.sku == sku, LiveSale.minute >= now - WINDOW)
    sold = {day: float(units) for day, units in session.exec(sales.group_by(day_of_sale))}
    today = local_day(now, zone)
    span = [today - timedelta(days=days_ago) for days_ago in range((today - min(sold, default=today)).days + 1)]
    return [{day: Day(sold.get(day, 0.0), 1.0) for day in span}]


def _apart(session: Session, alarm: Event) -> Decimal:
    """Units of one outlying order that an alarm counts, and that are no rush."""
    data = alarm.data
    if not data.get("stream_id") or not data.get("sold") or not data.get("window"):
        return NONE
    since = floor(alarm.time) - (data["window"] - 1) * _MINUTE
    return apart_in_show(session, data["stream_id"], data["sku"], since, alarm.time)


def _sold_to_wholesale(session: Session, sku: str, city: str | None, now: datetime) -> int | float:
    """Units that went to wholesale in the time that sales are looked at, and of which the proposal takes no notice."""
    units = select(-func.coalesce(func.sum(StockMove.quantity), 0)).join(Lot, col(Lot.lot_id) == StockMove.lot_id)
    is_wholesale = (col(StockMove.reason) == WHOLESALE) & ~col(StockMove.seen)
    query = units.where(Lot.sku == sku, is_wholesale, StockMove.at >= now - WINDOW, StockMove.at <= now)
    units_sold = session.exec(query.where(is_in(Lot.city, city) | col(Lot.city).is_(None)) if city else query).one()
    return number_of(Decimal(units_sold))


def _by_day(places: Sequence[Mapping[date, Day]], today: date) -> list[int | float]:
    """The units that all places sold, today first."""
    first = min((day for days in places for day in days), default=today)
    span = [today - timedelta(days=days_ago) for days_ago in range((today - first).days + 1)]
    return [number_of(quantity_of(sum(days[day].sold for days in places if day in days))) for day in span]


def _earlier(session: Session, alarm_id: int) -> Replenishment | None:
    return session.exec(select(Replenishment).where(Replenishment.alarm_id == alarm_id)).first()


def _city(session: Session, stream_id: str | None) -> str | None:
    stream = session.get(Stream, stream_id) if stream_id else None
    return stream.city if stream else None


def _locked(session: Session, alarm_id: int) -> Replenishment:
    query = select(Replenishment).where(Replenishment.alarm_id == alarm_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def _close(row: Replenishment, status: str, now: datetime, *, reason: str | None = None) -> None:
    assert status in CLOSED
    row.status, row.closed_at, row.due_at, row.reason = status, now, None, reason


def _notify(session: Session, row: Replenishment, wording: str, now: datetime) -> None:
    """Record a notice to the assignee."""
    units = row.proposed if row.quantity is None else row.quantity
    wholesale = f"，近四周另有批发 {row.basis['wholesale']} 件，未计入销量" if row.basis.get("wholesale") else ""
    beside = f"，近四周有远超平常的大单，其中 {row.basis['beside']} 件未计入销量" if row.basis.get("beside") else ""
    special = f"，预测已计入{'、'.join(row.basis['special'])}" if row.basis.get("special") else ""
    name = called(session, [row])[0].get(row.sku)
    product = f"{name}（{row.sku}）" if name else row.sku
    notice = {
        "replenishment_id": row.id,
        "status": row.status,
        "reminders": row.reminders,
        "recipient": row.assignee,
        "body": f"{wording}：{product} {written(units)} 件（补货单 {row.id}）{special}{wholesale}{beside}",
        "at": now,
    }
    session.execute(insert(ReplenishmentNotice).values(notice).on_conflict_do_nothing())
