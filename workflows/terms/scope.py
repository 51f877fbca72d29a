"""Where a condition stands: what it may refer to, and what is in view there."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from workflows.source.tree import Source
from workflows.terms.constants import FieldType
from workflows.terms.limits import Limits

Named = tuple[str, str]
"""A kind of thing that conditions ask for (`tag`, `segment`, `measure`) and its name."""


@dataclass(frozen=True)
class References:
    """What a journey may refer to.

    `templates` gives the channels that each template has a text for, `variables` the names that each (template,
    channel) uses, `events` the dotted field names of each known event type (None: any field), `business` those
    types that are about no customer, `types` what their fields hold, and of `measure` what each measure comes to.
    Without any events, they are taken on trust. `policy` is what no journey may loosen. `ruled` are the tags that rules
    keep, `given` the tags and fields that the journey's own steps give customers, `elsewhere` what those of others do
    (None: taken on trust). `asked` is what each segment asks for, `limits` how many coupons of a campaign a customer
    gets, and in how many days (None: ever), `days` are those of the shop's own. What ends before `today`, on the shop's
    calendar, is over.
    """

    templates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    campaigns: Collection[str] = frozenset()
    segments: Collection[str] = frozenset()
    webhooks: Collection[str] = frozenset()
    events: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    business: Collection[str] = frozenset()
    variables: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    policy: Limits | None = None
    measures: Collection[str] = frozenset()
    ruled: Collection[str] = frozenset()
    given: frozenset[Named] = frozenset()
    elsewhere: Callable[[], frozenset[Named]] | None = None
    asked: Mapping[str, frozenset[Named]] = field(default_factory=dict)
    limits: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, FieldType]] = field(default_factory=dict)
    days: Collection[str] = frozenset()
    today: date | None = None


@dataclass(frozen=True)
class Scope:
    """Where a condition stands: which fields it can ask for, and of which types the events it sees are."""

    source: Source
    references: References | None
    roots: frozenset[str]
    trigger: str | None = None
    event: str | None = None
    items: str | None = None
    """The list whose items are looked at."""

    def plus(self, *roots: str) -> "Scope":
        """The scope with more roots known."""
        return replace(self, roots=self.roots | set(roots))

    def minus(self, *roots: str) -> "Scope":
        """The scope with roots unknown."""
        return replace(self, roots=self.roots - set(roots))

    def looking_at(self, event: str | None) -> "Scope":
        """The scope inside the `where` of an event of this type."""
        return replace(self.plus("event"), event=event)

    def at_item_of(self, items: str | None) -> "Scope":
        """The scope inside the `where` about the items of a list."""
        if items is not None and items.startswith("item.") and self.items is not None:
            items = f"{self.items}.{items.removeprefix('item.')}"
        return replace(self.plus("item"), items=items)
