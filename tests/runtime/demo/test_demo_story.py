"""The demo's evening on the real parts, with fewer customers: nothing of them is left in Temporal."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from processes import answers, eventually, process
from sqlmodel import select

from domain.access.keys import create_key
from domain.channels.tables import SandboxMessage
from domain.customers.tables import Customer, Identifier
from domain.journeys.tables import Enrollment
from domain.store.work import Database
from runtime.authoring.publishing import publish_directory
from runtime.demo import conductor, people
from runtime.demo.conductor import Conductor
from runtime.platform.embedded import free_port, temporal_server

ROOT = Path(__file__).parents[3]
FASTER = 12
"""The clock waits for the work, however fast it would run."""


def test_the_demo_leaves_nothing_of_its_customers_in_temporals_database(
    db: Database, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "HEADCOUNT", {kind: count // 5 for kind, count in people.HEADCOUNT.items()})
    monkeypatch.setattr(conductor, "SHOW_SPEED", FASTER * conductor.SHOW_SPEED)
    publish_directory(db, ROOT / "journey_specs", ROOT / "templates" / "messages", datetime.now(UTC))
    with db.begin() as session:
        key = create_key(session, "demo", ["ingest"], datetime.now(UTC))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with temporal_server(tmp_path) as address, ExitStack() as processes:
        environment = {"AFTERSHOW_DATABASE_URL": postgres_url, "TEMPORAL_ADDRESS": address, "AFTERSHOW_PORT": str(port)}
        story = Conductor(db, url, key, address)
        over = story.end - timedelta(days=8)
        processes.enter_context(process(environment, "api"))
        processes.enter_context(process(environment, "worker"))
        eventually(lambda: answers(url))

        def told() -> bool:
            story.tick()
            return story.now() >= over

        eventually(told, 200)
    recorded = b"".join(path.read_bytes() for path in tmp_path.glob("temporal.sqlite*"))
    with db() as session:
        names = session.exec(select(Customer.name).where(Customer.name != None)).all()  # noqa: E711
        identifiers = session.exec(select(Identifier.value)).all()
        sent = session.exec(select(SandboxMessage.recipient, SandboxMessage.body)).all()
        journeys = set(session.exec(select(Enrollment.journey)))
    assert len(names) > 20
    assert len(identifiers) > 60
    assert len(sent) > 5
    assert [journey for journey in journeys if journey.encode() not in recorded] == []
    texts = {line for _, body in sent for line in body.splitlines() if len(line) > 10}
    private = {*names, *identifiers, *(recipient for recipient, _ in sent), *texts}
    assert [each for each in private if any(word in recorded for word in spellings(each))] == []


def spellings(word: str) -> set[bytes]:
    """As it is, and as JSON may have it."""
    return {word.encode(), word.encode("ascii", "backslashreplace")}
