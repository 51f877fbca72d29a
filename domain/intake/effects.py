"""What an event changes in the records, before journeys are settled: one function per event type."""

from collections.abc import Callable, Sequence, Set
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from domain.catalogue.sources import COUPONS, OURS, REPLIES
from domain.coupons import issuing, redeeming
from domain.coupons.codes import tidy
from domain.coupons.tables import Coupon
from domain.customers.consent import record_consent
from domain.customers.tables import CustomerRow, Order
from domain.identity.late import say_late
from domain.insight.attribution import attribute, attribute_after, attribute_anew
from domain.intake.tables import Event
from domain.journeys.tables import Todo
from domain.ledger import states
from domain.ledger.tables import Message, MessageRow
from domain.published.library import read_library
from domain.stock import book
from domain.stock.tables import Store, Stream
from domain.store.bulk import as_json, is_among
from domain.store.outbox import FollowUp, ReviewShow
from domain.store.work import EventGiven, UnitOfWork
from domain.texts.sms import is_refusal
from domain.voice import launching as requirements
from workflows.terms.channels import CHANNELS
from workflows.terms.comparing import as_instant

_UTC = ZoneInfo("UTC")
_UNSYNCHRONIZED = {"synchronize_session": False}
_WORDING = 200
REVIEWED = timedelta(days=8)
"""A show that ended longer ago is history, and isn't reviewed by itself."""

Effect = Callable[[UnitOfWork, Event, CustomerRow], None]
BusinessEffect = Callable[[UnitOfWork, Event], None]


class Orders:
    """The paid orders of a batch, inserted together: when orders are read, at the latest at its end.

    Each is owed to a message of the `window` before it, or to a coupon that was used on it.
    """

    def __init__(self, work: UnitOfWork, window: timedelta) -> None:
        self._work = work
        self._window = window
        self._paid: list[Event] = []
        self._owed_anew: list[str] = []
        self.recorded: set[int] = set()
        """The events that told of an order first; another event of the same order changes nothing."""

    def pay(self, event: Event) -> None:
        self._paid.append(event)

    def owe_anew(self, order_id: str) -> None:
        """What an order is owed to may be another than it was."""
        self._owed_anew.append(order_id)

    def write(self) -> None:
        """Insert the orders paid so far, and note what they are owed to."""
        self._insert()
        if self._owed_anew:
            self._work.flush()
            attribute_anew(self._work, self._owed_anew, self._window)
            self._owed_anew = []

    def _insert(self) -> None:
        if not self._paid:
            return
        orders = [
            {
                "order_id": event.data["order_id"],
                "customer_id": event.customer_id,
                "paid_at": event.time,
                "total": event.data["total"],
                "stream_id": event.data.get("stream_id"),
                "upto": event.id,
            }
            for event in self._paid
        ]
        first = {event.data["order_id"]: event.id for event in reversed(self._paid)}
        new = self._work.connection().execute(_RECORD_ORDERS, {"orders": as_json(orders)}).scalars().all()
        attribute(self._work, new, self._window)
        self.recorded |= {first[order_id] for order_id in new}
        self._paid = []


def apply_to_customers(work: UnitOfWork, events: Sequence[tuple[Event, CustomerRow]], orders: Orders) -> None:
    """Bring the customers' records up to date with an event of each."""
    for event, _ in events:
        if event.type == "order.paid":
            orders.pay(event)
    for event, customer in events:
        effect = _CUSTOMER.get(event.type)
        if effect:
            if event.type == "order.refunded":
                orders.write()
            effect(work, event, customer)
        if event.type in _USES and (order_id := event.data.get("order_id")):
            orders.owe_anew(order_id)


def amend(work: UnitOfWork, event: Event, **values: Any) -> None:
    """Add values to the data of a stored event."""
    event.data = {**event.data, **values}
    work.execute(
        update(Event).where(col(Event.id) == event.id).values(data=event.data), execution_options=_UNSYNCHRONIZED
    )


def apply_to_business(work: UnitOfWork, event: Event) -> None:
    """Bring streams up to date with the event."""
    effect = _BUSINESS.get(event.type)
    if effect:
        effect(work, event)


def _update_customer(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    newer = {
        name: value
        for name, value in event.data.items()
        if (as_instant(customer.field_times.get(name), _UTC) or event.time) <= event.time
    }
    field_times = {**customer.field_times, **dict.fromkeys(newer, event.time.isoformat())}
    name, timezone = newer.pop("name", customer.name), newer.pop("timezone", customer.timezone)
    fields = {**customer.fields, **newer}
    work.change(customer._replace(name=name, timezone=timezone, fields=fields, field_times=field_times))


def _record_consent(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    at = min(event.time, event.received_at)  # a clock that is ahead must not outdo the next refusal
    customers = record_consent(work, event, customer.id, at)
    say_late(work, event, customer, at)
    if event.type == "consent.withdrawn":
        _recheck_pending(work, customers, event.data["channel"], event.received_at)


def _recheck_pending(work: UnitOfWork, customers: Set[int], channel: str, now: datetime) -> None:
    """Follow up messages that staff has yet to confirm at once: their provider may let them be withdrawn."""
    is_addressed = is_among(Message.customer_id, customers) & (col(Message.channel) == channel)
    is_pending = is_addressed & (col(Message.status) == "pending_staff") & col(Message.look_at).is_not(None)
    pending = work.read(MessageRow, is_pending)
    for message in pending:
        work.change(message._replace(look_at=now))
    if pending:
        work.enqueue(FollowUp(channel))


def refunded_sql(order: str, extra: str = "TRUE") -> str:
    """SQL of what was refunded of an order, in fen, by the stored events; `order` is the alias of a row of orders.

    A refund without an amount is of the whole order. `extra` narrows the rows of `events`.
    """
    return (
        f"least({order}.total, coalesce((SELECT sum(coalesce((data->>'total')::bigint, {order}.total)) FROM events"
        f" WHERE events.customer_id = {order}.customer_id AND events.type = 'order.refunded'"
        f" AND events.data->>'order_id' = {order}.order_id AND {extra}), 0))"
    )


_RECORD_ORDERS = text(f"""
INSERT INTO orders (order_id, customer_id, paid_at, total, stream_id, refunded)
SELECT order_id, customer_id, paid_at, total, stream_id, {refunded_sql("given", "events.id < given.upto")}
FROM json_to_recordset(CAST(:orders AS json)) AS given (
    order_id text, customer_id bigint, paid_at timestamptz, total bigint, stream_id text, upto bigint
)
ON CONFLICT DO NOTHING
RETURNING order_id
""")
"""A refund may have come before its order; one that comes after it has an effect of its own."""


def _record_refund(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    """Add the refund to the order; once all of it is refunded, its coupons are restored where their terms allow it."""
    order_id, refund = event.data["order_id"], event.data.get("total")
    order = work.get(Order, order_id)
    is_whole = refund is None
    if order is not None and order.customer_id == customer.id:
        order.refunded = order.total if refund is None else min(order.total, order.refunded + refund)
        is_whole = order.refunded == order.total
    if is_whole:
        redeeming.restore(work, order_id, customer.id, event.received_at)


def _redeem_coupon(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    """A till that locks nothing says that it took a coupon. Names the step that gave it, for its journey to wait for.

    What it came to isn't said, so it is taken to have cost the most it could. What counts is when it was taken, however
    late that is told. What doesn't fit the coupon's life changes nothing, and is told as `coupon.discrepancy`.
    """
    code, data = event.data.get("code"), event.data
    if event.source == COUPONS:
        return
    of_step = (col(Coupon.enrollment_id) == data.get("enrollment")) & (col(Coupon.step) == data.get("step"))
    is_named = (col(Coupon.code) == tidy(code)) if code else of_step & (col(Coupon.status) != "revoked")
    is_told_of = is_named if code else is_named & (col(Coupon.customer_id) == customer.id)
    coupon = work.exec(select(Coupon).where(is_told_of)).first()
    if coupon is None:
        return
    reason = redeeming.discrepancy_of(coupon, customer.id, data.get("order_id"), event.time)
    if reason is not None:
        details = {"reason": reason, "code": coupon.code, "campaign": coupon.campaign, "order_id": data.get("order_id")}
        if coupon.customer_id == customer.id:
            details["other_order_id"] = coupon.order_id
        details = {name: value for name, value in details.items() if value is not None}
        name = f"{coupon.code}/{event.id}"
        work.give_rise_to(EventGiven(COUPONS, name, "coupon.discrepancy", event.received_at, details, customer.id))
    if coupon.customer_id != customer.id:
        return
    of = {} if coupon.enrollment_id is None else {"enrollment": coupon.enrollment_id}
    amend(work, event, code=coupon.code, step=coupon.step, **of)
    if reason is not None or coupon.status == "redeemed" or redeeming.is_held(coupon, event.time):
        return
    if coupon.status == "issued":
        issuing.move(work, [coupon], "locked", event.time, announced=True)
    issuing.move(work, [coupon], "redeemed", event.time, order_id=data.get("order_id"), announced=True)


def _finish_todo(work: UnitOfWork, event: Event, _: CustomerRow) -> None:
    query = select(Todo).where(Todo.enrollment_id == event.data.get("enrollment"), Todo.step == event.data.get("step"))
    todo = work.exec(query).first()
    if todo is not None and todo.done_at is None:
        todo.done_at = event.time


PLANNED = ("minutes", "host", "reservations", "products")
"""What is said of a show beforehand and makes a difference to what it sells."""


def _schedule_stream(work: UnitOfWork, event: Event) -> None:
    data = event.data
    starts_at: datetime | None = as_instant(data["starts_at"], _UTC)
    stream = {
        "stream_id": data["stream_id"],
        "title": data.get("title"),
        "city": data.get("city"),
        "starts_at": starts_at,
    }
    if plan := {name: data[name] for name in PLANNED if data.get(name) is not None}:
        stream["plan"] = plan
    values = {**stream, "cancelled_at": None}
    work.execute(insert(Stream).values(stream).on_conflict_do_update(index_elements=["stream_id"], set_=values))


def _start_stream(work: UnitOfWork, event: Event) -> None:
    """The real beginning takes the place of the planned one."""
    data = event.data
    stream = {
        "stream_id": data["stream_id"],
        "title": data.get("title"),
        "city": data.get("city"),
        "starts_at": event.time,
    }
    values = {"starts_at": event.time, "cancelled_at": None}
    work.execute(insert(Stream).values(stream).on_conflict_do_update(index_elements=["stream_id"], set_=values))


def _cancel_stream(work: UnitOfWork, event: Event) -> None:
    stream = work.get(Stream, event.data["stream_id"])
    if stream is not None:
        stream.cancelled_at = event.time


def _end_stream(work: UnitOfWork, event: Event) -> None:
    stream = work.get(Stream, event.data["stream_id"])
    if stream is not None:
        stream.ended_at = event.time
        if event.time >= event.received_at - REVIEWED:
            work.enqueue(ReviewShow(stream.stream_id))
            requirements.show_ended(work, stream.stream_id)


def _receive_receipt(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    """The ledger's row is named by its key, else by enrollment and step."""
    data = event.data
    if data.get("message") is not None:
        is_it = col(Message.id) == data["message"]
    else:
        is_it = (col(Message.enrollment_id) == data.get("enrollment")) & (col(Message.step) == data.get("step"))
    for message in work.read(MessageRow, col(Message.customer_id) == customer.id, is_it):
        states.receive(work, message, event.type, data.get("reason"))
        if (message.status in states.WENT) != (work.held(MessageRow, message.id).status in states.WENT):
            work.write_rows()
            attribute_after(work, [message.id], read_library(work).policy.attribution.nominal)


def _take_reply(work: UnitOfWork, event: Event, customer: CustomerRow) -> None:
    """Whoever answers that no more are wanted withdraws consent to marketing over the channel of the message.

    That is the message that is named, else the newest that went; our receivers tell of refusals themselves.
    """
    data = event.data
    if event.source in OURS or not is_refusal(data.get("text") or ""):
        return
    went = (col(Message.customer_id) == customer.id) & col(Message.status).in_((*states.WENT, "calling", "unknown"))
    if data.get("message") is not None:
        went &= col(Message.id) == data["message"]
    elif data.get("enrollment") is not None:
        went &= (col(Message.enrollment_id) == data["enrollment"]) & (col(Message.step) == data.get("step"))
    newest = select(Message.channel).where(went).order_by(col(Message.claimed_at).desc(), col(Message.id).desc())
    channel = data["channel"] if data.get("channel") in CHANNELS else work.exec(newest.limit(1)).first() or "sms"
    said = {"channel": channel, "source": "reply", "wording": data["text"][:_WORDING]}
    work.give_rise_to(EventGiven(REPLIES, str(event.id), "consent.withdrawn", event.time, said, customer.id))


def _update_store(work: UnitOfWork, event: Event) -> None:
    data = event.data
    store = insert(Store).values(store=data["store"], city=data.get("city"), location=data.get("location"))
    given = {name: store.excluded[name] for name in ("city", "location") if data.get(name) is not None}
    updated = (
        store.on_conflict_do_update(index_elements=["store"], set_=given) if given else store.on_conflict_do_nothing()
    )
    work.execute(updated)


def _launch_product(work: UnitOfWork, event: Event) -> None:
    if (requirement := event.data.get("requirement")) is not None:
        requirements.launch(work, requirement, event.data["sku"], event.time)


_CUSTOMER: dict[str, Effect] = {
    "customer.registered": _update_customer,
    "customer.updated": _update_customer,
    "consent.given": _record_consent,
    "consent.withdrawn": _record_consent,
    "order.refunded": _record_refund,
    "coupon.redeemed": _redeem_coupon,
    "message.delivered": _receive_receipt,
    "message.read": _receive_receipt,
    "message.failed": _receive_receipt,
    "message.replied": _take_reply,
    "todo.done": _finish_todo,
}

_BUSINESS: dict[str, BusinessEffect] = {
    "store.updated": _update_store,
    "product.launched": _launch_product,
    "stream.scheduled": _schedule_stream,
    "stream.started": _start_stream,
    "stream.cancelled": _cancel_stream,
    "stream.ended": _end_stream,
}

_USES = frozenset({"coupon.redeemed", "coupon.restored"})
"""A coupon was used on an order, or isn't any more."""

TYPES = frozenset({"order.paid", *_USES, *_CUSTOMER, *_BUSINESS, *book.TYPES})
"""The types of the events that change records."""
