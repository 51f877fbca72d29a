"""An edit of a text does what was asked, and leaves every byte alone that it isn't about."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.source.editing import Edit, Insert, Move, Put, Remove, edit, places
from workflows.source.spans import EditRefusedError
from workflows.source.tree import Node, Source, read_source

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "journey_specs").glob("*.yaml"), *(ROOT / "tests" / "journeys" / "specs").glob("*.yaml")])
TEXTS = [text for path in FILES if len(text := path.read_text(encoding="utf-8")) > 100]
VALUES: list[Any] = [
    {"wait": "2d"},
    {"id": "more", "send": "thanks", "via": ["sms", "wecom"], "kind": "transactional"},
    {"if": {"field": "customer.city", "is": "上海"}, "then": [{"wait": "monday 10:00"}], "else": [{"stop": "no: x"}]},
    {"id": "answer", "wait_for": {"clicked": "a"}, "within": "1d", "then": [], "else": [{"tag": "a, b"}]},
    "no", "10:00", "12", "true", "# not a comment", "一个\n两行\n", "", 7, True, ["sms"], {"at_least": 3},
]  # fmt: skip


def read(text: str) -> Source:
    source = read_source(text, "")
    assert source.root is not None
    return source


def nodes(text: str) -> dict[str, Node]:
    root = read(text).root
    assert root is not None
    where = places(root)
    return {where[id(node)]: node for node in root.walk()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Edit]:
    text = draw(st.sampled_from(TEXTS))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    known = nodes(text)
    items = [at for at in known if at.rpartition("/")[2].isdigit()]
    lists = [at for at, node in known.items() if isinstance(node.value, list)]
    value = draw(st.sampled_from(VALUES))
    spot = draw(st.sampled_from(lists)) if lists else "/steps"
    spot += f"/{draw(st.integers(0, len(known[spot].items) if lists else 0))}"
    match draw(st.sampled_from(["insert", "remove", "put", "add", "move"] if items else ["remove", "put", "add"])):
        case "insert":
            return text, Insert(spot, value)
        case "remove":
            return text, Remove(draw(st.sampled_from(items or [at for at in known if at])))
        case "put":
            return text, Put(draw(st.sampled_from([at for at in known if at])), value)
        case "add":
            mappings = [at for at, node in known.items() if isinstance(node.value, dict)]
            return text, Put(f"{draw(st.sampled_from(mappings))}/another", value)
        case _:
            return text, Move(draw(st.sampled_from(items)), spot)


@settings(max_examples=150, derandomize=True)
@given(cases())
def test_the_values_are_what_was_asked_and_nothing_else_is_written_anew(case: tuple[str, Edit]) -> None:
    text, change = case
    try:
        new = edit(text, change)
    except EditRefusedError:
        assert not is_plain(text, change)
        return
    assert nodes(new)[""].plain == applied(nodes(text)[""].plain, change)
    before, after = text.splitlines(), new.splitlines()
    if isinstance(change, Move):
        if is_block(text, change):
            assert sorted(map(str.strip, before)) == sorted(map(str.strip, after))
        return
    first, last = written_anew(before, after)
    if first == last:
        return
    begin, end = about(text, change)
    assert (begin <= first, last <= end) == (True, True), before[first:last]


def written_anew(before: list[str], after: list[str]) -> tuple[int, int]:
    """The lines, from 0, between those that two texts begin with alike and those that they end with alike."""
    most = min(len(before), len(after))
    first = next((n for n in range(most) if before[n] != after[n]), most)
    alike = next((n for n in range(most - first) if before[-n - 1] != after[-n - 1]), most - first)
    return first, len(before) - alike


def is_plain(text: str, change: Edit) -> bool:
    """Whether there is no reason to refuse it: a step of a block is put in, moved to another place or taken away."""
    known = nodes(text)
    match change:
        case Insert(at, value):
            return isinstance(value, dict) and not known[at.rpartition("/")[0]].flow
        case Remove(at):
            holder = known[at.rpartition("/")[0]]
            return not holder.flow and (isinstance(holder.value, list) or len(holder.entries) > 1)
        case Move(start, to):
            return (
                not to.startswith(start)
                and start.rpartition("/")[0] == to.rpartition("/")[0]
                and not to.endswith(f"/{len(known[to.rpartition('/')[0]].items)}")
            )
        case Put(_, value):
            return isinstance(value, str) and "\n" not in value and value != ""


def is_block(text: str, change: Move) -> bool:
    known = nodes(text)
    lists = [known[at.rpartition("/")[0]] for at in (change.source, change.to) if at.rpartition("/")[0] in known]
    return not any(each.flow for each in lists) and all(len(each.items) > 1 for each in lists)


def about(text: str, change: Insert | Remove | Put) -> tuple[int, int]:
    """The lines, from 0, that an edit may write anew: those of what it changes, with the comments that belong to it.

    Something new in a block takes none of the lines that are there, and in brackets those of the brackets.
    """
    known, source = nodes(text), read(text)
    node = known.get(change.at)
    if isinstance(change, Insert) or node is None:
        node = known[change.at.rpartition("/")[0]]
        if not node.flow:
            return 0, 0
    lines, holder = text.splitlines(), known[change.at.rpartition("/")[0]]
    key = holder.keys.get(change.at.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))
    first, last = source.position(node.start)[0] - 1, source.position(max(node.end - 1, node.start))[0]
    first = source.position(key.start)[0] - 1 if key else first
    while first and lines[first - 1].strip().startswith("#"):
        first -= 1
    while last < len(lines) and lines[last].strip().startswith("#"):
        last += 1
    if isinstance(change, Remove) and len(known[change.at.rpartition("/")[0]].items) == 1:
        first -= 1  # the key's line, behind which empty brackets are written
    return first, last


ODD = """\
# a journey  # with comments
journey: odd   # its name
trigger: {event: order.paid}
steps:

  # the first
  - &hello
    id: hello
    # how
    send: "thanks"
    via: [sms]   # cheap

  - {id: ask, wait_for: {clicked: hello},
     within: 1d}
  -
    wait: 1d
"""


@pytest.mark.parametrize(
    ("change", "line", "becomes"),
    [
        (Put("/steps/0/send", "bye"), '    send: "thanks"', '    send: "bye"'),
        (Put("/steps/0/id", "hi there: you"), "    id: hello", "    id: 'hi there: you'"),
        (Put("/steps/1/within", "2d"), "     within: 1d}", "     within: 2d}"),
        (
            Put("/steps/1/within", {"not": {"all": [{"tag": "a"}, {"tag": "b"}]}}),
            "1d}",
            "{not: {all: [{tag: a}, {tag: b}]}}}",
        ),
        (Put("/steps/1/then", [{"wait": "2d"}]), "     within: 1d}", "     within: 1d, then: [{wait: 2d}]}"),
        (Put("/steps/1/then", []), "     within: 1d}", "     within: 1d, then: []}"),
        (Put("/steps/2/wait", "monday 10:00"), "    wait: 1d", "    wait: monday 10:00"),
        (Put("/name", "1"), "trigger: {event: order.paid}", "trigger: {event: order.paid}\nname: '1'"),
        (Insert("/steps/0/via/1", "wecom"), "    via: [sms]   # cheap", "    via: [sms, wecom]   # cheap"),
        (Remove("/steps/0/via/0"), "    via: [sms]   # cheap", "    via: []   # cheap"),
    ],
)
def test_what_is_written_oddly_is_edited_where_it_stands(change: Edit, line: str, becomes: str) -> None:
    text = ODD
    assert edit(text, change) == text.replace(line, becomes)
    assert edit(text.replace("\n", "\r\n"), change) == text.replace(line, becomes).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Put("/steps/3/send", "bye"), "can't be written here"),
        (Put("/steps/0/send", "bye"), "can't be written here"),
        (Remove("/steps/0"), "can't be written here"),
        (Remove("/steps/9"), "nothing at"),
        (Insert("/steps/9", {"wait": "1d"}), "nothing at"),
        (Insert("/steps/x", {"wait": "1d"}), "no place in a list"),
        (Insert("/journey/0", {"wait": "1d"}), "no list at"),
        (Put("steps", 1), "a place is written like"),
        (Put("/steps/1/within", None), "remove the key"),
        (Put("", {}), "whole text"),
        (Move("/steps/0", "/steps/0/then/0"), "into itself"),
        (Move("/journey", "/steps/0"), "only the items of lists"),
    ],
)
def test_what_cant_be_edited_is_refused_with_the_reason(change: Edit, why: str) -> None:
    with pytest.raises(EditRefusedError, match=why):
        edit(f"{ODD}  - *hello\n", change)


def test_a_text_that_cant_be_read_is_mended_by_hand_first() -> None:
    with pytest.raises(EditRefusedError, match="mend it by hand"):
        edit("steps: [", Remove("/steps"))


def applied(value: Any, change: Edit) -> Any:
    """What JSON Patch says."""
    value = deepcopy(value)

    def at(place: str) -> Any:
        found = value
        for token in place.split("/")[1:]:
            found = found[int(token) if isinstance(found, list) else token.replace("~1", "/").replace("~0", "~")]
        return found

    def split(place: str) -> tuple[Any, Any]:
        above, _, token = place.rpartition("/")
        held = at(above)
        return held, int(token) if isinstance(held, list) else token.replace("~1", "/").replace("~0", "~")

    match change:
        case Insert(place, new):
            held, key = split(place)
            held.insert(key, new)
        case Remove(place):
            held, key = split(place)
            del held[key]
        case Put(place, new):
            held, key = split(place)
            held[key] = new
        case Move(start, to):
            held, key = split(start)
            moved = held.pop(key)
            above, _, name = to.rpartition("/")[0].rpartition("/")
            if isinstance(at(above), dict):
                at(above).setdefault(name, [])
            held, key = split(to)
            held.insert(key, moved)
    return value
