"""What a join means for the journeys that the two customers are in."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from domain.conditions.facts import CustomerFacts
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer
from domain.intake.tables import Event
from domain.journeys.batch import EnrollmentBatch
from domain.journeys.enrollments import apply_effect, end, must_exit, reached_goal
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.journeys.waits import wake_waits
from domain.published.library import Library, read_plan
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork

MERGED = "merged"
"""The ending of an enrollment that an older one of the same person, in the same journey and for the same thing, is in
the place of."""


@dataclass(frozen=True)
class InFlight:
    """The enrollments of two customers that events can still end, wake or convert, and what happened to the other.

    `twice` are those that end, because an older one of the other customer goes on in their place.
    """

    survivor: int
    of_loser: Set[int]
    twice: Sequence[int]
    events: Mapping[int, bool]
    """The events since the first of them began that could mean something, and whether they are the loser's."""


def look(work: UnitOfWork, library: Library, survivor: int, loser: int) -> InFlight | None:
    """What the two customers are in, before they are joined; None if they are in nothing."""
    both = [survivor, loser]
    counts = or_(col(Enrollment.ending).is_(None), col(Enrollment.goal_until).is_not(None))
    enrollments = work.read(EnrollmentRow, is_among(Enrollment.customer_id, both), counts)
    if not enrollments:
        return None
    first = {customer: min((each.anchor for each in enrollments if each.customer_id == customer), default=None)
             for customer in both}  # fmt: skip
    events = {}
    for customer, since in ((survivor, first[loser]), (loser, first[survivor])):
        if since is not None:
            asked = select(Event.id).where(Event.customer_id == customer, Event.time >= since)
            listened = asked.where(col(Event.type).in_(library.listening))
            events.update(dict.fromkeys(work.exec(listened), customer == loser))
    return InFlight(
        survivor,
        {each.id for each in enrollments if each.customer_id == loser},
        _twice(work, library, [each for each in enrollments if each.ending is None]),
        events,
    )


def take_up(work: UnitOfWork, library: Library, in_flight: InFlight | None, now: datetime) -> None:
    """Go on with what the joined customer is in: what happened to the other one ends and wakes it too.

    Of two enrollments in one journey for the same thing the older goes on.
    """
    if in_flight is None:
        return
    for enrollment in work.read(EnrollmentRow, is_among(Enrollment.id, in_flight.twice)):
        end(work, enrollment, MERGED, now, wake=True)
    customer = lock_customers(work, [in_flight.survivor])[in_flight.survivor]
    asked = select(Event).where(is_among(Event.id, in_flight.events)).order_by(col(Event.time), col(Event.id))
    events = work.exec(asked).all()
    batch = EnrollmentBatch(work, library, events)
    for event in events:
        for enrollment, trigger in batch.enrollments_listening(event):
            if (enrollment.id in in_flight.of_loser) == in_flight.events[event.id]:
                continue  # it was looked at when it came in
            plan = read_plan(work, enrollment.plan_id)
            facts = CustomerFacts(work, library, customer, event.time, enrollment=enrollment, trigger=trigger)
            if reached_goal(plan, enrollment, event, facts):
                apply_effect(work, enrollment, "goal" if enrollment.ending is None else "converted", now)
            elif enrollment.ending is None:
                if must_exit(plan, enrollment, event, facts):
                    apply_effect(work, enrollment, "exit", now)
                elif wake_waits(work, plan, enrollment, batch, event, facts, now):
                    apply_effect(work, enrollment, "wake", now)
    work.write_rows()


def _twice(session: Session, library: Library, running: Sequence[EnrollmentRow]) -> list[int]:
    """Of those in one journey for the same thing, all of the customer who didn't begin first."""
    groups: dict[tuple[Any, ...], list[EnrollmentRow]] = {}
    for enrollment in running:
        entry = read_plan(session, enrollment.plan_id).entry
        if entry.again != "always":
            values = _counted_by(session, library, enrollment, entry.per) if entry.per != ("customer",) else ()
            groups.setdefault((enrollment.journey, entry.per, values), []).append(enrollment)
    twice = []
    for same in groups.values():
        oldest = min(same, key=lambda each: (each.entered_at, each.id))
        twice += [each.id for each in same if each.customer_id != oldest.customer_id]
    return twice


def _counted_by(session: Session, library: Library, enrollment: EnrollmentRow, per: Sequence[str]) -> tuple[str, ...]:
    customer = session.get_one(Customer, enrollment.customer_id)
    facts = CustomerFacts(session, library, customer, enrollment.entered_at, enrollment=enrollment)
    return tuple(repr(facts.field(name)) for name in per if name != "customer")
