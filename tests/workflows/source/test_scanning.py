"""YAML is read as ruamel.yaml reads it by itself, whatever the text is."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from workflows.source.scanning import events_of

ROOT = Path(__file__).parents[3]
WHOLE = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "journey_specs").glob("*.yaml"))]
PIECES = st.sampled_from(
    ["a", "键", ": ", ":", "- ", "-", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", ",", "? ", "'", '"', "#", " #",
     "|", ">\n ", "&x ", "*x", "!", "!!str ", "%", "---\n", "...\n", "\t", "10:00", "：", "x" * 1100, " ", "@", "`"]
)  # fmt: skip


def heard(events: Callable[[str], Iterable[Any]], text: str) -> list[str]:
    """The events with their places, and how it ends."""
    said: list[str] = []
    try:
        for event in events(text):
            said.append(f"{event} {event.start_mark.index} {event.end_mark.index}")
    except MarkedYAMLError as error:
        said.append(f"{type(error).__name__} {error.context} {error.problem} {error.problem_mark}")
    except (YAMLError, ValueError, RecursionError) as error:
        said.append(f"{type(error).__name__} {error}")
    return said


def by_itself(text: str) -> Iterable[Any]:
    events: Iterable[Any] = YAML(typ="safe", pure=True).parse(text)
    return events


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_read_alike(text: str) -> None:
    assert heard(events_of, text) == heard(by_itself, text)


@settings(max_examples=40)
@given(st.sampled_from(WHOLE), st.data())
def test_a_journey_cut_anywhere_is_read_alike(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    cut = text[:start] + data.draw(PIECES) + text[start + data.draw(st.integers(0, 3)) :]
    assert heard(events_of, cut) == heard(by_itself, cut)
