"""`GET /v1/customers/{id}/timeline`."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from calling import Caller

from domain.customers.identifiers import identify
from domain.customers.tables import Customer, Identifier
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import TrailEntry
from domain.store.clock import VirtualClock
from domain.store.work import Database

PATH = "/v1/customers/1/timeline"


@pytest.fixture
def reader(call_with: Callable[..., Caller], db: Database, clock: VirtualClock) -> Caller:
    """A caller who may read of a customer about whom five things were decided."""
    said = [
        ("entered", "welcome", None, None),
        ("held", "thanks", None, None),
        ("sent", "thanks", "wecom", None),
        ("suppressed", "offer", None, "capped"),
        ("ended", "finished", None, None),
    ]
    with db.begin() as session:
        session.add(Customer(id=1, created_at=clock.now()))
        session.flush()
        for number, (what, value, via, reason) in enumerate(said):
            at = clock.now() + timedelta(hours=number)
            session.add(
                TrailEntry(
                    at=at, customer_id=1, journey="welcome", what=what, value=value, via=via, reason=reason,
                    until=at + timedelta(hours=1) if what == "held" else None,
                )
            )  # fmt: skip
    return call_with(scopes=("read",))


class TestTimeline:
    def test_tells_each_decision(self, reader: Caller) -> None:
        answer = reader.get(PATH, params={"lang": "en"})
        assert answer.status_code == 200
        body = answer.json()
        assert body["next"] is None
        assert [each["words"] for each in body["entries"]] == [
            "entered",
            "thanks held until 2026-03-02 14:00",
            "sent thanks by wecom",
            "offer suppressed: as many messages as the caps allow were sent",
            "came to its end",
        ]
        assert body["entries"][3] == {
            "at": "2026-03-02T07:00:00Z", "kind": "decision", "journey": "welcome", "title": "welcome",
            "what": "suppressed", "value": "offer",
            "words": "offer suppressed: as many messages as the caps allow were sent",
            "enrollment": None, "step": None, "via": None, "reason": "capped", "until": None,
            "because": None, "event": None,
        }  # fmt: skip

    def test_is_chinese_unless_asked_otherwise(self, reader: Caller) -> None:
        assert reader.get(PATH).json()["entries"][2]["words"] == "发送 thanks，经企业微信"

    def test_comes_in_pages(self, reader: Caller) -> None:
        found, after = [], None
        while True:
            page = reader.get(PATH, params={"limit": 2} | ({"after": after} if after else {})).json()
            found.append([each["what"] for each in page["entries"]])
            after = page["next"]
            if after is None:
                break
        assert found == [["entered", "held"], ["sent", "suppressed"], ["ended"]]

    def test_of_one_journey(self, reader: Caller) -> None:
        assert reader.get(PATH, params={"journey": "other"}).json() == {"customer": 1, "entries": [], "next": None}

    @pytest.mark.parametrize("name", ["phone:13800000001", "phone:+86 138 0000 0001", "openid:mini:a b", "1"])
    def test_of_a_customer_who_is_named(self, reader: Caller, db: Database, name: str) -> None:
        with db.begin() as session:
            session.add(Identifier(kind="phone", value="+8613800000001", customer_id=1))
            session.add(Identifier(kind="openid:mini", value="a b", customer_id=1))
        answer = reader.get(f"/v1/customers/{name}/timeline").json()
        assert (answer["customer"], len(answer["entries"])) == (1, 5)


LIVED = [
    ("customer.registered", {"name": "李雷"}, "注册：姓名", "customer.registered: name"),
    ("consent.given", {"channel": "sms"}, "同意接收：短信，营销", "consent.given: sms, marketing"),
    ("stream.joined", {"stream_id": "s1"}, "进入直播间：直播「早餐专场」", "stream.joined: livestream “早餐专场”"),
    (
        "stream.commented", {"stream_id": "s1", "text": "太甜了，打 13912345678"},
        "直播间评论：直播「早餐专场」，“太甜了，打 ***”",
        "stream.commented: livestream “早餐专场”, “太甜了，打 ***”",
    ),
    ("product.viewed", {"sku": "oats"}, "浏览商品：有机燕麦", "product.viewed: 有机燕麦"),
    (
        "order.paid",
        {"order_id": "o1", "total": 2580, "items": [{"sku": "oats", "quantity": 2}, *({"sku": x} for x in "xyz")]},
        "已下单：25.80元，有机燕麦 ×2，x，y，共 4 种，订单 o1",
        "order.paid: 25.80元, 有机燕麦 ×2, x, y, 4 products in all, order o1",
    ),
    (
        "order.refunded", {"order_id": "o1", "total": 580, "reason": "漏气"},
        "已退款：5.80元，订单 o1，“漏气”", "order.refunded: 5.80元, order o1, “漏气”",
    ),
    (
        "review.written", {"text": "不错", "sku": "oats", "rating": 4},
        "写了评价：有机燕麦，4 星，“不错”", "review.written: 有机燕麦, 4 stars, “不错”",
    ),
    ("message.replied", {"text": "好的"}, "回复消息：“好的”", "message.replied: “好的”"),
    ("recipe.read", {"anything": {"goes": 1}}, "recipe.read", "recipe.read"),
]  # fmt: skip
"""What happens to a person, each at an instant of its own or all at one, and how it is told."""
LI, WANG = "phone:13900000001", "unionid:u9"


def happen(db: Database, clock: VirtualClock, *, apart: timedelta, who: str = LI) -> None:
    shop = [
        ("stream.scheduled", {"stream_id": "s1", "title": "早餐专场", "starts_at": "2026-03-02T12:00:00+08:00"}),
        ("product.updated", {"sku": "oats", "name": "有机燕麦"}),
    ]
    told: list[tuple[str, Any]] = [*shop, *((type, data) for type, data, *_ in LIVED)]
    for number, (type, data) in enumerate(told):
        idents = () if number < len(shop) else identify(who, None)
        incoming = Incoming("shop", f"{who}{number}", type, clock.now() + apart * number, dict(data), idents)
        with db.begin() as work:
            ingest(work, [incoming], now=clock.now() + timedelta(days=1))


def pages(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = caller.get(path, params=query | after).json()
        found += page["entries"]
        assert len(found) < 1000, "a page is told again and again"
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


class TestLife:
    """What happened stands among what was decided."""

    @pytest.mark.parametrize(("lang", "words"), [("zh", 2), ("en", 3)])
    def test_tells_what_happened(
        self, call_with: Callable[..., Caller], db: Database, clock: VirtualClock, lang: str, words: int
    ) -> None:
        happen(db, clock, apart=timedelta(minutes=1))
        entries = pages(call_with(scopes=("customers.read", "pii")), f"/v1/customers/{LI}/timeline", lang=lang)
        assert [each["words"] for each in entries] == [row[words] for row in LIVED]
        assert {(each["kind"], each["value"], each["journey"]) for each in entries} == {("event", "shop", "")}
        assert [each["what"] for each in entries] == [type for type, *_ in LIVED]

    def test_says_nobodys_name(self, call_with: Callable[..., Caller], db: Database, clock: VirtualClock) -> None:
        happen(db, clock, apart=timedelta(minutes=1))
        entries = call_with(scopes=("customers.read",)).get(f"/v1/customers/{LI}/timeline").json()["entries"]
        assert "李雷" not in json.dumps(entries, ensure_ascii=False)

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    @pytest.mark.parametrize("apart", [timedelta(0), timedelta(minutes=30)])
    def test_pages_join_to_the_whole_in_one_order(
        self, reader: Caller, db: Database, clock: VirtualClock, apart: timedelta, size: int
    ) -> None:
        with db.begin() as session:
            session.add(Identifier(kind="phone", value="+8613900000001", customer_id=1))
        happen(db, clock, apart=apart)
        whole = pages(reader, PATH, limit=200)
        assert len(whole) == len(LIVED) + 5
        assert [each["at"] for each in whole] == sorted(each["at"] for each in whole)
        if not apart:
            assert [each["kind"] for each in whole] == ["event"] * len(LIVED) + ["decision"] * 5
        assert pages(reader, PATH, limit=size) == whole
        assert {each["kind"] for each in pages(reader, PATH, journey="welcome")} == {"decision"}

    def test_goes_over_all_identities_and_back(
        self, call_with: Callable[..., Caller], db: Database, clock: VirtualClock
    ) -> None:
        admin = call_with(scopes=("read", "admin"))
        for who in (LI, WANG):
            happen(db, clock, apart=timedelta(0), who=who)
        before = {who: pages(admin, f"/v1/customers/{who}/timeline", limit=3) for who in (LI, WANG)}
        li = admin.get(f"/v1/customers/{LI}").json()["id"]
        assert admin.post(f"/v1/customers/{LI}/merge", json={"with": WANG, "reason": "asked"}).status_code == 200
        joined = pages(admin, f"/v1/customers/{WANG}/timeline", limit=3)
        assert len([each for each in joined if each["kind"] == "event"]) == 2 * len(LIVED)
        assert [each["what"] for each in joined if each["kind"] == "identity"] == ["joined"]
        body = {"identifiers": [WANG], "reason": "two people"}
        assert admin.post(f"/v1/customers/{li}/split", json=body).status_code == 200
        for who in (LI, WANG):
            after = pages(admin, f"/v1/customers/{who}/timeline", limit=3)
            assert [each for each in after if each["kind"] == "event"] == before[who]
            assert [each["what"] for each in after if each["kind"] == "identity"] == ["joined", "split"]

    def test_tells_that_what_was_said_is_gone(
        self, call_with: Callable[..., Caller], db: Database, clock: VirtualClock
    ) -> None:
        happen(db, clock, apart=timedelta(0))
        admin = call_with(scopes=("read", "admin"))
        id = admin.get(f"/v1/customers/{LI}").json()["id"]
        assert admin.request("DELETE", f"/v1/customers/{id}").status_code == 204
        entries = pages(admin, f"/v1/customers/{id}/timeline")
        assert entries[5]["words"] == "已下单（内容已删除）"
        assert all(each["words"].endswith("（内容已删除）") for each in entries)


class TestProblems:
    @pytest.mark.parametrize("name", ["2", "0", "99999999999999999999", "phone:13800000001", "openid:mini:o"])
    def test_an_unknown_customer(self, reader: Caller, name: str) -> None:
        answer = reader.get(f"/v1/customers/{name}/timeline")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "There is no such customer."

    @pytest.mark.parametrize(
        ("path", "options"),
        [
            ("/v1/customers/li/timeline", {}),
            ("/v1/customers/-1/timeline", {}),
            ("/v1/customers/qq:1/timeline", {}),
            ("/v1/customers/phone:x/timeline", {}),
            ("/v1/customers/unionid:%00/timeline", {}),
            (PATH, {"limit": 0}),
            (PATH, {"limit": 201}),
            (PATH, {"lang": "fr"}),
            (PATH, {"after": "yesterday"}),
            (PATH, {"after": "nan_1_1_"}),
            (PATH, {"after": "1_1_99999999999999999999_"}),
            (PATH, {"journey": "a\x00b"}),
        ],
    )
    def test_what_cannot_be_asked(self, reader: Caller, path: str, options: dict[str, object]) -> None:
        answer = reader.get(path, params=options)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:aftershow:problem:invalid"

    def test_who_may_not_read(self, call_with: Callable[..., Caller], reader: Caller) -> None:
        assert call_with(scopes=("ingest",)).get(PATH).status_code == 403
        assert reader.get(PATH, raw_headers={}).status_code == 401
