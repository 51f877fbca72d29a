"""Lots from spreadsheets: as people really write them, and as nobody should."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlmodel import select

from domain.intake.tables import Event
from domain.stock.tables import Lot, Product
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.imports import sheets
from runtime.imports.stock import Tally
from runtime.imports.stock import import_lots as run_import

HEADER = ["货号", "批次", "到期日", "数量", "城市", "门店", "名称", "类目"]
MILK = ["milk-1l", "L1", "2026-03-20", 40, "上海", "S1", "鲜奶", "乳品"]
ROOT = Path(__file__).parents[3]

Import = Callable[[Path], tuple[Tally, list[str]]]


@pytest.fixture
def imported(db: Database, clock: VirtualClock) -> Import:
    """Imports a file; says what was wrong."""

    def run(path: Path) -> tuple[Tally, list[str]]:
        told: list[str] = []
        return run_import(db, clock, path, told.append, lambda _: None), told

    return run


def workbook(path: Path, *rows: Sequence[Any], merged: Sequence[str] = ()) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for span in merged:
        sheet.merge_cells(span)
    book.save(path)
    return path


def lots(db: Database) -> dict[str, Lot]:
    with db() as session:
        return {lot.lot_id: lot for lot in session.exec(select(Lot))}


def test_a_list_as_excel_writes_it(imported: Import, db: Database, tmp_path: Path) -> None:
    rows = [
        ["绿野鲜食 库存表", None, None, None, None, None, None, None],
        ["货号*", "批 次", "保质期至(年月日)", "数量（箱）", "城市", "门店", "名称", "备注"],
        ["milk-1l", "L1", datetime.fromisoformat("2026-03-20"), 40, "上海", "S1", "鲜奶", "急"],
        [6901234567892, 202603, date(2026, 3, 21), 12.0, "上海", "S1", "酸奶", None],
        [None] * 8,
        ["tea", "L3", "2026年3月2日", "１，２００", "北京", None, None, None],
        ["rice", "L4", "2026/3/22", "7.25", "北京", None, None, None],
        ["shrimp", "L5", "2026/3/22", 0.1 + 0.2, "北京", None, None, None],
    ]
    tally, told = imported(workbook(tmp_path / "lots.xlsx", *rows, merged=["A1:H1"]))
    assert (tally.taken, tally.wrong, tally.unread, told) == (5, 0, ("备注",), [])
    found = lots(db)
    assert {name: (lot.sku, lot.on_hand, lot.expires_on.isoformat()) for name, lot in found.items()} == {
        "L1": ("milk-1l", 40, "2026-03-20"),
        "202603": ("6901234567892", 12, "2026-03-21"),
        "L3": ("tea", 1200, "2026-03-02"),
        "L4": ("rice", Decimal("7.25"), "2026-03-22"),
        "L5": ("shrimp", Decimal("0.3"), "2026-03-22"),
    }
    assert (found["L1"].city, found["L1"].store, found["L1"].name) == ("上海", "S1", "鲜奶")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_any_of_its_spellings(
    imported: Import, db: Database, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    lines = [delimiter.join(map(str, row)) for row in (HEADER, MILK)]
    path = tmp_path / "lots.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    assert imported(path)[0].taken == 1
    assert lots(db)["L1"].name == "鲜奶"


def test_english_headers(imported: Import, db: Database, tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("Batch No,SKU,Expiry Date,QTY,City\nL1,milk,2026-03-20,5,Shanghai\n")
    assert imported(path)[0].taken == 1
    assert lots(db)["L1"].city == "Shanghai"


def test_good_rows_are_taken_and_each_bad_one_says_where_and_why(
    imported: Import, db: Database, tmp_path: Path
) -> None:
    bad: list[tuple[int, Any, str]] = [
        (3, -1, "row 3, 数量: must be at least 0"),
        (3, 10**10, "row 4, 数量: must be at most 1000000000"),
        (3, "40箱", "row 5, 数量: must be a number without a unit, like 120 or 0.75"),
        (3, "0.7512", "row 6, 数量: has more than three places; write it like 0.75"),
        (3, None, "row 7, 数量: is empty; fill it in (of a formula, the value that Excel stored is read)"),
        (2, None, "row 8, 到期日: is empty; fill it in (of a formula, the value that Excel stored is read)"),
        (2, "2026-02-30", "row 9, 到期日: is not a day that exists"),
        (2, "下个月", "row 10, 到期日: must be a date, like 2026-03-02, 2026/3/2 or 2026年3月2日"),
        (2, 46083, "row 11, 到期日: must be a date, like 2026-03-02, 2026/3/2 or 2026年3月2日"),
        (2, "0026-03-02", "row 12, 到期日: must lie in the years 1970 to 2999"),
        (0, "#REF!", "row 13, 货号: holds Excel's error #REF!; mend the formula"),
        (0, 6.9012345678901e15, "row 14, 货号: is a number that Excel doesn't keep exactly"),
        (0, "x" * 201, "row 15, 货号: must have at most 200 characters"),
        (1, "L1", "row 16, 批次: the lot stands in row 2, too; write it on one line"),
        (1, "a\nb", "row 17, 批次: holds control characters or line breaks; write it on one line"),
    ]
    rows = [
        [value if place == column else cell for place, cell in enumerate(["milk", f"B{n}", *MILK[2:]])]
        for n, (column, value, _) in enumerate(bad)
    ]
    tally, told = imported(workbook(tmp_path / "lots.xlsx", HEADER, MILK, *rows, ["tea", "L9", *MILK[2:]]))
    assert (tally.taken, tally.wrong) == (2, len(bad))
    assert [line.startswith(words) for line, (_, _, words) in zip(told, bad, strict=True)] == [True] * len(bad), told
    assert lots(db).keys() == {"L1", "L9"}


def test_all_that_is_wrong_with_a_row_is_told(imported: Import, tmp_path: Path) -> None:
    told = imported(workbook(tmp_path / "lots.xlsx", HEADER, [None, None, "soon", "many", *MILK[4:]]))[1]
    assert [line.partition(":")[0] for line in told] == ["row 2, 货号", "row 2, 批次", "row 2, 到期日", "row 2, 数量"]


def test_what_is_merged_downwards_holds_for_each_row(imported: Import, db: Database, tmp_path: Path) -> None:
    rows = [MILK, [None, "L2", *MILK[2:]], [None, "L3", *MILK[2:]], ["tea", "L4", *MILK[2:]]]
    assert imported(workbook(tmp_path / "lots.xlsx", HEADER, *rows, merged=["A2:A4"]))[0].taken == 4
    assert [lot.sku for lot in lots(db).values()] == ["milk-1l"] * 3 + ["tea"]


def test_a_quantity_for_several_lots_is_refused(imported: Import, db: Database, tmp_path: Path) -> None:
    rows = [MILK, ["milk-1l", "L2", "2026-03-20", None, *MILK[4:]]]
    told = imported(workbook(tmp_path / "lots.xlsx", HEADER, *rows, merged=["D2:D3"]))[1]
    assert told == ["row 3, 数量: is merged with the rows above; unmerge it and give each lot its own"]
    assert lots(db).keys() == {"L1"}


def test_what_has_expired_is_taken_and_flagged(imported: Import, db: Database, tmp_path: Path) -> None:
    tally, told = imported(workbook(tmp_path / "lots.xlsx", HEADER, ["milk", "L1", "2026-02-28", *MILK[3:]]))
    assert (tally.taken, tally.wrong) == (1, 0)
    assert told == ["row 2, 到期日: the day has passed; it was taken, and is never for sale"]
    with db() as session:
        (found,) = session.exec(select(Event.data).where(Event.type == "stock.discrepancy"))
    assert found["reason"] == "expired"


def test_importing_again_adds_only_what_was_mended(imported: Import, db: Database, tmp_path: Path) -> None:
    path = tmp_path / "lots.xlsx"
    assert imported(workbook(path, HEADER, MILK, ["tea", "L2", "", 3]))[0].taken == 1
    tally, _ = imported(workbook(path, HEADER, MILK, ["tea", "L2", "2026-05-01", 3]))
    assert (tally.taken, tally.known, tally.wrong) == (1, 1, 0)
    assert {name: lot.on_hand for name, lot in lots(db).items()} == {"L1": 40, "L2": 3}


def sheet(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def on_hand(db: Database) -> dict[str, int]:
    return {name: lot.on_hand for name, lot in lots(db).items()}


def test_a_mended_name_category_or_day_is_no_second_receipt(imported: Import, db: Database, tmp_path: Path) -> None:
    head = "批次,货号,名称,类目,城市,数量,到期日"
    imported(sheet(tmp_path / "1.csv", head, "M,milk,鲜牛奶,乳品,杭州,100,2026-12-20"))
    tally, told = imported(sheet(tmp_path / "2.csv", head, "M,milk,鲜牛奶,奶制品,杭州,100,2026-12-21"))
    assert (tally.taken, tally.known, on_hand(db)) == (0, 1, {"M": 100})
    assert told == ["row 2: the lot M came in with expires_on 2026-12-20, which holds; give another lot its own name"]
    with db() as session:
        assert session.get_one(Product, "milk").category == "奶制品"


def test_what_is_headed_as_stock_is_a_count(
    imported: Import, db: Database, clock: VirtualClock, tmp_path: Path
) -> None:
    def count(name: str, quantity: int) -> Tally:
        return imported(sheet(tmp_path / name, "批次,货号,库存数量,到期日", f"S,milk,{quantity},2026-12-20"))[0]

    assert (count("1.csv", 100).taken, on_hand(db)) == (1, {"S": 100})
    clock.set(clock.now() + timedelta(hours=1))
    assert (count("2.csv", 80).taken, on_hand(db)) == (1, {"S": 80})
    assert count("2.csv", 80).known == 1
    clock.set(clock.now() + timedelta(days=1))
    assert (count("1.csv", 100).taken, on_hand(db)) == (1, {"S": 100})
    assert (count("0.csv", 0).taken, on_hand(db)) == (1, {"S": 0})


@pytest.mark.parametrize(
    ("title", "life", "last_day"),
    [
        ("保质期(天)", "30", "2026-12-20"),
        ("保质期", 30, "2026-12-20"),
        ("保质期", "30天", "2026-12-20"),
        ("保质期（月）", "3", "2027-02-20"),
        ("保质期", "3个月", "2027-02-20"),
        ("Shelf life (months)", 3, "2027-02-20"),
        ("保质期", "1年", "2027-11-20"),
        ("shelf life", "60 days", "2027-01-19"),
    ],
)
def test_the_last_day_by_the_day_it_was_made_and_its_shelf_life(
    imported: Import, db: Database, tmp_path: Path, title: str, life: Any, last_day: str
) -> None:
    path = workbook(
        tmp_path / "l.xlsx", ["批次", "货号", "数量", "生产日期", title], ["P", "milk", 1, "2026-11-20", life]
    )
    assert imported(path)[1] == []
    assert lots(db)["P"].expires_on.isoformat() == last_day


def test_a_shelf_life_that_cannot_be_read_is_told(imported: Import, tmp_path: Path) -> None:
    rows = ["P,milk,1,2026-11-20,很久", "Q,milk,1,,30", "R,milk,1,2026-11-20,"]
    tally, told = imported(sheet(tmp_path / "l.csv", "批次,货号,数量,生产日期,保质期(天)", *rows))
    assert tally.wrong == 3
    assert [line.partition(": ")[0] for line in told] == ["row 2, 保质期(天)", "row 3, 生产日期", "row 4, 保质期(天)"]


def test_a_shelf_life_of_months_ends_on_the_last_day_of_a_short_month(
    imported: Import, db: Database, tmp_path: Path
) -> None:
    imported(sheet(tmp_path / "l.csv", "批次,货号,数量,生产日期,保质期", "P,milk,1,2026-11-30,3个月"))
    assert lots(db)["P"].expires_on == date(2027, 2, 28)


@pytest.mark.parametrize("word", ["合计", "合计：", "总 计", "小计", "Total", "Grand total:"])
def test_a_row_of_totals_is_passed_over_and_told(imported: Import, tmp_path: Path, word: str) -> None:
    path = workbook(tmp_path / "l.xlsx", HEADER, MILK, [word, None, None, 40, *[None] * 4])
    tally, told = imported(path)
    assert (tally.taken, tally.wrong) == (1, 0)
    assert told == [f"row 3: {word}, a total of other rows; it was passed over"]


@pytest.mark.parametrize("number_format", [27, 28, 31, 36, 50, 57, 58])
def test_dates_in_the_formats_of_chinese_excel(
    imported: Import, db: Database, tmp_path: Path, number_format: int
) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(HEADER)
    page.append(["milk", "L1", 46376, 40, "上海", "S1", "鲜奶", "乳品"])
    page["C2"].number_format = "0"
    path = tmp_path / "l.xlsx"
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b'numFmtId="1"', f'numFmtId="{number_format}"'.encode())
    tally, told = imported(zipped(path, **parts))
    assert (tally.taken, told) == (1, [])
    assert (lots(db)["L1"].expires_on, lots(db)["L1"].on_hand) == (date(2026, 12, 20), 40)


def test_codes_are_read_as_they_are_shown(imported: Import, db: Database, tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["批次", "货号", "数量", "到期日"])
    page.append([123, 690123456789, 10, "2026-12-20"])
    page["A2"].number_format, page["B2"].number_format, page["C2"].number_format = "000000", "0" * 13, "000"
    book.save(tmp_path / "l.xlsx")
    assert imported(tmp_path / "l.xlsx")[1] == []
    assert {name: (lot.sku, lot.on_hand) for name, lot in lots(db).items()} == {"000123": ("0690123456789", 10)}


def test_a_code_that_excel_cut_short_is_refused_with_the_mend(imported: Import, db: Database, tmp_path: Path) -> None:
    rows = ["A,6.93217E+12,1,2026-12-20", "2.02612e+11,milk,1,2026-12-20", "2E5,milk,1,2026-12-20"]
    tally, told = imported(sheet(tmp_path / "l.csv", "批次,货号,数量,到期日", *rows))
    assert (tally.taken, tally.wrong, list(lots(db))) == (1, 2, ["2E5"])
    mend = "format the column as text (or as 0) and save the file anew"
    assert told == [
        f"row 2, 货号: was cut short by Excel to 6.93217E+12; {mend}",
        f"row 3, 批次: was cut short by Excel to 2.02612e+11; {mend}",
    ]


@pytest.mark.parametrize("title", ["库存表 2026-11-26", "导出; 杭州; 全部", "导出, 杭州, 全部", "a\tb", "", "：，；"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_title_above_does_not_hide_the_separator(
    imported: Import, db: Database, tmp_path: Path, title: str, delimiter: str
) -> None:
    lines = (delimiter.join(map(str, row)) for row in (HEADER, MILK))
    assert imported(sheet(tmp_path / "l.txt", title, *lines))[0].taken == 1
    assert on_hand(db) == {"L1": 40}


def test_a_dry_run_shows_what_would_change_and_keeps_nothing(
    imported: Import, db: Database, clock: VirtualClock, tmp_path: Path
) -> None:
    imported(sheet(tmp_path / "1.csv", "批次,货号,数量,到期日", "A,milk,10,2026-12-20"))
    told: list[str] = []
    path = sheet(
        tmp_path / "2.csv", "批次,货号,库存,到期日", "A,milk,7,2026-12-20", "B,milk,5,2026-12-21", "C,,1,2026-12-22"
    )
    tally = run_import(db, clock, path, told.append, lambda _: None, dry_run=True)
    assert (tally.taken, tally.wrong) == (2, 1)
    assert told[1:] == [
        "row 2: A, 10 on hand -> 7 on hand, until 2026-12-20",
        "row 3: B, new -> 5 on hand, until 2026-12-21",
    ]
    assert on_hand(db) == {"A": 10}


def zipped(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def bomb(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sheets, "MAX_UNPACKED", 1_000_000)
    return zipped(path, sheet=b" " * 2_000_000)


def long(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sheets, "MAX_ROWS", 10)
    return workbook(path, HEADER, *([None] for _ in range(20)), MILK)


def large(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sheets, "MAX_BYTES", 100)
    return workbook(path, HEADER, MILK)


def entities(path: Path, _: pytest.MonkeyPatch) -> Path:
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    workbook(path, HEADER, MILK)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped(path, **(parts | {"xl/worksheets/sheet1.xml": laughs}))


def written(content: bytes) -> Callable[[Path, pytest.MonkeyPatch], Path]:
    def write(path: Path, _: pytest.MonkeyPatch) -> Path:
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bomb, "unpacks to more than"),
        (long, "has more than 10 rows"),
        (large, "is larger than"),
        (entities, "cannot be read as a spreadsheet"),
        (written(b"PK\x03\x04 and then nothing"), "cannot be read as a spreadsheet"),
        (written(b"\xd0\xcf\x11\xe0\xa1\xb1"), "is an old .xls file, or protected by a password"),
        (written(b"\xff\xd8\xff\xe0 a photo \x81"), "is neither .xlsx nor text"),
        (written(b""), "has no header"),
        (written("货号,批次,数量\nmilk,L1,3\n".encode()), "lacks the column of expires_on (headed 到期日"),
        (written("货号,批次,数量,件数,到期日\n".encode()), '"数量" and "件数" both head the quantity'),
        (written(b"a,b\n1,2\n"), "has no header"),
        (written("货号,批次,数量,到期日\n".encode() + b"x" * 200_000), "is no CSV file that can be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_lots_is_refused(
    imported: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path, pytest.MonkeyPatch], Path], words: str,
) -> None:  # fmt: skip
    with pytest.raises(StartError, match=words.replace("(", r"\(")):
        imported(make(tmp_path / "lots.xlsx", monkeypatch))


def test_the_command_ends_with_1_if_a_row_was_wrong(db: Database, postgres_url: str, tmp_path: Path) -> None:
    def run(*rows: Sequence[Any], lang: str = "en") -> subprocess.CompletedProcess[str]:
        path = workbook(tmp_path / "lots.xlsx", HEADER, *rows)
        command = [sys.executable, "-m", "runtime.cli", "stock", "import", str(path)]
        known = os.environ | {"AFTERSHOW_DATABASE_URL": postgres_url, "AFTERSHOW_LANG": lang}
        return subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, timeout=180, check=False)

    milk = [*MILK[:2], "2099-03-20", *MILK[3:]]
    good = run(milk)
    assert (good.returncode, good.stdout.strip()) == (0, "1 lots taken, 0 known already, 0 rows wrong")
    bad = run(milk, ["tea", "L2", "2026-05-01", -3], lang="zh")
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[0] == "第 3 行，数量：至少是 0"
    assert lots(db).keys() == {"L1"}
