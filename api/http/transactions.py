"""Transactions that are tried again when they got in each other's way."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from api.http.problems import sqlstate
from domain.store.work import Database, UnitOfWork

_Found = TypeVar("_Found")

_ATTEMPTS = 5
_PAUSE = 0.1
"""Seconds; a transaction that lost waits a random part of it, longer each time."""

_CONFLICTS = frozenset({"40001", "40P01", "23505"})
"""SQLSTATEs of transactions that got in each other's way, and succeed when tried again."""


def in_transaction(db: Database, act: Callable[[UnitOfWork], _Found]) -> _Found:
    """Act in a transaction of its own, again if it lost against another one."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with db.begin() as work:
                return act(work)
        except DBAPIError as error:
            if attempt == _ATTEMPTS or sqlstate(error) not in _CONFLICTS:
                raise
            time.sleep(random.uniform(0, attempt * _PAUSE))
    raise AssertionError("unreachable")
