"""The timeline of a customer: every decision about them, the journeys that an event of theirs didn't begin, and what
became of their coupons.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Self

from sqlalchemy import ColumnElement, Text, and_, cast, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from domain.catalogue.sources import COUPONS
from domain.conditions.facts import CustomerFacts
from domain.coupons.tables import Coupon
from domain.customers.tables import Customer
from domain.identity.describing import joins_of
from domain.intake.settling import HISTORY, can_begin
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.library import Library, read_library, read_plan
from domain.published.tables import JourneyAction, PublishedPlan
from workflows.plan.model import EventTrigger, Plan
from workflows.terms.names.events import CUSTOMER_EVENTS
from workflows.verbs.base import Decision
from workflows.verbs.coupon import COUPONS_LIFE

HAPPENED, _MISSED, _DECIDED, _COUPON, _JOINED, _SPLIT = -1, 0, 1, 2, 3, 4
EVERYTHING = 2**63 - 1
"""An id that every other comes before."""
_PAGE = 200
_UNFIT = "coupon.discrepancy"


@dataclass(frozen=True, order=True)
class TimelineCursor:
    """Where an entry stands in a timeline.

    An event comes before what it didn't begin, and that before what was decided at that instant.
    """

    at: datetime
    kind: int
    id: int
    journey: str = ""

    def __str__(self) -> str:
        return f"{self.at.timestamp():.6f}_{self.kind}_{self.id}_{self.journey}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a place as it is written. Raises ValueError."""
        at, kind, id, journey = text.split("_", 3)
        try:
            cursor = cls(datetime.fromtimestamp(float(at), UTC), int(kind), int(id), journey)
        except (OverflowError, OSError):
            raise ValueError("no such time") from None
        if not HAPPENED <= cursor.kind <= _SPLIT or not 0 <= cursor.id <= EVERYTHING:
            raise ValueError("no such place")
        return cursor


def timeline(
    session: Session, customer: Customer, *, journey: str | None = None, after: TimelineCursor | None = None, limit: int
) -> list[tuple[TimelineCursor, Decision]]:
    """A page of the timeline, oldest first."""
    decisions = _decisions(session, customer, journey, after)
    missed_entries = _not_entered(session, customer, journey, after)
    coupons = _coupons(session, customer, journey, after)
    joins = [] if journey else _joins(session, customer, after)
    return list(islice(merge(decisions, missed_entries, coupons, joins, key=lambda entry: entry[0]), limit))


def decision_of(row: TrailEntry) -> Decision:
    """What the trail says, as a decision."""
    names = ("at", "journey", "what", "value", "step", "via", "reason", "until", "because")
    return Decision(enrollment=row.enrollment_id, **{name: getattr(row, name) for name in names})


def not_begun(session: Session, library: Library, customer: Customer, event: Event, plan: Plan) -> Decision | None:
    """Why an event of the customer couldn't begin a journey, before it was asked whether they may enter."""
    trigger = plan.trigger
    if not can_begin(plan, event):
        return None
    reason, because = "too_old", None
    if event.time >= event.received_at - HISTORY:
        facts = CustomerFacts(
            session, library, customer, event.time, event=event.data, trigger=event.data, upto=event.id
        )
        verdict = facts.holds(trigger.where) if trigger.where else None
        if verdict is None or verdict.holds:
            return None
        reason, because = "where", verdict.because
    return Decision(
        at=event.time, journey=plan.journey, what="not_entered", value=reason, because=because, event=event.type
    )


def _joins(
    session: Session, customer: Customer, after: TimelineCursor | None
) -> Sequence[tuple[TimelineCursor, Decision]]:
    """With whom the customer became one, and from whom it was split again."""
    told = []
    for row in joins_of(session, customer):
        ids = [row.survivor_id, row.loser_id]
        other = row.survivor_id if row.loser_id == customer.id else row.loser_id
        told.append((TimelineCursor(row.at, _JOINED, row.id), "joined", other))
        if row.undone_at is not None and customer.id in ids:
            told.append((TimelineCursor(row.undone_at, _SPLIT, row.id), "split", other))
    return [
        (cursor, Decision(at=cursor.at, journey="", what=what, value=str(other)))
        for cursor, what, other in sorted(told)
        if after is None or cursor > after
    ]


def _decisions(
    session: Session, customer: Customer, journey: str | None, after: TimelineCursor | None
) -> Iterator[tuple[TimelineCursor, Decision]]:
    query = select(TrailEntry).where(TrailEntry.customer_id == customer.id)
    if journey:
        query = query.where(TrailEntry.journey == journey)
    while True:
        page_query = query.where(_later(TrailEntry.at, TrailEntry.id, after, _DECIDED)) if after else query
        rows = session.exec(page_query.order_by(col(TrailEntry.at), col(TrailEntry.id)).limit(_PAGE)).all()
        for row in rows:
            after = TimelineCursor(row.at, _DECIDED, row.id)
            yield after, decision_of(row)
        if len(rows) < _PAGE:
            return


def _coupons(
    session: Session, customer: Customer, journey: str | None, after: TimelineCursor | None
) -> Iterator[tuple[TimelineCursor, Decision]]:
    """What became of coupons once they were given, which is an event each; `value` is the campaign.

    What a till told and didn't fit is told as that, and not as a use.
    """
    told = aliased(Event)
    named = col(Coupon.code) + "/" + cast(Event.id, Text)
    unfit = exists().where(col(told.source) == COUPONS, col(told.event_id) == named, col(told.type) == _UNFIT)
    query = (
        select(Event, Coupon.campaign, Enrollment.journey)
        .join(Coupon, col(Coupon.code) == col(Event.data)["code"].as_string())
        .join(Enrollment, col(Enrollment.id) == Coupon.enrollment_id)
        .where(Event.customer_id == customer.id, col(Event.type).in_(COUPONS_LIFE), ~col(Event.forgotten))
        .where((col(Event.type) != "coupon.redeemed") | ~unfit)
        .where((col(Event.type) != _UNFIT) | (col(Coupon.customer_id) == customer.id))
    )
    if journey:
        query = query.where(Enrollment.journey == journey)
    while True:
        page_query = query.where(_later(Event.time, Event.id, after, _COUPON)) if after else query
        rows = session.exec(page_query.order_by(col(Event.time), col(Event.id)).limit(_PAGE)).all()
        for event, campaign, name in rows:
            after = TimelineCursor(event.time, _COUPON, event.id)
            order = str(event.data["order_id"]) if event.data.get("order_id") else None
            yield after, Decision(event.time, name, event.type, campaign, reason=order)
        if len(rows) < _PAGE:
            return


def _not_entered(
    session: Session, customer: Customer, journey: str | None, after: TimelineCursor | None
) -> Iterator[tuple[TimelineCursor, Decision]]:
    library = read_library(session)
    versions = _versions(session, journey, library)
    types = {trigger.event for plans in versions.values() for _, plan in plans
             if isinstance(trigger := plan.trigger, EventTrigger)} | CUSTOMER_EVENTS  # fmt: skip
    query = select(Event).where(Event.customer_id == customer.id, col(Event.type).in_(types), ~col(Event.forgotten))
    start = after
    while True:
        page_query = query.where(_later(Event.time, Event.id, after, _MISSED)) if after else query
        rows = session.exec(page_query.order_by(col(Event.time), col(Event.id)).limit(_PAGE)).all()
        for event in rows:
            after = TimelineCursor(event.time, _MISSED, event.id, "\uffff")
            for name, plans in versions.items():
                plan = next((plan for since, plan in reversed(plans) if since <= event.received_at), None)
                decision = not_begun(session, library, customer, event, plan) if plan else None
                cursor = TimelineCursor(event.time, _MISSED, event.id, name)
                if decision and (start is None or cursor > start):
                    yield cursor, decision
        if len(rows) < _PAGE:
            return


def _versions(session: Session, journey: str | None, library: Library) -> Mapping[str, Sequence[tuple[datetime, Plan]]]:
    """The versions of each live journey since when, the oldest first."""
    versions: dict[str, list[tuple[datetime, Plan]]] = {
        name: [] for name in sorted(library.journeys) if journey in (None, name)
    }
    plans = select(PublishedPlan.id, PublishedPlan.journey, PublishedPlan.version, PublishedPlan.published_at)
    republished = select(PublishedPlan.id, PublishedPlan.journey, PublishedPlan.version, JourneyAction.at).where(
        JourneyAction.journey == PublishedPlan.journey,
        JourneyAction.version == PublishedPlan.version,
        JourneyAction.action == "published",
    )
    rows = [*session.exec(plans.where(col(PublishedPlan.journey).in_(versions)))]
    rows += session.exec(republished.where(col(PublishedPlan.journey).in_(versions)))
    for plan_id, name, _, since in sorted(rows, key=lambda row: (row[3], row[2])):
        versions[name].append((since, read_plan(session, plan_id)))
    return versions


def _later(at: datetime, id: int, after: TimelineCursor, kind: int) -> ColumnElement[bool]:
    """The rows of this kind after a cursor; the caller orders the journeys of one event."""
    if kind < after.kind:
        return col(at) > after.at
    if kind > after.kind:
        return col(at) >= after.at
    at_same_instant = col(id) > after.id if kind != _MISSED or after.journey == "\uffff" else col(id) >= after.id
    return or_(col(at) > after.at, and_(col(at) == after.at, at_same_instant))
