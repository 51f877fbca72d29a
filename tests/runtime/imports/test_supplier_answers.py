"""A supplier's answer from a file: units, weights and boxes."""

from decimal import Decimal
from pathlib import Path

import pytest

from runtime import StartError
from runtime.imports.answers import read_answer

PACKS = {"milk": Decimal(12), "beef": Decimal("2.5")}


def answer(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "answer.csv"
    path.write_text("\n".join(lines), encoding)
    return path


@pytest.mark.parametrize(
    ("sku", "written", "units"),
    [
        ("milk", "60", "60"), ("milk", "60件", "60"), ("milk", "5箱", "60"), ("milk", "5 boxes", "60"),
        ("beef", "2.5kg", "2.5"), ("beef", "5 公斤", "5"), ("beef", "5斤", "2.5"), ("beef", "500克", "0.5"),
        ("beef", "2箱", "5"), ("other", "3箱", "3"), ("milk", "１２", "12"), ("milk", "0", "0"),
    ],
)  # fmt: skip
def test_units_weights_and_boxes_are_read_as_they_are_meant(tmp_path: Path, sku: str, written: str, units: str) -> None:
    assert read_answer(answer(tmp_path, "sku,quantity", f"{sku},{written}"), PACKS) == {sku: Decimal(units)}


def test_a_sheet_from_chinese_excel_with_a_title_and_totals_is_read(tmp_path: Path) -> None:
    file = answer(
        tmp_path, "青山牧场答复单", "商品编码,名称,可供数量", "milk,牛奶,5箱", ",,", "合计,,5", encoding="gb18030"
    )
    assert read_answer(file, PACKS) == {"milk": Decimal(60)}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["sku,quantity", "milk,五箱"], "row 2, quantity: must be a number"),
        (["sku,quantity", "milk,-12"], "row 2, quantity: must be a number"),
        (["sku,quantity", "milk,2吨"], "row 2, quantity: must be a number"),
        (["sku,quantity", "milk,"], "row 2, quantity: must be a number"),
        (["sku,quantity", "beef,1.2345kg"], "row 2, quantity: has more than three places"),
        (["sku,quantity", ",5"], "row 2, sku: is empty"),
        (["sku,quantity", "milk,12", "milk,24"], "row 3, sku: names a product a second time"),
        (["name,quantity", "milk,12"], "needs a column for the product"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_row(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(StartError, match=words):
        read_answer(answer(tmp_path, *lines), PACKS)
