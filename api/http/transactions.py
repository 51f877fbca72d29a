"""Transactions that are tried again when they got in each other's way."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.http.problems import sqlstate

_Found = TypeVar("_Found")

_ATTEMPTS = 5
_PAUSE = 0.1
"""Seconds; a transaction that lost waits a random part of it, longer each time."""

_CONFLICTS = frozenset({"40001", "40P01", "23505"})
"""SQLSTATEs of transactions that got in each other's way, and succeed when tried again."""


def in_transaction(db: sessionmaker[Session], work: Callable[[Session], _Found]) -> _Found:
    """Do the work in a transaction of its own, again if it lost against another one."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with db.begin() as session:
                return work(session)
        except DBAPIError as error:
            if attempt == _ATTEMPTS or sqlstate(error) not in _CONFLICTS:
                raise
            time.sleep(random.uniform(0, attempt * _PAUSE))
    raise AssertionError("unreachable")
