import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GLOSSARY = PAGE.partition("## Glossary")[2]
VERBS = {path.stem for path in (ROOT / "workflows" / "verbs").glob("*.py")}
EVENTS = ROOT / "domain" / "catalogue" / "data.py"


def nouns() -> dict[str, Path]:
    """The public classes of what decides and what remembers; a verb's and an event type's are told by example."""
    files = [path for room in ("workflows", "domain") for path in sorted((ROOT / room).rglob("*.py")) if path != EVENTS]
    return {
        node.name: path.relative_to(ROOT)
        for path in files
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


def is_of_a_verb(path: Path) -> bool:
    return path.parent.name == "verbs" and path.stem not in ("base", "flow", "changes", "registry")


def test_the_glossary_has_every_noun() -> None:
    known = set(re.findall(r"\w+", GLOSSARY))
    every = {name: path for name, path in nouns().items() if not is_of_a_verb(path)}
    assert len(every) > 100
    assert {name: str(path) for name, path in every.items() if name not in known} == {}


def test_the_rooms_on_the_page_are_the_rooms_there_are() -> None:
    for room in ("workflows", "domain"):
        folders = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
        assert folders
        missing = {folder for folder in folders if not re.search(rf"\b{folder}\b", PAGE)}
        assert missing == set(), room


def test_the_paths_on_the_page_lead_somewhere() -> None:
    paths = set(re.findall(r"`((?:workflows|domain|activities|api|runtime|tests)/[\w./]+)`", PAGE))
    assert len(paths) > 20
    assert {path for path in paths if not (ROOT / path).exists()} == set()
