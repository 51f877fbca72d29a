"""Comments come in as events, and are read off the request path: what about, by whom, and what doesn't count."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from activities.voice import VoiceActivities
from domain.identity.erasing import erase
from domain.intake.ingest import Incoming, ingest
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database
from domain.voice.opinions import correct
from domain.voice.tables import StoredOpinion, UnreadComment
from domain.voice.themes import Themes

FISH = {"sku": "fish", "name": "老坛酸菜鱼", "aliases": ["酸菜鱼"]}
MANGO = {"sku": "mango", "name": "贵妃芒"}
RICE = {"sku": "rice", "name": "东北大米"}


class Shop:
    """A show that shows rice from its 10th minute on, and mangoes from its 20th."""

    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db, self.now, self.activities = db, clock.now(), VoiceActivities(db, clock)
        self.count = 0
        self.begins = self.now - timedelta(hours=1)
        for product in (FISH, MANGO, RICE):
            self.tell("product.updated", self.now, product)
        self.tell("stream.started", self.begins, {"stream_id": "s1"})
        for minute, sku in ((10, "rice"), (20, "mango")):
            self.tell("stream.showing", self.minute(minute), {"stream_id": "s1", "sku": sku})

    def minute(self, number: float) -> datetime:
        return self.begins + timedelta(minutes=number)

    def tell(self, type: str, at: datetime, data: dict[str, Any], who: int | None = None) -> None:
        self.count += 1
        by = () if who is None else (("phone", f"+86139{who:08d}"),)
        with self.db.begin() as work:
            ingest(work, [Incoming("shop", str(self.count), type, at, data, by)], now=self.now)

    def say(self, text: str, minute: float = 15, who: int = 1, **data: Any) -> None:
        self.tell("stream.commented", self.minute(minute), {"stream_id": "s1", "text": text, **data}, who)

    def read(self) -> list[StoredOpinion]:
        self.activities.read_comments()
        with self.db() as session:
            assert session.exec(select(UnreadComment)).all() == []
            return list(session.exec(select(StoredOpinion).order_by(col(StoredOpinion.id))))


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    return Shop(db, clock)


def test_a_comment_is_about_what_it_names_else_what_was_shown_in_its_minute(shop: Shop) -> None:
    shop.say("酸菜鱼太淡了", 15, 1)
    shop.say("味道太淡了", 15, 2)
    shop.say("味道太淡了", 25, 3)
    shop.say("味道太淡了", 5, 4)
    shop.say("味道太淡了", 25, 5, sku="fish")
    shop.say("味道太淡了", 60 * 24, 6)
    shop.say("这个贵妃芒酸得很", 15, 7)
    shop.tell("stream.commented", shop.now, {"stream_id": "unheard of", "text": "味道太淡了"}, 8)
    read = shop.read()
    assert [(each.sku, each.aspect) for each in read] == [
        ("fish", "taste"), ("rice", "taste"), ("mango", "taste"), (None, "taste"), ("fish", "taste"), (None, "taste"),
        ("mango", "taste"), (None, "taste"),
    ]  # fmt: skip
    assert {each.topic for each in read[:6]} == {"口味偏淡"}


def test_reviews_refunds_and_todos_are_about_the_order(shop: Shop) -> None:
    order = {"order_id": "o1", "total": 100, "items": [{"sku": "fish", "quantity": 1}]}
    both = {"order_id": "o2", "total": 100, "items": [{"sku": "fish"}, {"sku": "rice"}]}
    for data in (order, both):
        shop.tell("order.paid", shop.begins, data, 1)
    shop.tell("review.written", shop.now, {"order_id": "o1", "text": "味道太淡了"}, 1)
    shop.tell("review.written", shop.now, {"order_id": "o2", "text": "味道太淡了，没滋味"}, 1)
    shop.tell("review.written", shop.now, {"sku": "unknown", "text": "嗯", "rating": 1}, 2)
    shop.tell("order.refunded", shop.now, {"order_id": "o1", "reason": "漏液，汤汁洒了一箱"}, 1)
    shop.tell("todo.done", shop.now, {"note": "东北大米吃完了，说口感很好"}, 1)
    shop.tell("message.replied", shop.now, {"text": "酸菜鱼太咸"}, 3)
    said = [(each.sku, each.aspect, each.sentiment) for each in shop.read()]
    assert said[:3] == [
        ("fish", "taste", "negative"), (None, "taste", "negative"), ("unknown", "overall", "negative"),
    ]  # fmt: skip
    assert ("fish", "packaging", "negative") in said
    assert ("rice", "taste", "positive") in said
    assert said[-1] == ("fish", "taste", "negative")


def test_what_is_said_again_and_floods_are_chatter(shop: Shop) -> None:
    for _ in range(30):
        shop.say("酸菜鱼太淡了", 15, 1)
    for who, text in enumerate(("1" * 10_000, "666", "😂😂😂", "", "   ", "1", "哈哈哈哈哈哈")):
        shop.say(text, 15, 10 + who)
    shop.say("太难吃了" * 1_250, 15, 20)
    kinds = [each.kind for each in shop.read()]
    assert kinds.count("opinion") == 2
    assert set(kinds) == {"opinion", "chatter"}


def test_a_telephone_number_is_kept_nowhere_and_the_erased_said_nothing(shop: Shop) -> None:
    shop.say("酸菜鱼太淡了打我电话139 0000 1234", 15, 1)
    shop.say("酸菜鱼太淡了加我１３９００００１２３４", 15, 2)
    assert not [each.phrase for each in shop.read() if "1234" in each.phrase or "139" in each.phrase]
    with shop.db.begin() as work:
        erase(work, 1, shop.now)
    assert [each.phrase != "" for each in shop.read()] == [False, True]


def test_a_correction_counts_where_the_phrase_comes_again(shop: Shop) -> None:
    shop.say("酸菜鱼真是绝绝子", 15, 1)
    (before,) = shop.read()
    with shop.db.begin() as work:
        row = work.get_one(StoredOpinion, before.id)
        right = {"kind": "opinion", "aspect": "taste", "sentiment": "negative"}
        correct(work, Themes(), row, right, "小李", shop.now)
    shop.say("酸菜鱼真是绝绝子", 16, 2)
    first, second = shop.read()
    assert (first.reader or {})["sentiment"] == before.sentiment
    assert (second.aspect, second.sentiment, second.corrected_by) == ("taste", "negative", None)
    shop.say("酸菜魚真是絕絕子", 17, 3)
    with shop.db.begin() as work:  # as the release before left it
        work.get_one(StoredOpinion, before.id).phrase_key = None
    shop.say("酸菜鱼真是绝绝子", 18, 4)
    assert [each.sentiment for each in shop.read()[2:]] == ["negative"] * 2


def test_temporal_is_told_once_of_a_batch_and_never_without_a_comment(shop: Shop) -> None:
    types = ["stream.joined"] * 2 + ["stream.commented"] * 3
    said, by = {"stream_id": "s1", "text": "好"}, (("phone", "+8613900000009"),)
    with shop.db.begin() as work:
        ingest(work, [Incoming("s", str(n), type, shop.now, said, by) for n, type in enumerate(types)], now=shop.now)
    with shop.db() as session:
        assert [row.kind for row in session.exec(select(Outbox))] == ["comments"]
        assert len(session.exec(select(UnreadComment)).all()) == 3
