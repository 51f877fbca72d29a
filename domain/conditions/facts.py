"""What a condition can ask about one customer, read from the database when it is asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from propcache.api import cached_property
from sqlalchemy import BigInteger, ColumnElement, DateTime, Function, TableValuedAlias, func, or_, true
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session, col, select

from domain.catalogue.types import is_about_a_step
from domain.conditions.subjects import GroupRefs
from domain.customers.tables import AnyCustomer, CustomerTag, Order, OwnDataError
from domain.intake.tables import Event
from domain.journeys.tables import EnrollmentRow
from domain.published.library import Library
from domain.stock import inventory
from domain.store.bulk import recordset_of
from workflows.language.quick import test_of
from workflows.language.tags import is_amount, measure_of
from workflows.terms.comparing import dig, now_parts
from workflows.terms.conditions import Condition as AnyCondition
from workflows.terms.conditions import EventCondition, Verdict, evaluate, measured
from workflows.terms.fields import DERIVED
from workflows.terms.measuring import MOST_EVENTS
from workflows.terms.values import Duration, Shows, Window

_INSTANTS = DateTime(timezone=True)

OrderTotals = tuple[int, int, datetime | None]
"""How many orders are kept, what was spent on them, and when the last was paid."""


def known_by_orders(totals: OrderTotals, now: datetime) -> Mapping[str, Any]:
    """What is known of a customer by what they bought, by the names in DERIVED."""
    orders, spent, last = totals
    days = None if last is None else (now - last).days
    return dict(zip(DERIVED, (orders, spent, last, days, orders, spent), strict=True))


@dataclass(frozen=True)
class Moment:
    """How far history is read: up to an instant and, with `upto`, only as far as that event's row.

    Whose history it is can be left out where moments are named by the customer.
    """

    at: datetime
    upto: int | None = None
    customer: int | None = None


class BatchFacts:
    """What the database knows of several customers as of named moments, read for all of them at once.

    A moment is named by its customer, or by the event that it is of. `settle` is called before orders are looked at.
    """

    def __init__(
        self, session: Session, moments: Mapping[int, Moment], settle: Callable[[], None] = lambda: None
    ) -> None:
        self._session = session
        self._settle = settle
        self._moments = self._present = moments
        self._history: dict[tuple[str, Window | None, str], Mapping[int, Any]] = {}
        self._retagged: dict[int, Set[str]] = {}

    def is_asked_at(self, name: int, at: datetime) -> bool:
        """Whether the moment is this instant."""
        return self._moments[name].at == at

    def turn_to(self, names: Iterable[int]) -> None:
        """From now on these moments are asked about: what is changed on the way to them is read then."""
        self._present = {name: self._moments[name] for name in names}
        self.__dict__.pop("_orders", None)
        self.__dict__.pop("_tags", None)
        self._history = {key: history for key, history in self._history.items() if not is_about_a_step(key[0])}

    def orders_at(self, name: int) -> OrderTotals:
        return self._orders.get(name, (0, 0, None))

    def tags_at(self, name: int) -> Set[str]:
        return self._retagged[name] if name in self._retagged else self._tags.get(name, frozenset())

    def retag(self, name: int, tags: Set[str]) -> None:
        """Let these be the tags."""
        self._retagged[name] = tags

    def count_events(self, name: int, type: str, within: Window | None) -> int:
        """How many events of the type there were in the window."""
        events: int = self._events(type, within, func.count()).get(name, 0)
        return events

    def events(self, name: int, type: str, within: Window | None) -> Sequence[Mapping[str, Any]]:
        """The data of the events of the type in the window."""
        events: Sequence[Mapping[str, Any]] = self._events(type, within, func.jsonb_agg(col(Event.data))).get(name, ())
        return events

    @cached_property
    def _orders(self) -> Mapping[int, OrderTotals]:
        self._settle()
        moments, refunded, total = _moments_table(self._present), col(Order.refunded), col(Order.total)
        orders_kept = func.count().filter(or_(refunded < total, total == 0))
        query = sa_select(moments.c.name, orders_kept, func.sum(total - refunded), func.max(Order.paid_at))
        paid_by_then = (col(Order.customer_id) == moments.c.id) & (col(Order.paid_at) <= moments.c.at)
        rows = self._session.execute(query.join(Order, paid_by_then).group_by(moments.c.name))
        return {name: (count, int(spent), last) for name, count, spent, last in rows}

    @cached_property
    def _tags(self) -> Mapping[int, Set[str]]:
        moments, until = _moments_table(self._moments), col(CustomerTag.until)
        tagged_then = (col(CustomerTag.customer_id) == moments.c.id) & or_(until.is_(None), until > moments.c.at)
        tags: dict[int, set[str]] = {}
        for name, tag in self._session.execute(
            sa_select(moments.c.name, col(CustomerTag.tag)).join(CustomerTag, tagged_then)
        ):
            tags.setdefault(name, set()).add(tag)
        return tags

    def newest_events(self, name: int, type: str, within: Window | None, at_most: int) -> Sequence[Mapping[str, Any]]:
        """The data of the newest events of the type in the window, newest first."""
        key = type, within, f"newest {at_most}"
        if key not in self._history:
            moments, in_window = self._in_window(type, within)
            newest_first = col(Event.time).desc(), col(Event.id).desc()
            newest = sa_select(col(Event.data), col(Event.time), col(Event.id)).where(in_window).order_by(*newest_first)
            each = newest.limit(at_most).lateral()
            data = func.jsonb_agg(aggregate_order_by(each.c.data, each.c.time.desc(), each.c.id.desc()))
            query = sa_select(moments.c.name, data).select_from(moments.join(each, true())).group_by(moments.c.name)
            self._history[key] = dict(self._session.execute(query).all())
        events: Sequence[Mapping[str, Any]] = self._history[key].get(name, ())
        return events

    def _events(self, type: str, within: Window | None, aggregate: Function[Any]) -> Mapping[int, Any]:
        key = type, within, aggregate.name
        if key not in self._history:
            moments, in_window = self._in_window(type, within)
            query = sa_select(moments.c.name, aggregate).join(Event, in_window).group_by(moments.c.name)
            self._history[key] = dict(self._session.execute(query).all())
        return self._history[key]

    def _in_window(self, type: str, within: Window | None) -> tuple[TableValuedAlias, ColumnElement[bool]]:
        """The moments, and whether an event is one of theirs in the window."""
        span = within if isinstance(within, Duration) else None
        moments = _moments_table(self._present if is_about_a_step(type) else self._moments, span)
        in_window = (col(Event.customer_id) == moments.c.id) & (col(Event.type) == type)
        in_window &= (col(Event.time) <= moments.c.at) & (col(Event.time) > moments.c.since)
        if isinstance(within, Shows):
            in_window &= col(Event.time) >= inventory.since_shows(within.number, moments.c.at)
        return moments, in_window & or_(moments.c.upto.is_(None), col(Event.id) <= moments.c.upto)


def _moments_table(moments: Mapping[int, Moment], within: Duration | None = None) -> TableValuedAlias:
    rows = [
        {
            "name": name,
            "id": name if moment.customer is None else moment.customer,
            "at": moment.at,
            "upto": moment.upto,
            "since": within.ago(moment.at) if within else "-infinity",
        }
        for name, moment in moments.items()
    ]
    return recordset_of(rows, name=BigInteger(), id=BigInteger(), at=_INSTANTS, upto=BigInteger(), since=_INSTANTS)


class CustomerFacts:
    """One customer as of an instant; implements workflows.terms.conditions.Facts.

    `event` is the event being looked at and `trigger` the one that began the journey, both as their data. History is
    read up to `now`, and with `upto` only as far as that event's row, so that an event never sees what came after it.
    `batch` reads history for several customers at once (`moment` names this one's, else the customer's id), `subjects`
    what they are about, so that what is asked of all is read once.
    """

    def __init__(
        self,
        session: Session,
        library: Library,
        customer: AnyCustomer,
        now: datetime,
        *,
        event: Mapping[str, Any] | None = None,
        trigger: Mapping[str, Any] | None = None,
        enrollment: EnrollmentRow | None = None,
        subject: Mapping[str, Any] | None = None,
        upto: int | None = None,
        batch: BatchFacts | None = None,
        moment: int | None = None,
        subjects: GroupRefs | None = None,
    ) -> None:
        self.session = session
        self.library = library
        self.customer = customer
        self.now = now
        self.event = event
        self.enrollment = enrollment
        self._trigger = trigger
        self._subject = subject if subject is not None else (enrollment.subject if enrollment else {})
        self._item: Any = None
        self._measures: dict[str, Any] = {}
        self._batch = batch or BatchFacts(session, {customer.id: Moment(now, upto)})
        self._moment = customer.id if moment is None else moment
        self.subjects = subjects or GroupRefs(session, [enrollment] if enrollment else [])

    def newest_events(
        self, type: str, within: Window | None, at_most: int = MOST_EVENTS
    ) -> Sequence[Mapping[str, Any]]:
        return self._batch.newest_events(self._moment, type, within, at_most)

    def retag(self, tags: Set[str]) -> None:
        """Let these be the customer's tags."""
        self._batch.retag(self._moment, tags)

    def looking_at(self, event: Mapping[str, Any]) -> "CustomerFacts":
        """The same facts with another event in view."""
        return self._viewing(event, self._item)

    def at_item(self, item: Any) -> "CustomerFacts":
        """The same facts with an item of a list in view."""
        return self._viewing(self.event, item)

    def _viewing(self, event: Mapping[str, Any] | None, item: Any) -> "CustomerFacts":
        facts = CustomerFacts(
            self.session, self.library, self.customer, self.now,
            event=event, trigger=self._trigger, enrollment=self.enrollment, subject=self._subject,
            batch=self._batch, moment=self._moment, subjects=self.subjects,
        )  # fmt: skip
        facts._item, facts._measures = item, self._measures
        for name in ("trigger", "lot", "stream", "zone"):
            if name in self.__dict__:
                facts.__dict__[name] = self.__dict__[name]
        return facts

    @cached_property
    def zone(self) -> ZoneInfo:
        """The customer's timezone, else the policy's. Raises OwnDataError where there is no such zone."""
        return _own_zone(self.library, self.customer)

    def holds(self, condition: AnyCondition) -> Verdict:
        """Read a condition against these facts."""
        return evaluate(condition, self)

    def field(self, name: str) -> Any:
        root, _, key_path = name.partition(".")
        if root == "customer":
            return self._customer_field(key_path)
        match root:
            case "event":
                known: Any = self.event
            case "item":
                known = self._item
            case "trigger":
                known = self.trigger
            case "lot":
                known = self.lot
            case "stream":
                known = self.stream
            case "coupon":
                known = self.coupon
            case "now":
                known = now_parts(self.now, self.zone)
            case "measure":
                return self._measure(key_path)
            case _:
                return None
        return dig(known, key_path, self.zone)

    def _customer_field(self, key_path: str) -> Any:
        first, _, part = key_path.partition(".")
        if first not in DERIVED:
            return dig(self._customer, key_path, self.zone)
        value = known_by_orders(self._batch.orders_at(self._moment), self.now)[first]
        return dig(value, part, self.zone) if part else value

    def _measure(self, key_path: str) -> Any:
        """What a named measure comes to, worked out once for all that look at the same customer."""
        name, _, part = key_path.partition(".")
        if name not in self._measures:
            measure = self.library.measures.get(name)
            self._measures[name] = measured(measure, self) if measure is not None else None
        return dig(self._measures[name], part, self.zone) if part else self._measures[name]

    def is_amount(self, name: str) -> bool:
        measure = measure_of(name, self.library.measures)
        return measure is not None and is_amount(measure)

    def in_segment(self, name: str) -> bool:
        condition = self.library.segments.get(name)
        return condition is not None and evaluate(condition, self).holds

    def has_tag(self, name: str) -> bool:
        return name in self._batch.tags_at(self._moment)

    def count_events(self, condition: EventCondition) -> int:
        if condition.where is None:
            return self._batch.count_events(self._moment, condition.event, condition.within)
        events = self._batch.events(self._moment, condition.event, condition.within)
        if events and (test := test_of(condition.where)) is not None:
            return sum(test(data, self.zone) for data in events)
        return sum(evaluate(condition.where, self.looking_at(data)).holds for data in events)

    @cached_property
    def trigger(self) -> Mapping[str, Any]:
        if self._trigger is not None or self.enrollment is None:
            return self._trigger or {}
        return self.session.exec(select(Event.data).where(Event.id == self.enrollment.trigger_id)).one()

    @cached_property
    def lot(self) -> Mapping[str, Any] | None:
        lot_id = self._subject.get("lot_id")
        lot = self.subjects.lot(lot_id) if lot_id else None
        return inventory.lot_facts(*lot, self.now, self.zone) if lot else None

    @cached_property
    def stream(self) -> Mapping[str, Any] | None:
        stream_id = self._subject.get("stream_id")
        stream = self.subjects.stream(stream_id) if isinstance(stream_id, str) else None
        return inventory.stream_facts(stream) if stream else None

    @property
    def coupon(self) -> Mapping[str, Any] | None:
        """The newest coupon of this enrollment; its status reads `expired` once its time is over."""
        coupon = self.subjects.coupon_of(self.enrollment.id) if self.enrollment else None
        if coupon is None:
            return None
        is_expired = coupon.status == "issued" and coupon.expires_at <= self.now
        return {
            **coupon.terms,
            "code": coupon.code,
            "campaign": coupon.campaign,
            "status": "expired" if is_expired else coupon.status,
            "expires_at": coupon.expires_at,
        }

    @property
    def _customer(self) -> Mapping[str, Any]:
        return {**own_fields(self.customer), "name": self.customer.name, "timezone": self.customer.timezone}


def is_readable(library: Library, customer: AnyCustomer) -> bool:
    """Whether what is stored of the customer can be read."""
    try:
        _own_zone(library, customer)
        own_fields(customer)
    except OwnDataError:
        return False
    return True


def _own_zone(library: Library, customer: AnyCustomer) -> ZoneInfo:
    zone = library.zone(customer)
    if customer.timezone and customer.timezone != zone.key:
        raise OwnDataError("bad_timezone")
    return zone


def own_fields(customer: AnyCustomer) -> Mapping[str, Any]:
    """What is known of the customer. Raises OwnDataError where that can't be read."""
    if not isinstance(customer.fields, Mapping):
        raise OwnDataError("bad_fields")
    return customer.fields
