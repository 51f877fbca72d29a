"""YAML without surprises, with positions, within bounds."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.language.compile import read_journey
from workflows.language.policy import read_coupons, read_policy, read_segments
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import MAX_MISTAKES, decode, read_source

SECONDS = 5.0


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("10:00", "10:00"),
        ("22:00-08:00", "22:00-08:00"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("0123", "0123"),
        ("0o17", "0o17"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("12", 12),
        ("-3", -3),
        ("1.50", 1.5),
        ("'12'", "12"),
        ('"true"', "true"),
        ("2026-09-01", "2026-09-01"),
        ("2026-03-02 19:00", "2026-03-02 19:00"),
        ("59元", "59元"),
        ("1 per 1d", "1 per 1d"),
        ("123456789012345678901", "123456789012345678901"),
        ("", None),
        ("~", None),
        ("null", None),
        ("[a, 1]", ["a", 1]),
        ("{b: no}", {"b": "no"}),
        ("客户买了咖啡豆, 建议推荐手冲套装", "客户买了咖啡豆, 建议推荐手冲套装"),
    ],
)
def test_scalars_mean_what_they_say(written: str, value: object) -> None:
    root = read_source(f"a: {written}\n", "f.yaml").root
    assert root is not None
    assert root.plain == {"a": value}
    assert type(root.plain["a"]) is type(value)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("{a: x, y, b: z, w}", {"a": "x, y", "b": "z, w"}),
        ("{a: x,\n   y , z }", {"a": "x, y , z"}),
        ("{a: 1, y}", {"a": 1, "y": None}),
        ('{a: "x", y}', {"a": "x", "y": None}),
        ("{a: x, y: }", {"a": "x", "y": None}),
        ("{a: [x], y}", {"a": ["x"], "y": None}),
    ],
)
def test_a_comma_stays_in_unquoted_text(written: str, plain: object) -> None:
    root = read_source(f"k: {written}\n", "f.yaml").root
    assert root is not None
    assert root.plain == {"k": plain}


def test_aliases_stand_for_what_they_name() -> None:
    root = read_source("a: &x {b: [1, *y]}\nc: *x\n".replace("*y", "2"), "f.yaml").root
    assert root is not None
    assert root.plain == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_positions_count_characters_from_one() -> None:
    source = read_source("名称: 直播\r\n步骤:\r\n  - {文: 值}\r\n", "f.yaml")
    assert source.root is not None
    value = source.root.entries["步骤"].items[0].entries["文"]
    assert source.position(value.start) == (3, 9)


def test_a_byte_order_mark_moves_nothing() -> None:
    source = read_source("\ufeffa: 1\na: 2\n", "f.yaml")
    assert [(each.line, each.column, each.code) for each in source.diagnostics] == [(2, 1, "E004")]


def laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines)


def steps(count: int) -> str:
    head = "journey: big\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n"
    return head + "".join(f"- {{id: a{n}, send: x{n}, via: [b]}}\n" for n in range(count))


HUGE = {
    "too long": ("a: " + "x" * 1_000_000, "E002"),
    "too long in bytes": ("a: " + "长" * 400_000, "E002"),
    "too many values": ("- a\n" * 240_000, "E002"),
    "too many in brackets": ("a: [" + "a, " * 300_000 + "]", "E002"),
    "laughs": (laughs(), "E002"),
    "deep lists": ("a: " + "[" * 400_000, "E002"),
    "deep mappings": ("{a: " * 200_000, "E002"),
    "deep indents": ("- " * 200_000, "E002"),
    "deep and closed": ("a: " + "[" * 200 + "]" * 200, "E002"),
    "many mistakes": (steps(3_000), "E045"),
    "many steps": (steps(501).replace("[b]", "[sms]"), "E002"),
    "many duplicates": ("a: 1\n" * 20_000, "E045"),
    "one long line": ("a: '" + "'' " * 300_000 + "\n", "E001"),
    "only comments": ("#\n" * 450_000, "E006"),
    "null bytes": ("\0" * 100_000, "E003"),
    "lone surrogate": ("a: \ud800", "E003"),
}


@pytest.mark.parametrize("name", HUGE)
def test_hostile_text_is_refused_in_time(name: str) -> None:
    text, code = HUGE[name]
    began = time.process_time()
    compiled = read_journey(text, "big.yaml", None)
    assert time.process_time() - began < SECONDS
    assert compiled.plan is None
    assert code in {each.code for each in compiled.diagnostics}
    assert len(compiled.diagnostics) <= MAX_MISTAKES + 1


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"a: 1\nb: \xff\n", 2, 4), ("名: ".encode() + b"\x80", 1, 4), (b"\x89PNG\r\n\x1a\n\x00", 1, 1)],
)
def test_bytes_that_are_not_text_are_pointed_at(data: bytes, line: int, column: int) -> None:
    found = decode(data, "f.yaml")
    assert isinstance(found, Diagnostic)
    assert (found.code, found.line, found.column) == ("E003", line, column)


def test_bytes_that_are_text_are_decoded() -> None:
    assert decode("\ufeff名: 直播".encode(), "f.yaml") == "名: 直播"


KEYS = ["journey", "trigger", "steps", "send", "wait", "if", "then", "all", "field", "event", "1h", "59元"]
SIGNS = [":", "：", "，", "{", "}", "[", "]", "'", '"', "&a", "*a", "!x", "|", ">", "#", ",", "<<", "?"]
PIECES = st.sampled_from([f"{each} " for each in KEYS + SIGNS] + ["\n", "  ", "- ", "---\n", "\t"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)))
def test_no_text_raises(text: str) -> None:
    assert read_journey(text, "f.yaml", None).plan is None
    for read in (read_policy, read_segments, read_coupons):
        read(text, "f.yaml")


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["sms", "1h", "never", "order.paid", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "send", "via", "wait", "wait_for", "within", "then", "else", "if", "choose", "when"])
            | st.sampled_from(["steps", "split", "variant", "weight", "field", "is", "in", "event", "where", "clicked"])
            | st.sampled_from(["coupon", "stop", "tag", "all", "not", "until", "minus", "expires", "todo", "webhook"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(trigger=VALUES, audience=VALUES, entry=VALUES, goal=VALUES, ends=VALUES, listed=st.lists(VALUES, max_size=4))
def test_no_tree_raises(trigger: Any, audience: Any, entry: Any, goal: Any, ends: Any, listed: list[Any]) -> None:
    body = {"journey": "f", "trigger": trigger, "audience": audience, "entry": entry, "goal": goal, "exit": ends}
    compiled = read_journey(json.dumps({**body, "steps": listed}), "f.yaml", None)
    assert (compiled.plan is None) == any(each.severity == "error" for each in compiled.diagnostics)
