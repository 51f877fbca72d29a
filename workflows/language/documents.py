"""The documents that hold for every journey, by the names of their files: how each is read, edited and laid out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from workflows.language.calendar import DayName, OwnDays, read_calendar
from workflows.language.connectors import read_connector
from workflows.language.editing import RemoveEdit, SetEdit, SpecEdit, SpecEditError, edit_spec
from workflows.language.identity import IdentityRules, read_identity
from workflows.language.outputs import read_output
from workflows.language.policy import Policy, WrittenCoupon, read_coupons, read_policy, read_segments
from workflows.language.stock_rules import StockRules, read_stock_rules
from workflows.language.supply import read_supply
from workflows.language.tags import read_tags
from workflows.language.tracking import read_tracking
from workflows.language.voice import read_voice
from workflows.source.diagnostics import Diagnostic
from workflows.source.emitting import Style, entry_lines
from workflows.source.pieces import read_again
from workflows.source.spans import broken, entry_span
from workflows.terms.scope import References

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
Read = Callable[[str, str, References | None], tuple[Any, list[Diagnostic]]]

READERS: Mapping[str, Read] = {
    "_policy": lambda text, path, _: read_policy(text, path),
    "_segments": read_segments,
    "_coupons": read_coupons,
    "_tags": read_tags,
    "_stock": lambda text, path, _: read_stock_rules(text, path),
    "_identity": lambda text, path, _: read_identity(text, path),
    "_voice": lambda text, path, _: read_voice(text, path),
    "_calendar": lambda text, path, _: read_calendar(text, path),
    "_tracking": lambda text, path, _: read_tracking(text, path),
    "_supply": lambda text, path, _: read_supply(text, path),
}

FOLDERS: Mapping[str, Read] = {
    "connectors": lambda text, path, _: read_connector(text, path),
    "outputs": lambda text, path, _: read_output(text, path),
}
"""Folders of documents, each of which is published by its folder's name and its own: `connectors/erp`."""


def reader_of(name: str) -> Read | None:
    """Reads the document of this name; None if there is no such kind of document."""
    return READERS.get(name) or FOLDERS.get(name.rpartition("/")[0])


FORMS: Mapping[str, TypeAdapter[Any]] = {
    "_coupons": TypeAdapter(dict[str, WrittenCoupon]),
    "_policy": TypeAdapter(Policy),
    "_calendar": TypeAdapter(dict[DayName, OwnDays]),
}
"""Those that are edited by forms, which are generated from how they are written."""


def body_of(value: Any) -> Any:
    """What was read of a document, as the JSON that is published."""
    return value.body() if isinstance(value, StockRules | IdentityRules) else _JSON.dump_python(value, mode="json")


def edit_document(text: str, edits: Sequence[SpecEdit]) -> str:
    """The text with all edits made, one after the other; also the first entry, and without the last.

    Raises SpecEditError.
    """
    for number, asked in enumerate(edits):
        try:
            text = _begun(text, asked) or _emptied(text, asked) or edit_spec(text, [asked])
        except SpecEditError as refused:
            raise SpecEditError(number, str(refused)) from None
    return text


def _begun(text: str, asked: SpecEdit) -> str | None:
    """A text of nothing but comments with its first entry."""
    blank = all(not line.strip() or line.lstrip().startswith("#") for line in text.removeprefix("\ufeff").splitlines())
    if not blank or not isinstance(asked, SetEdit) or asked.at.count("/") != 1:
        return None
    before = text if not text.strip("\ufeff") or text.endswith("\n") else text + "\n"
    return before + entry_lines(asked.at[1:].replace("~1", "/").replace("~0", "~"), asked.value, Style())


def _emptied(text: str, asked: SpecEdit) -> str | None:
    """A text without its only entry, but with its comments."""
    source = read_again(text)
    root = source.root
    if root is None or root.flow or not isinstance(asked, RemoveEdit) or len(root.entries) != 1:
        return None
    ((name, node),) = root.entries.items()
    if asked.at != "/" + name.replace("~", "~0").replace("/", "~1"):
        return None
    begin, stop = entry_span(source, root.keys[name], node)
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    return bom + source.text[:begin] + broken(source, "{}\n") + source.text[stop:]
