"""A connected system from its file to its events and out again: by the commands, and by Temporal's Schedules."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from real_worker import connected, eventually
from sqlmodel import select

from domain.access.tables import AuditEntry
from domain.customers.tables import Order
from domain.published.library import read_library
from domain.published.tables import Document
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime.cli.app import app
from runtime.platform.schedules import sync_schedules
from runtime.platform.temporal import TASK_QUEUE
from runtime.platform.worker import working

ERP = """\
connector: erp
from: {files: {folder: AFTERSHOW_CONNECT_DIR, pattern: "orders-*.csv"}}
every: 1m
map: {type: order.paid, id: no, time: paid, customer: {phone: phone}, data: {order_id: no, total: fen(total)}}
"""
POLICY = "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00\ncaps: {sms: 1 per 1d}\n"
BI = "output: bi\nto: {files: {folder: AFTERSHOW_CONNECT_DIR, format: csv}}\n"
ROWS = "no,phone,total,paid\na,13900000001,9.9,2026-03-02 11:00\nb,12,9.9,2026-03-02 11:00\n"


@pytest.fixture
def specs(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
    monkeypatch.setenv("AFTERSHOW_CONNECT_DIR", str(tmp_path))
    (tmp_path / "orders-1.csv").write_text(ROWS)
    for name, text in (("_policy", POLICY), ("connectors/erp", ERP), ("outputs/bi", BI)):
        (file := tmp_path / "specs" / f"{name}.yaml").parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    return tmp_path / "specs"


@pytest.fixture
def command(specs: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    def run(line: str) -> str:
        where = ["--specs", str(specs)] if line.split()[0] == "publish" or "preview" in line or "check" in line else []
        templates = ["--templates", str(specs.parent / "texts")] if line == "publish" else []
        ended = app([*line.split(), *where, *templates], standalone_mode=False)
        assert not ended, capsys.readouterr().out
        return capsys.readouterr().out

    return run


def test_a_system_is_connected_by_a_file_and_commands(db: Database, specs: Path, command: Callable[[str], str]) -> None:
    assert "erp: in order" in command("connect check")
    previewed = command("connect preview erp")
    assert "→ order.paid order.paid/a 2026-03-02T03:00:00+00:00 phone:+8613900000001" in previewed
    assert "set aside: data.customer.phone: is not a possible phone number" in previewed
    with db() as session:
        assert session.exec(select(Order)).all() == []
    command("publish")
    assert "1 new events, 0 known, 1 set aside" in command("connect run erp")
    assert "1 new events" not in command("connect run erp")
    state = json.loads(command("connect status --json"))
    assert [(each["connector"], each["events"], each["set_aside"]) for each in state["connectors"]] == [("erp", 1, 1)]
    assert [(each["output"], each["stream"]) for each in state["outputs"]] == [("bi", "events")]
    assert "order.paid/b" in command("connect rows erp")
    assert "back-fill" in command("connect backfill erp --since orders-0 --until orders-9")
    assert "0 new events, 1 set aside" in command("connect retry erp")
    (specs / "connectors" / "erp.yaml").unlink()
    command("publish")
    with db() as session:
        assert [name for name in session.exec(select(Document.name)) if "/" in name] == ["outputs/bi"]
        actions = [row.action for row in session.exec(select(AuditEntry))]
    assert "document.remove" in actions


def test_what_is_connected_runs_by_schedules(
    db: Database, specs: Path, command: Callable[[str], str], temporal: str
) -> None:
    command("publish")
    with db() as session:
        library = read_library(session)

    async def story() -> None:
        client = await connected(temporal)
        await sync_schedules(client, library, paused=False)
        async with working(client, db, SystemClock(), TASK_QUEUE):
            await client.get_schedule_handle("schedule/pull/erp").trigger()

            async def pulled() -> bool:
                with db() as session:
                    return list(session.exec(select(Order.order_id))) == ["a"]

            await eventually(pulled)
            await client.get_schedule_handle("schedule/deliver/bi").trigger()

            async def told() -> bool:
                files = list(specs.parent.glob("events/*/*.csv"))
                return any("order.paid/a" in file.read_text("utf-8-sig") for file in files)

            await eventually(told)
        await sync_schedules(client, type(library)(library.policy, {}, {}, {}, {}), paused=False)

        async def gone() -> bool:
            return not [each.id async for each in await client.list_schedules() if each.id.startswith("schedule/")]

        await eventually(gone)

    asyncio.run(story())
