"""What needs somebody today, and what came of the last show: `/v1/today`."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlmodel import Session, col, func, select

from api.http.auth import SECURITY, identified
from api.http.context import context
from api.http.problems import Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.channels.tables import ProviderAccount
from domain.identity.merging import count_open
from domain.journeys.counts import totals
from domain.journeys.stuck import count_stuck
from domain.journeys.tables import Todo
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.stock.studio import board
from domain.stock.tables import Replenishment, Stream
from domain.supply.planning import UNDECIDED
from domain.supply.tables import SupplyPlan
from workflows.plan.supply import AWAITING
from workflows.terms.quantities import Quantity
from workflows.terms.values import at_local, local_day, parse_time

router = APIRouter(tags=["today"], responses=documented(Unauthorized, Unavailable))

BEST = 5
ALARMS_FOR = timedelta(hours=24)
"""How long after a show has begun its alarms are of today."""


class ShowProduct(BaseModel):
    """A product of the show, in units. `left` is null where no lot is known."""

    sku: str
    name: str | None
    sold: Quantity
    left: Quantity | None
    alarm: str | None


class LastShow(BaseModel):
    """The show that began last, and what came of it: units sold, and what journeys did since the day it began.

    The journeys' figures are null for those who may not see them.
    """

    stream_id: str
    title: str | None
    starts_at: datetime
    ended_at: datetime | None
    units: Quantity
    products: int
    best: list[ShowProduct]
    entered: int | None
    sent: int | None
    goals: int | None


class Alarm(BaseModel):
    """A product of a show of today that sells faster than expected, or runs out."""

    stream_id: str
    sku: str
    name: str | None
    kind: str
    at: datetime


class AccountDown(BaseModel):
    """An account with a provider through which nothing is sent until `held_until`."""

    name: str
    held_until: datetime
    reason: str | None


class Today(BaseModel):
    """What needs somebody, as far as the caller may see it; what they may not see is null.

    `replenishments` await a decision, and so do `deliveries` of suppliers; `unknown` messages may or may not have been
    sent, `pending_staff` wait for a guide in WeCom, `stuck` enrollments were put off by a defect, `overdue` todos of
    guides should have been done, `conflicts` are pairs of customers who may be one.
    """

    show: LastShow | None
    alarms: list[Alarm] | None
    replenishments: int | None
    deliveries: int | None
    unknown: int | None
    pending_staff: int | None
    stuck: int | None
    accounts: list[AccountDown] | None
    overdue: int | None
    conflicts: int | None


@router.get("/v1/today", summary="See what needs somebody", openapi_extra={"security": SECURITY})
def get_today(request: Request, caller: Annotated[Actor, Depends(identified)]) -> Today:
    """It asks for no permission of its own, and shows what those of the caller let them see."""
    env = context(request)
    now, may = env.clock.now(), caller.permissions
    with env.db() as session:
        show, alarms = (
            _show(session, now, sees_journeys="journeys.read" in may) if "streams.read" in may else (None, None)
        )
        statuses = _open_messages(session) if "messages.read" in may else None
        return Today(
            show=show,
            alarms=alarms,
            replenishments=_awaiting(session) if "replenishments.read" in may else None,
            deliveries=_undecided(session) if "replenishments.read" in may else None,
            unknown=statuses.get("unknown", 0) if statuses is not None else None,
            pending_staff=statuses.get("pending_staff", 0) if statuses is not None else None,
            stuck=count_stuck(session) if "journeys.read" in may else None,
            accounts=_down(session, now) if "channels.read" in may else None,
            overdue=_overdue(session, now) if "customers.read" in may else None,
            conflicts=count_open(session) if "customers.read" in may else None,
        )


def _show(session: Session, now: datetime, *, sees_journeys: bool) -> tuple[LastShow | None, list[Alarm]]:
    newest = select(Stream.stream_id).where(Stream.starts_at <= now, col(Stream.cancelled_at).is_(None))
    stream_id = session.exec(newest.order_by(col(Stream.starts_at).desc()).limit(1)).first()
    seen = board(session, stream_id, now) if stream_id is not None else None
    if seen is None:
        return None, []
    zone = read_library(session).policy_zone
    midnight = at_local(local_day(seen.starts_at, zone), parse_time("00:00"), zone, seen.starts_at)
    done = totals(session, midnight) if sees_journeys else None
    show = LastShow(
        stream_id=seen.stream_id,
        title=seen.title,
        starts_at=seen.starts_at,
        ended_at=seen.ended_at,
        units=sum(product.sold for product in seen.products),
        products=len(seen.products),
        best=[
            ShowProduct(sku=each.sku, name=each.name, sold=each.sold, left=each.left, alarm=each.alarm)
            for each in seen.products[:BEST]
        ],
        entered=done["entered", ""] if done is not None else None,
        sent=done["sent", ""] if done is not None else None,
        goals=done["ended", "goal"] + done["converted", ""] if done is not None else None,
    )
    is_today = now - seen.starts_at < ALARMS_FOR
    return show, [
        Alarm(stream_id=seen.stream_id, sku=each.sku, name=each.name, kind=each.alarm, at=each.alarmed_at)
        for each in seen.products
        if is_today and each.alarm and each.alarmed_at
    ]


def _open_messages(session: Session) -> dict[str, int]:
    is_open = col(Message.status).in_(("unknown", "pending_staff"))
    return dict(session.exec(select(Message.status, func.count()).where(is_open).group_by(Message.status)).all())


def _awaiting(session: Session) -> int:
    count = select(func.count()).select_from(Replenishment)
    return session.exec(count.where(col(Replenishment.status).in_(AWAITING))).one()


def _undecided(session: Session) -> int:
    count = select(func.count()).select_from(SupplyPlan)
    return session.exec(count.where(col(SupplyPlan.status).in_(UNDECIDED))).one()


def _overdue(session: Session, now: datetime) -> int:
    count = select(func.count()).select_from(Todo)
    return session.exec(count.where(col(Todo.done_at).is_(None), Todo.due_at < now)).one()


def _down(session: Session, now: datetime) -> list[AccountDown]:
    query = select(ProviderAccount).where(col(ProviderAccount.held_until) > now).order_by(col(ProviderAccount.name))
    return [
        AccountDown(name=each.name, held_until=each.held_until, reason=each.reason)
        for each in session.exec(query)
        if each.held_until is not None
    ]
