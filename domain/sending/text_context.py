"""What a text can name: the shop, the customer, what began the journey, and what its message brings with it."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.conditions.facts import CustomerFacts, own_fields
from domain.coupons.tables import Coupon
from domain.stock.companions import MOST, MOST_PRODUCTS, Companions, skus_in
from domain.texts.calls import MOST_COMPANIONS
from domain.texts.named import Named
from domain.texts.rendering import RenderError, variables
from workflows.terms.measuring import plain_number
from workflows.terms.operands import FieldRef
from workflows.verbs.send import DataValue, EventList

LONGEST_NAME = 40
"""Characters of a word of a customer's own, like a nickname, in a text."""

MOST_CALLS = 10
"""Lists of products that one text may ask the companions of."""

_BREAKS = re.compile(r"[\s\u2028\u2029]+")
_BRACKETS = re.compile("[【】〖〗﹝﹞︻︼︗︘]")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*)?:\s*/+\S*|(?<![a-z0-9])www\.\S*"
    r"|(?:[a-z0-9_-]+\.)+(?:cn|com|net|org|cc|top|xyz|vip|shop|io|co|me|tv|info|biz|link|club|site|online|app|ly"
    r"|gl|icu|wang|ltd|fun|store|tech|live|中国|公司|网络)(?![a-z0-9])\S*",
    re.IGNORECASE,
)
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
"""The categories of characters that can't be seen."""
_EMOJI = frozenset("\u200d\ufe0f")
"""Unseen characters that emoji are joined by."""


def as_word(value: str) -> str:
    """A customer's own word as it may stand in a text of the shop: short, on one line, without links and signatures.

    What can't be seen or turns the text around is left out, like brackets, in which operators read who is writing.
    """
    plain = _BREAKS.sub(" ", value)
    plain = "".join(
        character for character in plain if character in _EMOJI or unicodedata.category(character) not in _INVISIBLE
    )
    word = _shortened(_BRACKETS.sub("", plain))
    while (shorter := _shortened(word)) != word:  # what is left may be a link
        word = shorter
    return word


def _shortened(word: str) -> str:
    if _LINK.search(folded := unicodedata.normalize("NFKC", word)):
        word = _LINK.sub(" ", folded)
    word = " ".join(word.split())
    return word if len(word) <= LONGEST_NAME else f"{word[: LONGEST_NAME - 1].rstrip()}…"


def text_context(
    facts: CustomerFacts, data: Mapping[str, DataValue], coupon: Coupon | None, source: str, *, refused: bool = False
) -> dict[str, Any]:
    """What a text can name, of what it does name; what there isn't is None. Instants are in the customer's timezone.

    Raises RenderError if it is no template.

    `coupon` is the message's own; without it, the enrollment's newest is meant, but where one was `refused` only if it
    can still be used.
    """
    context: dict[str, Any] = {}
    for name in variables(source):
        match name:
            case "shop":
                context[name] = {"name": facts.library.policy.shop, "sign": f"【{facts.library.policy.shop}】"}
            case "customer":
                context[name] = {key: _safe(value) for key, value in _customer(facts).items()}
            case "trigger":
                context[name] = facts.trigger
            case "data":
                context[name] = {key: _given(facts, value) for key, value in data.items()}
            case "measure":
                asked = (measure for measure in facts.library.measures if measure in source)
                context[name] = {measure: _plain(facts.field(f"measure.{measure}")) for measure in asked}
            case "coupon":
                issued = coupon and {**coupon.terms, "code": coupon.code, "expires_at": coupon.expires_at}
                newest = facts.coupon
                is_of_use = newest is not None and newest["status"] in ("issued", "locked")
                context[name] = _local(issued or (newest if is_of_use or not refused else None), facts.zone)
            case "lot":
                context[name] = _local(facts.lot, facts.zone)
            case "stream":
                context[name] = _local(facts.stream, facts.zone)
    return context


def companions_of(facts: CustomerFacts, companions: Companions) -> Callable[..., Named]:
    """`companions(trigger.items, 3)`: products that go with some, for a text; those without a name aren't told."""
    asked: set[tuple[str, ...]] = set()
    city = facts.customer.fields.get("city")

    def told(products: Any = None, number: Any = 3) -> Named:
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_COMPANIONS:
            raise RenderError(f"companions() tells from 1 to {MOST_COMPANIONS} products")
        skus = tuple(skus_in(products))[:MOST_PRODUCTS]
        asked.add(skus)
        if len(asked) > MOST_CALLS:
            raise RenderError(f"companions() is asked of more than {MOST_CALLS} lists of products")
        found = companions.of(skus, MOST, city=city if isinstance(city, str) else None)
        named = [{"sku": each.sku, "name": each.name, "category": each.category} for each in found if each.name]
        return Named(named[:number])

    return told


def _given(facts: CustomerFacts, value: DataValue) -> Any:
    """What a step hands to its text: a value as it is written, what a field holds, or the data of events."""
    match value:
        case EventList(events=type, within=within, at_most=at_most):
            return facts.newest_events(type, within, at_most)
        case FieldRef(field=path):
            held = _plain(facts.field(path))
            return held.astimezone(facts.zone) if isinstance(held, datetime) else held
    return value


def _plain(value: Any) -> Any:
    return plain_number(value) if isinstance(value, Decimal) else value


def reworded(facts: CustomerFacts, source: str) -> list[str]:
    """The customer's fields which a template mentions, and which aren't written into it as the customer gave them."""
    return [key for key, value in _customer(facts).items() if key in source and _safe(value) != value]


def _customer(facts: CustomerFacts) -> Mapping[str, Any]:
    return {**own_fields(facts.customer), "name": facts.customer.name}


def _safe(value: Any) -> Any:
    return as_word(value) if isinstance(value, str) else value


def _local(values: Mapping[str, Any] | None, zone: ZoneInfo) -> Mapping[str, Any] | None:
    return values and {
        key: value.astimezone(zone) if isinstance(value, datetime) else value for key, value in values.items()
    }
