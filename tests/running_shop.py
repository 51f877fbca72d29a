"""A small shop that really runs: events through the one door, enrollments walked by the rehearsal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, text
from sqlmodel import SQLModel, col, select

from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.rehearsal.engine import Rehearsal
from workflows.language.compile import read_journey
from workflows.language.policy import read_coupons, read_policy
from workflows.plan.model import Plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
Happened = tuple[datetime, int, str, Mapping[str, Any]]

WELCOME = """
journey: welcome
name: 新客
trigger: {event: order.paid, where: {field: customer.orders, is: 1}}
entry: {again: never}
goal: {event: order.paid, within: 5d}
steps:
  - {id: thanks, send: thanks, via: [wecom, sms]}
  - wait: until day 2 at 10:00
  - if: {field: customer.city, is: 杭州}
    then: [{id: local, send: thanks, via: [wecom], coupon: five}]
    else: [{id: offer, send: thanks, via: [sms], coupon: five}]
  - {id: answer, wait_for: {event: product.viewed}, within: 1d, then: [{stop: seen}], else: []}
"""
CART = """
journey: cart
name: 弃购
trigger: {event: cart.updated, where: {field: event.total, above: 0元}}
entry: {again: restart, per: [customer, trigger.cart_id]}
goal: {event: order.paid, within: 3d}
steps:
  - wait: 1h
  - {id: remind, send: remind, via: [wecom], coupon: five}
"""


def fingerprint(engine: Engine) -> dict[str, object]:
    """What each table holds, and which transactions wrote or locked its rows."""
    query = "SELECT count(*), md5(string_agg(concat(xmin, xmax, t), '|' ORDER BY t::text)) FROM {} t"
    with engine.connect() as connection:
        found: dict[str, object] = {
            table.name: tuple(connection.execute(text(query.format(table.name))).one())
            for table in SQLModel.metadata.sorted_tables
        }
        return found | {"relations": connection.execute(text("SELECT count(*) FROM pg_class")).scalar()}


def plan_of(spec: str) -> Plan:
    """The plan of a journey without mistakes."""
    plan = read_journey(spec, "", None).plan
    assert plan is not None
    return plan


def open_shop(db: Database, now: datetime, *journeys: str, policy: str = "", coupons: str = "") -> None:
    """Publish the journeys, under caps and quiet hours."""
    policy = policy or "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00\ncaps: {wecom: 1 per 1d, all: 3 per 7d}\n"
    coupons = coupons or "five: {name: 立减5元, amount_off: 5元, valid: 4d, budget: {count: 6}}\n"
    read, campaigns = read_policy(policy, "_policy")[0], read_coupons(coupons, "_coupons")[0]
    assert read is not None
    assert campaigns is not None
    with db.begin() as session:
        publish_document(session, "_policy", read.model_dump(mode="json"))
        publish_document(session, "_coupons", {name: each.model_dump(mode="json") for name, each in campaigns.items()})
        for spec in journeys:
            publish_journey(session, plan_of(spec), spec, now)
        for template in ("thanks", "remind"):
            for channel in ("sms", "wecom"):
                publish_text(session, template, channel, f"{template} {{{{ customer.name or '您' }}}}")


def run(
    db: Database,
    clock: VirtualClock,
    events: Sequence[Happened],
    until: datetime,
    rehearsal: Rehearsal | None = None,
) -> Rehearsal:
    """Let the events happen, one after the other, and the enrollments act at their times; it may be run on."""
    rehearsal = rehearsal or Rehearsal(db, clock)
    queue = sorted(enumerate(events), key=lambda each: each[1][0])
    while (at := _next(db, queue[0][1][0] if queue else None)) is not None and at < until:
        clock.set(max(at, clock.now()))
        while queue and queue[0][1][0] <= at:
            number, (time, who, kind, data) = queue.pop(0)
            names = (("external_userid", f"wm{who}"), ("phone", f"+86138000000{who:02}"))
            with db.begin() as session:
                ingest(
                    session, [Incoming(f"until {until}", str(number), kind, time, dict(data), names)], now=clock.now()
                )
        rehearsal.settle()
    return rehearsal


def _next(db: Database, event: datetime | None) -> datetime | None:
    with db() as session:
        due = session.exec(select(func.min(Enrollment.due_at)).where(col(Enrollment.ending).is_(None))).one()
    return min((at for at in (event, due) if at is not None), default=None)


def arrivals(customers: int, at: datetime) -> list[Happened]:
    """Customers who register, with consent; the even ones live in 杭州."""
    found: list[Happened] = []
    for who in range(1, customers + 1):
        found.append((at, who, "customer.registered", {"name": f"客{who}", "city": "杭州" if who % 2 == 0 else "上海"}))
        found += [(at, who, "consent.given", {"channel": channel}) for channel in ("sms", "wecom")]
    return found


def order(at: datetime, who: int, number: int) -> Happened:
    return at, who, "order.paid", {"order_id": f"o{number}", "total": 8900}


def a_fortnight(start: datetime) -> list[Happened]:
    """Ten customers' orders, carts and visits over two weeks."""
    events = arrivals(10, start)
    for who in range(1, 11):
        first = start + timedelta(hours=1, minutes=7 * who)
        events.append(order(first, who, who))
        events.append((first + timedelta(hours=3 * who), who, "cart.updated", {"cart_id": f"k{who}", "total": 500}))
        if who % 3 == 0:
            events.append(order(first + timedelta(days=who), who, 100 + who))
        if who % 4 == 0:
            events.append((first + timedelta(days=2, hours=3), who, "product.viewed", {"sku": "beans"}))
        events.append((first + timedelta(days=6), who, "cart.updated", {"cart_id": f"m{who}", "total": 0}))
    return events
