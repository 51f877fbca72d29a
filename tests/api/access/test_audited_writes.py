"""Every route that writes leaves a row in the audit: who, from where, what, and what was changed into what."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import PASSWORD, Browser
from fastapi import FastAPI
from shop import Shop
from sqlalchemy import Engine
from sqlmodel import select
from voices import Voices

from api.app import create_app
from api.texts.sending import Tried
from domain.access import sessions
from domain.access.tables import AuditEntry, User
from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, Todo
from domain.ledger.tables import Message
from domain.plays.publishing import publish_play
from domain.published.publishing import publish_document, publish_text
from domain.stock.replenishment import begin, decide
from domain.stock.tables import LiveSale
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.voice.tables import StoredOpinion
from runtime.imports.uploading import sheet_importer
from runtime.rehearsal.trying import DraftTrials
from workflows.language.policy import CouponTerms
from workflows.language.stock_rules import StockRules
from workflows.plan.supply import Decision
from workflows.plays.reading import read_play

CARE = """
    journey: care
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: call, todo: 给王小雨打个电话, assign: owner, due: 48h}]
"""
LOTTERY = """
play: lottery
name: 福袋
rules: 免费
minors: out
steps: [{id: collect, collect: entries, for: 10m}, {id: show, announce: [screen]}]
"""
WELCOME = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
steps:
  - {id: hi, send: hello, via: [sms]}
"""
ERP = {
    "connector": "erp",
    "from": {"files": {"folder": "AFTERSHOW_CONNECT_DIR", "pattern": "*.csv"}},
    "map": {"type": "order.paid", "id": "no"},
}
RANGE = {"since": "1", "until": "2"}
SHEET = "批次,货号,数量,到期日,门店\nL1,beans,10,2027-01-01,S1\n".encode()
YAML = {"content": WELCOME.encode(), "headers": {"content-type": "application/yaml"}}
WORDS = Path(__file__).parents[3] / "console/src/pages/settings/words.ts"
PERSONAL = ("13900", "138000", "王小雨", "li@shop.cn", "打个电话", "太淡", "补足青团", "轻盐")
"""What the shop below knows of people, or what people wrote; none of it belongs into the audit."""

NOTHING = {
    "POST /v1/segments/preview", "POST /v1/texts/preview", "POST /v1/journeys/{name}/diff", "POST /v1/specs/outline",
    "POST /v1/specs/edit", "POST /v1/specs/condition", "POST /v1/voice/read", "POST /v1/journeys/{name}/draft/merge",
    "POST /v1/journeys/{name}/draft/tests", "POST /v1/journeys/{name}/draft/record",
    "POST /v1/journeys/{name}/draft/simulate", "POST /v1/journeys/{name}/draft/backtest",
    "POST /v1/plays/{play}/check",
    "POST /v1/documents/{name}/outline", "POST /v1/documents/{name}/edit", "POST /v1/documents/{name}/draft/merge",
    "POST /v1/documents/{name}/draft/presence", "DELETE /v1/documents/{name}/draft/presence",
    "POST /v1/journeys/{name}/draft/presence", "DELETE /v1/journeys/{name}/draft/presence",
}  # fmt: skip
"""Asks, and changes nothing; or says who looks at a draft."""

SHOPS = {
    "POST /v1/events", "POST /v1/coupons/quote", "POST /v1/coupons/lock", "POST /v1/coupons/redeem",
    "POST /v1/coupons/cancel", "POST /v1/coupons/refund", "POST /v1/plays/{play}/entries",
    "POST /v1/plays/{play}/tokens", "POST /v1/plays/{play}/tokens/wechat",
}  # fmt: skip
"""What shops send all day; it stands in the events, in the ledger of coupons, among a play's entries."""

TESTS = """\
journey: welcome
cases:
  - name: is greeted
    customer: {identifiers: {phone: "+8613900000001"}, consent: [sms]}
    events: [{at: 2026-03-02 19:00, event: order.paid, data: {order_id: o1, total: 8900}}]
    expect: [{at: 2026-03-02 19:00, sent: hi}]
"""
DRAFT = {"text": WELCOME}
FIRST = {"json": {"text": "five: {name: 五元, amount_off: 5元, valid: 4d}\n"}, "headers": {"if-match": '"0"'}}
SAVED = {"if-match": '"1"'}
WRITES: list[tuple[str, dict[str, Any], str, str]] = [
    ("POST /v1/session", {"json": {"login": "analyst@shop.cn", "password": "wrong"}}, "session.refuse", ""),
    ("POST /v1/session/link", {"json": {"token": "{token}"}}, "session.begin", "→ by"),
    ("POST /v1/journeys/welcome/versions", YAML, "journey.publish", "→ running, state, version"),
    ("POST /v1/journeys/welcome/pause", {}, "journey.pause", "state → state"),
    ("POST /v1/journeys/welcome/resume?late=drop", {}, "journey.resume", "state → late, state"),
    ("POST /v1/journeys/welcome/stop", {}, "journey.stop", "state → state"),
    ("PUT /v1/journeys/welcome/draft", {"json": DRAFT, "headers": {"if-match": '"0"'}}, "draft.begin", ""),
    ("DELETE /v1/journeys/welcome/draft", {"headers": SAVED}, "draft.discard", ""),
    ("PUT /v1/journeys/welcome/draft", {"json": DRAFT, "headers": {"if-match": '"0"'}}, "draft.begin", ""),
    (
        "POST /v1/journeys/welcome/draft/publish", {"json": {"reason": "x", "base": 1}, "headers": SAVED},
        "journey.publish", "state → running, state",
    ),
    ("PUT /v1/documents/_coupons/draft", FIRST, "draft.begin", ""),
    ("DELETE /v1/documents/_coupons/draft", {"headers": SAVED}, "draft.discard", ""),
    ("PUT /v1/documents/_coupons/draft", FIRST, "draft.begin", ""),
    (
        "POST /v1/documents/_coupons/draft/publish", {"json": {"reason": "x", "base": None}, "headers": SAVED},
        "document.publish", "version → reason, version",
    ),
    (
        "PUT /v1/journeys/welcome/tests", {"json": {"text": TESTS}, "headers": {"if-match": '"0"'}}, "journey.tests",
        "→ revision",
    ),
    ("POST /v1/connectors/erp/backfills", {"json": RANGE}, "connector.backfill", "→ since, until"),
    ("POST /v1/connectors/erp/retry", {}, "connector.retry", "→ events, set_aside"),
    ("POST /v1/suppliers/a/plans", {}, "supply.plan", "→ supplier"),
    ("POST /v1/supply/plans/1/answer", {"json": {"verdict": "refuse"}}, "supply.answer", "→ status"),
    ("POST /v1/supply/plans/1/decide", {"json": {"verdict": "refuse"}}, "supply.refuse", ""),
    ("POST /v1/plays/lottery/versions", {"json": {"text": LOTTERY}}, "play.publish", "→ version"),
    ("POST /v1/plays/lottery/open", {}, "play.open", "→ instance, state"),
    ("POST /v1/plays/lottery/close", {}, "play.close", "→ instance, state"),
    ("POST /v1/plays/lottery/stop", {"json": {"reason": "直播中断"}}, "play.stop", "→ instance, state"),
    ("PUT /v1/texts/hello/sms", {"json": {"body": "您好。拒收请回复R"}}, "text.publish", "sha256 → sha256"),
    (
        "POST /v1/texts/test",
        {"json": {"template": "hello", "channel": "sms", "body": "谢谢", "to": "+8613900000009"}}, "text.test", "→ own",
    ),
    ("PUT /v1/tags/regular", {"json": {"when": {"event": "order.paid"}}}, "tag.publish", "→ when"),
    ("PUT /v1/segments/buyers", {"json": {"when": {"event": "order.paid"}}}, "segment.publish", "→ when"),
    ("POST /v1/streams", {"json": {"stream_id": "new", "starts_at": "{later}"}}, "stream.plan", "→ starts_at"),
    ("POST /v1/streams/new/move", {"json": {"starts_at": "{latest}"}}, "stream.move", "starts_at → starts_at"),
    ("POST /v1/streams/new/cancel", {}, "stream.cancel", "cancelled → cancelled"),
    ("POST /v1/streams/s1/review/decisions", {"json": {"text": "下一场先上轻盐版"}}, "review.decide", ""),
    (
        "POST /v1/replenishments/1/approve", {}, "replenishment.approve", "quantity, status → quantity, status",
    ),
    (
        "POST /v1/replenishments/2/change", {"json": {"quantity": 12}}, "replenishment.change",
        "quantity, status → quantity, status",
    ),
    ("POST /v1/replenishments/3/refuse", {}, "replenishment.refuse", "status → status"),
    ("POST /v1/stock/import", {"content": SHEET}, "stock.import", "→ known, taken, wrong"),
    ("POST /v1/messages/{message}/settle", {"json": {"status": "sent"}}, "message.settle", "status → status"),
    ("POST /v1/stuck/retry", {}, "journey.retry", "→ notices, retried"),
    ("POST /v1/coupons/ABCD2345/revoke", {}, "coupon.revoke", "status → status"),
    (
        "POST /v1/opinions/{opinion}", {"json": {"aspect": "portion", "sentiment": "positive"}}, "voice.correct",
        "aspect, sentiment → aspect, sentiment",
    ),
    (
        "POST /v1/tasks", {"json": {"department": "supply", "text": "下场前补足青团", "due_on": "2027-03-09"}},
        "task.ask", "→ department, due_on",
    ),
    ("POST /v1/tasks/1/finish", {"json": {}}, "task.finish", "done → done"),
    (
        "POST /v1/requirements",
        {"json": {"sku": "fish", "aspect": "taste", "topic": "口味偏淡", "proposal": "轻盐版", "measure": "少于 5%"}},
        "requirement.make", "→ aspect, sku, status, topic",
    ),
    ("POST /v1/requirements/1", {"json": {"proposal": "只出轻盐版"}}, "requirement.revise", "round → round"),
    (
        "POST /v1/requirements/1/reviews", {"json": {"department": "supply", "verdict": "refuse", "reason": "太淡"}},
        "requirement.review", "status → department, status, verdict",
    ),
    ("POST /v1/desk/todos/{todo}/later", {}, "todo.later", "due_at → due_at"),
    ("POST /v1/desk/todos/{todo}/finish", {"json": {"outcome": "done"}}, "todo.finish", "→ outcome"),
    (
        "POST /v1/customers/{customer}/merge", {"json": {"with": "member_no:wang", "reason": "asked"}},
        "customer.merge", "→ join, merged, reason",
    ),
    (
        "POST /v1/customers/{customer}/split", {"json": {"identifiers": ["member_no:wang"], "reason": "two"}},
        "customer.split", "→ reason, split_off",
    ),
    ("POST /v1/identity/conflicts/{number}", {"json": {"decision": "apart"}}, "customer.decide", "→ decision, other"),
    ("DELETE /v1/customers/{customer}", {}, "customer.erase", ""),
    (
        "POST /v1/users", {"json": {"name": "李雷", "email": "new@shop.cn", "roles": ["buyer"]}},
        "user.create", "→ active, name, roles, staff",
    ),
    ("PATCH /v1/users/{user}", {"json": {"roles": ["product"]}}, "user.change", "roles → roles"),
    ("POST /v1/users/{user}/link", {}, "user.link", ""),
    ("POST /v1/keys", {"json": {"name": "miniapp", "scopes": ["ingest"]}}, "key.create", "→ name, origins, scopes"),
    ("DELETE /v1/keys/1", {}, "key.revoke", "name →"),
    ("PUT /v1/session/password", {"json": {"new": "another good one"}}, "user.password", ""),
    ("DELETE /v1/session", {}, "session.end", ""),
]  # fmt: skip
"""In this order: the route with what it is called with, the row's action, and what the row tells before → after."""


class Run:
    """Stands for the runs of replenishments: it takes every decision."""

    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db, self.clock = db, clock

    async def decide(self, alarm: int, decision: Decision) -> None:
        with self.db.begin() as work:
            decide(work, alarm, decision, self.clock.now())


@pytest.fixture
def app(migrated: tuple[Engine, Database], db: Database, clock: VirtualClock) -> FastAPI:
    take, trials = sheet_importer(db, clock), DraftTrials(migrated[0], db, clock)
    return create_app(
        db,
        clock,
        ready=dict,
        wall=clock,
        decide=Run(db, clock).decide,
        import_sheet=take,
        try_out=trials,
        send_text=lambda *_: Tried("sent", None),
        test_addresses={"sms": "+8613900000009"},
    )


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """With one of everything that can be written."""
    shop, voices = Shop(db, clock), Voices(db, clock)
    now = clock.now()
    begun = now - timedelta(hours=2)
    shop.post("stream.started", time=begun, stream_id="s1")
    voices.show("s1", 15, 45, at=begun)
    shop.post("stream.ended", time=now - timedelta(minutes=30), stream_id="s1")
    shop.publish(CARE)
    for who, owner in (("li", "guide-lin"), ("wang", "guide-xu")):
        shop.post("customer.updated", who, owner=owner, name="王小雨")
        shop.post("order.paid", who, order_id=who, total=990)
    shop.give("todo", shop.group("call"))
    for named in ({"email": "a@b.cn"}, {"unionid": "u9"}, {"email": "a@b.cn", "unionid": "u9"}):
        shop.take(Incoming("t", json.dumps(named), "customer.updated", now, {}, identify(None, named)))
    rules = StockRules.model_validate({"defaults": {"buyer": "甲", "pack": 12, "shelf_life": "90d"}})
    with db.begin() as work:
        publish_document(work, "_stock", rules.body())
        publish_document(work, "connectors/erp", ERP)
        publish_document(work, "_supply", {"suppliers": {"a": {"products": {"milk": {"min": 60}}}}})
        play = read_play(LOTTERY, "a play").play
        assert play is not None
        publish_play(work, play, LOTTERY, now)
        publish_text(work, "hello", "sms", "谢谢。拒收请回复R")
        for sku in ("beans", "tea", "milk"):
            work.add(LiveSale(stream_id="s", sku=sku, minute=now - timedelta(days=1), units=70))
            shop_alarm = Incoming("wms", sku, "stock.alarm", now, {"sku": sku})
            shop.take(shop_alarm)
        for alarm in work.exec(select(Event.id).where(Event.type == "stock.alarm")):
            begin(work, alarm, now)
        enrollment = work.exec(select(Enrollment)).first()
        assert enrollment is not None
        of = {"customer_id": enrollment.customer_id, "enrollment_id": enrollment.id, "step": "hi"}
        terms = CouponTerms(name="五元", amount_off=500, valid="4d").model_dump(mode="json")
        work.add(
            Message(
                **of, journey="care", template="hello", kind="marketing", channel="sms", recipient="+8613900000001",
                body="", status="unknown", counts=True, day=now, claimed_at=now,
            )
        )  # fmt: skip
        work.add(
            Coupon(
                **of, code="ABCD2345", campaign="five", terms=terms, status="issued", issued_at=now, expires_at=now,
                cost=500,
            )
        )  # fmt: skip
    return shop


def test_the_table_has_every_route_that_writes(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    asked = {f"{method.upper()} {path}" for path in paths for method in paths[path] if method != "get"}
    written = set()
    for route, *_ in WRITES:
        (template,) = (each for each in asked if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), route.partition("?")[0]))
        written.add(template)
    assert asked == written | NOTHING | SHOPS


def test_the_console_has_words_for_each_in_both_languages() -> None:
    words = WORDS.read_text(encoding="utf-8")
    assert [action for *_, action, _ in WRITES if words.count(f'"{action}":') < 2] == []


def test_every_write_is_a_row(
    shop: Shop, app: FastAPI, signed_in: Callable[[str], Browser], make_user: Callable[..., int]
) -> None:
    guest = make_user("analyst", password=PASSWORD)
    browser = signed_in("admin")
    with shop.db.begin() as work:
        admin = work.exec(select(User).where(User.email == "admin@shop.cn")).one()
        admin.staff = "guide-lin"
        token = sessions.make_link(work, admin, shop.clock.now())
        opinion = work.exec(select(StoredOpinion.id).where(StoredOpinion.topic == "口味偏淡")).first()
        values = {
            "token": token, "opinion": opinion, "user": guest,
            "message": work.exec(select(Message.id)).one(),
            "todo": work.exec(select(Todo.id).where(Todo.assignee == "guide-lin")).one(),
            "customer": work.exec(select(Todo.customer_id).where(Todo.assignee == "guide-lin")).one(),
            "number": browser.get("/v1/identity/conflicts").json()["conflicts"][0]["number"],
            "later": (shop.clock.now() + timedelta(days=2)).isoformat(),
            "latest": (shop.clock.now() + timedelta(days=3)).isoformat(),
        }  # fmt: skip
    told: list[object] = []
    for route, options, *_ in WRITES:
        method, path = route.split()
        given = {name: _filled(value, values) for name, value in options.items()}
        before = len(shop.rows(AuditEntry))
        caller = Browser(app) if method == "POST" and path.startswith("/v1/session") else browser
        answer = caller.request(method, _filled(path, values), **given)
        rows = shop.rows(AuditEntry)[before:]
        assert rows, f"{route}: {answer.status_code} {answer.text}"
        row = rows[-1]
        assert row.address == "10.0.0.1"
        told.append((route, options, row.action, _keys(row)))
    assert told == WRITES
    rows = shop.rows(AuditEntry)
    text = json.dumps([[row.target, row.before, row.after] for row in rows], ensure_ascii=False)
    assert [word for word in PERSONAL if word in text] == []


def _filled(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, values) for name, each in value.items()}
    if isinstance(value, str):
        return re.sub(r"{(\w+)}", lambda match: str(values[match[1]]), value)
    return value


def _keys(row: AuditEntry) -> str:
    before, after = (", ".join(sorted(part or {})) for part in (row.before, row.after))
    return f"{before} → {after}".strip() if before or after else ""
