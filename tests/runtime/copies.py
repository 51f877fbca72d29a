"""A journey test's case, several times at once: customers alike but for their names, who enter together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest

from domain.catalogue.types import is_business
from domain.journeys import starting
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.rehearsal.cases import Case, CaseCustomer, CaseEvent
from runtime.rehearsal.world import Line

OWN = ("order_id", "cart_id")
"""What an event's data names as the customer's own."""


def cohorts_of(size: int) -> CohortPolicy:
    """Cohorts of this size, of whatever starts at one instant."""
    return CohortPolicy(size=size, seconds=0, paging=0, quiet=0)


@contextmanager
def sizes_in_turn(sizes: Sequence[int]) -> Iterator[None]:
    """The relay forms a cohort of up to each of these sizes, and begins again."""
    turns = cycle(sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "runtime.platform.outbox.relay.form_cohort",
            lambda session, plan, _: starting.form_cohort(session, plan, next(turns)),
        )
        yield


def copied(case: Case, count: int) -> Case:
    """The case with each customer, and what happens to them, `count` times."""
    people = [(name, person, copy) for copy in range(count) for name, person in case.people.items()]
    return case.model_copy(
        update={
            "customer": None,
            "customers": {
                f"{name}#{copy}": _person(person, copy, number) for number, (name, person, copy) in enumerate(people)
            },
            "events": tuple(each for event in case.events for each in _events(case, event, count)),
            "expect": tuple(
                line.model_copy(update={"customer": f"{case.who(line.customer)}#0"}) for line in case.expected
            ),
        }
    )


def by_copy(lines: Sequence[Line]) -> Mapping[int, list[Line]]:
    """The timeline of each copy, as if it were the case's own."""
    found: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        name, _, copy = line.customer.partition("#")
        found[int(copy)].append(replace(line, customer=name))
    return found


def _person(person: CaseCustomer, copy: int, number: int) -> CaseCustomer:
    named = {kind: f"{value}.{copy}" for kind, value in person.identifiers.items()}
    if "phone" in named:
        named["phone"] = f"+86139{number:08}"
    return person.model_copy(update={"identifiers": named})


def _events(case: Case, event: CaseEvent, count: int) -> list[CaseEvent]:
    if is_business(event.event):
        return [event]
    who = case.who(event.customer)
    return [
        event.model_copy(update={"customer": f"{who}#{copy}", "data": _own(event.data, copy)}) for copy in range(count)
    ]


def _own(data: dict[str, Any], copy: int) -> dict[str, Any]:
    return {name: f"{value}.{copy}" if name in OWN else value for name, value in data.items()}
