"""`aftershow voice read`: a sheet of comments in, a sheet of what they say out."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime import StartError
from runtime.cli.voice import COLUMNS


def test_a_row_for_each_aspect_after_the_columns_of_the_file(aftershow: Callable[..., str], tmp_path: Path) -> None:
    sheet = tmp_path / "comments.csv"
    sheet.write_text("\ufeffid,text\n1,味道很好，就是快递太慢\n2,几天能到？\n3,\n", encoding="utf-8")
    said = aftershow("voice", "read", str(sheet))
    rows = list(csv.DictReader(io.StringIO(said)))
    assert list(rows[0]) == ["id", "text", *COLUMNS]
    assert [(row["id"], row["kind"], row["aspect"], row["sentiment"]) for row in rows] == [
        ("1", "opinion", "taste", "positive"),
        ("1", "opinion", "delivery", "negative"),
        ("2", "question", "", ""),
        ("3", "chatter", "", ""),
    ]
    assert said.endswith("\n")
    aftershow("voice", "read", str(sheet), "--csv", str(tmp_path / "said.csv"))
    assert (tmp_path / "said.csv").read_text(encoding="utf-8") == said


@pytest.mark.parametrize(
    ("written", "told"), [(b"comment\n\xe5\xa5\xbd\n", 'no column "text"'), (b"\xff\xfe", "no CSV")]
)
def test_what_is_no_such_sheet_is_told(
    aftershow: Callable[..., str], tmp_path: Path, written: bytes, told: str
) -> None:
    (tmp_path / "comments.csv").write_bytes(written)
    with pytest.raises(StartError, match=told):
        aftershow("voice", "read", str(tmp_path / "comments.csv"))
