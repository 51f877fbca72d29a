"""Finds a journey or a customer from anywhere: `/v1/search`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlmodel import Session, col, select

from api.http.auth import SECURITY, identified
from api.http.context import context
from api.http.problems import Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.customers.identifiers import IdentifierError, normalise
from domain.customers.tables import Customer, Identifier
from domain.journeys import lifecycle

router = APIRouter(tags=["search"], responses=documented(Unauthorized, Invalid, Unavailable))

MOST = 8
MOST_DIGITS = 18


class FoundJourney(BaseModel):
    """A journey."""

    journey: str
    title: str
    state: Literal["live", "paused", "stopped"]


class FoundCustomer(BaseModel):
    """A customer, and the identifier that was asked for, of which those who may not see it in full see the ends."""

    id: int
    name: str | None
    kind: str | None
    value: str | None


class Found(BaseModel):
    """What the caller may see of what was found."""

    journeys: list[FoundJourney]
    customers: list[FoundCustomer]


@router.get("/v1/search", summary="Find a journey or a customer", openapi_extra={"security": SECURITY})
def get_search(
    request: Request,
    caller: Annotated[Actor, Depends(identified)],
    q: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="what is looked for")],
) -> Found:
    """Journeys by a part of their name or title; customers by their id or a whole identifier, of whatever kind."""
    text = q.strip()
    with context(request).db() as session:
        return Found(
            journeys=_journeys(session, text) if "journeys.read" in caller.permissions else [],
            customers=_customers(session, text, caller) if "customers.read" in caller.permissions else [],
        )


def _journeys(session: Session, text: str) -> list[FoundJourney]:
    wanted = text.casefold()
    statuses = (
        each for each in lifecycle.journey_statuses(session) if wanted in f"{each.journey} {each.title}".casefold()
    )
    found = [FoundJourney(journey=each.journey, title=each.title, state=each.state) for each in statuses]
    return found[:MOST]


def _customers(session: Session, text: str, caller: Actor) -> list[FoundCustomer]:
    found: dict[int, FoundCustomer] = {}
    in_full = "pii" in caller.permissions
    known = select(Identifier, Customer).join(Customer, col(Customer.id) == Identifier.customer_id)
    spellings = {text, *_spelled(text)}
    for identifier, customer in session.exec(known.where(col(Identifier.value).in_(spellings)).limit(MOST)):
        value = identifier.value if in_full else masked(identifier.value)
        found[customer.id] = FoundCustomer(id=customer.id, name=customer.name, kind=identifier.kind, value=value)
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        named = session.get(Customer, int(text))
        if named is not None and named.id not in found:
            found[named.id] = FoundCustomer(id=named.id, name=named.name, kind=None, value=None)
    return list(found.values())


def masked(value: str) -> str:
    """An identifier by which somebody who knows it recognises it: its last characters, at most four."""
    shown = min(4, len(value) // 3)
    return "•" * 4 + (value[-shown:] if shown else "")


def _spelled(text: str) -> list[str]:
    spelled = []
    for kind in ("phone", "email"):
        try:
            spelled.append(normalise(kind, text))
        except IdentifierError:
            continue
    return spelled
