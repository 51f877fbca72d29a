"""A shop whose shows are spoken of: comments come in as events, and are read as a worker does."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from activities.voice import VoiceActivities
from domain.intake.ingest import Incoming, ingest
from domain.store.clock import VirtualClock
from domain.store.outbox import TellStaff
from domain.store.tables import Outbox
from domain.store.work import Database
from domain.voice.alerts import alerts
from domain.voice.topics import Scope, Topic, topics

BLAND = ("酸菜鱼太淡了", "酸菜鱼没味道", "酸菜鱼淡出鸟", "酸菜鱼一点味都没有", "酸菜鱼像白开水")
FINE = ("酸菜鱼很好吃", "酸菜鱼很下饭", "酸菜鱼鱼片很嫩", "酸菜鱼分量很足", "酸菜鱼包装很严实")


class Voices:
    """A shop whose shows are spoken of."""

    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db, self.clock = db, clock
        self.batches = 0
        self.activities = VoiceActivities(db, clock)
        fish = {"sku": "fish", "name": "老坛酸菜鱼", "aliases": ["酸菜鱼"], "category": "预制菜", "manager": "lin"}
        self.tell([("product.updated", clock.now(), fish, None)])

    @property
    def told(self) -> list[TellStaff]:
        """The notices to its people."""
        with self.db() as session:
            rows = session.exec(select(Outbox).where(Outbox.kind == TellStaff.kind).order_by(col(Outbox.id))).all()
        return [TellStaff(**(row.payload or {})) for row in rows]

    def tell(self, events: list[tuple[str, datetime, dict[str, Any], int | None]]) -> None:
        with self.db.begin() as work:
            self.batches += 1
            incoming = [
                Incoming(
                    "shop",
                    f"{self.batches}-{n}",
                    type,
                    at,
                    data,
                    () if who is None else (("phone", f"+86139{who:08d}"),),
                )
                for n, (type, at, data, who) in enumerate(events)
            ]
            ingest(work, incoming, now=self.clock.now())

    def show(self, name: str, bland: int, fine: int, at: datetime | None = None, first: int = 0) -> list[Topic]:
        at = at or self.clock.now() - timedelta(minutes=5)
        texts = [*((BLAND * bland)[:bland]), *((FINE * fine)[:fine])]
        data = [{"stream_id": name, "text": text} for text in texts]
        self.tell([("stream.commented", at, each, first + who) for who, each in enumerate(data)])
        self.activities.read_comments()
        with self.db() as session:
            return topics(session, Scope(stream_id=name))

    def alerts(self) -> list[tuple[str, str, int, int]]:
        with self.db() as session:
            return [(each.sku, each.topic, each.count, each.speakers) for each in alerts(session)]
