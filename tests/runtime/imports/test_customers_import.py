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
from runtime.imports import customers as module
from runtime.imports.customers import Tally, import_customers

LI = "phone:13800000001"
Import = Callable[..., tuple[Tally, list[str]]]


@pytest.fixture
def imported(db: Database, clock: VirtualClock, tmp_path: Path) -> Import:
    def run(
        *lines: str, dry_run: bool = False, mapping: dict[str, str] | None = None, steps: list[int] | None = None
    ) -> tuple[Tally, list[str]]:
        file = tmp_path / "customers.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        told: list[str] = []
        tally = import_customers(
            db, clock, file, told.append, dry_run=dry_run, mapping=mapping,
            progress=steps.append if steps is not None else lambda _: None,
        )  # fmt: skip
        return tally, told

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


def test_somebody_else_s_phone_in_every_row_overwrites_nobody(imported: Import, db: Database) -> None:
    imported(HEAD, "13800000009,,店长,,杭州,是,")
    before = customers(db)
    lines = [f"13800000009,M{number},客{number},,,是," for number in range(5000)]
    tally, told = imported(HEAD, *lines, ",M9999,小赵,,,,")
    assert (tally.taken, tally.wrong, len(told)) == (1, 5000, 101)
    assert told[0] == (
        "row 2, 手机号: stands in 5000 rows and so names nobody; leave it empty where it is not their own"
    )
    assert told[-1] == "4900 more lines like these; mend the file and give it again"
    assert [in_chinese(line) != line for line in (told[0], told[-1])] == [True, True]
    assert customers(db) == [*before, ("小赵", {})]


def test_a_phone_that_is_another_customer_s_is_told_with_its_row(imported: Import, db: Database) -> None:
    imported(HEAD, "13800000001,M1,小李,,,,")
    tally, told = imported(HEAD, "13800000001,M2,小王,,,,")
    assert tally.taken == 1
    assert told == ["row 2: its phone does not name this customer (each); see aftershow customer conflicts"]
    assert in_chinese(told[0]).startswith("第 2 行：phone 不指这位客户")
    assert [name for name, _ in customers(db)] == ["小李", "小王"]


def test_a_value_that_names_nobody_is_told_and_the_row_is_taken_by_another(imported: Import, db: Database) -> None:
    tally, told = imported(HEAD, "13800000000,M1,小李,,,,", "13888888888,,小王,,,,")
    assert (tally.taken, tally.known, tally.wrong, len(customers(db))) == (1, 0, 1, 1)
    assert told == [f"row {row}: its phone is a value that names nobody; leave it empty" for row in (2, 3)]
    assert in_chinese(told[0]) == "第 2 行：phone 填的值不指任何人，请留空"


def test_headings_may_be_mapped(imported: Import, db: Database) -> None:
    lines = ("买家电话,买家,可发短信", "13800000001,小李,是")
    with pytest.raises(StartError, match="--map"):
        imported(*lines)
    mapping = {"买家电话": "phone", "买家": "name", "可发短信": "sms"}
    assert imported(*lines, mapping=mapping)[0].taken == 1
    assert (customers(db), consents(db, LI)) == ([("小李", {})], {"marketing": True})
    with pytest.raises(StartError, match="cannot be price"):
        imported(*lines, mapping={"买家": "price"})


def test_a_file_that_was_cut_short_is_read_on(imported: Import, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    lines = [HEAD, *(f"1390000000{number},,客{number},,,是," for number in range(6))]
    take, rounds = module._Desk.take, [0]

    def cut_short(desk: object, *given: object) -> None:
        rounds[0] += 1
        if rounds[0] == 2:
            raise ConnectionError
        take(desk, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(module._Desk, "take", cut_short)
    with pytest.raises(ConnectionError):
        imported(*lines)
    assert len(customers(db)) == 2
    steps: list[int] = []
    tally, _ = imported(*lines, steps=steps)
    assert (tally.taken, tally.known, len(customers(db)), steps) == (4, 2, 6, [3, 5, 7, 7])
