"""Customers from a spreadsheet, as people keep such lists: good rows are taken, the others told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, select

from domain.customers.consent import read_consents
from domain.customers.resolution import find_customer
from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.chinese import in_chinese
from runtime.imports.customers import Tally, import_customers

LI = "phone:13800000001"
Import = Callable[..., tuple[Tally, list[str]]]


@pytest.fixture
def imported(db: Database, clock: VirtualClock, tmp_path: Path) -> Import:
    def run(*lines: str, dry_run: bool = False) -> tuple[Tally, list[str]]:
        file = tmp_path / "customers.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        told: list[str] = []
        return import_customers(db, clock, file, told.append, dry_run=dry_run), told

    return run


HEAD = "手机号,会员号,姓名,生日,城市,短信同意,备注"


def customers(db: Database) -> list[tuple[str | None, dict[str, object]]]:
    with db() as session:
        return [(each.name, each.fields) for each in session.exec(select(Customer).order_by(col(Customer.id)))]


def consents(db: Database, name: str) -> dict[str, bool]:
    with db() as session:
        customer = find_customer(session, name)
        assert customer
        return dict(read_consents(session, [customer.id], []).of(customer.id, "sms", None))


def test_a_list_as_a_shop_keeps_it(imported: Import, db: Database) -> None:
    tally, told = imported(
        "会员名单,,,,,,",
        HEAD,
        "138 0000 0001,M1,小李,1990年3月5日,杭州,是,老客",
        "13800000002,,小王,3月8日,上海,否,",
        ",M3,小赵,,,,",
        ",,,,,,",
        "合计,,3,,,,",
    )
    assert (tally.taken, tally.wrong, tally.unread, told) == (3, 0, ("备注",), [])
    assert customers(db) == [
        ("小李", {"birthday": "1990-03-05", "city": "杭州"}),
        ("小王", {"birthday": "03-08", "city": "上海"}),
        ("小赵", {}),
    ]
    assert consents(db, LI) == {"marketing": True}
    assert consents(db, "phone:13800000002") == {"marketing": False}


def test_everything_that_is_wrong_is_told_row_by_row(imported: Import, db: Database) -> None:
    tally, told = imported(
        HEAD,
        "12345,,小李,1990-02-30,,也许,",
        ",,小王,,,,",
        "13800000003,,小赵,,,,",
        "13800000003,,小赵,,,,",
    )
    assert (tally.taken, tally.wrong) == (1, 3)
    assert told == [
        "row 2, 手机号: is not a possible phone number",
        "row 2, 生日: is not a day that exists",
        "row 2, 短信同意: must say 是 or 否, or nothing",
        "row 3, 手机号: is empty, and nothing else names the customer; fill it in",
        "row 5, 手机号: the customer stands in row 4, too; write each on one line",
    ]
    assert in_chinese(told[0]) == "第 2 行，手机号：没有这样的电话号码"
    assert len(customers(db)) == 1


def test_a_dry_run_shows_what_would_change_and_keeps_nothing(imported: Import, db: Database) -> None:
    imported(HEAD, "13800000001,,小李,,杭州,,")
    before = customers(db)
    tally, told = imported(HEAD, "13800000001,,小李,,上海,是,", "13800000002,,小王,,,,", dry_run=True)
    assert tally.taken == 2
    assert told == ["row 2: customer 1; city 杭州 → 上海, sms ✓", "row 3: a new customer; name – → 小王"]
    assert in_chinese(told[0]) == "第 2 行：客户 1；city 杭州 → 上海, sms ✓"
    assert customers(db) == before
    with db() as session:
        assert len(session.exec(select(Event)).all()) == 1


def test_the_same_file_is_taken_once_a_day(imported: Import) -> None:
    rows = (HEAD, "13800000001,,小李,,杭州,是,")
    assert imported(*rows)[0].taken == 1
    again, _ = imported(*rows)
    assert (again.taken, again.known) == (0, 1)


def test_a_list_never_gives_a_consent_that_was_withdrawn(imported: Import, db: Database, clock: VirtualClock) -> None:
    imported(HEAD, "13800000001,,小李,,杭州,是,")
    with db.begin() as work:
        customer = find_customer(work, LI)
        assert customer
        left = Incoming("shop", "w1", "consent.withdrawn", clock.now(), {"channel": "sms"}, customer=customer.id)
        ingest(work, [left], now=clock.now())
    _, told = imported(HEAD, "13800000001,,小李,,上海,是,")
    assert told == ["row 2: the customer has refused sms, which holds; no consent was taken"]
    assert consents(db, LI) == {"marketing": False}
    assert customers(db)[0][1]["city"] == "上海"


def test_a_file_that_names_nobody_is_refused(imported: Import) -> None:
    with pytest.raises(StartError, match="has no header"):
        imported("姓名,城市", "小李,杭州")
