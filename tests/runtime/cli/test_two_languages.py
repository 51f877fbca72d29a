"""Whatever the command line says in English it says in Chinese, too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import StartError
from runtime.chinese import in_chinese
from runtime.chinese.heads import HEADS
from runtime.chinese.sentences import SENTENCES
from runtime.cli.app import app
from runtime.cli.shared import told

RUNTIME = Path(__file__).parents[3] / "runtime"
NOT_FOR_USERS = {"sheets.py", "shop.py"}
"""What they raise is caught, or a defect."""
SAYING = {"IdentifierError", "StartError", "LookupError", "ValueError", "say", "_say"}
CHINESE = re.compile("[一-鿿]")
PLACE = re.compile(r"\{[a-z]+\}")


def said(node: ast.expr) -> Iterator[str]:
    """The English texts that an argument can be; one that is picked by language is left to who wrote it."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(map(shown, parts))
        case ast.IfExp(test=test, body=body, orelse=other) if "lang" not in ast.unparse(test):
            yield from (*said(body), *said(other))


def shown(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "" if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) in ("hint", "known") else "X1"


def spoken(node: ast.AST) -> Iterator[ast.expr]:
    """What is said at this place of a module."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments) if name in SAYING:
            yield from arguments
        case ast.FunctionDef(name="_welcome", body=[*_, ast.Return(value=value)]) if value:
            yield value


def sentences() -> Iterator[tuple[str, str]]:
    for file in sorted([*RUNTIME.rglob("*.py"), RUNTIME.parent / "domain/customers/identifiers.py"]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if file.name in NOT_FOR_USERS and "ValueError" in ast.dump(node):
                continue
            for argument in spoken(node):
                for line in "\n".join(said(argument)).split("\n"):
                    words = re.findall(r"(?<![/?\w])[a-z]{2,}(?![/=\w])", re.sub("aftershow [a-z]+", "", line))
                    if len(words) > 1 and not re.search('curl|"[a-z]+":', line):
                        yield f"{file.name}:{getattr(node, 'lineno', 0)}", line


@pytest.mark.parametrize(("where", "sentence"), sorted(set(sentences())))
def test_no_sentence_lacks_chinese(where: str, sentence: str) -> None:
    assert CHINESE.search(in_chinese(sentence)), f"{where} says in English only: {sentence}"


def test_no_head_of_a_table_lacks_chinese() -> None:
    calls = (
        node
        for file in RUNTIME.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "table"
    )
    heads = {text for call in calls for argument in call.args for text in said(argument)}
    assert len(heads) > 20
    assert heads - HEADS.keys() == set()


def test_both_languages_have_the_same_places() -> None:
    for english, chinese in SENTENCES.items():
        assert sorted(PLACE.findall(english)) == sorted(PLACE.findall(chinese)), english


def test_what_goes_wrong_is_told_in_the_language_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSHOW_LANG", "en")
    with pytest.raises(StartError) as problem:
        app(["check", "nowhere.yaml", "--lang", "zh"], standalone_mode=False)
    assert told(str(problem.value)).startswith("没有 nowhere.yaml")


def test_a_line_of_somebody_s_text_stays_as_it_is() -> None:
    for line in (
        "  3 | audience: {event: order.paid, within: 近三场}",
        'curl http://127.0.0.1/v1/events -H "Authorization: Bearer x"',
    ):
        assert in_chinese(line) == line


def test_what_stands_in_a_place_is_told_in_chinese_too() -> None:
    message = "2026-03-02 12:00 sms to customer 7 · welcome, step thanks · sent"
    assert in_chinese(message) == "2026-03-02 12:00 sms 发给客户 7 · welcome，步骤 thanks · sent"
    assert in_chinese("row 3, 数量: must be a number, like 120 or 0.75") == "第 3 行，数量：要是数，像 120 或 0.75"
    assert in_chinese('there is no journey welcom; did you mean "welcome"?') == (
        "没有 welcom 这个旅程；是不是“welcome”？"
    )
    assert in_chinese("Worker was killed (SIGKILL); starting it again in 2 s") == (
        "Worker 被终止（SIGKILL）；2 秒后重新启动"
    )
