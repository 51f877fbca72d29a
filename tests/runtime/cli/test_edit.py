"""`aftershow edit`: a file edited by a script keeps what it isn't about."""

import json
from pathlib import Path

import pytest

from runtime import StartError
from runtime.cli.journeys import edit

TEXT = """\
\ufeffjourney: x
trigger: {event: form.filled}   # when
entry: {again: never}
steps:
  - wait: 1d
""".replace("\n", "\r\n")


def given(tmp_path: Path, edits: object) -> tuple[Path, Path]:
    journey, asked = tmp_path / "x.yaml", tmp_path / "edits.json"
    journey.write_bytes(TEXT.encode())
    asked.write_text(edits if isinstance(edits, str) else json.dumps(edits), encoding="utf-8")
    return journey, asked


def test_line_ends_comments_and_the_mark_at_the_beginning_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journey, asked = given(tmp_path, [{"op": "set", "at": "/steps/0/wait", "value": "2d"}])
    edit(str(journey), str(asked), dry_run=True)
    assert journey.read_bytes() == TEXT.encode()
    edit(str(journey), str(asked))
    assert journey.read_bytes() == TEXT.replace("1d", "2d").encode()
    assert "-  - wait: 1d\n+  - wait: 2d\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([{"op": "remove", "at": "/steps/0"}, {"op": "remove", "at": "/steps/4"}], "edit 2 can't be made"),
        ("[{", "the edits can't be read"),
        ([{"op": "drop"}], "the edits can't be read: 0"),
    ],
)
def test_what_cannot_be_made_changes_nothing(tmp_path: Path, edits: object, words: str) -> None:
    journey, asked = given(tmp_path, edits)
    with pytest.raises(StartError, match=words):
        edit(str(journey), str(asked))
    assert journey.read_bytes() == TEXT.encode()
