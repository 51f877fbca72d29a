"""The guide's desk: `/v1/desk`. A guide sees their own customers, and of others not even that they exist."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from sqlmodel import Session, col, func, select
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.places import place, read_number_place
from api.http.problems import Forbidden, Invalid, NotFound, Stale, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.access.tables import User
from domain.coupons.tables import Coupon
from domain.customers.tables import Customer, Identifier, Order
from domain.intake import desk
from domain.journeys.tables import Enrollment, Todo
from domain.published.library import read_library
from domain.stock.companions import Companion, Companions
from domain.store.work import UnitOfWork
from workflows.terms.values import Language, local_day
from workflows.words.telling import render

router = APIRouter(
    prefix="/v1/desk", tags=["desk"], responses=documented(Unauthorized, Forbidden, Stale, Invalid, Unavailable)
)

Guide = Annotated[Actor, Depends(require("desk"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
RECENT, COUPONS, OFFERS = 20, 10, 3


class DeskTodo(BaseModel):
    """A task. `greeting` is how a message to the customer may begin."""

    id: int
    customer: int
    name: str | None
    title: str
    text: str
    due_at: datetime
    overdue: bool
    greeting: str


class DeskTodos(BaseModel):
    """A page, what is due first. `next` is what to give as `after` for the following one; null after the last."""

    todos: list[DeskTodo]
    next: str | None


class Finish(BaseModel):
    """What became of a task: it is done, or it was wrong."""

    outcome: desk.Outcome


class DeskCoupon(BaseModel):
    """A coupon that the customer may still use; `name` is what people call its campaign."""

    code: str
    campaign: str
    name: str
    expires_at: datetime


class DeskOffer(BaseModel):
    """A product that goes with what the customer bought last, and is there to be sold."""

    sku: str
    name: str


class Told(BaseModel):
    """Something that was decided about the customer, in words."""

    at: datetime
    journey: str
    title: str
    words: str


class CustomerCard(BaseModel):
    """A customer on one screen. Amounts are in fen; `recent` is the newest first."""

    id: int
    name: str | None
    phone: str | None
    city: str | None
    birthday: date | str | None
    orders: int
    spent: int
    last_order_at: datetime | None
    coupons: list[DeskCoupon]
    offers: list[DeskOffer]
    recent: list[Told]


@router.get("/todos", summary="List one's open tasks")
def get_desk_todos(
    request: Request,
    caller: Guide,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> DeskTodos:
    """What is due first comes first. A user without a staff id has none."""
    env = context(request)
    now = env.clock.now()
    begins = read_number_place(after)
    with env.db() as session:
        staff = _staff(session, caller)
        rows = desk.own_todos(session, staff, after=begins, limit=limit + 1) if staff else []
    shown = [
        DeskTodo(
            id=todo.id, customer=customer.id, name=customer.name, title=title, text=todo.text,
            due_at=todo.due_at, overdue=todo.due_at < now,
            greeting=f"{customer.name or '您'}{'，您好' if customer.name else '好'}！我是导购{caller.name}，",
        )
        for todo, customer, title in rows[:limit]
    ]  # fmt: skip
    last = rows[limit - 1][0] if len(rows) > limit else None
    return DeskTodos(todos=shown, next=place(last.due_at, last.id) if last else None)


@router.post(
    "/todos/{id}/finish",
    status_code=204,
    summary="Finish a task",
    responses=documented(NotFound),
    openapi_extra=described(Finish, {"outcome": "done"}),
)
async def post_finish(request: Request, caller: Guide, id: Id) -> None:
    """It is over, and journeys hear of it as `todo.done`. Finishing twice is finishing once."""
    body = await read_json(request, Finish)
    now = context(request).clock.now()

    def act(work: UnitOfWork, todo: Todo, enrollment: Enrollment) -> None:
        if desk.finish(work, todo, enrollment, body.outcome, now):
            at = context(request).wall.now()
            audit.record(work, caller, "todo.finish", f"todo:{id}", at, after={"outcome": body.outcome})

    await run_in_threadpool(_act, context(request), caller, id, act)


@router.post("/todos/{id}/later", status_code=204, summary="Put a task off", responses=documented(NotFound))
def post_later(request: Request, caller: Guide, id: Id) -> None:
    """It is due a day later."""
    env = context(request)

    def act(work: UnitOfWork, todo: Todo, _: Enrollment) -> None:
        if todo.done_at is None:
            before = {"due_at": todo.due_at.isoformat()}
            desk.put_off(todo, env.clock.now())
            work.add(todo)
            after = {"due_at": todo.due_at.isoformat()}
            audit.record(work, caller, "todo.later", f"todo:{id}", env.wall.now(), before=before, after=after)

    _act(env, caller, id, act)


@router.get("/customers/{id}", summary="Read a customer of one's own", responses=documented(NotFound))
def get_card(
    request: Request, caller: Guide, id: Id, lang: Annotated[Language, Query(description="of the words")] = "zh"
) -> CustomerCard:
    """Anybody else's customer is as unknown as one that isn't there; that somebody asked is in the audit."""
    env = context(request)
    with env.db() as session:
        staff = _staff(session, caller)
        customer = desk.own_customer(session, staff, id) if staff else None
        if customer is not None:
            return _card(session, customer, env.clock.now(), lang)
    _refuse(env, caller, f"customer:{id}")
    raise NotFound("There is no such customer.")


def _act(env: Context, caller: Actor, id: int, act: Callable[[UnitOfWork, Todo, Enrollment], None]) -> None:
    with env.db.begin() as work:
        staff = _staff(work, caller)
        found = desk.own_todo(work, staff, id) if staff else None
        if found is not None:
            act(work, *found)
            return
    _refuse(env, caller, f"todo:{id}")
    raise NotFound("There is no such task.")


def _refuse(env: Context, caller: Actor, target: str) -> None:
    with env.db.begin() as work:
        audit.record(work, caller, "desk.refused", target, env.wall.now())


def _staff(session: Session, caller: Actor) -> str | None:
    user = session.get(User, caller.id) if caller.kind == "user" else None
    return user.staff if user else None


def _card(session: Session, customer: Customer, now: datetime, lang: Language) -> CustomerCard:
    phone = select(Identifier.value).where(Identifier.customer_id == customer.id, Identifier.kind == "phone")
    sums = select(func.count(), func.sum(Order.total - Order.refunded), func.max(Order.paid_at))
    number, spent, last = session.exec(sums.where(Order.customer_id == customer.id)).one()
    usable = select(Coupon).where(
        Coupon.customer_id == customer.id, Coupon.status == "issued", col(Coupon.expires_at) > now
    )
    coupons = session.exec(usable.order_by(col(Coupon.expires_at)).limit(COUPONS)).all()
    library = read_library(session)
    say, zone = library.wording(lang), library.zone(customer)
    return CustomerCard(
        id=customer.id,
        name=customer.name,
        phone=session.exec(phone.limit(1)).first(),
        city=customer.fields.get("city"),
        birthday=customer.fields.get("birthday"),
        orders=number,
        spent=int(spent or 0),
        last_order_at=last,
        coupons=[
            DeskCoupon(
                code=each.code, campaign=each.campaign, name=say.campaign(each.campaign), expires_at=each.expires_at
            )
            for each in coupons
        ],
        offers=[DeskOffer(sku=each.sku, name=each.name or each.sku) for each in _offers(session, customer, now, zone)],
        recent=[
            Told(at=each.at, journey=each.journey, title=library.title(each.journey), words=render(each, say, zone))
            for each in desk.recent(session, customer.id, RECENT)
        ],
    )


def _offers(session: Session, customer: Customer, now: datetime, zone: ZoneInfo) -> Sequence[Companion]:
    """What goes with the customer's last order, but for what they bought lately."""
    bought, lately = desk.last_bought(session, customer.id)
    city = customer.fields.get("city")
    companions = Companions(session, local_day(now, zone))
    return companions.of(bought, OFFERS, city=city if isinstance(city, str) else None, without=lately)
