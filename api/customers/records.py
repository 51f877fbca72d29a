"""What there is about a customer, list by list: `/v1/customers/{id}/…`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session, and_, col, or_, select

from api.http.auth import require
from api.http.context import context
from api.http.customers import CustomerName, find_customer
from api.http.places import place, read_place
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.conditions.facts import CustomerFacts
from domain.customers.tables import Order
from domain.identity.describing import measures_of
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.ledger.states import Status
from domain.ledger.tables import Message
from domain.published.library import read_library, read_plan
from domain.published.tables import PublishedPlan
from workflows.terms.quantities import Quantity, quantity_of
from workflows.terms.values import MONEY_FUNCTIONS, Language, amount_words, is_money
from workflows.words.describe import summary
from workflows.words.telling import ending_words, reasons_in_words

router = APIRouter(
    prefix="/v1/customers/{id}",
    tags=["customers"],
    responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
)

Reader = Annotated[Actor, Depends(require("customers.read"))]
Lang = Annotated[Language, Query(description="of the words")]
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="of a page, at most")]


class CustomerEnrollment(BaseModel):
    """A time that the customer is or was in a journey. `step` says in words where they stand; `ending` how it ended.

    `run` is the page of its run in Temporal's UI, if it is known.
    """

    enrollment: int
    journey: str
    title: str
    version: int
    entered_at: datetime
    step: str | None
    due_at: datetime | None
    held: bool
    stuck: bool
    ending: str | None
    reason: str | None
    ended_at: datetime | None
    converted_at: datetime | None
    run: str | None


class CustomerEnrollments(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    enrollments: list[CustomerEnrollment]
    next: int | None


class SentMessage(BaseModel):
    """A message as it was sent, or is about to be; `at` is when it was handed to the provider, else when it was made.

    `text` is empty once the customer was erased.
    """

    id: int
    journey: str
    title: str
    step: str
    channel: str
    text: str
    status: Status
    reason: str | None
    at: datetime
    coupon: str | None


class SentMessages(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    messages: list[SentMessage]
    next: int | None


class OrderedItem(BaseModel):
    """What was bought, in units; `price` of one, in fen."""

    sku: str
    name: str | None
    quantity: Quantity
    price: int | None


class PaidOrder(BaseModel):
    """An order, with what of it was given back. Amounts are in fen; `items` is empty if the shop didn't tell them."""

    order_id: str
    paid_at: datetime
    total: int
    refunded: int
    stream_id: str | None
    items: list[OrderedItem]


class PaidOrders(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    orders: list[PaidOrder]
    next: str | None


class MeasureValue(BaseModel):
    """What a named measure comes to for the customer, in words; null if there is nothing to work it out of."""

    name: str
    about: str = Field(description="how it is worked out")
    value: str | None


@router.get("/enrollments", summary="List the journeys that a customer is or was in")
def get_enrollments(
    request: Request, _: Reader, name: CustomerName, lang: Lang = "zh", after: Before = None, limit: Limit = 50
) -> CustomerEnrollments:
    env = context(request)
    with env.db() as session:
        customer = find_customer(session, name)
        library = read_library(session)
        query = select(Enrollment, PublishedPlan.version)
        query = query.join(PublishedPlan, col(PublishedPlan.id) == col(Enrollment.plan_id))
        query = query.where(Enrollment.customer_id == customer.id)
        if after is not None:
            query = query.where(col(Enrollment.id) < after)
        rows = session.exec(query.order_by(col(Enrollment.id).desc()).limit(limit + 1)).all()
        say = library.wording(lang)
        reasons = reasons_in_words(say)
        shown = []
        for row, version in rows[:limit]:
            plan = read_plan(session, row.plan_id)
            standing = plan.steps.get(row.position or "") if row.ending is None else None
            shown.append(
                CustomerEnrollment(
                    enrollment=row.id, journey=row.journey, title=plan.name, version=version,
                    entered_at=row.entered_at, step=summary(standing, say) if standing else None, due_at=row.due_at,
                    held=row.held, stuck=row.stuck_on is not None,
                    ending=ending_words(row.ending, say) if row.ending else None,
                    reason=reasons.get(row.reason or "", row.reason), ended_at=row.ended_at,
                    converted_at=row.converted_at, run=env.run_page(row.journey, row.run),
                )
            )  # fmt: skip
    return CustomerEnrollments(enrollments=shown, next=shown[-1].enrollment if len(rows) > limit else None)


@router.get("/messages", summary="Read the messages to a customer, as they were sent")
def get_sent(
    request: Request,
    _: Annotated[Actor, Depends(require("messages.read"))],
    name: CustomerName,
    lang: Lang = "zh",
    after: Before = None,
    limit: Limit = 50,
) -> SentMessages:
    with context(request).db() as session:
        query = select(Message).where(Message.customer_id == find_customer(session, name).id)
        if after is not None:
            query = query.where(col(Message.id) < after)
        rows = session.exec(query.order_by(col(Message.id).desc()).limit(limit + 1)).all()
        library = read_library(session)
    reasons = reasons_in_words(library.wording(lang))
    shown = [
        SentMessage(
            id=row.id, journey=row.journey, title=library.title(row.journey), step=row.step, channel=row.channel,
            text=row.body, status=row.status, reason=reasons.get(row.reason or "", row.reason),
            at=row.called_at or row.claimed_at, coupon=row.coupon,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return SentMessages(messages=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/orders", summary="List what a customer ordered")
def get_orders(
    request: Request,
    _: Reader,
    name: CustomerName,
    after: Annotated[str | None, Query(max_length=300, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> PaidOrders:
    """Kept orders and those that were given back."""
    begins = read_place(after)
    with context(request).db() as session:
        customer = find_customer(session, name)
        query = select(Order).where(Order.customer_id == customer.id)
        if begins is not None:
            at, number = begins
            same = and_(col(Order.paid_at) == at, col(Order.order_id) > number)
            query = query.where(or_(col(Order.paid_at) < at, same))
        ordered = query.order_by(col(Order.paid_at).desc(), col(Order.order_id))
        rows = session.exec(ordered.limit(limit + 1)).all()
        told = _told(session, customer.id, rows[:limit])
    shown = [
        PaidOrder(
            order_id=row.order_id, paid_at=row.paid_at, total=row.total, refunded=row.refunded,
            stream_id=told.get(row.order_id, {}).get("stream_id"), items=_items(told.get(row.order_id, {})),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return PaidOrders(orders=shown, next=place(shown[-1].paid_at, shown[-1].order_id) if len(rows) > limit else None)


@router.get("/measures", summary="Read what the named measures come to for a customer")
def get_measures(request: Request, _: Reader, name: CustomerName, lang: Lang = "zh") -> list[MeasureValue]:
    env = context(request)
    with env.db() as session:
        library = read_library(session)
        facts = CustomerFacts(session, library, find_customer(session, name), env.clock.now())
        say, values = library.wording(lang), measures_of(facts)
        return [
            MeasureValue(
                name=each,
                about=say.measure(measure).replace("`", ""),
                value=_amount(
                    values[each],
                    money=measure.function in MONEY_FUNCTIONS and is_money(str(measure.argument)),
                ),
            )
            for each, measure in sorted(library.measures.items())
        ]


def _amount(value: Any, *, money: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return amount_words(float(value)) if money else f"{float(value):,.2f}".rstrip("0").rstrip(".")
    return str(value)


def _told(session: Session, customer: int, orders: Sequence[Order]) -> Mapping[str, Mapping[str, Any]]:
    """What the shop told of the orders, by their ids."""
    ids = [row.order_id for row in orders]
    named = col(Event.data)["order_id"].astext
    query = select(Event.data).where(Event.customer_id == customer, Event.type == "order.paid", named.in_(ids))
    return {data["order_id"]: data for data in session.exec(query)}


def _items(data: Mapping[str, Any]) -> list[OrderedItem]:
    items = data.get("items")
    return [
        OrderedItem(
            sku=each["sku"], name=each.get("name"), quantity=quantity_of(each.get("quantity", 1)),
            price=each.get("price"),
        )
        for each in (items if isinstance(items, list) else ())
        if isinstance(each, dict) and isinstance(each.get("sku"), str)
    ]  # fmt: skip
