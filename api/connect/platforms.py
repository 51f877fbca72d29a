"""What platforms push, verified and opened: each by its own signature, its own envelope, and the answer that it wants.

Only WeChat's pushes and Standard Webhooks say when they were signed; those must be from just now. The others could be
sent again by whoever overhears one, which changes nothing: the same message is one event, for ever.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from standardwebhooks import Webhook, WebhookVerificationError

from api.http.problems import Forged, Invalid
from api.receivers.tencent import aes_key, decrypt, verify
from domain.catalogue import strictjson
from domain.catalogue.strictjson import MalformedError
from workflows.language.connectors import Doudian, Kuaidi100, Pushed, WechatShop, Weimob, Youzan
from workflows.language.mapping import value_of

MOST = 200
"""Rows of one push."""

Secret = Callable[[str], str]
"""A secret by its name."""


@dataclass(frozen=True)
class Push:
    """What was posted, and how. Headers are found by any spelling."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    now: datetime

    def header(self, name: str) -> str:
        """A header, or an empty text."""
        return self.headers.get(name, "")


def youzan(youzan: Youzan, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """`{type, msg, sign, …}`, whose `msg` is JSON, percent-encoded; or signed over the body in `Event-Sign`."""
    told = _object(push.body)
    client, key = secret(youzan.client_id), secret(youzan.client_secret)
    if signed := push.header("event-sign"):
        _same(signed, _md5(client, push.body.decode("utf-8", "replace"), key))
    else:
        _same(str(told.get("sign") or ""), _md5(client, str(told.get("msg") or ""), key))
    if told.get("test"):
        return []
    return [{**told, "msg": _within(unquote_plus(str(told.get("msg") or "")))}]


def weimob(weimob: Weimob, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """`{id, topic, event, sign, msgBody, bosId}`, signed over the id."""
    told = _object(push.body)
    signed = _md5(secret(weimob.client_id), str(told.get("id") or ""), secret(weimob.client_secret))
    _same(str(told.get("sign") or ""), signed)
    return [{**told, "msgBody": _within(told.get("msgBody"))}]


def doudian(doudian: Doudian, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """A list of `{tag, msg_id, data}`; the tag 0 only asks whether somebody is there."""
    text = push.body.decode("utf-8", "replace")
    key, app_secret = secret(doudian.app_key), secret(doudian.app_secret)
    if push.header("sign-method").lower() == "hmac-sha256":
        signed = hmac.new(app_secret.encode(), f"{key}{text}{app_secret}".encode(), "sha256").hexdigest()
    else:
        signed = _md5(key, text, app_secret)
    _same(push.header("event-sign"), signed)
    messages = _json(push.body)
    each = messages if isinstance(messages, list) else [messages]
    rows = [message for message in each if isinstance(message, dict) and str(message.get("tag")) != "0"]
    return [{**message, "tag": str(message.get("tag")), "data": _within(message.get("data"))} for message in rows]


def kuaidi100(kuaidi: Kuaidi100, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """A form of `param`, which is JSON, and `sign`."""
    form = dict(parse_qsl(push.body.decode("utf-8", "replace"), keep_blank_values=True))
    param = form.get("param", "")
    _same(form.get("sign", "").upper(), _md5(param, secret(kuaidi.salt)).upper())
    return [_object(param.encode())]


def wechat_shop(shop: WechatShop, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """XML or JSON, sealed as what is told to an official account."""
    sealed = str(_fields(push.body).get("Encrypt") or "")
    query = push.query
    verify(
        secret(shop.token), query.get("timestamp", ""), query.get("nonce", ""), sealed,
        signature=query.get("msg_signature", ""), now=push.now,
    )  # fmt: skip
    try:
        key = aes_key(secret(shop.encoding_aes_key))
    except ValueError:
        raise Forged("The EncodingAESKey that is set isn't one.") from None
    return [_fields(decrypt(key, sealed, secret(shop.app_id)))]


def is_wechat(shop: WechatShop, secret: Secret, query: Mapping[str, str], now: datetime) -> str:
    """What WeChat wants to hear when it asks whether this is the shop's address. Raises Forged."""
    verify(
        secret(shop.token), query.get("timestamp", ""), query.get("nonce", ""),
        signature=query.get("signature", ""), now=now,
    )  # fmt: skip
    return query.get("echostr", "")


def pushed(pushed: Pushed, secret: Secret, push: Push) -> list[dict[str, Any]]:
    """JSON or a form, signed as it is said."""
    key, given = secret(pushed.secret), push.header(pushed.header)
    if pushed.sign == "standard":
        try:
            Webhook(key).verify(push.body, dict(push.headers))
        except (WebhookVerificationError, ValueError):
            raise Forged("The signature is wrong, or not from just now.") from None
    elif pushed.sign == "hmac":
        _same(given.rpartition("=")[2].lower(), hmac.new(key.encode(), push.body, "sha256").hexdigest())
    else:
        _same(given, key)
    told: Any
    if "x-www-form-urlencoded" in push.header("content-type"):
        told = dict(parse_qsl(push.body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        told = _json(push.body)
    if pushed.each is not None:
        told = value_of(pushed.each, told)
    return [
        each if isinstance(each, dict) else {"value": each} for each in (told if isinstance(told, list) else [told])
    ]


OPEN: Mapping[str, Callable[[Any, Secret, Push], list[dict[str, Any]]]] = {
    "youzan": youzan,
    "weimob": weimob,
    "doudian": doudian,
    "kuaidi100": kuaidi100,
    "wechat_shop": wechat_shop,
    "pushed": pushed,
}
"""Opens a push. Raises Forged where it isn't signed with our secret, and Invalid for what can't be read."""

ANSWERS: Mapping[str, Any] = {
    "youzan": {"code": 0, "msg": "success"},
    "weimob": {"code": {"errcode": 0, "errmsg": "success"}},
    "doudian": {"code": 0, "msg": "success"},
    "kuaidi100": {"result": True, "returnCode": "200", "message": "成功"},
    "wechat_shop": "success",
    "pushed": {"code": 0, "msg": "success"},
}
"""What each wants to hear, or it sends again."""


def rows_of(opened: Sequence[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a push, with what stood in its address, where shops put what they want to be told again."""
    if len(opened) > MOST:
        raise Invalid(f"A push holds at most {MOST} messages.")
    rows = [strictjson.replace_unstorable({**row, "query": dict(query)}) for row in opened]
    if any(strictjson.find_flaw(row) is not None for row in rows):
        raise Invalid("The body holds what can't be kept.")
    return rows


def _md5(*parts: str) -> str:
    return hashlib.md5("".join(parts).encode()).hexdigest()


def _same(given: str, wanted: str) -> None:
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forged("The signature is wrong.")


def _json(body: bytes) -> Any:
    try:
        return strictjson.parse(body)
    except MalformedError as error:
        raise Invalid(f"The body can't be read: {error.flaw.detail}.") from None


def _object(body: bytes) -> dict[str, Any]:
    value = _json(body)
    if not isinstance(value, dict):
        raise Invalid("The body must be an object.")
    return value


def _within(value: Any) -> Any:
    """JSON that stands as a text in JSON; what is none is left as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _fields(body: bytes) -> dict[str, Any]:
    """The fields of XML or JSON, also of those within others."""
    if not body.lstrip().startswith(b"<"):
        return _object(body)
    try:
        found = _of_element(fromstring(body, forbid_dtd=True))
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise Invalid("The body is neither XML nor JSON.") from None
    return found if isinstance(found, dict) else {}


def _of_element(element: Element) -> Any:
    if not len(element):
        return (element.text or "").strip()
    return {child.tag: _of_element(child) for child in element}
