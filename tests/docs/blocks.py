"""The blocks of code on the pages of the documentation, and the journeys that fragments of YAML stand in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of a page: what it says it is, its text, and the line that it begins in."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*kinds: str, pages: list[Path] = PAGES) -> list[Block]:
    """The blocks of these kinds (the first words behind the fence); all, without any."""
    return [block for page in pages for block in _blocks(page) if not kinds or block.kind in kinds]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1].strip(), found[2])


def framed(kind: str, text: str) -> list[str]:
    """Journeys called `framed` that hold the block: one, or one for each item of its list."""
    if kind == "steps":
        return [_journey(text, steps=text)]
    key = kind.removeprefix("each:")
    items = [item for item in re.split(r"^- ", text, flags=re.MULTILINE) if item.strip() and item[0] != "#"]
    if key == "wait":
        return [_journey(item, steps=f"- wait: {item}") for item in items]
    return [_journey(item, **{key: item}) for item in items]


def _journey(text: str, **parts: str) -> str:
    trigger = "{event: order.paid}"
    if "send: cart_" in text:
        trigger = "{event: cart.updated}"
    elif re.search(r"\b(?:lot|stream)\.[a-z_]+(?:, minus)", text):
        trigger = "{schedule: every day at 09:00, for_each: near_expiry_lot}"
    parts = {"trigger": trigger, "entry": "{again: never}", "steps": "- {tag: any}\n", **parts}
    written = {key: f"\n{value}" if key == "steps" else f" {value.strip()}\n" for key, value in parts.items()}
    return "journey: framed\n" + "".join(f"{key}:{value}" for key, value in written.items())
