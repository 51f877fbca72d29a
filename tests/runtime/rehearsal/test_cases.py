"""Journey tests as they are written."""

from pathlib import Path

import pytest

from runtime.rehearsal.cases import read_cases


@pytest.mark.parametrize("given", ["lots: [{sku: milk, expires: 2026-03-10, available: 4}]", "streams: [{city: 杭州}]"])
def test_a_lot_or_show_without_an_id_is_told_at_its_line(given: str, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(f"journey: any\ncases:\n  - name: one\n    {given}\n    expect: []\n", encoding="utf-8")
    cases, diagnostics = read_cases(file)
    assert cases is None
    assert (4, "E011", '"id" is missing') in [(each.line, each.code, each.message) for each in diagnostics]
