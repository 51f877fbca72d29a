"""A topic becomes a requirement, is reviewed and decided, comes to a product, and is measured; opinions put right."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from calling import Caller
from docx import Document
from voices import Voices

from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

BLAND = {"sku": "fish", "aspect": "taste", "topic": "口味偏淡", "proposal": "出轻盐版", "measure": "首场说淡的少于 5%"}


@pytest.fixture
def voices(db: Database, clock: VirtualClock) -> Voices:
    return Voices(db, clock)


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("read", "admin"))


def sell(voices: Voices, name: str, sku: str, units: int, after: float = 0) -> None:
    """A show of an hour that sells so many units of a product in its first minutes, and ends now."""
    voices.clock.set(voices.clock.now() + timedelta(days=after))
    begins = voices.clock.now() - timedelta(hours=1)
    show = {"stream_id": name}
    order = {**show, "order_id": f"{name}-o", "total": 100, "items": [{"sku": sku, "quantity": units}]}
    voices.tell([("stream.started", begins, show, None), ("order.paid", begins, order, 3)])


def test_from_a_topic_to_a_product_that_is_measured(voices: Voices, caller: Caller) -> None:
    with voices.db.begin() as work:
        publish_document(work, "_voice", {"departments": {"supply": "chen", "marketing": "wu"}, "escalate_to": "boss"})
    sell(voices, "s1", "fish", 60)
    voices.show("s1", 15, 45)
    refund, now = {"order_id": "s1-o", "reason": "酸菜鱼太淡了"}, voices.clock.now()
    voices.tell([("stream.ended", now, {"stream_id": "s1"}, None), ("order.refunded", now, refund, 3)])
    voices.activities.read_comments()
    unknown = caller.post("/v1/requirements", json={**BLAND, "topic": "太辣"})
    assert (unknown.status_code, "taste 口味偏淡" in unknown.json()["errors"][0]["detail"]) == (422, True)
    made = caller.post("/v1/requirements", json=BLAND)
    assert made.status_code == 201, made.text
    found = made.json()
    evidence = found["evidence"]
    assert (evidence["count"], evidence["units"], evidence["returns"]) == (16, 60, 1)
    assert (found["status"], found["waits_for"]) == ("review", ["product", "supply", "marketing"])
    path = f"/v1/requirements/{found['id']}"
    owners = {task["owner"] for task in caller.get("/v1/tasks?done=false").json()["tasks"] if "评审" in task["text"]}
    assert owners == {"lin", "chen", "wu"}

    look = voices.activities.look_after_requirement
    told = len(voices.told)
    assert look(found["id"]).seconds == timedelta(days=2).total_seconds()
    for _ in range(2):
        voices.clock.set(voices.clock.now() + timedelta(days=2))
        look(found["id"])
    assert [notice.to for notice in voices.told[told:]] == ["lin", "chen", "wu"] * 2 + ["boss"]

    def review(department: str, verdict: str, reason: str = "") -> int:
        body = {"department": department, "verdict": verdict, "reason": reason}
        return caller.post(f"{path}/reviews", json=body).status_code

    assert review("supply", "change") == 422
    assert review("supply", "change", "小包盐要另找供应商") == 200
    assert caller.get(path).json()["status"] == "draft"
    assert review("product", "approve") == 409
    assert caller.post(path, json={"proposal": "只出轻盐版"}).json()["round"] == 2
    assert [review(each, "approve") for each in ("product", "supply", "marketing")] == [200, 200, 200]
    assert caller.get(path).json()["status"] == "approved"
    assert caller.post(path, json={"measure": "x"}).status_code == 409
    assert [task for task in caller.get("/v1/tasks?done=false").json()["tasks"] if "评审" in task["text"]] == []

    launched = {"sku": "light", "requirement": found["id"]}
    light = {"sku": "light", "name": "轻盐版酸菜鱼"}
    now = voices.clock.now()
    voices.tell([("product.updated", now, light, None), ("product.launched", now, launched, None)])
    assert look(found["id"]).status == "launched"
    sell(voices, "s2", "light", 120, after=7)
    said = [{"stream_id": "s2", "text": text, "sku": "light"} for text in ("轻盐版酸菜鱼很好吃", "轻盐版酸菜鱼太淡了")]
    voices.tell([("stream.commented", voices.clock.now(), each, 10 + n) for n, each in enumerate(said)])
    voices.activities.read_comments()
    voices.tell([("stream.ended", voices.clock.now(), {"stream_id": "s2"}, None)])
    assert look(found["id"]).over
    closed = caller.get(path).json()
    assert (closed["status"], closed["new_sku"]) == ("closed", "light")
    result = closed["result"]
    assert (result["per_minute"], result["usual_per_minute"], result["share"]) == (2.0, 1.0, 0.5)
    text = caller.get(f"{path}?format=markdown").text
    assert all(word in text for word in ("只出轻盐版", "小包盐要另找供应商", "酸菜鱼没味道", "每分钟卖 2 件"))
    assert Document(BytesIO(caller.get(f"{path}?format=docx").content)).paragraphs[0].text.startswith("产品需求 #")
    closed_ones = caller.get("/v1/requirements?status=closed").json()["requirements"]
    assert [each["status"] for each in closed_ones] == ["closed"]


def test_nobody_reviews_and_one_refuses(voices: Voices, caller: Caller) -> None:
    voices.show("s1", 15, 45)
    first, second = (caller.post("/v1/requirements", json=BLAND).json()["id"] for _ in range(2))
    for _ in range(9):
        voices.clock.set(voices.clock.now() + timedelta(days=2))
        standing = voices.activities.look_after_requirement(first)
    assert (standing.status, standing.over) == ("lapsed", True)
    body = {"department": "marketing", "verdict": "refuse", "reason": "太小众"}
    assert caller.post(f"/v1/requirements/{second}/reviews", json=body).json()["status"] == "refused"
    assert voices.activities.look_after_requirement(999).over


def test_opinions_are_listed_in_pages_and_put_right(voices: Voices, caller: Caller) -> None:
    voices.show("s1", 15, 45)
    found: list[int] = []
    after = ""
    while True:
        page = caller.get(f"/v1/opinions?stream=s1&limit=25&after={after}").json()
        found += [each["id"] for each in page["opinions"]]
        after = page["next"]
        if not after:
            break
    assert len(found) == len(set(found)) >= 60
    (one, *_) = caller.get("/v1/opinions?topic=口味偏淡&sku=fish").json()["opinions"]
    path = f"/v1/opinions/{one['id']}"
    right = caller.post(path, json={"aspect": "quality"}).json()
    assert (right["aspect"], right["reader"]["aspect"], right["corrected_by"]) == ("quality", "taste", "test")
    assert caller.post(path, json={"kind": "chatter"}).json()["sentiment"] is None
    for wrong in ({}, {"kind": "x"}, {"kind": "opinion"}, {"sentiment": 1}, {"extra": 1}):
        assert caller.post(path, json=wrong).status_code == 422, wrong
    assert caller.post("/v1/opinions/999999", json={"aspect": "taste"}).status_code == 404
    assert len(caller.get("/v1/opinions?corrected=true").json()["opinions"]) == 1
    topics = caller.get("/v1/topics?stream=s1&sku=fish").json()["topics"]
    assert (topics[0]["title"], topics[0]["count"], topics[0]["rises"]) == ("口味偏淡", 14, True)
    assert caller.get("/v1/alerts?stream=s1").json()[0]["topic"] == "口味偏淡"
    assert caller.get("/v1/streams/s1/review").status_code == 404
