"""Every diagnostic is told in Chinese, too; names, keys and mends stay as they are."""

import re
from pathlib import Path

import pytest

from workflows.source.chinese import SENTENCES, in_chinese
from workflows.source.diagnostics import CODES, Diagnostic, render

BROKEN = [Path(__file__).parents[1] / room / "broken" for room in ("language", "plays")]
HEAD = re.compile(r"^\S+:\d+:\d+ [EW]\d{3} (?:warning: )?(.+)$")
TOLD = sorted(
    {
        found[1]
        for room in BROKEN
        for file in room.glob("*.txt")
        for line in file.read_text().splitlines()
        if (found := HEAD.match(line))
    }
)
CHINESE = re.compile("[一-鿿]")


@pytest.mark.parametrize("message", TOLD)
def test_no_diagnostic_lacks_chinese(message: str) -> None:
    told = in_chinese(message)
    assert told != message
    assert not re.search(r"\b(?:must|the|this|has|write|there|mean)\b", re.sub(r'["“`{(].*?["”`})]', "", told))


def test_both_languages_of_a_sentence_have_the_same_places() -> None:
    place = re.compile(r"\{[a-z]+\}")
    for english, chinese in SENTENCES.items():
        assert sorted(place.findall(english)) == sorted(place.findall(chinese)), english
        assert CHINESE.search(chinese), english


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        ('unknown channel "wecon"; did you mean "wecom"?', '没有 "wecon" 这个渠道；是不是“wecom”？'),
        ('"soon" is not a duration; write it like 30m, 1h, 3d or 2w', '"soon" 不是时长；请写成 30m, 1h, 3d 或 2w'),
        ('a coupon has no field "state"; did you mean "status"?', 'coupon 没有 "state" 这个字段；是不是“status”？'),
        ("what nobody has put into Chinese", "what nobody has put into Chinese"),
    ],
)
def test_names_and_mends_stay(message: str, chinese: str) -> None:
    assert in_chinese(message) == chinese


def test_a_diagnostic_is_rendered_in_either_language() -> None:
    diagnostic = Diagnostic("a.yaml", 1, 1, "W001", "this list is empty", "warning")
    assert render(diagnostic) == "a.yaml:1:1 W001 warning: this list is empty"
    assert render(diagnostic, lang="zh") == "a.yaml:1:1 W001 注意：这个列表是空的"
    assert "E001" in CODES
