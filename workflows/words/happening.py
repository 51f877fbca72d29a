"""What happened to a customer in plain words, in Chinese and in English: the event, and the few facts that matter."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.terms.names.fields import field_name
from workflows.terms.values import money_words
from workflows.terms.wording import Wording

MOST_ITEMS = 3
"""Items of an order or a cart that are named; of more it is told how many there are."""
LONGEST = 120
"""Characters of what somebody wrote."""

_PURPOSES = {"marketing": ("营销", "marketing"), "transactional": ("服务通知", "service")}


@dataclass(frozen=True)
class Called:
    """What people call the products and livestreams that events name, by their codes; `hide` is what a written text
    goes through before it is shown.
    """

    products: Mapping[str, str] = field(default_factory=dict)
    streams: Mapping[str, str] = field(default_factory=dict)
    hide: Callable[[str], str] = str


def happening_words(type: str, data: Mapping[str, Any], say: Wording, called: Called, *, forgotten: bool) -> str:
    """`已下单：25.80元，燕麦 ×2，订单 o1`; of a `forgotten` event, that what it said is gone."""
    name = say.happening(type)
    if forgotten:
        return name + say.pick("（内容已删除）", " (what it said was erased)")
    facts = say.pick("，", ", ").join(_facts(type, data, say, called))
    return name + (say.pick(f"：{facts}", f": {facts}") if facts else "")


def _facts(type: str, data: Mapping[str, Any], say: Wording, called: Called) -> Iterator[str]:
    if type.startswith("consent."):
        yield say.channel(_text(data, "channel"))
        purpose = _text(data, "purpose") or "marketing"
        yield say.pick(*_PURPOSES.get(purpose, (purpose, purpose)))
        return
    if type in ("customer.registered", "customer.updated"):
        yield from ((field_name(f"customer.{key}", say.lang) or key).removeprefix("客户") for key in data)
        return
    if isinstance(total := data.get("total"), int):
        yield money_words(total)
    yield from _goods(data, say, called)
    if rating := data.get("rating"):
        yield say.pick(f"{rating} 星", f"{rating} stars")
    if stream := _text(data, "stream_id"):
        title = called.streams.get(stream, stream)
        yield say.pick(f"直播「{title}」", f"livestream “{title}”")
    if isinstance(minutes := data.get("watched_minutes"), int | float):
        yield say.pick(f"看了 {minutes:g} 分钟", f"watched for {minutes:g} minutes")
    if order := _text(data, "order_id"):
        yield say.pick(f"订单 {order}", f"order {order}")
    for key in ("text", "note", "reason", "url"):
        if written := called.hide(_text(data, key)):
            short = written if len(written) <= LONGEST else f"{written[:LONGEST]}…"
            yield say.pick(f"“{short}”", f"“{short}”")


def _goods(data: Mapping[str, Any], say: Wording, called: Called) -> Iterator[str]:
    listed = data.get("items")
    goods = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    for each in goods[:MOST_ITEMS]:
        quantity = each.get("quantity")
        yield _product(each, called) + (f" ×{quantity:g}" if isinstance(quantity, int | float) else "")
    if len(goods) > MOST_ITEMS:
        yield say.pick(f"共 {len(goods)} 种", f"{len(goods)} products in all")
    if product := _product(data, called):
        yield product


def _product(data: Mapping[str, Any], called: Called) -> str:
    sku = _text(data, "sku")
    return _text(data, "name") or called.products.get(sku, sku)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
