"""Why a condition holds or not: the leaves that decided it with their values, and no personal ones.

What is kept is JSON, in no language; it is put into words when it is read.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from workflows.terms.measuring import plain_number
from workflows.terms.names.events import EVENT_NAMES
from workflows.terms.names.fields import field_name, value_name
from workflows.terms.values import MONEY_FUNCTIONS, Duration, Language, amount_words, is_money, span_words

HIDDEN = "[hidden]"
_PRIVATE = frozenset(
    {"name", "phone", "mobile", "email", "address", "birthday", "location", "lat", "lon"}
    | {"openid", "unionid", "external_userid", "member_no", "device_id"}
)
"""The last parts of the names of fields whose values tell who somebody is."""

_PERSONAL = re.compile(r"(?<!\d)(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|\+\d[\d -]{7,}\d|[\w.+-]+@[\w.-]+\w")
"""Telephone numbers and addresses of mail, inside other texts."""

_LOOKS_OTHERWISE = re.compile(r"\s.*|.*\s|-?\d+(?:\.\d+)?|true|false|missing|", re.DOTALL)
_LONGEST, _MOST = 60, 5

_WORDS = {
    "en": {
        "at_least": ("at least {}", "not at least {}"),
        "at_most": ("at most {}", "not at most {}"),
        "above": ("above {}", "not above {}"),
        "below": ("below {}", "not below {}"),
        "before": ("before {}", "not before {}"),
        "after": ("after {}", "not after {}"),
        "in": ("one of {}", "none of {}"),
        "not_in": ("none of {}", "one of {}"),
        "contains": ("containing {}", "not containing {}"),
        "is": ("", "not {}"),
        "is_not": ("not {}", ""),
        "exists": ("", ""),
    },
    "zh": {
        "at_least": ("至少 {}", "并非至少 {}"),
        "at_most": ("至多 {}", "并非至多 {}"),
        "above": ("大于 {}", "并不大于 {}"),
        "below": ("小于 {}", "并不小于 {}"),
        "before": ("早于 {}", "并不早于 {}"),
        "after": ("晚于 {}", "并不晚于 {}"),
        "in": ("属于 {}", "不属于 {}"),
        "not_in": ("不属于 {}", "属于 {}"),
        "contains": ("包含 {}", "不包含 {}"),
        "is": ("", "不是 {}"),
        "is_not": ("不是 {}", ""),
        "exists": ("", ""),
    },
}
_JOINTS = {"en": (", ", "; "), "zh": ("，", "；")}


class Asked(NamedTuple):
    """One operator of a comparison, its right side with the field that gave it, and whether it holds."""

    operator: str
    right: Any
    field: str | None
    holds: bool


class Leaf(NamedTuple):
    """One question that was asked: of a field, of how often an event happened, of a segment, a tag, a list, a measure,
    a distance.

    A measure is named by its function, what it is of, and the events or the list; a distance by both fields, and it is
    of so many km `within`. `value` is the field's or the
    measure's, the count, or whether it holds; of a list how many items were as described, and of how many.
    """

    kind: Literal["field", "event", "segment", "tag", "items", "measure", "near"]
    name: str
    value: Any
    asked: Sequence[Asked] = ()
    described: bool = False
    within: str | None = None
    cut: bool = False
    """Whether only the newest of the events were looked at."""
    money: bool = False
    """Whether a field holds fen though its name doesn't tell, as a measure that people named."""


def kept(leaves: Sequence[Leaf]) -> str:
    """The leaves as they are stored: of those asked what holds, or the first that doesn't, which decided it."""
    rows = [_stored_leaf(leaf) for leaf in leaves]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else ""


def worded(because: str, lang: Language) -> str:
    """What was stored, in words; what was stored as a sentence, as it is."""
    try:
        rows = json.loads(because)
        leaves = [Leaf(kind, name, value, [Asked(*item) for item in asked], *more)
                  for kind, name, value, asked, *more in rows]  # fmt: skip
    except (ValueError, TypeError):
        return because
    return _JOINTS[lang][1].join(dict.fromkeys(_words(leaf, lang) for leaf in leaves))


def _stored_leaf(leaf: Leaf) -> list[Any]:
    field = leaf.name.split(" ")[1] if leaf.kind == "measure" else leaf.name
    private = leaf.kind in ("field", "measure") and _is_private(field)
    failed = [comparison for comparison in leaf.asked if not comparison.holds][:1]
    comparisons = [
        comparison._replace(right=_stored_value(comparison.field, comparison.right, hide=private))
        for comparison in failed or leaf.asked
    ]
    named = None if leaf.kind == "near" else leaf.name
    stored = [*leaf._replace(value=_stored_value(named, leaf.value, hide=private), asked=comparisons)]
    return stored if leaf.money else stored[:-1]


def _words(leaf: Leaf, lang: Language) -> str:
    zh = lang == "zh"
    name, value, money = field_name(leaf.name, lang) or leaf.name, leaf.value, _of_money(leaf)
    match leaf.kind:
        case "field" if value is None or value == []:
            return f"{name} 没有值" if zh else f"{name} is missing"
        case "field":
            shown = _value_words(value, lang, money=money, of=leaf.name)
            compared = _comparison_words(leaf.asked, lang, money=money, of=leaf.name)
            return f"{name} {'是' if zh else 'is'} {shown}{compared}"
        case "segment":
            inside = ("属于" if value else "不属于") if zh else ("in" if value else "not in")
            return f"{inside}人群 {name}" if zh else f"{inside} segment {name}"
        case "tag":
            has = ("有" if value else "没有") if zh else ("has" if value else "lacks")
            return f"{has}标签 {name}" if zh else f"{has} tag {name}"
        case "near":
            field, of = (field_name(each, lang) or each for each in leaf.name.split(" "))
            zh_near, near = ("在", "within") if value else ("不在", "not within")
            return (
                f"{field} {zh_near} {of} {leaf.within} 公里内" if zh else f"{field} is {near} {leaf.within} km of {of}"
            )
        case "measure":
            return f"{_measure_words(leaf, lang, money=money)}{_comparison_words(leaf.asked, lang, money=money)}"
        case "items" if value[0] is None:
            return f"{name} 不是列表" if zh else f"{name} is no list"
        case "items":
            count, total = value
            return f"{name} 的 {total} 项中有 {count} 项符合条件" if zh else f"{count} of {total} {name} as described"
    return f"{_happened(leaf, lang)}{_comparison_words(leaf.asked, lang)}"


FUNCTION_WORDS: Mapping[str, tuple[str, str]] = {
    "sum": ("{}合计", "the sum of {}"),
    "count": ("次数", "the number"),
    "average": ("{}平均", "the average of {}"),
    "min": ("{}最小值", "the least {}"),
    "max": ("{}最大值", "the greatest {}"),
    "latest": ("最近一次的{}", "the latest {}"),
    "first": ("第一次的{}", "the first {}"),
    "distinct": ("不同{}的个数", "the number of different {}"),
    "share": ("占比", "the share"),
}
"""Of each function of a measure, in Chinese and English."""


def window_words(within: str, lang: Language) -> str:
    """A window as it is written, in words: `3 shows`."""
    number, shows, _ = within.partition(" show")
    if shows:
        return f"最近 {number} 场直播内" if lang == "zh" else f"within the last {within}"
    span = span_words(Duration.of(within), lang)
    return f"{span}内" if lang == "zh" else f"within {span}"


def _of_money(leaf: Leaf) -> bool:
    """Whether what was asked about is an amount in fen."""
    function, _, rest = leaf.name.partition(" ")
    if leaf.kind == "measure":
        return function in MONEY_FUNCTIONS and is_money(rest.partition(" ")[0])
    return leaf.money or (leaf.kind == "field" and is_money(leaf.name))


def _measure_words(leaf: Leaf, lang: Language, *, money: bool) -> str:
    zh = lang == "zh"
    function, *argument, of = leaf.name.split(" ")
    named = [field_name(each, lang) or each for each in argument]
    words = FUNCTION_WORDS[function][0 if zh else 1].format(" ".join(named))
    value = _value_words(leaf.value, lang, money=money)
    if zh:
        span = f"{window_words(leaf.within, lang)}" if leaf.within else ""
        cut = "（只看最近 1,000 次）" if leaf.cut else ""
        return f"{span}{'符合条件的' if leaf.described else ''}{_event_words(of)}的{words}是 {value}{cut}".strip()
    span = f" {window_words(leaf.within, lang)}" if leaf.within else ""
    cut = " (of the newest 1,000)" if leaf.cut else ""
    return f"{words} of {of}{' as described' if leaf.described else ''}{span} is {value}{cut}"


def _happened(leaf: Leaf, lang: Language) -> str:
    if lang == "zh":
        span = window_words(leaf.within, lang) if leaf.within else ""
        often = f"{span}发生过 {leaf.value} 次" if leaf.value else f"{span}没有发生过"
        return f"{'符合条件的' if leaf.described else ''}{_event_words(leaf.name)}{often}".strip()
    often = {0: "never happened", 1: "happened once", 2: "happened twice"}.get(
        leaf.value, f"happened {leaf.value} times"
    )
    span = f" {window_words(leaf.within, lang)}" if leaf.within else ""
    return f"{leaf.name}{' as described' if leaf.described else ''} {often}{span}"


def _event_words(name: str) -> str:
    """What an event or a list is called in Chinese; one that nobody has named, as it is written."""
    return f"「{EVENT_NAMES[name]}」" if name in EVENT_NAMES else f" {field_name(name, 'zh') or name} "


def _comparison_words(comparisons: Sequence[Asked], lang: Language, *, money: bool = False, of: str = "") -> str:
    parts = []
    for operator, right, asked_of, holds in comparisons:
        field = asked_of and (field_name(asked_of, lang) or asked_of)
        if right is None or right == []:
            if lang == "zh":
                parts.append(f"而 {field} 没有值" if field else "而没有可比的值")
            else:
                parts.append(f"and {field} is missing" if field else "and there is nothing to compare it with")
            continue
        shown = _value_words(right, lang, money=money, of=of)
        parts.append(_WORDS[lang][operator][0 if holds else 1].format(f"{shown} ({field})" if field else shown))
    joint = _JOINTS[lang][0]
    return "".join(f"{joint}{words}" for words in parts if words)


def _is_private(field: str | None) -> bool:
    return field is not None and field.rpartition(".")[2] in _PRIVATE


def _stored_value(field: str | None, value: Any, *, hide: bool) -> Any:
    """A value as far as it may and need be shown: `{}` stands for several, `{"more": n}` for the rest of a list."""
    match value:
        case None | [] | ():
            return None
        case _ if hide or _is_private(field):
            return HIDDEN
        case str():
            text = _PERSONAL.sub(HIDDEN, value)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        case datetime():
            return value.isoformat()
        case list() | tuple():
            some = [_stored_value(None, item, hide=False) for item in value[:_MOST]]
            return [*some, {"more": len(value) - _MOST}] if len(value) > _MOST else some
        case Decimal():
            return plain_number(value)
        case int() | float():
            return value
    return {}


def _value_words(value: Any, lang: Language, *, money: bool = False, of: str = "") -> str:
    zh = lang == "zh"
    match value:
        case None:
            return "空" if zh else "missing"
        case bool():
            return ("真" if value else "假") if zh else str(value).lower()
        case str():
            return f'"{value}"' if _LOOKS_OTHERWISE.fullmatch(value) else value_name(of, value, lang)
        case [*some, {"more": more}]:
            some_words = _value_words(some, lang, money=money, of=of)
            return f"{some_words} 等 {len(some) + more} 个" if zh else f"{some_words} and {more} more"
        case list():
            return ("、" if zh else ", ").join(_value_words(item, lang, money=money, of=of) for item in value)
        case int() | float() if money:
            return amount_words(value)
        case dict():
            return "多个值" if zh else "several values"
    return str(value)
