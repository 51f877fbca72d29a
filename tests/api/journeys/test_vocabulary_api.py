"""What a journey can be written with, examples of what events hold, and conditions in words."""

from collections.abc import Callable

import pytest
from calling import Caller

from api.app import create_app
from domain.access.keys import create_key
from domain.published.publishing import publish_document, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.recipes import RECIPES, recipes_for
from workflows.verbs.registry import SPECS


@pytest.fixture
def marketer(call_with: Callable[..., Caller], db: Database) -> Caller:
    with db.begin() as session:
        publish_document(session, "_policy", {})
        publish_text(session, "hello", "sms", "你好")
        publish_text(session, "hello", "wecom", "你好")
    return call_with(scopes=("read", "admin", "ingest"))


def test_what_the_shop_knows_is_told_by_name(marketer: Caller) -> None:
    told = marketer.get("/v1/specs/vocabulary").json()
    assert {"verb": "wait", "noun": "等待"} in told["verbs"]
    assert told["templates"] == [{"template": "hello", "channels": ["sms", "wecom"]}]
    paid = next(each for each in told["events"] if each["event"] == "order.paid")
    assert (paid["called"], paid["business"]) == ("已下单", False)
    assert field("items.category", "商品类目") in paid["fields"]
    assert field("total", "金额", "money") in paid["fields"]
    assert field("customer.spent", "累计消费", "money") in told["fields"]
    status = next(each for each in told["fields"] if each["name"] == "coupon.status")
    assert {"name": "issued", "called": "未用"} in status["choices"]
    assert "春节" in told["days"]
    assert "SendStep" in told["grammar"]["$defs"]
    english = marketer.get("/v1/specs/vocabulary?lang=en").json()
    assert {"verb": "wait", "noun": "wait"} in english["verbs"]
    assert field("customer.spent", "customer.spent", "money") in english["fields"]


def field(name: str, called: str, kind: str | None = "text") -> dict[str, object]:
    return {"name": name, "called": called, "kind": kind, "choices": []}


def test_each_verb_is_offered_once_under_a_name(marketer: Caller) -> None:
    assert sorted(each["verb"] for each in marketer.get("/v1/specs/vocabulary").json()["verbs"]) == sorted(SPECS)


def test_recent_events_give_examples_and_name_nobody(marketer: Caller) -> None:
    data = {"order_id": "o1", "total": 8900, "name": "王芳", "items": [{"sku": "beans-250", "name": "云南豆"}]}
    event = {"specversion": "1.0", "id": "1", "source": "t", "type": "order.paid", "subject": "phone:13800000001"}
    assert marketer.post("/v1/events", json=event | {"data": data}).status_code == 202
    told = {each["field"]: each["values"] for each in marketer.get("/v1/specs/events/order.paid/examples").json()}
    assert (told["items.sku"], told["items.name"], told["total"]) == (["beans-250"], ["云南豆"], ["89元"])
    assert told["name"] == ["王•••"]
    assert marketer.get("/v1/specs/events/never.seen/examples").json() == []


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"tag": "vip"}, "vip"),
        ({"all": [{"tag": "vip"}, {"not": {"field": "customer.orders", "at_least": 3}}]}, "3"),
    ],
)
def test_a_condition_is_said_in_words(marketer: Caller, when: object, words: str) -> None:
    told = marketer.post("/v1/specs/condition", json={"when": when}).json()
    assert words in told["words"]
    assert told["problems"] == []


def test_what_is_wrong_with_a_condition_is_said(marketer: Caller) -> None:
    told = marketer.post("/v1/specs/condition", json={"when": {"field": "customer.orders"}}).json()
    assert told["words"] is None
    assert len(told["problems"]) == 1


def test_recipes_are_told_under_the_name_that_is_asked_for(db: Database, clock: VirtualClock) -> None:
    with db.begin() as work:
        secret = create_key(work, "test", ("read", "admin"), clock.now())
    caller = Caller(create_app(db, clock, ready=dict, known_recipes=recipes_for), secret)
    found = caller.get("/v1/recipes?journey=weekend_thanks").json()
    assert {each["recipe"]: each["about"] for each in found} == {name: zh for name, (zh, _) in RECIPES.items()}
    for each in found:
        outline = caller.post("/v1/specs/outline", json={"text": each["text"]}).json()
        assert outline["steps"]
        assert "journey: weekend_thanks\n" in each["text"]
        assert "NAME" not in each["text"]
    english = caller.get("/v1/recipes?lang=en").json()
    assert [each["about"] for each in english] == [en for _, en in RECIPES.values()]
    assert caller.get("/v1/recipes?journey=7 days").status_code == 422
