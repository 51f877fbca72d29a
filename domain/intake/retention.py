"""Retention: the data of old events is deleted.

An event that is forgotten keeps its name, type, times and customer, so that it is one event for ever and is counted;
its `data` is gone. Kept is what is still needed: what a customer said of themselves, consents and refunds; the events
of customers who are in a journey, or whose goal still counts; and the types whose data a live journey or a segment asks
for that far back. Orders, consents and customers' fields have tables of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from domain.intake.settling import HISTORY
from domain.published.library import Library
from domain.store.bulk import as_json
from workflows.plan.model import Plan
from workflows.terms.conditions import EventCondition, Measure
from workflows.terms.values import Duration, Window, parts_of

SHORTEST = timedelta(days=30)
"""What an event said is kept at least as long: entry, exit and goal look at those of the last days."""

_NEVER_FORGOTTEN = frozenset(
    {"customer.registered", "customer.updated", "consent.given", "consent.withdrawn", "order.refunded"}
)
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class RetentionCursor:
    """How far the events were looked through: up to this one, in the order in which they came in."""

    received_at: datetime = _ALWAYS
    id: int = 0


def forget(
    session: Session, library: Library, now: datetime, keep: timedelta, after: RetentionCursor, page: int
) -> RetentionCursor | None:
    """Look through the next page of the events that came in longer ago than `keep`; None if there are no more.

    Takes no locks but those of the old events, which nothing else changes.
    """
    needed = [{"type": type, "since": since} for type, since in _needed_types(library, now)]
    needed += [{"type": type, "since": _ALWAYS} for type in _NEVER_FORGOTTEN]
    last = session.connection().execute(
        _FORGET,
        {
            "received_at": after.received_at, "id": after.id, "before": now - keep, "now": now, "page": page,
            "asked": as_json(needed),
        },
    ).one_or_none()  # fmt: skip
    return RetentionCursor(*last) if last else None


_FORGET = text("""
WITH page AS MATERIALIZED (
    SELECT id, received_at FROM events
    WHERE customer_id IS NOT NULL AND NOT forgotten
        AND (received_at, id) > (:received_at, :id) AND received_at < :before
    ORDER BY received_at, id LIMIT :page
), forgot AS (
    UPDATE events SET data = '{}', forgotten = true FROM page
    WHERE events.id = page.id
        AND NOT EXISTS (
            SELECT FROM json_to_recordset(CAST(:asked AS json)) AS asked (type text, since timestamptz)
            WHERE asked.type = events.type AND events.time >= asked.since
        )
        AND NOT EXISTS (
            SELECT FROM enrollments
            WHERE enrollments.customer_id = events.customer_id AND (ending IS NULL OR goal_until >= :now)
        )
    RETURNING events.id
), unsaid AS (
    UPDATE opinions SET phrase = '', phrase_key = NULL, reader = NULL FROM forgot WHERE opinions.event_id = forgot.id
)
SELECT received_at, id FROM page ORDER BY received_at DESC, id DESC LIMIT 1
""")


def _needed_types(library: Library, now: datetime) -> Iterator[tuple[str, datetime]]:
    """The types of events whose data is asked for, and since when."""
    conditions: list[Any] = list(library.segments.values())
    for live in library.journeys.values():
        conditions += _lookback_conditions(live.plan)
    for condition in parts_of(conditions):
        if isinstance(condition, EventCondition) and condition.where is not None:
            yield condition.event, _since(condition.within, now)
        elif isinstance(condition, Measure) and not condition.of_list:
            yield condition.of, _since(condition.within, now)


def _since(within: Window | None, now: datetime) -> datetime:
    return within.ago(now) - HISTORY if isinstance(within, Duration) else _ALWAYS


def _lookback_conditions(plan: Plan) -> Iterator[Any]:
    """The conditions of a plan about what happened before, not about the event that is looked at."""
    yield plan.trigger.where
    yield plan.audience
    yield from (condition.where for condition in plan.exits)
    yield plan.goal.condition.where if plan.goal else None
    for step in plan.steps.values():
        if not step.awaited:
            yield step
        yield from (condition.where for condition in step.awaited)
