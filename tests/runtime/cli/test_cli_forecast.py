"""`aftershow forecast` on files."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from numpy.random import default_rng
from typer.testing import CliRunner

from runtime import StartError
from runtime.cli.app import app
from runtime.imports.demand import read_demand


def sheet(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines), encoding)
    return path


def days(count: int, first: str = "2024-01-01") -> list[str]:
    return [(date.fromisoformat(first) + timedelta(days=day)).isoformat() for day in range(count)]


def test_a_file_with_its_calendar_is_measured(tmp_path: Path) -> None:
    random = default_rng(1)
    sold = sheet(tmp_path / "sold.csv", ["豆沙包,never", *(f"{random.poisson(20)},0" for _ in range(200))], "gb18030")
    special = [f"{day},{int(day[-2:] == '09')},{random.random():.1f}" for day in days(200)]
    calendar = sheet(tmp_path / "calendar.csv", ["date,promotion,temperature", *special])
    asked = ["--calendar", str(calendar), "--test", "30%", "--quantiles", ".9,.5", "--json"]
    ended = CliRunner().invoke(app, ["forecast", "evaluate", str(sold), *asked])
    told = json.loads(ended.stdout)
    assert (told["days"], told["tested"], told["tested_from"]) == (200, 60, days(200)[140])
    assert told["calendar"] == {"used": ["promotion"], "unused": ["temperature"]}
    assert [each["quantile"] for each in told["quantiles"]] == [0.5, 0.9]
    for each in told["quantiles"]:
        assert each["by_product"] == {"豆沙包": each["pinball"], "never": None}
        assert 0 < each["pinball"] < each["baselines"]["last_week"]
        assert each["baselines"].keys() == {"last_week", "weekday_quantile", "weekday_smoothing"}


def test_days_come_in_any_order_and_those_left_out_are_unknown(tmp_path: Path) -> None:
    path = sheet(tmp_path / "sold.csv", ["日期;a;b", "2024/1/5;3;", "2024年1月2日;1;2", "2024-01-03;NA;0"])
    history = read_demand(path).history
    assert history.first.isoformat() == "2024-01-02"
    assert [[None if value != value else value for value in row] for row in history.demand.tolist()] == [
        [1, 2], [None, 0], [None, None], [3, None],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "has no days"),
        (["date", "2024-01-01"], "has no product"),
        (["a"], "has no days"),
        (["a", "-3"], "line 2, a: '-3' is no number of units"),
        (["a", "7 boxes"], "line 2, a: '7 boxes' is no number of units"),
        (["a", "inf"], "line 2, a: 'inf' is no number of units"),
        (["a,b", "1"], "line 2: 1 cells, but the first line names 2"),
        (["a,a", "1,2"], "two columns are called 'a'"),
        (["date,a", "soon,1"], "line 2: 'soon' is no day"),
        (["date,a", "2024-01-01,1", "2024-01-01,2"], "line 3: 2024-01-01 is in line 2 already"),
        (["date,a", "0001-01-01,1", "2024-01-01,2"], "too long"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(StartError, match=words):
        read_demand(sheet(tmp_path / "sold.csv", lines))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--test", "90%"], "leaves 10 days to learn from"),
        (["--test", "0%"], "leaves no day to test"),
        (["--test", "soon"], "must be a part"),
        (["--quantiles", "1.5"], "between 0 and 1"),
        (["--quantiles", "high"], "between 0 and 1"),
    ],
)
def test_what_cannot_be_measured_is_told(tmp_path: Path, options: list[str], words: str) -> None:
    path = sheet(tmp_path / "sold.csv", ["a", *["1"] * 100])
    ended = CliRunner().invoke(app, ["forecast", "evaluate", str(path), *options])
    assert isinstance(ended.exception, StartError)
    assert words in str(ended.exception)
