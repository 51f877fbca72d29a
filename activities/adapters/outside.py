"""Calls to addresses that people write into documents: only to the public internet, as webhooks are."""

import socket
from collections.abc import Collection

import httpx

from activities.adapters.webhook import is_public

TIMEOUT = httpx.Timeout(30, connect=5)


class NotPublicError(httpx.ConnectError):
    """The address leads into a private network, and isn't among the hosts that may."""


class _Pinned(httpx.HTTPTransport):
    """Connects to the address that was looked at, so that a second look-up can't lead elsewhere."""

    def __init__(self, private_hosts: Collection[str]) -> None:
        super().__init__()
        self._private_hosts = private_hosts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self._private_hosts:
            return super().handle_request(request)
        if request.url.scheme != "https":
            raise NotPublicError(f"{host} must be asked by https", request=request)
        try:
            found = socket.getaddrinfo(host, request.url.port or 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpx.ConnectError(f"there is no {host}", request=request) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not all(map(is_public, addresses)):
            raise NotPublicError(f"{host} is in a private network", request=request)
        request.extensions = {**request.extensions, "sni_hostname": request.url.raw_host.decode()}
        request.url = request.url.copy_with(host=addresses[0])
        return super().handle_request(request)


def outside_client(private_hosts: Collection[str]) -> httpx.Client:
    """A client that follows no redirects and goes through no proxy; `private_hosts` may be anywhere, also by http.

    Requests raise NotPublicError.
    """
    return httpx.Client(
        transport=_Pinned(private_hosts), timeout=TIMEOUT, follow_redirects=False, trust_env=False,
        headers={"User-Agent": "aftershow"},
    )  # fmt: skip
