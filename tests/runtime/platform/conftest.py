"""One Temporal server for all, in real time; a journey's runs have names of their own in each test."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from real_worker import THANKS
from sqlalchemy import text

from domain.published.publishing import publish_journey, publish_text
from domain.store.work import Database
from runtime.platform.embedded import temporal_server
from workflows.language.compile import read_journey

_numbers = itertools.count(1_000_000, 1_000_000)


@pytest.fixture(scope="session")
def temporal() -> Iterator[str]:
    """Its address."""
    with temporal_server() as address:
        yield address


@pytest.fixture
def thanks(db: Database) -> Database:
    """A shop with one journey: thanks at once, and a day of waiting."""
    plan = read_journey(THANKS, "thanks.yaml", None).plan
    assert plan is not None
    first = next(_numbers)
    with db.begin() as session:
        for table in ("customers", "enrollments"):
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {first})"))
        publish_journey(session, plan, THANKS, datetime.now(UTC))
        publish_text(session, "thank_you", "sms", "谢谢{{ customer.tier }}")
    return db
