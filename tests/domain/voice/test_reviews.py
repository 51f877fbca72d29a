"""The review of a show: when it is ready, what is in it, what departments are asked, and what came of the last one."""

from datetime import timedelta
from io import BytesIO
from typing import Any

from docx import Document
from sqlmodel import select
from voices import Voices

from domain.intake.ingest import Incoming, ingest
from domain.published.publishing import publish_document
from domain.stock.tables import Stream
from domain.store.tables import Outbox
from domain.voice.lessons.review_paper import paper_of
from domain.voice.lessons.reviews import decide, read
from domain.voice.papers import docx, markdown
from domain.voice.tables import Task
from domain.voice.tasks import finish


def play(voices: Voices, name: str, viewers: int, buyers: int) -> Stream:
    """A show of an hour that ends now: so many watch, half of them fill a cart, some buy; 15 of 60 say it is bland."""
    begins = voices.clock.now() - timedelta(hours=1)
    show = {"stream_id": name}
    events: list[tuple[str, Any, dict[str, Any], int | None]] = [
        ("stream.started", begins, {**show, "title": f"晚市 {name}"}, None),
        ("stream.showing", begins + timedelta(minutes=10), {**show, "sku": "fish"}, None),
    ]
    for who in range(viewers):
        events.append(("stream.joined", begins + timedelta(minutes=1), show, who))
        if who % 2 == 0:
            cart = {**show, "cart_id": f"{name}-{who}", "total": 100}
            events.append(("cart.updated", begins + timedelta(minutes=15), cart, who))
        if who < buyers:
            items = [{"sku": "fish", "quantity": 1, "price": 1000}]
            order = {**show, "order_id": f"{name}-{who}", "total": 1000, "items": items}
            events.append(("order.paid", begins + timedelta(minutes=20), order, who))
        if who % 4 == 3:
            events.append(("stream.left", begins + timedelta(minutes=30), show, who))
    voices.tell(events)
    voices.show(name, 15, 45, begins + timedelta(minutes=30))
    voices.tell([("stream.ended", voices.clock.now(), show, None)])
    with voices.db() as session:
        return session.get_one(Stream, name)


def later(voices: Voices, **after: float) -> None:
    voices.clock.set(voices.clock.now() + timedelta(**after))


def test_a_show_is_reviewed_in_stages_and_compared_with_the_last(voices: Voices) -> None:
    with voices.db.begin() as work:
        publish_document(work, "_voice", {"departments": {"marketing": "wu"}})
    first = play(voices, "s1", 40, 8)
    with voices.db() as session:
        assert read(session, first, voices.clock.now()) is None
        assert "review" in [row.kind for row in session.exec(select(Outbox))]
    assert voices.activities.review_show("s1").seconds == 600
    later(voices, minutes=10)
    standing = voices.activities.review_show("s1")
    assert (standing.stage, standing.seconds) == ("first", (timedelta(days=1) - timedelta(minutes=10)).total_seconds())
    with voices.db() as session:
        review = read(session, first, voices.clock.now())
        assert review is not None
        key = review.figures["key"]
        assert {name: key[name] for name in ("viewers", "carts", "buyers", "orders", "revenue", "new_customers")} == {
            "viewers": 40, "carts": 20, "buyers": 8, "orders": 8, "revenue": 8000, "new_customers": 8,
        }  # fmt: skip
        assert (key["conversion"], key["comments"], key["repurchase_is_final"]) == (0.2, 60, False)
        assert [(each["watching"], each["shown"]) for each in review.figures["curve"]][1:8:5] == [
            (40, []),
            (30, ["老坛酸菜鱼"]),
        ]
        (complaint,) = [each for each in review.figures["comments"]["topics"] if each["title"] == "口味偏淡"]
        assert (complaint["count"], complaint["speakers"]) == (15, 60)
        asked = {(task.department, task.owner) for task in review.todos}
        assert {("product", "lin"), ("marketing", "wu")} <= asked
        assert [task.key.split("/")[0] for task in review.todos if "口味偏淡" in task.text] == ["alert"]
    with voices.db.begin() as work:
        decide(work, first, "下一场先上轻盐版", "小李", voices.clock.now())
        for task in work.exec(select(Task).where(Task.department == "product")):
            finish(work, task, "林", "下批加盐", voices.clock.now())
    later(voices, days=2)
    back = {"order_id": "again", "total": 500, "items": [{"sku": "fish", "quantity": 1}]}
    voices.tell([("order.paid", voices.clock.now(), back, 0)])
    second = play(voices, "s2", 20, 10)
    later(voices, days=5)
    assert [voices.activities.review_show(name).stage for name in ("s1", "s2")] == ["day7", "day3"]
    with voices.db() as session:
        (one, two) = (read(session, show, voices.clock.now()) for show in (first, second))
        assert one is not None
        assert two is not None
        assert one.figures["key"]["repurchase"] == 1.0
        assert [each["text"] for each in one.decisions] == ["下一场先上轻盐版"]
        assert two.figures["compared"]["shows"] == ["s1"]
        assert two.figures["compared"]["mean"]["viewers"] == 40
        assert two.figures["key"]["new_customers"] == 2
        assert {task.note for task in two.last_todos if task.department == "product"} == {"下批加盐"}
        paper = paper_of(session, two)
    text = markdown(paper)
    assert all(word in text for word in ("上一场的待办", "下批加盐", "口味偏淡", "前 1 场平均"))
    assert len(Document(BytesIO(docx(paper))).tables) >= 5


def test_a_show_of_long_ago_and_one_that_nobody_came_to(voices: Voices) -> None:
    now = voices.clock.now()
    with voices.db.begin() as work:
        for name, ago in (("old", 60), ("empty", 1)):
            at = now - timedelta(days=ago)
            for type, when in (("stream.started", at), ("stream.ended", at + timedelta(hours=1))):
                ingest(work, [Incoming("s", f"{name}-{type}", type, when, {"stream_id": name})], now=now)
    with voices.db() as session:
        assert [row.payload for row in session.exec(select(Outbox)) if row.kind == "review"] == [{"stream": "empty"}]
        for name in ("old", "empty"):
            review = read(session, session.get_one(Stream, name), now)
            assert review is not None
            assert (review.figures["key"]["viewers"], review.figures["key"]["conversion"]) == (0, None)
            assert markdown(paper_of(session, review))
    assert voices.activities.review_show("unheard of").seconds is None
