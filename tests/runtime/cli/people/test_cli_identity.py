"""`aftershow customer …` and `why`: who somebody is, joined, split, decided about, exported and forgotten."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.access.tables import AuditEntry
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.cli.app import app

Run = Callable[..., str]
LI, WANG = "phone:13900000001", "unionid:u2"


@pytest.fixture
def run(
    db: Database, clock: VirtualClock, postgres_url: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Runs a command on a shop of two customers, and returns what it printed."""
    shop = Shop(db, clock)
    for number, who in enumerate((LI, WANG)):
        names = identify(who, None)
        shop.take(Incoming("test", f"u{number}", "customer.updated", clock.now(), {"name": f"客{number}"}, names))
        order = {"order_id": f"o{number}", "total": 1000}
        shop.take(Incoming("test", f"o{number}", "order.paid", clock.now(), order, names))
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)

    def command(*arguments: str) -> str:
        app([*arguments], standalone_mode=False)
        return capsys.readouterr().out

    return command


def test_joined_by_hand_shown_as_one_and_split_again(run: Run, db: Database) -> None:
    assert run("customer", "merge", LI, WANG, "--reason", "asked them") == "2 → 1\n"
    shown = run("customer", "show", WANG)
    assert shown.startswith("1  ← 2")
    assert "20.00元" in shown
    assert "与客户 2 是同一个人" in run("why", "--customer", "2", "--lang", "zh")
    with pytest.raises(StartError, match="they are one customer already"):
        run("customer", "merge", LI, WANG, "--reason", "again")
    assert run("customer", "split", LI, WANG, "--reason", "two people") == "1 → 1, 2\n"
    with pytest.raises(StartError, match="not all this customer's"):
        run("customer", "split", LI, WANG, "--reason", "again")
    assert "10.00元" in run("customer", "show", "2")
    with db() as session:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    assert [(row.action, (row.after or {})["reason"]) for row in rows] == [
        ("customer.merge", "asked them"), ("customer.split", "two people"),
    ]  # fmt: skip


def test_a_person_decides(run: Run, db: Database, clock: VirtualClock) -> None:
    run("customer", "merge", LI, WANG, "--reason", "asked them")
    run("customer", "split", LI, WANG, "--reason", "two people")
    both = (*identify(WANG, None), *identify(LI, None))
    Shop(db, clock).take(Incoming("test", "both", "product.viewed", clock.now(), {"sku": "a"}, both))
    assert "apart" in run("customer", "conflicts")
    assert run("customer", "decide", "1", "merge") == "customers 1 and 2 are one from now on\n"
    with pytest.raises(StartError, match="there is no open conflict 1"):
        run("customer", "decide", "1", "apart")


def test_exported_and_forgotten(run: Run, tmp_path: Path) -> None:
    assert '"+8613900000001"' in run("customer", "export", LI)
    file = tmp_path / "li.csv"
    run("customer", "export", LI, "--to", str(file))
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert ["orders", "1", "total", "1000"] in rows
    run("customer", "erase", LI, "--yes")
    assert "13900000001" not in run("customer", "export", "1")
    with pytest.raises(StartError):
        run("customer", "show", LI)
