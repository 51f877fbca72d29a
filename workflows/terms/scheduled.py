"""The events that schedules stand for: one type per kind of `for_each`."""

from collections.abc import Mapping

SCHEDULED_EVENTS: Mapping[str, str] = {
    "near_expiry_lot": "lot.near_expiry",
    "birthday": "customer.birthday",
    "segment": "segment.member",
}

CUSTOMER_EVENTS = frozenset(SCHEDULED_EVENTS.values()) - {"lot.near_expiry"}
"""Those about a customer; their data can name the journey that they are for."""


def event_of(for_each: str) -> str:
    """The type of the event that a schedule emits for each: `segment:vip` gives `segment.member`."""
    return SCHEDULED_EVENTS[for_each.partition(":")[0]]
