"""The forms of shared documents, generated from how they are written, with the words that people know things by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.language.documents import FORMS
from workflows.language.policy import PerCustomer, Validity
from workflows.source.chinese import in_chinese
from workflows.terms.limits import Cap
from workflows.terms.values import Duration, Language

Kind = Literal[
    "text", "number", "truth", "choice", "list", "group", "span", "cap", "limit", "validity", "money", "percent"
]

TITLES: Mapping[str, tuple[str, str]] = {
    "_coupons": ("优惠券", "Coupons"),
    "_policy": ("发送规则", "Policy"),
    "_calendar": ("自家的日子", "Own days"),
}

_WORDS: Mapping[str, tuple[str, str]] = {
    "name": ("券名，客户看到的", "its name, as customers see it"),
    "amount_off": ("减多少", "the amount off"),
    "percent_off": ("减百分之几", "the percentage off"),
    "ceiling": ("最多减", "the most it takes off"),
    "threshold": ("满多少可用", "from what order on"),
    "valid": ("有效多久", "how long it is valid"),
    "per_customer": ("每人限领", "for each customer"),
    "budget": ("总量", "in all"),
    "budget.count": ("最多发几张", "so many at most"),
    "budget.money": ("最多花多少", "at most for so much"),
    "products": ("只用于", "only for"),
    "skus": ("只用于这些商品", "only for these products"),
    "categories": ("只用于这些品类", "only for these categories"),
    "combines": ("可与其他券同用", "combines with others"),
    "refund": ("整单退了以后", "after the whole order is refunded"),
    "partial_refund": ("退了一部分以后", "after a part is refunded"),
    "shop": ("店名，消息的落款", "the shop's name, which signs messages"),
    "language": ("报告说的语言", "the language of reports"),
    "timezone": ("时区", "the time zone"),
    "quiet_hours": ("不打扰的时段", "quiet hours"),
    "caps": ("每位客户最多收到", "at most for each customer"),
    "caps.sms": ("短信", "short messages"),
    "caps.wecom": ("企业微信", "WeCom"),
    "caps.wechat": ("公众号", "WeChat"),
    "caps.all": ("所有渠道合计", "over all channels"),
    "holdout": ("对照组，从不打扰的客户", "the holdout, who is never messaged"),
    "sms_price": ("一条短信多少钱，长短信按条算", "what a short message costs, each part of a long one"),
    "attribution": ("发出后多久内的订单算它带来的", "how long after a message an order is owed to it"),
}
_WRITTEN: Mapping[str, Kind] = {
    Duration.HINT: "span", Cap.HINT: "cap", PerCustomer.HINT: "limit", Validity.HINT: "validity",
    "an amount of money": "money", "a percentage": "percent",
}  # fmt: skip
"""Kinds of texts, by how their descriptions begin."""

_CHOICES: Mapping[str, tuple[str, str]] = {
    "lot": ("引起旅程的那批货", "the lot of the journey"),
    "companions": ("与所购商品搭配的", "what goes with what was bought"),
    "restore": ("券可以再用", "it may be used again"),
    "forfeit": ("券作废", "it is gone"),
    "share": ("按比例退回优惠", "each unit takes its share along"),
    "reprice": ("留下的重新计价", "what is kept is priced anew"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
}


@dataclass(frozen=True)
class FormChoice:
    """A value that may stand there, and what it means."""

    value: str
    label: str


@dataclass(frozen=True)
class FormField:
    """A key of a document: what it is called, how it is written, and what may stand there.

    A `list` holds texts, of which a single one may stand `alone`, without it; a `group` has keys of its own. `least`
    and `most` bound a number. Texts of a form of their own are a `span` (`3d`), a `cap` (`2 per 7d`), a `limit` (`1`,
    `1 per 30d`), a `validity` (`30d`, `until 2026-12-31`), `money` (`59元`) and a `percent` (`5%`).
    """

    key: str
    label: str
    about: str
    kind: Kind
    required: bool = False
    choices: list[FormChoice] = field(default_factory=list)
    fields: list["FormField"] = field(default_factory=list)
    least: int | None = None
    most: int | None = None
    alone: bool = False


@dataclass(frozen=True)
class Form:
    """The form of a document. With `entries`, it has any number of them by name, each of which is this field."""

    title: str
    entries: FormField | None
    fields: list[FormField]


def form_of(name: str, lang: Language) -> Form:
    """The form of a document that has one, like `_policy`."""
    schema = FORMS[name].json_schema()
    maker = _Maker(schema.get("$defs", {}), 0 if lang == "zh" else 1)
    title = TITLES[name][maker.lang]
    entry = schema.get("additionalProperties")
    if isinstance(entry, dict):
        return Form(title, maker.field("", entry, required=True), [])
    return Form(title, None, list(maker.fields("", schema)))


class _Maker:
    def __init__(self, models: Mapping[str, Any], lang: int) -> None:
        self.models, self.lang = models, lang

    def fields(self, above: str, schema: Mapping[str, Any]) -> Iterator[FormField]:
        """In the order of the words."""
        order = list(_WORDS)
        paths = {f"{above}{key}": key for key in schema["properties"]}
        for path in sorted(paths, key=lambda each: order.index(each) if each in order else len(order)):
            key = paths[path]
            yield self.field(path, schema["properties"][key], required=key in schema.get("required", ()))

    def field(self, path: str, schema: Mapping[str, Any], *, required: bool = False) -> FormField:
        written = self._written(schema)
        key = path.rpartition(".")[2]
        label = _WORDS[path][self.lang] if path in _WORDS else key
        fields: list[FormField] = []
        kind: Kind = "text"
        if "properties" in written:
            kind, fields = "group", list(self.fields(f"{path}." if path else "", written))
        elif "propertyNames" in written:
            kind, each = "group", written["additionalProperties"]
            fields = [self.field(f"{path}.{name}", each) for name in written["propertyNames"]["enum"]]
        elif written.get("type") == "array":
            kind = "list"
        elif "enum" in written:
            kind = "choice"
        elif written.get("type") in ("boolean", "integer"):
            kind = "truth" if written["type"] == "boolean" else "number"
        else:
            hint = str(written.get("description", ""))
            kind = next((each for begin, each in _WRITTEN.items() if hint.startswith(begin)), "text")
        return FormField(
            key, label, "" if kind in ("group", "choice", "truth", "number") else self._about(written), kind, required,
            [FormChoice(each, _CHOICES[each][self.lang]) for each in written.get("enum", ())], fields,
            written.get("minimum"), written.get("maximum"), kind == "list" and written.get("alone", False),
        )  # fmt: skip

    def _written(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """What may be written, without references and nulls; a list where that, or one alone, may be."""
        if "$ref" in schema:
            return self._written(self.models[schema["$ref"].rpartition("/")[2]])
        ways = [self._written(each) for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if not ways:
            return schema
        listed = next((each for each in ways if each.get("type") == "array"), None)
        return {**(listed or ways[0]), **_described(schema), "alone": listed is not None and len(ways) > 1}

    def _about(self, written: Mapping[str, Any]) -> str:
        """How it is written, by its own description."""
        hint = str(written.get("description", ""))
        if self.lang == 0 and hint:
            hint = in_chinese(f'"" is not {hint}')
            return hint.partition("；")[2] or ""
        return hint.partition("; ")[2]


def _described(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}
