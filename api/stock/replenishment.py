"""Replenishments: what alarms propose to order, and the buyer's decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.stock.replenishment import DecisionRefusedError, UndecidableError, called, replenishments
from domain.stock.tables import Replenishment
from workflows.plan.supply import AWAITING, Decision, Verdict
from workflows.terms.quantities import Quantity, number_of, quantity_of, written

router = APIRouter(
    tags=["replenishments"], responses=documented(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable)
)

Reader = Annotated[Actor, Depends(require("replenishments.read"))]
Buyer = Annotated[Actor, Depends(require("replenishments.decide"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the replenishment's id")]
Status = Literal[
    "proposed", "escalated", "approved", "ordered", "overdue",
    "received", "refused", "lapsed", "failed", "stopped", "enough",
]  # fmt: skip

_WORDS = {
    "decided_already": "It isn't open for a decision any more.",
    "not_positive": "`quantity` must be above 0; to order nothing, refuse it.",
    "not_whole_packs": "`quantity` must be whole packs.",
    "above_ceiling": "`quantity` is more than will be sold before it perishes.",
    "quantity_needed": "`quantity` is needed.",
}

_EXTREME = 10
"""A change to more than so many times what was proposed must be confirmed."""


class ReplenishmentState(BaseModel):
    """An order for more of a product, in units, from the proposal to the receipt.

    `basis` is what `proposed` was worked out from; `quantity` what was decided. `due_at` is when it acts next by
    itself: escalates, lapses, or reminds. `name` and `show` are what people call the product and the show; null if
    nobody has named them.
    """

    id: int
    status: Status
    sku: str
    name: str | None
    city: str | None
    stream_id: str | None
    show: str | None
    proposed: Quantity
    pack: Quantity
    ceiling: Quantity | None
    basis: dict[str, Any]
    assignee: str | None
    created_at: datetime
    due_at: datetime | None
    quantity: Quantity | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    reference: str | None
    promised_on: date | None
    reminders: int
    received: Quantity | None
    closed_at: datetime | None


class Replenishments(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    replenishments: list[ReplenishmentState]
    next: int | None


class Change(BaseModel):
    """What to order instead, in units; `confirm` says that what is extreme is meant."""

    quantity: Annotated[Quantity, Field(gt=0, le=1_000_000_000)]
    confirm: Annotated[bool, Field(strict=True)] = False


@router.get("/v1/replenishments", summary="List replenishments")
def get_replenishments(
    request: Request,
    _: Reader,
    status: Annotated[Status | None, Query(description="only these; `proposed` and `escalated` are todos")] = None,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Replenishments:
    with context(request).db() as session:
        rows = replenishments(session, status, after=after, limit=limit + 1)
        shown = _as_answers(session, rows[:limit])
    return Replenishments(replenishments=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/v1/replenishments/{id}", summary="Read a replenishment")
def get_replenishment(request: Request, _: Reader, id: Id) -> ReplenishmentState:
    return _read(context(request), id)


@router.post("/v1/replenishments/{id}/approve", summary="Order what is proposed")
async def post_approve(request: Request, caller: Buyer, id: Id) -> ReplenishmentState:
    """Approving twice is approving once."""
    return await _decide(context(request), caller, id, "approve")


@router.post(
    "/v1/replenishments/{id}/change",
    summary="Order another quantity",
    openapi_extra=described(Change, {"quantity": 48}),
)
async def post_change(request: Request, caller: Buyer, id: Id) -> ReplenishmentState:
    """In whole packs.

    More than will be sold before it perishes, than there is room for, or than ten times what was proposed is refused
    as `confirm_needed` unless `confirm` is true.
    """
    change = await read_json(request, Change)
    row = await run_in_threadpool(_row, context(request), id)
    if not change.confirm and (why := _extreme(row, change.quantity)):
        detail = f"{written(change.quantity)} is more than {why}; send `confirm: true` if it is meant."
        error = {"field": "confirm", "reason": "confirm_needed", "detail": detail}
        raise Invalid(errors=[error], proposed=number_of(row.proposed), ceiling=_number(row.ceiling))
    return await _decide(context(request), caller, id, "change", change.quantity, confirm=change.confirm)


def _extreme(row: Replenishment, quantity: Decimal) -> str | None:
    """What a quantity exceeds, so that it is hardly meant."""
    if row.ceiling is not None and quantity > row.ceiling:
        return "will be sold before it perishes"
    capacity, left = row.basis.get("capacity"), row.basis.get("left", 0)
    if capacity is not None and quantity + quantity_of(max(0, left)) > quantity_of(capacity):
        return "there is room for"
    if quantity > _EXTREME * max(row.proposed, row.pack):
        return f"{_EXTREME} times what was proposed"
    return None


@router.post("/v1/replenishments/{id}/refuse", summary="Order nothing")
async def post_refuse(request: Request, caller: Buyer, id: Id) -> ReplenishmentState:
    return await _decide(context(request), caller, id, "refuse")


async def _decide(
    env: Context, caller: Actor, id: int, verdict: Verdict, quantity: Decimal | None = None, *, confirm: bool = False
) -> ReplenishmentState:
    decision = Decision(
        verdict=verdict,
        key=caller.id if caller.kind == "key" else None,
        user=caller.id if caller.kind == "user" else None,
        quantity=quantity,
        confirm=True if confirm else None,
    )
    row = await run_in_threadpool(_row, env, id)
    if row.closed_at is not None and row.status != "refused":
        raise Conflict(_WORDS["decided_already"], status_now=row.status)
    if env.decide is None:
        raise Unavailable("Decisions can't be taken here.")
    try:
        await env.decide(row.alarm_id, decision)
    except UndecidableError:
        raise Unavailable("The run that takes decisions can't be reached.", headers={"Retry-After": "2"}) from None
    except DecisionRefusedError as refused:
        reason = str(refused)
        if reason != "decided_already":
            error = {"field": "quantity", "reason": reason, "detail": _WORDS[reason]}
            raise Invalid(errors=[error], pack=number_of(row.pack), ceiling=_number(row.ceiling)) from None
        now = await run_in_threadpool(_row, env, id)
        if not _is_so_already(now, decision):
            raise Conflict(_WORDS[reason], status_now=now.status) from None
    else:
        await run_in_threadpool(_record, env, caller, row, decision)
    return await run_in_threadpool(_read, env, id)


def _record(env: Context, caller: Actor, row: Replenishment, decision: Decision) -> None:
    with env.db.begin() as work:
        now = work.get_one(Replenishment, row.id)
        audit.record(
            work,
            caller,
            f"replenishment.{decision.verdict}",
            f"replenishment:{row.id}",
            env.wall.now(),
            before={"status": row.status, "quantity": _number(row.quantity)},
            after={"status": now.status, "quantity": _number(now.quantity)},
        )


def _number(quantity: Decimal | None) -> int | float | None:
    return None if quantity is None else number_of(quantity)


def _is_so_already(row: Replenishment, decision: Decision) -> bool:
    """Whether this very decision was taken before."""
    if row.status in AWAITING:
        return False
    wanted = {"approve": row.proposed, "change": decision.quantity, "refuse": None}[decision.verdict]
    return row.decided_at is not None and row.quantity == wanted


def _read(env: Context, id: int) -> ReplenishmentState:
    with env.db() as session:
        return _as_answers(session, [_found(session, id)])[0]


def _row(env: Context, id: int) -> Replenishment:
    with env.db() as session:
        return _found(session, id)


def _found(session: Session, id: int) -> Replenishment:
    row = session.get(Replenishment, id)
    if row is None:
        raise NotFound("There is no such replenishment.")
    return row


def _as_answers(session: Session, rows: Sequence[Replenishment]) -> list[ReplenishmentState]:
    products, shows = called(session, rows)
    return [
        ReplenishmentState.model_validate({
            **row.model_dump(), "city": row.city or None,
            "name": products.get(row.sku), "show": shows.get(row.stream_id or ""),
        })
        for row in rows
    ]  # fmt: skip
