"""What a text can name, for those who write it: variables of what begins its journeys, functions, filters."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field

from domain.published.library import Library
from domain.texts.shapes import ROOTS, Kind, Shape, provided
from workflows.language.needs import text_needs
from workflows.terms.channels import Channel
from workflows.terms.names.fields import field_name
from workflows.terms.values import Language

_CALLED: Mapping[str, tuple[str, str]] = {
    "shop.name": ("店名", "the shop's name"),
    "shop.sign": ("店名落款，短信开头要有", "the shop's signature, which short messages begin with"),
    "data": ("步骤的 data", "the step's data"),
}
_FUNCTIONS: Mapping[str, tuple[str, str]] = {
    'link("https://")': ("短链接，点了会知道", "a short link, whose click is heard of"),
    "preferences()": ("客户自己选择接收什么的页面", "the page where customers choose what they hear"),
    "companions(trigger.items, 3)": ("和所购商品搭配的商品", "products that go with those"),
}
_FILTERS: Mapping[str, tuple[str, str]] = {
    "yuan": ("分写成元", "fen as yuan"),
    "when": ("时刻写成日期和钟点", "an instant as a day and a time"),
    'default("您")': ("没有时写什么", "what stands where there is nothing"),
    'join("、", attribute="name")': ("列表连成一句", "a list as one sentence"),
    "first": ("第一项", "the first of a list"),
    "length": ("有几项", "how many there are"),
}
_DEPTH = 3


class TextVariable(BaseModel):
    """A name, what it is called and of which kind it is. `sometimes`: it may not be there, or not in every journey.

    `items` are the names that each of a list has.
    """

    name: str
    called: str
    kind: Kind
    sometimes: bool
    items: list[str]


class TextForm(BaseModel):
    """A function or a filter as it is written, and what it does."""

    write: str
    called: str


class TextNames(BaseModel):
    """What a text can name between braces, and `filters` behind a `|`."""

    names: list[TextVariable]
    functions: list[TextForm] = Field(description="of all texts")
    filters: list[TextForm]


def names_of(library: Library, template: str, channel: Channel, lang: Language) -> TextNames:
    """What the steps that send a text provide together; of one that nobody sends, what any text can name."""
    contexts = [
        provided(live.plan, need, library.campaigns, library.measures).shapes
        for live in library.journeys.values()
        for need in text_needs(live.plan)
        if need.text == (template, channel)
    ] or [ROOTS]
    found: dict[str, Shape] = {}
    times: dict[str, int] = {}
    for shapes in contexts:
        for name, shape in _leaves(shapes):
            known = found.get(name)
            found[name] = shape if known is None else known.optional(shape.missing)
            times[name] = times.get(name, 0) + 1
    said = 0 if lang == "zh" else 1
    return TextNames(
        names=[
            TextVariable(
                name=name, called=_called(name, lang), kind=shape.kind,
                sometimes=shape.missing or times[name] < len(contexts),
                items=sorted(shape.item.fields) if shape.kind == "list" and shape.item else [],
            )
            for name, shape in found.items()
        ],
        functions=[TextForm(write=written, called=words[said]) for written, words in _FUNCTIONS.items()],
        filters=[TextForm(write=written, called=words[said]) for written, words in _FILTERS.items()],
    )  # fmt: skip


def _leaves(shapes: Mapping[str, Shape], above: str = "", missing: bool = False) -> Iterator[tuple[str, Shape]]:
    for key, shape in shapes.items():
        path = f"{above}{key}"
        if shape.kind == "record" and shape.fields and path.count(".") < _DEPTH:
            yield from _leaves(shape.fields, f"{path}.", missing or shape.missing)
        elif shape.kind != "record":
            yield path, shape.optional(missing)


def _called(name: str, lang: Language) -> str:
    if name in _CALLED:
        return _CALLED[name][0 if lang == "zh" else 1]
    root, _, rest = name.partition(".")
    return field_name(f"event.{rest}" if root == "trigger" else name, lang) or name
