"""Journey tests as they are written."""

from pathlib import Path

import pytest

from runtime.rehearsal.cases import read_cases
from workflows.source.chinese import in_chinese


@pytest.mark.parametrize("given", ["lots: [{sku: milk, expires: 2026-03-10, available: 4}]", "streams: [{city: 杭州}]"])
def test_a_lot_or_show_without_an_id_is_told_at_its_line(given: str, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(f"journey: any\ncases:\n  - name: one\n    {given}\n    expect: []\n", encoding="utf-8")
    cases, diagnostics = read_cases(file)
    assert cases is None
    assert (4, "E011", '"id" is missing') in [(each.line, each.code, each.message) for each in diagnostics]


LI = "customers: {li: {identifiers: {phone: '+8613800000001'}}}"
SEEN = "at: 2026-03-02, event: product.viewed"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("events: [{at: 明天, event: product.viewed}], expect: []", "不是时间；请写成 2026-03-02 19:00"),
        ("expect: [{sent: a}]", "每一行要用 `at` 写明时间；只有 `never` 下面可以不写"),
        (f"{LI}, events: [{{{SEEN}, customer: wang}}], expect: []", "这个案例里没有客户 wang；有 li"),
        (f"{LI}, expect: [{{at: 2026-03-02, customer: wang, sent: a}}]", "这个案例里没有客户 wang；有 li"),
        (f"{LI}, expect: {{never: [{{customer: wang, sent: a}}]}}", "这个案例里没有客户 wang；有 li"),
    ],
)
def test_a_case_that_cannot_be_is_told_in_words(given: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(f"journey: any\ncases:\n  - {{name: one, {given}}}\n", encoding="utf-8")
    cases, diagnostics = read_cases(file)
    assert cases is None
    assert [in_chinese(each.message) for each in diagnostics] == [message]
