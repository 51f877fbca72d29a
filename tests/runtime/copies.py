"""A journey test's case, several times at once: customers alike but for their names, who enter together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.catalogue import is_business
from runtime.cases import Case, CaseCustomer, CaseEvent
from runtime.gathering import Gathering
from runtime.world import Line

OWN = ("order_id", "cart_id")
"""What an event's data names as the customer's own."""


def cohorts_of(size: int) -> Gathering:
    """Cohorts of this size, of whatever starts at one instant."""
    return Gathering(size=size, seconds=0, paging=0, quiet=0)


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
                line.model_copy(update={"customer": f"{case.who(line.customer)}#0"}) for line in case.expect
            ),
        }
    )


def of_copy(lines: Sequence[Line], copy: int) -> list[Line]:
    """The timeline of one copy, as if it were the case's own."""
    return [
        replace(line, customer=line.customer.partition("#")[0]) for line in lines if line.customer.endswith(f"#{copy}")
    ]


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
