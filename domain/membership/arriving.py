"""What events mean for tags and segments, in their transaction: only rules that an event can change are asked."""

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime

from propcache.api import cached_property

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.customers.tables import CustomerRow
from domain.intake.tables import Event
from domain.membership.deciding import (
    Change,
    decide,
    ends_after,
    look_after,
    next_by_orders,
    next_on_clock,
    tell,
)
from domain.membership.state import Memberships, read_memberships
from domain.published.library import Library
from domain.store.work import UnitOfWork
from workflows.language.rules import Rule, Rules


class ArrivingEvents:
    """The rules of a batch of events, settled in their order; what is stored of their customers is read once.

    Of `anew`, who are others than they were, all rules are asked. `settle` is called before orders are looked at.
    """

    def __init__(
        self, work: UnitOfWork, library: Library, events: Sequence[Event], anew: Set[int], settle: Callable[[], None]
    ) -> None:
        self._work = work
        self._library = library
        self._rules = library.rules
        self._anew = anew
        self._events = [event for event in events if self._rules_of(event)]
        moments = {event.id: Moment(_now(event), event.id, event.customer_id) for event in self._events}
        self._facts = BatchFacts(work, moments, settle)

    def _rules_of(self, event: Event) -> Sequence[Rule]:
        return self._rules.every if event.customer_id in self._anew else self._rules.listening.get(event.type, ())

    def _touched(self, event: Event, customer: CustomerRow, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Those of the rules that this very event can change."""
        if event.customer_id in self._anew:
            return rules
        zone = self._library.zone(customer)
        return [rule for rule in rules if rule.may_change(event.type, event.data, zone)]

    def apply(self, events: Sequence[tuple[Event, CustomerRow]]) -> bool:
        """Settle what the next events, which are of different customers, change. Whether a tag or segment changed."""
        asked = [
            (event, customer, rules)
            for event, customer in events
            if (rules := self._rules_of(event))
            and is_readable(self._library, customer)
            and (rules := self._touched(event, customer, rules))
        ]
        if not asked:
            return False
        self._facts.turn_to(event.id for event, _, _ in asked)
        changes: list[Change] = []
        looks: dict[int, datetime] = {}
        for event, customer, rules in asked:
            now, tags = _now(event), self._memberships.tags_of(customer.id, _now(event))
            facts = CustomerFacts(self._work, self._library, customer, now, batch=self._facts, moment=event.id)
            facts.retag(tags)
            changes += decide(self._memberships, rules, facts, now, str(event.id))
            if ahead := [*self._ahead(event, rules, facts, now), *ends_after(self._memberships, customer.id, now)]:
                looks[customer.id] = min(ahead)
        self._memberships.write(self._work)
        look_after(self._work, looks)
        tell(self._work, changes)
        return bool(changes)

    @cached_property
    def _memberships(self) -> Memberships:
        return read_memberships(self._work, {event.customer_id or 0 for event in self._events})

    def _ahead(self, event: Event, rules: Sequence[Rule], facts: CustomerFacts, now: datetime) -> Iterable[datetime]:
        """When time alone may change what the event has changed: earlier events have been seen to before."""
        asked = Rules.asked_by(rules)
        for type, span in asked.windows:
            if type == event.type and event.time + span.nominal > now:
                yield event.time + span.nominal
        for at in (next_on_clock(asked, facts, now), next_by_orders(asked, facts, now)):
            if at is not None:
                yield at


def _now(event: Event) -> datetime:
    return max(event.time, event.received_at)
