"""The lexicon: what is wrong in it is told at its line."""

import pytest

from workflows.language.voice import read_voice


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("aspects:\n  taste: {positive: [下饭]}\n  overall:\n    negative: [下饭]\n", "E056", 4),
        ("aspects:\n  taste: {positive: [下饭]}\nchatter: [下饭]\n", "E056", 2),
        ("aspects:\n  tast: {positive: [下饭]}\n", "E014", 2),
        ("aspects:\n  taste: {postive: [下饭]}\n", "E010", 2),
        ("aspects:\n  taste: {positive: ['']}\n", "E015", 2),
        ("aspects:\n  taste: {positive: 下饭}\n", "E013", 2),
        (f"chatter: [{'长' * 41}]\n", "E015", 1),
    ],
)
def test_a_mistake_is_told_at_its_line(text: str, code: str, line: int) -> None:
    voice, diagnostics = read_voice(text, "_voice.yaml")
    assert voice is None
    assert [(each.code, each.line) for each in diagnostics] == [(code, line)]


def test_an_empty_file_is_an_empty_lexicon() -> None:
    voice, diagnostics = read_voice("", "_voice.yaml")
    assert diagnostics == [] or voice is None
