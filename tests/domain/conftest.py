"""Tests of the domain have a shop."""

import pytest
from shop import Shop
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from domain.store.clock import VirtualClock


@pytest.fixture
def shop(db: sessionmaker[Session], clock: VirtualClock) -> Shop:
    """An empty shop at Monday noon."""
    return Shop(db, clock)
