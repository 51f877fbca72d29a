"""What `make bench` shows and leaves behind, whatever becomes of a measure."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.harness.picture import Line, draw

ROW = ("eggs boiled", "3/s", "raw: 9/s", "0.3", "≥ 0.2")


def good() -> Iterator[tuple[str, ...]]:
    yield ROW


def bad() -> Iterator[tuple[str, ...]]:
    yield ROW
    raise ConnectionError("nobody there")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bench, "MEASURES", {"good": good, "bad": bad})
    monkeypatch.setattr(bench, "FILE", tmp_path / "new" / "bench.json")
    return bench.FILE


class TestBench:
    def run(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> object:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *names])
        with pytest.raises(SystemExit) as ended:
            bench.main()
        return ended.value.code

    def test_goes_on_after_a_measure_that_fails_and_names_its_error(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, "bad", "good") == 1
        told = capsys.readouterr().out
        assert "1/2 bad …" in told
        assert "bad failed: ConnectionError: nobody there" in told
        whole = dict(zip(bench.HEADINGS, ROW, strict=True))
        failed = {"what": "bad", "error": "ConnectionError: nobody there"}
        assert json.loads(file.read_text())["rows"] == [whole, failed, whole]

    def test_measures_what_is_named_or_all(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.run(monkeypatch, "good") == 0
        assert len(json.loads(file.read_text())["rows"]) == 1
        assert self.run(monkeypatch) == 1
        assert len(json.loads(file.read_text())["rows"]) == 3

    def test_knows_its_measures(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, "goof") == 2
        assert "unknown: goof; there are good, bad" in capsys.readouterr().err
        assert not file.exists()


def test_a_picture_shows_each_line_at_its_height(tmp_path: Path) -> None:
    lines = [Line("slow", [("1", 1000), ("500", 100)]), Line("fast", [("1", 10), ("500", 1)])]
    draw(tmp_path / "zero.svg", "costs", lines)
    draw(tmp_path / "tens.svg", "costs", lines, log=True)
    zero, tens = (tmp_path / "zero.svg").read_text(), (tmp_path / "tens.svg").read_text()
    assert all(word in picture for picture in (zero, tens) for word in ("costs", "slow", "fast", ">500<"))
    assert 'points="60,59 450,231"' in zero
    assert 'points="60,40 450,110"' in tens
    assert 'points="60,180 450,250"' in tens
