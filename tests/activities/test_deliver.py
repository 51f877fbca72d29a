"""What happens goes out to others: at least once, in order, and nothing that was committed late is left out."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from shop import Shop
from sqlalchemy import Engine, text

from activities.adapters.outputs import kafka
from activities.adapters.sources.source import Surroundings
from activities.adapters.webhook import MAX_BODY
from activities.deliver import DeliverActivities
from domain.connectors.showing import OutputState, outputs
from domain.journeys.verbs.webhook import Call, Reply
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

CARE = """
    journey: care
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: thanks, send: hello, via: [sms], kind: transactional}]
"""


@dataclass
class Crm:
    """A webhook that answers with the next of `says`, else that it has taken what came."""

    says: list[Reply] = field(default_factory=list)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call_many(self, _: str, calls: Sequence[Call]) -> list[Reply]:
        (call,) = calls
        assert len(json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()) <= MAX_BODY
        reply = self.says.pop(0) if self.says else Reply("ok")
        if reply.status == "ok" or reply.reason == "lost":
            self.taken.append((str(call.key), dict(call.body)))
        return [reply]

    def ids(self, stream: str = "events") -> list[int]:
        return [row["id"] for _, body in self.taken if body["stream"] == stream for row in body["records"]]


@dataclass
class Outside:
    """A shop, and where it tells what happens."""

    shop: Shop
    crm: Crm
    delivering: DeliverActivities

    def connect(self, to: dict[str, Any], **more: Any) -> None:
        with self.shop.db.begin() as work:
            publish_document(work, "outputs/bi", {"output": "bi", "to": to} | more)

    def deliver(self) -> OutputState:
        while self.delivering.deliver("bi"):
            pass
        with self.shop.db() as session:
            return outputs(session)[0]


@pytest.fixture
def outside(db: Database, clock: VirtualClock, tmp_path: Path) -> Outside:
    crm = Crm()
    secrets = {"AFTERSHOW_CONNECT_DIR": str(tmp_path), "AFTERSHOW_CONNECT_KAFKA": "kafka:9092"}
    return Outside(Shop(db, clock), crm, DeliverActivities(db, Surroundings(secrets.get, clock), crm))


def test_events_decisions_and_messages_are_told_in_order(outside: Outside) -> None:
    shop = outside.shop
    shop.publish(CARE)
    shop.customers("li0", "li1", "li2")
    for number in range(3):
        shop.post("order.paid", f"li{number}", order_id=f"o{number}", total=5)
    shop.give("send", shop.group("thanks"))
    outside.connect({"webhook": "crm"}, of=["events", "decisions", "messages"], page=2)
    outside.deliver()
    assert outside.crm.ids() == sorted(outside.crm.ids())
    bodies = {stream: [row for _, body in outside.crm.taken if body["stream"] == stream for row in body["records"]]
              for stream in ("events", "decisions", "messages")}  # fmt: skip
    assert [(row["type"], row["data"]["total"]) for row in bodies["events"] if row["type"] == "order.paid"] == [
        ("order.paid", 5)
    ] * 3
    assert {row["what"] for row in bodies["decisions"]} >= {"entered", "sent"}
    assert [(row["outcome"], row["channel"], row["template"], row["status"]) for row in bodies["messages"]] == [
        ("sent", "sms", "hello", "sent")
    ] * 3
    before = len(outside.crm.taken)
    outside.deliver()
    assert len(outside.crm.taken) == before


@pytest.mark.parametrize("reason", ["http_500", "lost"])
def test_what_is_not_taken_comes_again_before_all_else(outside: Outside, reason: str) -> None:
    for number in range(6):
        outside.shop.post("product.viewed", "li", sku=f"s{number}")
    outside.connect({"webhook": "crm"}, page=2)
    outside.crm.says = [Reply("ok"), Reply("later", reason)]
    state = outside.deliver()
    assert (state.error, state.sent) == (f"the webhook crm says {reason}", 2)
    state = outside.deliver()
    seen = list(dict.fromkeys(outside.crm.ids()))
    assert (seen, len(seen), state.error, state.sent) == (sorted(seen), 6, None, 6)
    assert len(outside.crm.ids()) == (8 if reason == "lost" else 6)
    keys = [key for key, _ in outside.crm.taken]
    assert len(set(keys)) == 3  # what came twice has the same name


def test_what_is_committed_late_is_not_left_out(
    outside: Outside, migrated: tuple[Engine, Database], clock: VirtualClock
) -> None:
    outside.connect({"webhook": "crm"})
    with migrated[0].connect() as late:
        late.execute(
            text(
                "INSERT INTO events (source, event_id, type, time, received_at, data) VALUES ('s', 'late', 'a.b', :now,"
                " :now, '{}')"
            ),
            {"now": clock.now()},
        )
        outside.shop.post("product.viewed", "li", sku="s")
        outside.deliver()
        assert outside.crm.ids() == []
        late.commit()
    outside.deliver()
    outside.deliver()
    assert len(outside.crm.ids()) == 2
    assert outside.crm.ids() == sorted(outside.crm.ids())


def test_only_the_types_that_are_named_go_out_and_none_is_too_large(outside: Outside) -> None:
    outside.shop.post("product.viewed", "li", sku="s")
    for size in (90_000, 90_000, 90_000, 300_000):
        outside.shop.post("note.written", "li", text="好" * (size // 3))
    outside.connect({"webhook": "crm"}, types=["note.written"])
    assert outside.deliver().error is None
    parts = [[(row["type"], row.get("left_out")) for row in body["records"]] for _, body in outside.crm.taken]
    note = ("note.written", None)
    assert parts == [[note, note], [note, ("note.written", "too_large")]]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_files_hold_each_day_once_also_after_a_crash(
    outside: Outside, tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    outside.connect({"files": {"folder": "AFTERSHOW_CONNECT_DIR", "format": format}}, page=3)
    for number in range(5):
        at = clock.now() - timedelta(hours=14 if number % 2 else 1)
        outside.shop.post("product.viewed", "li", time=at, sku=f"s{number}")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("domain.connectors.outgoing.taken", die)
        with pytest.raises(KeyboardInterrupt):
            outside.deliver()
    outside.shop.post("product.viewed", "li", sku="s5")
    state = outside.deliver()
    days: dict[str, list[str]] = {}
    for file in sorted((tmp_path / "events").rglob(f"*.{format}")):
        if format == "csv":
            rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
        else:
            rows = pq.read_table(file).to_pylist()
        days.setdefault(file.parent.name, []).extend(json.loads(row["data"])["sku"] for row in rows)
    assert days == {"2026-03-01": ["s1", "s3"], "2026-03-02": ["s0", "s2", "s4", "s5"]}
    assert (state.sent, state.error) == (6, None)
    assert not list(tmp_path.rglob("*.part"))


def test_a_customer_s_records_stand_in_one_partition_in_order(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, bytes | None, dict[str, Any]]] = []
    options: list[dict[str, Any]] = []

    class Producer:
        def __init__(self, **given: Any) -> None:
            options.append(given)

        async def start(self) -> None: ...

        async def stop(self) -> None: ...

        async def send(self, topic: str, value: bytes, key: bytes | None) -> Any:
            async def done() -> None:
                sent.append((topic, key, json.loads(value)))

            return done()

    import aiokafka

    monkeypatch.setattr(aiokafka, "AIOKafkaProducer", Producer)
    assert kafka.SECONDS > 0
    for number in range(4):
        outside.shop.post("product.viewed", f"li{number % 2}", sku=f"s{number}")
    outside.shop.post("stream.started", stream_id="s1")
    outside.connect({"kafka": {"servers": "AFTERSHOW_CONNECT_KAFKA", "topic": "shop"}})
    assert outside.deliver().sent == 5
    assert (options[0]["acks"], options[0]["enable_idempotence"]) == ("all", True)
    by_key: dict[bytes | None, list[int]] = {}
    for topic, key, body in sent:
        assert (topic, key) == ("shop", str(body["customer"]).encode() if body["customer"] else None)
        by_key.setdefault(key, []).append(body["id"])
    assert sorted(map(len, by_key.values())) == [1, 2, 2]
    assert all(ids == sorted(ids) for ids in by_key.values())


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ({"files": {"folder": "AFTERSHOW_CONNECT_NO"}}, "AFTERSHOW_CONNECT_NO is not set"),
        ({"files": {"folder": "AFTERSHOW_CONNECT_KAFKA"}}, "names no folder"),
        ({"kafka": {"servers": "AFTERSHOW_CONNECT_KAFKA", "topic": "t"}}, "Kafka says"),
    ],
)
def test_why_nothing_goes_out_is_told(outside: Outside, to: dict[str, Any], words: str) -> None:
    outside.shop.post("product.viewed", "li", sku="s")
    outside.connect(to)
    state = outside.deliver()
    assert words in (state.error or "")
    assert (state.sent, state.waiting) == (0, 1)
