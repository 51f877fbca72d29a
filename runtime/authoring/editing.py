"""Edits of journeys as scripts write them, and what they changed."""

from difflib import unified_diff

from pydantic import TypeAdapter, ValidationError

from runtime import StartError
from workflows.language.editing import SpecEdit

_EDITS: TypeAdapter[list[SpecEdit]] = TypeAdapter(list[SpecEdit])


def read_edits(text: str) -> list[SpecEdit]:
    """The edits of a JSON list. Raises StartError naming the first that is wrong."""
    try:
        return _EDITS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the list"
        raise StartError(f"the edits can't be read: {where}: {first['msg']}") from None


def changed_lines(before: str, after: str, name: str) -> str:
    """The lines that two texts differ in, like `diff -u` tells them without what stands around."""
    old, new = (text.removeprefix("\ufeff").splitlines() for text in (before, after))
    return "\n".join(unified_diff(old, new, name, name, n=0, lineterm=""))
