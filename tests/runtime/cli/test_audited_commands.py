"""Every command that writes to a shop leaves a row in the audit, with who gave it."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from shop import Shop
from sqlmodel import select
from typer.main import get_command

from domain.access.tables import AuditEntry
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.supply.planning import plan_delivery
from runtime.cli.app import app
from runtime.cli.shared import operator

NOTHING = {
    "connect check", "connect preview", "connect rows", "connect status",
    "accounts", "backtest", "check", "cohorts", "customer conflicts", "customer show", "diff", "edit", "experiment",
    "doctor", "explain", "forecast evaluate", "mcp", "play list", "play simulate",
    "supply link",
    "play verify", "journeys", "key list", "messages", "new", "pull",
    "results", "simulate", "stuck", "studio-link", "supply simulate", "tags", "test", "todos", "user list",
    "voice corrections",
    "voice read", "voice report", "voice review", "why",
}  # fmt: skip
"""Reads, or writes files alone."""

RUNS = {"up", "api", "worker", "db upgrade"}
"""What a shop runs on; `up` publishes as `publish` does."""

SPEC = """\
journey: welcome
trigger: {event: form.filled}
entry: {again: never}
steps:
  - {id: hi, send: hello, via: [sms]}
"""
WRITES = [
    ("publish {specs}/welcome.yaml --templates {texts}", "journey.publish"),
    ("publish --specs {specs} --templates {texts}", "document.publish"),
    ("pause welcome", "journey.pause"),
    ("resume welcome --late drop", "journey.resume"),
    ("stop other --customer {customer}", "journey.stop_customer"),
    ("stop welcome", "journey.stop"),
    ("retry", "journey.retry"),
    ("rebuild-runs", "runs.rebuild"),
    ("restored --since 2026-03-01T08:00 --until 2026-03-01T08:10", "database.restored"),
    ("recount", "counts.recount"),
    ("settle 1 sent", "message.settle"),
    ("send-test hello --to +8613900000098", "text.test"),
    ("send-once hello --to segment:buyers --via sms", "message.send_once"),
    ("segment buyers --csv {file}", "segment.export"),
    ("stock import {lots}", "stock.import"),
    ("supply answer 1 {answer}", "supply.answer"),
    ("connect backfill erp --since a --until b --later", "connector.backfill"),
    ("connect run erp", "connector.run"),
    ("connect retry erp", "connector.retry"),
    ("customer import {people}", "customer.import"),
    ("customer import-history {orders} --kind orders", "orders.import"),
    ("customer merge member_no:a member_no:b --reason asked", "customer.merge"),
    ("customer split member_no:a member_no:b --reason two", "customer.split"),
    ("customer decide {number} apart", "customer.decide"),
    ("customer export member_no:a --to {file}", "customer.export"),
    ("customer erase member_no:a --yes", "customer.erase"),
    ("rank", "customer.rank"),
    ("ltv fit", "customer.forecast"),
    ("metric rebuild", "metric.rebuild"),
    ("user create 周宁 --role admin --email boss@shop.cn", "user.create"),
    ("user create 王小雨 --role buyer --email li@shop.cn", "user.create"),
    ("user disable li@shop.cn", "user.change"),
    ("user password li@shop.cn", "user.password"),
    ("key create --name till --scope ingest", "key.create"),
    ("key revoke till", "key.revoke"),
]
WORDS = Path(__file__).parents[3] / "console/src/pages/settings/words.ts"
PERSONAL = ("13900", "li@shop.cn", "member_no", "客户甲")


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """All there are, by their words."""
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name)) if hasattr(command, "commands") else [" ".join((*path, name))]


def test_the_table_has_every_command() -> None:
    everything = set(commands(get_command(app)))
    written = {max((each for each in everything if f"{line} ".startswith(f"{each} ")), key=len) for line, _ in WRITES}
    assert everything == written | NOTHING | RUNS


def test_the_console_has_words_for_each_in_both_languages() -> None:
    words = WORDS.read_text(encoding="utf-8")
    assert [action for _, action in WRITES if words.count(f'"{action}":') < 2] == []


def test_every_command_that_writes_is_a_row(
    db: Database, clock: VirtualClock, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(db, clock)
    shop.publish("journey: other\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps: [{wait: 9d}]")
    (specs := tmp_path / "specs").mkdir()
    (texts := tmp_path / "texts" / "hello").mkdir(parents=True)
    for name, text in (
        ("welcome", SPEC), ("_policy", "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00\ncaps: {sms: 1 per 1d}\n"),
        ("_segments", "buyers: {event: order.paid}\n"),
    ):  # fmt: skip
        (specs / f"{name}.yaml").write_text(text, encoding="utf-8")
    (texts / "sms.j2").write_text("{{ shop.sign }}您好。拒收请回复R", encoding="utf-8")
    files = {
        "lots": "批次,货号,数量,到期日,门店\nL1,milk,40,2027-03-20,S1\n",
        "answer": "sku,quantity\nmilk,72\n",
        "people": "手机号,姓名\n13900000055,客户甲\n",
        "orders": "订单号,手机号,下单时间,实付金额\nh1,13900000055,2026-01-01 10:00,59\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    with db.begin() as work:
        source = {"files": {"folder": "AFTERSHOW_CONNECT_DIR", "pattern": "*.jsonl"}}
        row = {"type": "order.paid", "id": "no"}
        publish_document(work, "connectors/erp", {"connector": "erp", "from": source, "map": row})
        publish_document(work, "_supply", {"suppliers": {"a": {"products": {"milk": {"min": 60}}}}})
        library = read_library(work)
        assert plan_delivery(work, "a", library.supply.suppliers["a"], clock.now(), library.policy_zone)
        orders = [
            Incoming(
                "s", f"{who}-{n}", "order.paid", clock.now() - timedelta(days=9 * n + who % 7),
                {"order_id": f"{who}-{n}", "total": 990}, identify(f"member_no:{'ab'[who] if who < 2 else who}", None),
            )
            for who in range(104) for n in range(2)
        ]  # fmt: skip
        ingest(work, orders, now=clock.now())
        for named in ({"email": "a@b.cn"}, {"unionid": "u9"}, {"email": "a@b.cn", "unionid": "u9"}):
            one = Incoming("t", json.dumps(named), "customer.updated", clock.now(), {}, identify(None, named))
            ingest(work, [one], now=clock.now())
        enrollment = work.exec(select(Enrollment)).first()
        assert enrollment is not None
        work.add(
            Message(
                enrollment_id=enrollment.id, customer_id=enrollment.customer_id, journey="other", step="hi",
                template="hello", kind="marketing", channel="sms", recipient="+8613900000001", body="",
                status="unknown", counts=True, day=clock.now(), claimed_at=clock.now(),
            )
        )  # fmt: skip
    values = {name: str(tmp_path / f"{name}.csv") for name in files} | {
        "specs": str(specs), "texts": str(tmp_path / "texts"), "file": str(tmp_path / "out.csv"),
        "number": "1", "customer": str(enrollment.customer_id),
    }  # fmt: skip
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
    monkeypatch.setenv("AFTERSHOW_CONNECT_DIR", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO("another good password\n"))
    told = []
    for line, _ in WRITES:
        before = len(shop.rows(AuditEntry))
        assert not app([word.format_map(values) for word in line.split()], standalone_mode=False), line
        rows = shop.rows(AuditEntry)[before:]
        assert rows, line
        assert {row.actor for row in rows} == {f"cli:{operator()}"}
        told.append((line, rows[-1].action))
    assert told == WRITES
    text = json.dumps([[row.target, row.before, row.after] for row in shop.rows(AuditEntry)], ensure_ascii=False)
    assert [word for word in PERSONAL if word in text] == []
