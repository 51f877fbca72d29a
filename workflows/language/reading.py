"""From a tree to a model: Pydantic's complaints become diagnostics in plain words, each at the value it is about."""

from collections.abc import Container, Iterator
from contextlib import suppress
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.lookalikes import SIGNS
from workflows.source.tree import Node, Source, TooManyError
from workflows.terms.channels import CHANNELS
from workflows.verbs.registry import SPECS, VERBS, verbs_of

T = TypeVar("T")

_KINDS = {
    "list_type": "a list, in `[ ]` or with a `-` before each item",
    "tuple_type": "a list, in `[ ]` or with a `-` before each item",
    "dict_type": "a mapping of keys and values",
    "model_type": "a mapping of keys and values",
    "model_attributes_type": "a mapping of keys and values",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a day like 2026-09-01",
}


_MEANT = {
    "and": "all", "or": "any", "if": "when", "then": "steps", "equals": "is", "=": "is", "==": "is", "!=": "is_not",
    ">": "above", ">=": "at_least", "<": "below", "<=": "at_most",
}  # fmt: skip
"""What other languages say, and what is said here."""

_STEP_KEYS = frozenset(info.alias or name for model in SPECS.values() for name, info in model.model_fields.items())
_BRANCH_KEYS = frozenset({"steps", "when", "variant", "weight"})


class _Place(NamedTuple):
    """Where an error is: the node, and the key if it is about a key rather than a value."""

    node: Node
    parent: Node
    key: str | None


def validate(model: type[T], source: Source, *, nullable: Container[str] = ()) -> T | None:
    """The source's tree as a model, or None with every mistake reported to the source. Never raises.

    What stands under a `nullable` key may hold nulls.
    """
    if source.root is None:
        return None
    try:
        _report_empty(source, source.root, nullable)
        value = TypeAdapter(model).validate_python(
            source.root.plain, context={"written": True}, by_alias=True, by_name=False
        )
    except ValidationError as error:
        with suppress(TooManyError):
            _report(error.errors(include_url=False, include_context=True), model, source, source.root)
        return None
    except TooManyError:
        return None
    return None if source.broken else value


def _report_empty(source: Source, node: Node, nullable: Container[str]) -> None:
    for key, child in node.entries.items():
        colon = key.find(":") if node.flow and node.keys[key].bare else -1
        if child.value is None and colon >= 0:
            source.report_at(node.keys[key].start + colon, 1, "E001", 'a space is missing after this ":"')
        elif child.value is None:
            source.report(node.keys[key], "E009", f"nothing is written for {quoted(key)}")
        elif key not in nullable:
            _report_empty(source, child, nullable)
    for child in node.items:
        if child.value is None:
            source.report(child, "E009", "nothing is written for this item")
        _report_empty(source, child, nullable)


def _report(errors: list[ErrorDetails], model: Any, source: Source, root: Node) -> None:
    for error in errors:
        _report_one(error, model, source, root)


def _report_one(error: ErrorDetails, model: Any, source: Source, root: Node) -> None:
    place = _locate(root, error["loc"])
    node, kind, context = place.node, error["type"], error.get("ctx", {})
    if node.value is None and kind != "missing":
        return
    name = str(error["loc"][-1]) if error["loc"] else ""
    match kind:
        case "extra_forbidden" if not (node.value is None and _garbled(place.parent)):
            known = list(_keys(model, error["loc"][:-1]))
            hint = _meant(name, known) or ("; it is a step's: mind the indent" if name in _STEP_KEYS else "")
            hint = hint or f"; known here are {', '.join(known)}"
            source.report(place.parent.keys[name], "E010", f"unknown key {quoted(name)}{hint}")
        case "string_unicode":
            pass  # told where it was read
        case "missing" | "E016" | "E018" | "extra_forbidden" if garbled := _garbled(node):
            if SIGNS.search(str(garbled.value)):
                source.report(garbled, "E010", "")  # told as what the sign is
        case "missing" if any(_meant(key, [name]) for key in node.keys.keys() - _keys(model, error["loc"][:-1])):
            pass  # it is there, misspelt
        case "missing" if name == "id" and (verbs := verbs_of(node.keys)):
            source.report(node.keys[verbs[0]], "E022", f"`{verbs[0]}` needs an `id`")
        case "missing":
            source.report(node, "E011", f"{quoted(name)} is missing")
        case "literal_error":
            _report_choice(source, node, str(context["expected"]))
        case "too_short":
            if not node.items:
                source.report(
                    node, "E020", "this list is empty" if isinstance(node.value, list) else "nothing is written in it"
                )
        case "string_too_short":
            source.report(node, "E009", "this text is empty")
        case "string_too_long":
            message = f"longer than {context['max_length']:,} characters"
            source.report_at(node.start, node.end - node.start, "E015", message)
        case "string_type":
            given = "a list" if isinstance(node.value, list) else "a mapping" if isinstance(node.value, dict) else None
            source.report(node, "E013", f"must be text, not {given}" if given else "must be text; put it in quotes")
        case "E019" if any(child.value is None for child in node.entries.values()):
            pass
        case "greater_than_equal":
            source.report(node, "E015", f"{quoted(node.plain)} is not possible; it must be {context['ge']} or more")
        case "greater_than":
            source.report(node, "E015", f"{quoted(node.plain)} is not possible; it must be above {context['gt']:g}")
        case "less_than_equal":
            source.report(node, "E015", f"{quoted(node.plain)} is not possible; it must be {context['le']} or less")
        case "E016":
            _report_verb(source, node)
        case "E018":
            _report_subject(source, node, error["msg"])
        case "E015":
            shown = "this" if isinstance(node.value, dict | list) else quoted(node.plain)
            source.report(node, "E015", f"{shown} is {error['msg']}")
        case _ if kind.startswith("E0"):
            source.report(node, kind, error["msg"])
        case _:
            wanted = _KINDS.get(kind)
            told = error["msg"].removeprefix("Value error, ")
            source.report(node, "E013", f"must be {wanted}" if wanted else _lower(told))


def _report_choice(source: Source, node: Node, expected: str) -> None:
    given = "true" if node.plain is True else "false" if node.plain is False else str(node.plain)
    known = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    if set(CHANNELS) <= set(known):
        hint = did_you_mean(given, known) or f"; there are {', '.join(known)}"
        source.report(node, "E012", f"unknown channel {quoted(given)}{hint}")
        return
    hint = did_you_mean(given, known) or f"; write {' or '.join(known)}"
    source.report(node, "E014", f"{quoted(given)} is not possible here{hint}")


def _report_subject(source: Source, node: Node, message: str) -> None:
    known = message.rsplit(" of ", 1)[-1].split(", ")
    found = [key for key in node.keys if key in known]
    if len(found) > 1:
        mend = "; join conditions with `all`" if "all" in known else ""
        source.report(node.keys[found[1]], "E018", f"{message}; here are {' and '.join(found)}{mend}")
        return
    for key, written in node.keys.items():
        if hint := _meant(key, known):
            source.report(written, "E018", message + hint)
            return
    source.report(node, "E018", message if node.keys else f"{message}; write a mapping like `{{{known[0]}: …}}`")


def _report_verb(source: Source, node: Node) -> None:
    if not isinstance(node.value, dict):
        source.report(node, "E016", f"a step is a mapping with one verb: {', '.join(VERBS)}")
        return
    found = sorted(verbs_of(node.keys), key=lambda verb: node.keys[verb].start)
    if found:
        source.report(node.keys[found[1]], "E017", f"one step, two verbs: {' and '.join(found)}; make it two steps")
        return
    unknown = {key: written for key, written in node.keys.items() if key not in _STEP_KEYS | _BRANCH_KEYS}
    for key, written in unknown.items():
        if hint := did_you_mean(key, VERBS):
            source.report(written, "E016", f"unknown verb {quoted(key)}{hint}")
            return
    for key, written in unknown.items():
        source.report(written, "E016", f"unknown verb {quoted(key)}; write one of {', '.join(VERBS)}")
        return
    source.report(node, "E016", f"this step has no verb; write one of {', '.join(VERBS)}")


def _meant(word: str, known: list[str]) -> str:
    """`; did you mean "x"?`, also where another language's word is written."""
    meant = _MEANT.get(word)
    return f'; did you mean "{meant}"?' if meant in known else did_you_mean(word, known)


def _garbled(node: Node) -> Node | None:
    """The key of a mapping in which a sign is not what it looks like, or that has no space behind its colon."""
    for key, written in node.keys.items():
        unspaced = node.flow and ":" in key and node.entries[key].value is None
        if written.bare and (unspaced or SIGNS.search(key)):
            return written
    return None


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _is_tag(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith("<")


def _locate(root: Node, loc: tuple[int | str, ...]) -> _Place:
    """The node that an error is about: as far down as the tree goes, passing over the tags of unions."""
    node, parent, key = root, root, None
    for part in loc:
        if _is_tag(part):
            continue
        if part == "[key]" and key is not None:
            node = parent.keys[key]
            continue
        child = node.get(part) if isinstance(part, str) else next(iter(node.items[part : part + 1]), None)
        if child is None:
            break
        node, parent, key = child, node, part if isinstance(part, str) else None
    return _Place(node, parent, key)


def _keys(model: Any, loc: tuple[int | str, ...]) -> Iterator[str]:
    """The keys that the grammar knows at a place."""
    for found in _descend(model, list(loc)):
        for name, info in found.model_fields.items():
            yield info.alias or name


def _descend(annotation: Any, loc: list[int | str]) -> Iterator[type[BaseModel]]:
    """The models that an annotation leads to along a place."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            yield annotation
            return
        for name, info in annotation.model_fields.items():
            if (info.alias or name) == loc[0]:
                yield from _descend(info.annotation, loc[1:])
        return
    members = get_args(annotation)
    if get_origin(annotation) is Annotated:
        tags = [each.tag for each in annotation.__metadata__ if isinstance(each, Tag)]
        if tags:
            if loc and loc[0] == tags[0]:
                yield from _descend(members[0], loc[1:])
            return
        yield from _descend(members[0], loc)
    elif get_origin(annotation) in (tuple, list):
        yield from _descend(members[0], loc[1:])
    elif get_origin(annotation) is dict:
        yield from _descend(members[1], loc[1:])
    else:
        for member in members:
            yield from _descend(member, loc)
