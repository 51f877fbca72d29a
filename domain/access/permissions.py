"""What can be permitted, and what each role and scope is permitted: the one table."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Permission = Literal[
    "events.send",
    "events.track",
    "journeys.read",
    "journeys.publish",
    "journeys.run",
    "customers.read",
    "customers.join",
    "customers.export",
    "customers.erase",
    "messages.read",
    "messages.settle",
    "coupons.read",
    "coupons.use",
    "coupons.revoke",
    "streams.read",
    "streams.plan",
    "stock.read",
    "stock.import",
    "replenishments.read",
    "replenishments.decide",
    "plays.read",
    "plays.run",
    "channels.read",
    "metrics.read",
    "voice.read",
    "voice.edit",
    "desk",
    "pii",
    "users.manage",
    "keys.manage",
    "audit.read",
]
"""`events.track` is what pages may send, whose keys everybody can read; `desk` is a guide's own customers; `pii` shows
identifiers in full; the rest reads as noun and verb.
"""

Role = Literal["marketer", "guide", "buyer", "operator", "analyst", "product", "admin"]

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

ROLES: Mapping[str, frozenset[Permission]] = {
    "marketer": frozenset({
        "journeys.read", "journeys.publish", "journeys.run", "customers.read", "messages.read", "coupons.read",
        "streams.read", "streams.plan", "stock.read", "channels.read", "voice.read", "voice.edit", "plays.read",
        "plays.run",
    }),
    "guide": frozenset({"desk", "pii"}),
    "buyer": frozenset({
        "streams.read", "stock.read", "stock.import", "replenishments.read", "replenishments.decide",
    }),
    "operator": frozenset({
        "journeys.read", "journeys.run", "customers.read", "customers.join", "messages.read", "messages.settle",
        "coupons.read",
        "coupons.revoke", "streams.read", "streams.plan", "stock.read", "stock.import", "replenishments.read",
        "channels.read",
        "metrics.read", "voice.read", "voice.edit", "pii", "plays.read", "plays.run",
    }),
    "analyst": frozenset({
        "journeys.read", "customers.read", "messages.read", "coupons.read", "streams.read", "stock.read",
        "replenishments.read", "channels.read", "voice.read", "plays.read",
    }),
    "product": frozenset({"journeys.read", "streams.read", "voice.read", "voice.edit"}),
    "admin": frozenset(PERMISSIONS),
}  # fmt: skip
"""What a user's roles permit."""

SCOPES: Mapping[str, frozenset[Permission]] = {
    "ingest": frozenset({"events.send", "coupons.use"}),
    "track": frozenset({"events.track"}),
    "read": frozenset({
        "journeys.read", "customers.read", "messages.read", "coupons.read", "streams.read", "stock.read",
        "replenishments.read", "channels.read", "metrics.read", "voice.read", "pii", "plays.read",
    }),
    "admin": frozenset({
        "journeys.publish", "journeys.run", "customers.join", "customers.export", "customers.erase", "messages.settle",
        "coupons.revoke", "streams.plan", "stock.import", "replenishments.decide", "voice.edit", "plays.run",
        "users.manage",
        "keys.manage", "audit.read",
    }),
}  # fmt: skip
"""Sets that an API key can be given by name, beside single permissions; none implies another."""


def of_roles(roles: Iterable[str]) -> frozenset[Permission]:
    """What the roles permit together. A role that is no more permits nothing."""
    return frozenset[Permission]().union(*(ROLES.get(role, frozenset()) for role in roles))


def of_scopes(scopes: Iterable[str]) -> frozenset[Permission]:
    """What a key's scopes, names of sets or single permissions, permit together."""
    named = set(scopes)
    single = frozenset(each for each in PERMISSIONS if each in named)
    return single.union(*(SCOPES.get(scope, frozenset()) for scope in named))
