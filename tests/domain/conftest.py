"""Tests of the domain have a shop."""

import pytest
from shop import Shop

from domain.store.clock import VirtualClock
from domain.store.work import Database


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """An empty shop at Monday noon."""
    return Shop(db, clock)
