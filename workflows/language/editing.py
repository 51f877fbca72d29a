"""Edits of a journey's text, as the canvas asks for them: what they aren't about keeps every byte."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from workflows.language.checks import steps_in
from workflows.source.editing import Edit, Insert, Move, Put, Remove, edit, locate, places
from workflows.source.pieces import read_again
from workflows.source.spans import EditRefusedError
from workflows.source.tree import Node
from workflows.terms.values import Frozen
from workflows.verbs.registry import SPECS, verbs_of

Place = Annotated[str, Field(max_length=1000, description="a JSON pointer into the text, like `/steps/2`")]


class InsertEdit(Frozen):
    """Put a value before the item of a list, or behind its last."""

    op: Literal["insert"]
    at: Place
    value: Any


class MoveEdit(Frozen):
    """Take an item away, and insert it at `to`, as that place is called without it."""

    op: Literal["move"]
    start: Place = Field(alias="from")
    to: Place


class RemoveEdit(Frozen):
    """Take away an item of a list, or a key."""

    op: Literal["remove"]
    at: Place


class SetEdit(Frozen):
    """Write a value in the place of the one that stands there, or add the key."""

    op: Literal["set"]
    at: Place
    value: Any


class RenameEdit(Frozen):
    """Give a step another id, also where other steps name it."""

    op: Literal["rename"]
    at: Place
    id: str = Field(min_length=1, max_length=64)


SpecEdit = Annotated[InsertEdit | MoveEdit | RemoveEdit | SetEdit | RenameEdit, Field(discriminator="op")]


class SpecEditError(ValueError):
    """An edit that can't be made; `number` says which one, from 0, the text why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


def edit_spec(text: str, edits: Sequence[SpecEdit]) -> str:
    """The text with all edits made, one after the other. Raises SpecEditError."""
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix("\ufeff")
    for number, asked in enumerate(edits):
        try:
            for each in _edits(text, asked):
                text = edit(text, each)
        except EditRefusedError as refused:
            raise SpecEditError(number, str(refused)) from None
    return bom + text


def _edits(text: str, asked: SpecEdit) -> Sequence[Edit]:
    match asked:
        case InsertEdit(at=at, value=value):
            return [Insert(at, value)]
        case MoveEdit(start=start, to=to):
            return [Move(start, to)]
        case RemoveEdit(at=at):
            return [Remove(at)]
        case SetEdit(at=at, value=value):
            return [Put(at, value)]
        case RenameEdit(at=at, id=new):
            return _renaming(text, at, new)


def _renaming(text: str, at: str, new: str) -> Sequence[Edit]:
    root = read_again(text).root
    if root is None:
        raise EditRefusedError("the text can't be read as it stands; mend it by hand first")
    step = locate(root, at)
    if not verbs_of(step.entries):
        raise EditRefusedError("only steps have an id")
    old, where = step.get("id"), places(root)
    steps = list(steps_in(root.get("steps") or Node(0, 0, [])))
    others = [] if old is None else [
        named
        for other in steps
        for verb in verbs_of(other.entries)
        for named in SPECS[verb].steps_named_in(other)
        if named.value == old.value
    ]  # fmt: skip
    return [Put(f"{at}/id", new), *(Put(where[id(named)], new) for named in others)]
