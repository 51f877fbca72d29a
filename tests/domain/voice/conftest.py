"""A shop whose shows are spoken of."""

import pytest
from voices import Voices

from domain.store.clock import VirtualClock
from domain.store.work import Database


@pytest.fixture
def voices(db: Database, clock: VirtualClock) -> Voices:
    return Voices(db, clock)
