"""微信小店's orders: https://developers.weixin.qq.com/doc/store/API/order/get.html. Not tried on a real shop."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

import httpx

from activities.adapters.sources.source import SourceError, Surroundings, answer_of
from workflows.language.connectors import WechatShop

STALE = frozenset({40001, 40014, 42001})
"""The token ran out, or isn't one."""


class WechatShopOrders:
    """Fetches orders by their ids. Its tokens are stable ones, which leave those of others valid."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def fetch(self, shop: WechatShop, order_id: str) -> Mapping[str, Any]:
        """An order. Raises LookupError if it can't be had now."""
        try:
            with self._surroundings.client() as client:
                answer = self._ask(client, shop, order_id, renew=False)
                if answer.get("errcode") in STALE:
                    answer = self._ask(client, shop, order_id, renew=True)
        except SourceError as error:
            raise LookupError(str(error)) from None
        order = answer.get("order")
        if answer.get("errcode") or not isinstance(order, dict):
            raise LookupError(f"errcode {answer.get('errcode')}")
        return order

    def _ask(self, client: httpx.Client, shop: WechatShop, order_id: str, *, renew: bool) -> dict[str, Any]:
        url = httpx.URL(f"{shop.url}/channels/ec/order/get", params={"access_token": self._token(client, shop, renew)})
        return _object(answer_of(client, client.build_request("POST", url, json={"order_id": order_id})))

    def _token(self, client: httpx.Client, shop: WechatShop, renew: bool) -> str:
        app, secret = self._surroundings.value(shop.app_id), self._surroundings.value(shop.secret or "")
        with self._lock:
            token, until = self._tokens.get(app, ("", 0.0))
            if renew or time.monotonic() >= until:
                asked = {"grant_type": "client_credential", "appid": app, "secret": secret}
                request = client.build_request("POST", f"{shop.url}/cgi-bin/stable_token", json=asked)
                answer = _object(answer_of(client, request))
                if not answer.get("access_token"):
                    raise SourceError(f"no access token: errcode {answer.get('errcode')}")
                token, until = str(answer["access_token"]), time.monotonic() + 0.9 * float(answer["expires_in"])
                self._tokens[app] = token, until
            return token


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise SourceError("the answer is no object")
    return answer
