"""What goes wrong is told in the language that a caller would rather read."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import Caller

from api.events.routes import REMARKS
from api.http import problems
from api.http.chinese import SENTENCES, in_chinese, is_chinese_wanted

ROOT = Path(__file__).parents[2]
FLAWS = {"Flaw", "FieldError", "IdentifierError", "MalformedError"}
KINDS = {name for name, kind in vars(problems).items() if isinstance(kind, type) and issubclass(kind, problems.Problem)}
CHINESE = re.compile("[一-鿿]")
WORDS = re.compile("[a-z]+ | [a-z]+")
PLACE = re.compile(r"\{[a-z]+\}")


def said(node: ast.expr) -> Iterator[str]:
    """The English texts that an argument can be; what it is told by others is left to them."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X1" for part in parts)
        case ast.IfExp(body=body, orelse=other):
            yield from (*said(body), *said(other))


def sentences() -> Iterator[str]:
    yield from (getattr(problems, name).title for name in KINDS)
    yield from REMARKS.values()
    events = [*(ROOT / "domain/catalogue").glob("*.py"), ROOT / "domain/customers/identifiers.py"]
    for file in sorted([*(ROOT / "api").rglob("*.py"), *events]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS | FLAWS:
                yield from (text for argument in node.args for text in said(argument) if WORDS.search(text))


@pytest.mark.parametrize("sentence", sorted(set(sentences())))
def test_no_problem_lacks_chinese(sentence: str) -> None:
    assert CHINESE.search(in_chinese(sentence))


def test_both_languages_have_the_same_places() -> None:
    for english, chinese in SENTENCES.items():
        assert set(PLACE.findall(chinese)) <= set(PLACE.findall(english)), english


@pytest.mark.parametrize(
    ("accepted", "chinese"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("zh", True),
        ("en;q=0.5, zh-Hans;q=0.7", True),
        ("en,zh;q=0.9", False),
        ("*", False),
        ("zh;q=0", False),
        ("zh;q=soon", False),
        ("", False),
    ],
)
def test_what_a_caller_would_rather_read(accepted: str, chinese: bool) -> None:
    assert is_chinese_wanted(accepted) == chinese


@pytest.mark.parametrize(
    ("accepted", "title", "detail"),
    [
        ("zh-CN,zh;q=0.9", "请求一点也没有收下", "必填"),
        ("en", "Nothing of the request could be taken", "is required"),
    ],
)
def test_a_problem_and_what_is_wrong_with_each_field(caller: Caller, accepted: str, title: str, detail: str) -> None:
    event = b'{"id": "e1", "source": "shop", "type": "order.paid", "subject": "unionid:u1", "data": {"total": 1}}'
    headers = {"content-type": "application/json", "accept-language": accepted}
    answer = caller.post(content=event, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["title"]) == (422, title)
    assert ("data.order_id", detail) in [(error["field"], error["detail"]) for error in told["errors"]]


def test_the_warnings_of_an_event_that_was_taken(caller: Caller) -> None:
    data = {"order_id": "o1", "total": 1, "cart_id": "", "customer": {"qq": "1"}}
    event = {"id": "e1", "source": "shop", "type": "order.paid", "subject": "unionid:u1", "data": data}
    wrong = event | {"id": "e2", "specversion": "2"}
    headers = {"content-type": "application/json", "accept-language": "zh-CN"}
    answer = caller.post(content=json.dumps([event, wrong]).encode(), headers=headers)
    taken, refused = answer.json()["results"]
    assert (answer.status_code, answer.headers["content-language"]) == (207, "zh")
    assert [each["detail"] for each in taken["warnings"]] == [
        "没有这种标识；有 unionid, member_no, external_userid, openid, phone, email, device_id",
        "不能是空的",
    ]
    assert refused["detail"] == '要是 "1.0"'
