"""What a condition can ask about one customer, read from the database when it is asked."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, DateTime, column, func, or_
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session, col, select

from domain import inventory
from domain.library import Library
from domain.tables import Coupon, Customer, CustomerTag, Enrollment, Event, Order
from workflows.conditions import Condition as AnyCondition
from workflows.conditions import EventCondition, Verdict, dig, evaluate

_INSTANTS = DateTime(timezone=True)

OrderTotals = tuple[int, int, datetime | None]
"""How many orders are kept, what was spent on them, and when the last was paid."""


class Orders:
    """The order totals of many customers, each as of an instant of their own, read at once when first asked for."""

    def __init__(self, session: Session, times: Mapping[int, datetime]) -> None:
        self._session = session
        self._times = times

    def of(self, customer_id: int) -> OrderTotals:
        return self._totals.get(customer_id, (0, 0, None))

    @cached_property
    def _totals(self) -> Mapping[int, OrderTotals]:
        refunded, total = col(Order.refunded), col(Order.total)
        kept = func.count().filter(or_(refunded < total, total == 0))
        asked = func.unnest(array(self._times, type_=BigInteger), array(self._times.values(), type_=_INSTANTS))
        instants = asked.table_valued(column("id", BigInteger), column("at", _INSTANTS)).render_derived()
        query = select(Order.customer_id, kept, func.sum(total - refunded), func.max(Order.paid_at))
        mine = (col(Order.customer_id) == instants.c.id) & (col(Order.paid_at) <= instants.c.at)
        rows = self._session.execute(query.join(instants, mine).group_by(col(Order.customer_id)))
        return {customer: (count, int(spent), last) for customer, count, spent, last in rows}


class CustomerFacts:
    """One customer as of an instant; implements workflows.conditions.Facts.

    `event` is the event being looked at and `trigger` the one that began the journey, both as their data. History is
    read up to `now`, and with `upto` only as far as that event's row, so that an event never sees what came after it.
    `orders` shares what is read for several customers.
    """

    def __init__(
        self,
        session: Session,
        library: Library,
        customer: Customer,
        now: datetime,
        *,
        event: Mapping[str, Any] | None = None,
        trigger: Mapping[str, Any] | None = None,
        enrollment: Enrollment | None = None,
        subject: Mapping[str, Any] | None = None,
        upto: int | None = None,
        orders: Orders | None = None,
    ) -> None:
        self.session = session
        self.library = library
        self.customer = customer
        self.now = now
        self.event = event
        self.enrollment = enrollment
        self._trigger = trigger
        self._subject = subject if subject is not None else (enrollment.subject if enrollment else {})
        self._upto = upto
        self._orders_of = orders or Orders(session, {customer.id: now})
        self._roots: dict[str, Callable[[], Any]] = {
            "customer": lambda: self._customer,
            "event": lambda: self.event,
            "trigger": lambda: self.trigger,
            "lot": lambda: self.lot,
            "stream": lambda: self.stream,
            "coupon": lambda: self.coupon,
        }

    def looking_at(self, event: Mapping[str, Any]) -> "CustomerFacts":
        """The same facts with another event in view."""
        other = CustomerFacts(
            self.session, self.library, self.customer, self.now,
            event=event, trigger=self._trigger, enrollment=self.enrollment, subject=self._subject, upto=self._upto,
            orders=self._orders_of,
        )  # fmt: skip
        for name in ("trigger", "lot", "stream"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @property
    def zone(self) -> ZoneInfo:
        return self.library.zone(self.customer)

    def holds(self, condition: AnyCondition) -> Verdict:
        """Read a condition against these facts."""
        return evaluate(condition, self)

    def field(self, name: str) -> Any:
        root, _, rest = name.partition(".")
        source = self._roots.get(root)
        if source is None:
            return None
        if root == "customer" and rest in _DERIVED:
            return getattr(self, f"_{rest}")
        return dig(source(), rest)

    def in_segment(self, name: str) -> bool:
        condition = self.library.segments.get(name)
        return condition is not None and evaluate(condition, self).holds

    def has_tag(self, name: str) -> bool:
        query = select(CustomerTag.tag).where(
            CustomerTag.customer_id == self.customer.id,
            CustomerTag.tag == name,
            or_(col(CustomerTag.until).is_(None), col(CustomerTag.until) > self.now),
        )
        return self.session.exec(query).first() is not None

    def count_events(self, condition: EventCondition) -> int:
        where = [
            col(Event.customer_id) == self.customer.id,
            col(Event.type) == condition.event,
            col(Event.time) <= self.now,
        ]
        if condition.within:
            where.append(col(Event.time) > condition.within.ago(self.now))
        if self._upto is not None:
            where.append(col(Event.id) <= self._upto)
        if condition.where is None:
            return self.session.exec(select(func.count()).select_from(Event).where(*where)).one()
        found = self.session.exec(select(Event.data).where(*where))
        return sum(evaluate(condition.where, self.looking_at(data)).holds for data in found)

    @cached_property
    def trigger(self) -> Mapping[str, Any]:
        if self._trigger is not None or self.enrollment is None:
            return self._trigger or {}
        return self.session.exec(select(Event.data).where(Event.id == self.enrollment.trigger_id)).one()

    @cached_property
    def lot(self) -> Mapping[str, Any] | None:
        lot_id = self._subject.get("lot_id")
        return inventory.lot_facts(self.session, lot_id, self.now, self.zone) if lot_id else None

    @cached_property
    def stream(self) -> Mapping[str, Any] | None:
        stream_id = self._subject.get("stream_id")
        return inventory.stream_facts(self.session, stream_id) if stream_id else None

    @property
    def coupon(self) -> Mapping[str, Any] | None:
        """The newest coupon of this enrollment; its status reads `expired` once its time is over."""
        if self.enrollment is None:
            return None
        query = select(Coupon).where(Coupon.enrollment_id == self.enrollment.id)
        found = self.session.exec(query.order_by(col(Coupon.issued_at).desc())).first()
        if found is None:
            return None
        over = found.status == "issued" and found.expires_at <= self.now
        return {
            **found.terms,
            "code": found.code,
            "campaign": found.campaign,
            "status": "expired" if over else found.status,
            "expires_at": found.expires_at,
        }

    @property
    def _customer(self) -> Mapping[str, Any]:
        return {**self.customer.fields, "name": self.customer.name, "timezone": self.customer.timezone}

    @property
    def _order_totals(self) -> OrderTotals:
        return self._orders_of.of(self.customer.id)

    @property
    def _orders(self) -> int:
        return self._order_totals[0]

    @property
    def _spent(self) -> int:
        return self._order_totals[1]

    @property
    def _last_order_at(self) -> datetime | None:
        return self._order_totals[2]


_DERIVED = frozenset({"orders", "spent", "last_order_at"})
