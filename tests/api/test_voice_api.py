"""Comments are read over HTTP; nothing is stored."""

from collections.abc import Callable

from calling import Caller

from domain.intake.ingest import Incoming, ingest
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database


def test_each_text_is_read_by_the_lexicon_and_the_products_that_are_published(
    call_with: Callable[..., Caller], db: Database, clock: VirtualClock
) -> None:
    fish = {"sku": "fish-1", "name": "老坛酸菜鱼", "aliases": ["酸菜鱼", "老坛鱼"]}
    with db.begin() as work:
        publish_document(work, "_voice", {"aspects": {"quality": {"negative": ["糯唧唧"]}}})
        ingest(work, [Incoming("erp", "1", "product.updated", clock.now(), fish)], now=clock.now())
    texts = ["老坛鱼味道太淡", "几天能到？", "这个糯唧唧", ""]
    answer = call_with(scopes=("read",)).post("/v1/voice/read", json={"texts": texts})
    assert answer.status_code == 200
    first, second, third, fourth = answer.json()
    assert first == [
        {
            "kind": "opinion",
            "aspect": "taste",
            "sentiment": "negative",
            "product": "老坛酸菜鱼",
            "phrase": "老坛鱼味道太淡",
            "confidence": first[0]["confidence"],
        }
    ]
    assert [row["kind"] for row in (*second, *fourth)] == ["question", "chatter"]
    assert (third[0]["aspect"], third[0]["sentiment"]) == ("quality", "negative")


def test_what_is_wrong_with_the_texts_is_told(call_with: Callable[..., Caller]) -> None:
    caller = call_with(scopes=("read",))
    for body in ({"texts": ["好"] * 2_001}, {"texts": ["好" * 20_001]}, {"texts": "好"}, {"text": ["好"]}, {}, []):
        answer = caller.post("/v1/voice/read", json=body)
        assert (answer.status_code, answer.json()["errors"] != []) == (422, True), body
    assert call_with(scopes=("ingest",)).post("/v1/voice/read", json={"texts": []}).status_code == 403
    assert caller.post("/v1/voice/read", json={"texts": []}).json() == []
