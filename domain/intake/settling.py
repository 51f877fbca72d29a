"""What the events of customers mean, settled in their order: records, tags and segments, then journeys."""

from collections.abc import Sequence, Set
from datetime import timedelta

from domain.catalogue.types import is_about_a_step
from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.customers.tables import CustomerRow
from domain.intake.effects import Orders, amend, apply_to_customers
from domain.intake.tables import Event
from domain.journeys.batch import EnrollmentBatch
from domain.journeys.enrollments import EntryAttempt, apply_effect, enter, must_exit, reached_goal
from domain.journeys.waits import newest_enrollment, wake_waits
from domain.membership.arriving import ArrivingEvents
from domain.published.library import Library, read_plan
from domain.stock.book import Book
from domain.store.work import UnitOfWork
from workflows.plan.model import EventTrigger, Plan
from workflows.terms.names.events import CUSTOMER_EVENTS, event_of

HISTORY = timedelta(days=7)
"""Events older than this are history: they are kept and counted, but start, end and wake nothing."""

_CHANGES = frozenset({"order.paid", "order.refunded"})
"""The types of the events that change what conditions can ask about a customer, beside the events themselves."""

CustomerEvent = tuple[Event, CustomerRow]


class EventBatch:
    """Settles what the events of customers mean, in their order; what is stored about them is read once."""

    def __init__(
        self,
        work: UnitOfWork,
        library: Library,
        book: Book,
        orders: Orders,
        events: Sequence[Event],
        joined: Set[int],
    ) -> None:
        self._work = work
        self._library = library
        self._book = book
        self._orders = orders
        self._enrollments = EnrollmentBatch(work, library, events)
        moments = {event.id: Moment(event.time, event.id, event.customer_id) for event in events}
        self._facts = BatchFacts(work, moments, orders.write)
        self._changes = any(event.type in _CHANGES or is_about_a_step(event.type) for event in events)
        self._memberships = ArrivingEvents(work, library, events, joined, orders.write) if library.rules else None

    def apply(self, events: Sequence[CustomerEvent]) -> None:
        """Settle the next events, which are of different customers."""
        for event, customer in events:
            if is_about_a_step(event.type) and event.data.get("enrollment") is None:
                journey, step = event.data.get("journey"), event.data.get("step")
                enrollment_id = newest_enrollment(self._work, customer.id, journey, step)
                amend(self._work, event, enrollment=enrollment_id)
        apply_to_customers(self._work, events, self._orders)
        events = [(event, self._work.held(CustomerRow, customer.id)) for event, customer in events]
        for event, customer in events:
            self._book.enter(event, customer)
        fresh = [
            (event, customer)
            for event, customer in events
            if event.time >= event.received_at - HISTORY and is_readable(self._library, customer)
        ]
        retagged = self._memberships is not None and self._memberships.apply(events)
        if self._changes or retagged:
            self._facts.turn_to(event.id for event, _ in fresh)
        for event, customer in fresh:
            self._end_or_wake(event, customer)
        self._enter(fresh)

    def _end_or_wake(self, event: Event, customer: CustomerRow) -> None:
        """Goal, then exit, then wake, for each enrollment that the event can still touch."""
        if event.type not in self._library.listening:
            return
        enrollments, now = self._enrollments, event.received_at
        for enrollment, trigger in enrollments.enrollments_listening(event):
            plan = read_plan(self._work, enrollment.plan_id)
            facts = CustomerFacts(
                self._work, self._library, customer, event.time,
                enrollment=enrollment, trigger=trigger, batch=self._facts, moment=event.id,
            )  # fmt: skip
            if reached_goal(plan, enrollment, event, facts):
                apply_effect(self._work, enrollment, "goal" if enrollment.ending is None else "converted", now)
            elif enrollment.ending is None:
                if must_exit(plan, enrollment, event, facts):
                    apply_effect(self._work, enrollment, "exit", now)
                elif wake_waits(self._work, plan, enrollment, enrollments, event, facts, now):
                    apply_effect(self._work, enrollment, "wake", now, event.id)

    def _enter(self, events: Sequence[CustomerEvent]) -> None:
        attempts = []
        for event, customer in events:
            for live in self._library.begun_by.get(event.type, ()):
                facts = CustomerFacts(
                    self._work, self._library, customer, event.time,
                    event=event.data, trigger=event.data, batch=self._facts, moment=event.id,
                )  # fmt: skip
                where = live.plan.trigger.where
                if can_begin(live.plan, event) and (where is None or facts.holds(where)):
                    attempts.append(EntryAttempt(live, event, facts, event.received_at))
        if attempts:
            enter(self._work, attempts, self._enrollments)


def can_begin(plan: Plan, event: Event) -> bool:
    """Whether an event of a customer is of the type that begins the journey, and not meant for another one."""
    trigger = plan.trigger
    if isinstance(trigger, EventTrigger):
        return trigger.event == event.type
    is_begun = event.type in CUSTOMER_EVENTS and event.type == event_of(trigger.for_each)
    return is_begun and event.data.get("journey") in (None, plan.journey)
