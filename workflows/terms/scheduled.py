"""What begins a journey for many: the events that schedules stand for, and what they are about."""

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


def brought_by(event: str) -> frozenset[str]:
    """What an event about the business brings into a journey that it begins."""
    match event.partition(".")[0]:
        case "stream":
            return frozenset({"stream"})
        case "lot" | "stock":
            return frozenset({"lot", "stream"})
    return frozenset()
