"""A customer whom another transaction holds for long is set aside; the others of the batch are taken."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from calling import Caller
from sqlalchemy import text
from sqlmodel import col, select

from api.app import create_app
from domain.access.keys import create_key
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.database import Patience, connect

LI, WANG = "13800000001", "13800000002"


@pytest.fixture
def caller(db: Database, clock: VirtualClock, postgres_url: str) -> Iterator[Caller]:
    """Of an app that waits a second for a lock; Li is known to it."""
    engine, hasty = connect(postgres_url, Patience(lock=1, statement=30, idle=30))
    with db.begin() as session:
        secret = create_key(session, "test", ("ingest",), clock.now())
    caller = Caller(create_app(hasty, clock, ready=dict), secret)
    post(caller, event("known", LI))
    yield caller
    engine.dispose()


def event(id: str, phone: str) -> dict[str, Any]:
    data = {"customer": {"phone": phone}, "order_id": id}
    return {"specversion": "1.0", "id": id, "source": "shop", "type": "order.delivered", "data": data}


def post(caller: Caller, *events: dict[str, Any]) -> httpx.Response:
    headers = {"content-type": "application/cloudevents-batch+json"}
    return caller.post(content=json.dumps(events).encode(), headers=headers)


def test_the_others_of_a_batch_are_taken(caller: Caller, db: Database) -> None:
    with db() as other:
        other.connection().execute(text("SELECT FROM customers FOR UPDATE"))
        response = post(caller, event("a", LI), event("b", WANG), event("c", LI))
    assert response.status_code == 207
    results = response.json()["results"]
    assert [(each["status"], each.get("reason")) for each in results] == [
        ("rejected", "busy"), ("accepted", None), ("rejected", "busy"),
    ]  # fmt: skip
    assert post(caller, event("a", LI), event("c", LI)).json()["accepted"] == 2
    with db() as session:
        assert session.exec(select(Event.event_id).order_by(col(Event.id))).all() == ["known", "b", "a", "c"]


def test_a_batch_of_nobody_else_is_to_be_sent_again(caller: Caller, db: Database) -> None:
    with db() as other:
        other.connection().execute(text("SELECT FROM customers FOR UPDATE"))
        response = post(caller, event("a", LI))
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert post(caller, event("a", LI)).status_code == 202
