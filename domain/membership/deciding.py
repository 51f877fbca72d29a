"""What rules say of customers: who gets and loses a tag, comes into and leaves a segment, and when to look again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from domain.catalogue.sources import TAGS
from domain.conditions.facts import CustomerFacts
from domain.membership.state import Held, Memberships
from domain.published.library import Library
from domain.store.bulk import as_json
from domain.store.work import EventGiven, UnitOfWork
from workflows.language.rules import ADDED, REMOVED, Asked, Key, Rule, next_day

TOLD: Mapping[str, str] = {
    "tag.added": "tag_added", "tag.removed": "tag_removed",
    "segment.entered": "segment_entered", "segment.left": "segment_left",
}  # fmt: skip
"""What the trail calls the events; its words are in workflows/words/telling.py."""


@dataclass(frozen=True)
class Change:
    """That a customer got or lost a tag, came into or left a segment; `cause` names what brought it about, once."""

    customer: int
    key: Key
    gained: bool
    at: datetime
    cause: str
    because: str | None = None
    by: str = "rule"


def decide(
    memberships: Memberships, rules: Iterable[Rule], facts: CustomerFacts, now: datetime, cause: str
) -> Sequence[Change]:
    """Bring a customer's tags and places in segments in line with the rules, of tags in their order.

    `facts` know the tags as they are held, and are told of those that change.
    """
    customer = facts.customer.id
    changes = []
    for rule in rules:
        held, verdict = memberships.held.get(customer, {}).get(rule.key), facts.holds(rule.when)
        if verdict and held is None:
            memberships.put(customer, rule.key, Held(now, because=verdict.because))
            changes.append(Change(customer, rule.key, True, now, cause, verdict.because))
        elif verdict and held is not None and (held.until is not None or not held.ruled):
            memberships.put(customer, rule.key, Held(held.since or now, because=verdict.because))
        elif not verdict and held is not None:
            if rule.keep is not None and held.until is None and held.ruled:
                memberships.end(customer, rule.key, rule.keep.after(now, facts.zone))
            elif held.until is None or held.until <= now or rule.keep is None:
                memberships.take(customer, rule.key)
                changes.append(Change(customer, rule.key, False, now, cause, verdict.because))
        if rule.kind == "tag":
            facts.retag(memberships.tags_of(customer, now))
    return changes


def tell(work: UnitOfWork, changes: Iterable[Change]) -> None:
    """Note the changes in the trail, and let each be an event."""
    for change in changes:
        kind, name = change.key
        type = (ADDED if change.gained else REMOVED)[kind]
        data = {"tag": name, "by": change.by} if kind == "tag" else {"segment": name}
        id = f"{type}/{name}/{change.customer}/{change.cause}"
        work.give_rise_to(EventGiven(TAGS, id, type, change.at, data, change.customer))
        work.note(
            {"at": change.at, "customer_id": change.customer, "journey": "", "what": TOLD[type], "value": name,
             "reason": change.by if kind == "tag" else None, "because": change.because}
        )  # fmt: skip


def ends_after(memberships: Memberships, customer: int, now: datetime) -> list[datetime]:
    """When tags of a customer end, of those that are to."""
    held = memberships.held.get(customer, {}).values()
    return [each.until for each in held if each.until is not None and each.until > now]


def look_after(work: UnitOfWork, looks: Mapping[int, datetime]) -> None:
    """Have these customers looked at by then, or earlier where that is known already."""
    if looks:
        rows = [{"customer": customer, "at": at} for customer, at in sorted(looks.items())]
        work.connection().execute(_LOOK, {"rows": as_json(rows)})


_LOOK = text("""
INSERT INTO next_looks (customer, at)
SELECT customer, at FROM json_to_recordset(CAST(:rows AS json)) AS given (customer bigint, at timestamptz)
ON CONFLICT (customer) DO UPDATE SET at = excluded.at WHERE next_looks.at > excluded.at
""")


def touch(work: UnitOfWork, library: Library, customers: Collection[int], now: datetime) -> None:
    """Have these customers looked at as soon as may be: something changed that no event tells."""
    if library.rules:
        look_after(work, dict.fromkeys(customers, now))


def next_on_clock(asked: Asked, facts: CustomerFacts, now: datetime) -> datetime | None:
    """When the hour or the day changes on the customer's clock, if that is asked for."""
    if not asked.clock:
        return None
    local = now.astimezone(facts.zone)
    whole = local.replace(minute=0, second=0, microsecond=0)
    ahead = whole + timedelta(hours=1) if "hour" in asked.clock else whole.replace(hour=0) + timedelta(days=1)
    return ahead.astimezone(now.tzinfo)


def next_by_orders(asked: Asked, facts: CustomerFacts, now: datetime) -> datetime | None:
    """When so many whole days are over since the last order."""
    last = facts.field("customer.last_order_at") if asked.days else None
    return next_day(asked.days, last, now) if last is not None else None
