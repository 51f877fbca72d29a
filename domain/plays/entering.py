"""Who enters, by their identifiers: found, joined and locked as by an event, then entered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.customers.identifiers import STRENGTH, Ident, sort_by_strength
from domain.customers.naming import spellings
from domain.customers.resolution import find_owners
from domain.identity.arriving import Group, name_and_lock
from domain.plays.rounds import Ask, Taken, take
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.language.identity import IdentityRules


def customer_of(work: UnitOfWork, idents: Sequence[Ident], now: datetime) -> int | None:
    """The customer whom identifiers name, found or made, and locked; None if they name nobody (`never`)."""
    library = read_library(work)
    known = [ident for ident in idents if ident not in library.nobody]
    if not known:
        return None
    strength = library.identity.strength
    named = sort_by_strength(known, STRENGTH if strength == list(STRENGTH) else strength)
    owners = find_owners(work, spellings(IdentityRules(), set(named)))
    return name_and_lock(work, library, [Group(named, now)], owners, set(), now, in_full=False).named[0].customer_id


def enter(work: UnitOfWork, play: str, idents: Sequence[Ident], key: str, choice: Any, now: datetime) -> Taken | None:
    """Let somebody enter; None if the identifiers name nobody."""
    customer = customer_of(work, idents, now)
    return None if customer is None else take(work, play, [Ask(key, customer, choice, now)])[0]
