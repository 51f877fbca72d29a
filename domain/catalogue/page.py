"""The fields of the known event types, and the page of them for producers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.catalogue.chinese import CHINESE
from domain.catalogue.types import CATALOGUE, is_business
from domain.catalogue.wire import DayOfBirth, Expiry, Fen, Instant, LunarDay, Words
from workflows.terms.constants import FieldKind, FieldType
from workflows.terms.names.events import EVENT_NAMES
from workflows.terms.values import Language
from workflows.terms.wording import Wording


@dataclass(frozen=True)
class _Described:
    name: str
    kind: str
    required: bool
    meaning: str


def _describe(model: type[BaseModel], prefix: str = "") -> Iterator[_Described]:
    hints = get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        hint = _without_none(hints[name])
        yield _Described(f"{prefix}{name}", _kind(hint), info.is_required(), info.description or "")
        inner = get_args(hint)[0] if get_origin(hint) in (list, Annotated) else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _describe(inner, f"{prefix}{name}.")


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return next(alternative for alternative in get_args(hint) if alternative is not type(None))
    return hint


def _kind(hint: Any) -> str:
    if get_origin(hint) is list:
        return "list of objects"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{annotation}`" for annotation in get_args(hint))
    return next(annotation.words for annotation in hint.__metadata__ if isinstance(annotation, Words))


FIELDS: Mapping[str, frozenset[str]] = {
    name: frozenset(described.name for described in _describe(event_type.model))
    for name, event_type in CATALOGUE.items()
}
"""The dotted names of the fields of each known type; those of a list's items stand beside it (`items.category`)."""


def _types(model: type[BaseModel], prefix: str = "", *, many: bool = False) -> Iterator[tuple[str, FieldType]]:
    hints = get_type_hints(model, include_extras=True)
    for name in model.model_fields:
        hint = _without_none(hints[name])
        inner = get_args(hint)[0] if get_origin(hint) in (list, Annotated) else None
        yield f"{prefix}{name}", replace(_type(hint), many=many or _is_list(hint))
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _types(inner, f"{prefix}{name}.", many=many or _is_list(hint))


def _is_list(hint: Any) -> bool:
    return get_origin(hint) is list or (get_origin(hint) is Annotated and get_origin(get_args(hint)[0]) is list)


_KINDS: Sequence[tuple[Any, FieldKind]] = (
    (Fen, "money"), (Instant, "instant"), (Expiry, "day"), (DayOfBirth, "birthday"), (LunarDay, "lunar_day"),
)  # fmt: skip


def _type(hint: Any) -> FieldType:
    if get_origin(hint) is Literal:
        return FieldType("text", choices=get_args(hint))
    base, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if get_origin(hint) is list or (isinstance(base, type) and issubclass(base, BaseModel)):
        return FieldType("parts")
    kind = next((kind for known, kind in _KINDS if hint == known), None)
    if kind in (None, "money") and base in (int, float, Decimal):
        bounds = (bound for note in notes for bound in getattr(note, "metadata", ()))
        least = next((float(bound.ge) for bound in bounds if hasattr(bound, "ge")), None)
        return FieldType(kind or "number", least)
    return FieldType(kind or ("truth" if base is bool else "text"))


FIELD_TYPES: Mapping[str, Mapping[str, FieldType]] = {
    name: dict(_types(event_type.model)) for name, event_type in CATALOGUE.items()
}
"""What the fields of each known type hold, by their dotted names."""

_INTRODUCTIONS: Mapping[Language, str] = {
    "en": """\
# Events

Generated from the catalogue; don't edit. In Chinese: [events.md](events.md). An event is sent to `POST /v1/events` as a
CloudEvent 1.0 ([producers.md](producers.md)); this page says what its `data` holds.

- Fields that aren't listed are kept and can be asked for in conditions. Of a listed field that is wrong: a required one
  refuses the event; an optional one is set aside, and told in the answer's `warnings`. Where an optional field that is
  left out means something else (an amount, a step), a wrong one refuses the event, too.
- A number given for a text is taken as its text. NUL and half a surrogate pair become U+FFFD.
- Money is whole fen (`8900` is 89 元).
- `null` is the same as leaving a field out; only in `customer.registered` and `customer.updated` it clears the field.
- An event happened to the customer whom `data.customer` and `subject` name, or else to the business.
- Types that aren't listed are stored as they are, and can start journeys too; they happened to a customer.
""",
    "zh": """\
# 事件

由程序生成，不要手改。英文版见 [events.en.md](events.en.md)。事件以 CloudEvent 1.0 的样子发到 `POST /v1/events`
（怎样发见 [producers.md](producers.md)）；这一页说每种事件的 `data` 里有什么。

- 没有列出的字段也会保留，可以在条件里用。列出的字段写错时：必填的，整个事件被拒绝；选填的被放到一边，
  在答复的 `warnings` 里说明。选填的字段如果不写就是另一个意思（金额、步骤），写错也会拒绝整个事件。
- 该是文字的地方写了数，就当作文字。NUL 和半个代理对变成 U+FFFD。
- 金额是整数分（`8900` 是 89 元）。
- 写 `null` 和不写一样；只有在 `customer.registered` 和 `customer.updated` 里会清空那个字段。
- 写了 `data.customer` 或 `subject` 的，是那位客户的事件；都没写的，是店里的事件。
- 没有列出的事件类型照样存下来，也能开始旅程；它们算客户的事件。
""",
}
_HEADS: Mapping[Language, tuple[str, ...]] = {
    "en": ("field", "value", "required", "meaning", "yes"),
    "zh": ("字段", "值", "必填", "意思", "是"),
}


def document(lang: Language) -> str:
    """The page `docs/events.md`, or `docs/events.en.md`."""
    say = Wording(lang)
    *head, yes = _HEADS[lang]
    parts = [_INTRODUCTIONS[lang]]
    for name, event_type in CATALOGUE.items():
        about = say.pick("店里的事件。", " About the business.")
        if not is_business(name):
            about = say.pick("客户的事件。", " About a customer.")
        rows = [
            f"| `{row.name}` | {_told(row.kind, lang)} | {yes if row.required else ''} | {_told(row.meaning, lang)} |"
            for row in _describe(event_type.model)
        ]
        table = [f"| {' | '.join(head)} |", "| --- | --- | --- | --- |", *rows]
        title = say.pick(f"## {name} {EVENT_NAMES.get(name, '')}".rstrip(), f"## {name}")
        parts.append("\n".join([title, "", f"{_told(event_type.meaning, lang)}{about}", "", *table, ""]))
    return "\n".join(parts)


def _told(english: str, lang: Language) -> str:
    return CHINESE.get(english, english) if lang == "zh" else english
