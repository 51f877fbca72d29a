"""Eight processes are told of the same people at once, twice, in shuffled order.

Who is whom, what they refused and what they bought is what a union-find says.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from many_servers import servers
from sqlalchemy import text

from domain.access.keys import create_key
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

PROCESSES, EVENTS, OF_A_KIND = 8, 64, 24
KINDS = ("unionid", "member_no", "openid", "phone")
UNLIMITED = {"kinds": {kind: {"each": 1000} for kind in KINDS}, "most_identifiers": 1000}
TYPES = ("product.viewed", "order.paid", "consent.withdrawn")
Told = Mapping[str, Any]


def stream(pick: random.Random) -> Sequence[Told]:
    """Events that name one to three people each, the same people under many names."""
    told = []
    for number in range(EVENTS):
        who = {kind: f"{kind}{pick.randrange(OF_A_KIND)}" for kind in pick.sample(KINDS, pick.choice([1, 1, 2, 2, 3]))}
        if "phone" in who:
            who["phone"] = f"+861390000{int(who['phone'][5:]):04}"
        type = pick.choices(TYPES, [5, 4, 1])[0]
        data = {
            "product.viewed": {"sku": "a"},
            "order.paid": {"order_id": f"o{number}", "total": number},
            "consent.withdrawn": {"channel": "sms"},
        }[type]
        at = f"2026-03-01T{number // 60:02}:{number % 60:02}:00Z"
        told.append(
            {"specversion": "1.0", "id": str(number), "source": "test", "type": type, "time": at,
             "data": {**data, "customer": who}}
        )  # fmt: skip
    return told


def names(event: Told) -> list[str]:
    return [f"{kind}:{value}" for kind, value in event["data"]["customer"].items()]


def oracle(events: Sequence[Told]) -> dict[str, str]:
    """For each name the first of all names of its person, by a union-find."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for event in events:
        first, *others = names(event)
        for other in others or [first]:
            one, two = sorted((root(first), root(other)))
            parent[two] = one
    return {name: root(name) for name in parent}


def people(members: Mapping[str, Any]) -> set[frozenset[str]]:
    """The names of each person, by what tells whose they are."""
    return {frozenset(name for name, whose in members.items() if whose == one) for one in members.values()}


def post(client: httpx.Client, events: Sequence[Told]) -> None:
    """As a producer is to: again while the customer is busy."""
    waiting = list(events)
    for _ in range(60):
        answer = client.post("/v1/events", json=waiting)
        if answer.status_code in (202, 207):
            busy = [
                event
                for event, result in zip(waiting, answer.json()["results"], strict=True)
                if result["status"] not in ("accepted", "duplicate")
            ]
            if not busy:
                return
            waiting = busy
        else:
            assert answer.status_code in (429, 503), answer.text
        time.sleep(0.05)
    raise AssertionError(answer.text)


@pytest.mark.parametrize("seed", [1])
def test_the_same_people_as_a_union_find_finds(db: Database, clock: VirtualClock, postgres_url: str, seed: int) -> None:
    pick = random.Random(seed)
    events = stream(pick)
    with db.begin() as work:
        secret = create_key(work, "test", ["ingest"], clock.now())
        publish_document(work, "_identity", UNLIMITED)
    shuffled = pick.sample([*events, *events], 2 * len(events))
    batches = [shuffled[first : first + 2] for first in range(0, len(shuffled), 2)]
    with servers(PROCESSES, postgres_url, clock, secret) as clients, ThreadPoolExecutor(2 * PROCESSES) as threads:
        posting = [threads.submit(post, clients[number % PROCESSES], batch) for number, batch in enumerate(batches)]
        for each in posting:
            each.result()
    expected = oracle(events)
    with db() as session:
        owners = dict(session.execute(text("SELECT kind || ':' || value, customer_id FROM identifiers")).all())
        merged = dict(session.execute(text("SELECT id, merged_into FROM customers")).all())
        spent = dict(session.execute(text("SELECT customer_id, sum(total) FROM orders GROUP BY 1")).all())
        refused = set(session.execute(text("SELECT customer_id FROM consents WHERE NOT given")).scalars())
        stored = session.execute(text("SELECT event_id, customer_id FROM events WHERE source = 'test'")).all()
    assert people(owners) == people(expected)
    assert {merged[id] for id in owners.values()} == {None}
    assert all(merged[into] is None for into in merged.values() if into is not None), "no chain is longer than one"
    whose = {event["id"]: owners[names(event)[0]] for event in events}
    assert dict(stored) == whose, "each once, and of whom it names"
    totals = Counter[int]()
    for event in events:
        totals[whose[event["id"]]] += event["data"].get("total", 0)
    assert {id: total for id, total in spent.items() if total} == {id: total for id, total in totals.items() if total}
    assert refused == {whose[event["id"]] for event in events if event["type"] == "consent.withdrawn"}
