"""Diagnostics as they are shown, and the page that explains their codes."""

import re
from pathlib import Path

import pytest

from workflows.source.diagnostics import CODES, Diagnostic, render

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
ROOMS = [Path(__file__).parents[3] / room for room in ("workflows", "domain", "runtime")]


def shown(line: str, column: int, width: int) -> str:
    return render(Diagnostic("f.yaml", 1, column, "E012", "m", width=width), line)


def test_looks_like_a_compilers() -> None:
    text = "\n" * 13 + "  - {id: remind, send: cart_reminder, via: [wecon, sms]}\n"
    message = 'unknown channel "wecon"; did you mean "wecom"?'
    diagnostic = Diagnostic("journey_specs/abandoned_cart.yaml", 14, 45, "E012", message, width=5)
    assert render(diagnostic, text) == (
        'journey_specs/abandoned_cart.yaml:14:45 E012 unknown channel "wecon"; did you mean "wecom"?\n'
        "  14 |   - {id: remind, send: cart_reminder, via: [wecon, sms]}\n"
        "     |                                             ^^^^^"
    )


@pytest.mark.parametrize(
    ("line", "column", "width", "under"),
    [
        ("a: bad", 4, 3, "   ^^^"),
        ("名称: 坏的", 5, 2, "      ^^^^"),
        ("名：坏", 2, 1, "  ^^"),
        ("\ta: bad", 5, 3, "       ^^^"),
        ("e\u0301a: bad", 6, 3, "    ^^^"),
        ("a\x1b: bad", 5, 3, "    ^^^"),
        ("a:", 3, 1, "  ^"),
        ("a:", 9, 4, "  ^"),
    ],
)
def test_carets_stand_right_below(line: str, column: int, width: int, under: str) -> None:
    assert shown(line, column, width).split("\n")[2] == f"    | {under}"


def test_a_terminal_is_never_sent_control_characters() -> None:
    assert "\x1b" not in shown("a: \x1b[31mred", 4, 1)


def test_a_very_long_line_is_shown_in_part() -> None:
    _, line, carets = shown("x" * 900 + "bad" + "y" * 900, 901, 3).split("\n")
    assert len(line) < 220
    assert line[carets.index("^") : carets.rindex("^") + 1] == "bad"


def test_a_warning_says_so() -> None:
    assert render(Diagnostic("f", 1, 1, "W001", "late", "warning")) == "f:1:1 W001 warning: late"


def test_a_line_that_is_not_there_is_left_out() -> None:
    assert render(Diagnostic("f", 7, 1, "E001", "m"), "a: 1") == "f:7:1 E001 m"


def test_the_page_explains_every_code() -> None:
    headings = dict(re.findall(r"^## ([EW]\d{3}) (.+)$", PAGE.read_text(), re.MULTILINE))
    assert headings == CODES


def test_the_page_shows_a_wrong_and_a_right_example_of_each() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert [each[:4] for each in sections if "# wrong\n" not in each or "# right\n" not in each] == []


def test_every_code_is_used() -> None:
    code = "".join(path.read_text() for room in ROOMS for path in room.rglob("*.py") if path.stem != "diagnostics")
    used = set(re.findall(r'"([EW]\d{3})"', code))
    assert used == set(CODES)


def test_the_page_names_every_code_in_chinese() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert [each[:4] for each in sections if not re.search(r"^\*\*.*[一-鿿].*\*\*$", each, re.MULTILINE)] == []
