"""What pages and apps call their events and people, and what it is here: `_tracking.yaml`."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Annotated, Literal, get_args

from jmespath.exceptions import JMESPathError
from pydantic import Field

from workflows.language.mapping import Path, compiled
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Source, TooManyError, read_source
from workflows.terms.values import Frozen
from workflows.terms.written import matching

TrackedType = Literal[
    "customer.registered", "customer.updated", "cart.updated", "cart.cleared", "order.paid", "order.delivered",
    "order.refunded", "review.written", "product.viewed", "stream.joined", "stream.left", "stream.commented",
]  # fmt: skip
"""What a page may tell, whose key everybody can read: no stock, no consents, no coupons, no receipts of messages."""
TRACKED_TYPES = frozenset(get_args(TrackedType))

Kind = Annotated[
    str,
    matching(
        r"(?:unionid|member_no|phone|email|device_id|(?:openid|external_userid)(?::[A-Za-z0-9_-]{1,64})?)",
        "a kind of identifier, like `phone` or `openid:mini`",
    ),
]
Their = Annotated[str, Field(min_length=1, max_length=200)]


class TrackedEvent(Frozen):
    """What an event of theirs is here, and where each field of its data stands in their properties.

    A field is a JMESPath expression (https://jmespath.org/specification.html); `fen(x)` makes fen of yuan.
    """

    type: TrackedType
    data: dict[str, Path] = Field(default_factory=dict)


class Tracking(Frozen):
    """Their events, identities and profile fields by the names that they give them.

    Names are the same in any spelling: `Order Completed`, `order_completed` and `OrderCompleted`. What isn't listed
    falls to the common names (`EVENTS`, `IDENTITIES`); an event of neither is kept as it came; one of `ignore` isn't.
    """

    events: Annotated[dict[Their, TrackedEvent], Field(max_length=500)] = Field(default_factory=dict)
    identities: Annotated[dict[Their, Kind], Field(max_length=100)] = Field(default_factory=dict)
    ignore: Annotated[tuple[Their, ...], Field(max_length=500)] = ("page_ping", "$WebPageLeave", "$WebStay", "$AppEnd")

    @cached_property
    def _by_name(self) -> Mapping[str, TrackedEvent]:
        return {plain(name): event for name, event in {**EVENTS, **self.events}.items()}

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        return {plain(name): kind for name, kind in {**IDENTITIES, **self.identities}.items()}

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset(map(plain, self.ignore)) - set(map(plain, self.events))

    def event(self, name: str) -> TrackedEvent | None:
        """What an event of theirs is here; None if it is kept as it came."""
        return self._by_name.get(plain(name))

    def kind(self, name: str) -> str | None:
        """The kind of identifier that an identity of theirs is."""
        return self._kinds.get(plain(name))

    def ignores(self, name: str) -> bool:
        """Whether events of this name aren't taken at all."""
        return plain(name) in self._ignored


def plain(name: str) -> str:
    """A name in the spelling in which names are compared."""
    return _plain(name) if len(name) <= _LONGEST_KEPT else _respelled(name)


_LONGEST_KEPT = 100
"""Characters of a name whose spelling is remembered; pages send what they like."""


def _respelled(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


_plain = lru_cache(maxsize=5000)(_respelled)


_ITEMS = (
    "(products || items || [])[]"
    ".{sku: sku || product_id || id, name: name, category: category, quantity: quantity, price: fen(price)}"
)
_ORDER = {"order_id": "order_id || orderId || id", "total": "fen(total || revenue || value || amount || order_amount)"}
_PRODUCT = {
    "sku": "sku || product_id || productId || commodity_id || id",
    "name": "name || product_name || commodity_name",
    "category": "category || first_commodity",
    "price": "fen(price || present_price)",
    "stream_id": "stream_id",
}
_STREAM = {"stream_id": "stream_id || live_id || room_id"}
_PERSON = {"name": "name || $name || nickname", "city": "city || $city || address.city", "birthday": "birthday"}
_CART = {"cart_id": "cart_id", "total": "fen(total || value)", "items": _ITEMS}

_VIEWED = TrackedEvent(type="product.viewed", data=_PRODUCT)
_PAID = TrackedEvent(
    type="order.paid",
    data=_ORDER | {"items": _ITEMS, "cart_id": "cart_id", "stream_id": "stream_id", "store": "store"},
)
_KNOWN = TrackedEvent(type="customer.updated", data=_PERSON)
_REGISTERED = TrackedEvent(type="customer.registered", data=_PERSON)

EVENTS: Mapping[str, TrackedEvent] = {
    "Product Viewed": _VIEWED,
    "view_item": _VIEWED,
    "view_product": _VIEWED,
    "commodityDetail": _VIEWED,
    "product_view": _VIEWED,
    "Order Completed": _PAID,
    "Order Paid": _PAID,
    "purchase": _PAID,
    "payOrder": _PAID,
    "transaction": _PAID,
    "Order Refunded": TrackedEvent(
        type="order.refunded", data={"order_id": _ORDER["order_id"], "total": "fen(total || value)", "reason": "reason"}
    ),
    "Cart Viewed": TrackedEvent(type="cart.updated", data=_CART),
    "Cart Updated": TrackedEvent(type="cart.updated", data=_CART),
    "Cart Cleared": TrackedEvent(type="cart.cleared", data={"cart_id": "cart_id"}),
    "Product Reviewed": TrackedEvent(
        type="review.written",
        data={"text": "review_body || text", "sku": "product_id || sku", "rating": "rating", "order_id": "order_id"},
    ),
    "Stream Joined": TrackedEvent(type="stream.joined", data=_STREAM),
    "enterLiveRoom": TrackedEvent(type="stream.joined", data=_STREAM),
    "Stream Left": TrackedEvent(type="stream.left", data=_STREAM | {"minutes": "minutes"}),
    "leaveLiveRoom": TrackedEvent(type="stream.left", data=_STREAM | {"minutes": "minutes"}),
    "Stream Commented": TrackedEvent(type="stream.commented", data=_STREAM | {"text": "text", "sku": "sku"}),
    "Signed Up": _REGISTERED,
    "$SignUp": _REGISTERED,
    "customer.registered": _REGISTERED,
    "customer.updated": _KNOWN,
    "identify": _KNOWN,
    "alias": _KNOWN,
    "profile_set": _KNOWN,
    "profile_set_once": _KNOWN,
    "track_signup": _KNOWN,
    "track_id_bind": _KNOWN,
}
"""Events of shops by the names that the makers of these SDKs propose, where they propose any.

https://segment.com/docs/connections/spec/ecommerce/v2/
https://manual.sensorsdata.cn/sa/latest/zh_cn/tech_knowledge_model-7540918.html
https://docs.snowplow.io/docs/sources/trackers/web-trackers/tracking-events/ecommerce/
"""

IDENTITIES: Mapping[str, str] = {
    "userId": "member_no",
    "uid": "member_no",
    "$identity_login_id": "member_no",
    "anonymousId": "device_id",
    "duid": "device_id",
    "$identity_anonymous_id": "device_id",
    "$identity_cookie_id": "device_id",
    "$identity_distinct_id": "device_id",
    "$identity_idfv": "device_id",
    "$identity_android_id": "device_id",
    "$identity_android_uuid": "device_id",
    "$identity_mobile": "phone",
    "$identity_email": "email",
    "$identity_mp_openid": "openid:mini",
    "$identity_mp_unionid": "unionid",
    "phone": "phone",
    "mobile": "phone",
    "email": "email",
    "unionid": "unionid",
}
"""Identities by the names that SDKs give them. `$identity_mp_<appid>_openid` is `$identity_mp_openid` of any app."""


def read_tracking(text: str, path: str) -> tuple[Tracking | None, list[Diagnostic]]:
    """Read `_tracking.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    tracking = validate(Tracking, source)
    with suppress(TooManyError):
        _check(source)
    return None if source.broken else tracking, source.sorted()


def _check(source: Source) -> None:
    """Each expression can be read, and two names that are the same stand once."""
    events = source.root.get("events") if source.root is not None else None
    seen: dict[str, str] = {}
    for name, event in (events.entries if events is not None else {}).items():
        if (before := seen.setdefault(plain(name), name)) != name and events is not None:
            source.report(events.keys[name], "E057", f"is the same name as {before}: spaces and case don't count")
        data = event.get("data")
        for field in (data.entries if data is not None else {}).values():
            try:
                compiled(field.text or "")
            except JMESPathError as error:
                detail = str(error).partition("\n")[0]
                source.report(field, "E057", f"can't be read as a JMESPath expression: {detail}")
