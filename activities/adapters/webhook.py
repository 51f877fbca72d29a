"""Webhooks: other systems that journeys call over HTTP, signed as Standard Webhooks (https://www.standardwebhooks.com)."""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Protocol

import httpx
from anyio.from_thread import BlockingPortal
from standardwebhooks import Webhook

from activities.adapters.retry_after import seconds_of
from activities.adapters.webhook_target import Target
from domain.journeys.verbs.webhook import Call, Reply

CALL_SECONDS = 10
"""How long a call may take in all: looking the name up, connecting, and the answer."""

TIMEOUT = httpx.Timeout(5, connect=3)
AT_ONCE = 20
MAX_BODY, MAX_ANSWER = 256_000, 64_000
LONGEST_WAIT = timedelta(days=1)
NAT64 = IPv6Network("64:ff9b::/96")
NOT_PUBLIC = tuple(map(ip_network, ("fec0::/10", "64:ff9b:1::/48", "::ffff:0:0:0/96", "192.0.0.0/24")))
"""What Python takes for public, but is a site's own, or leads to any IPv4 address. RFC 3879, 8215, 2765, 6890"""


class Webhooks(Protocol):
    """Calls other systems by the names that journeys know them by."""

    def call_many(self, name: str, calls: Sequence[Call]) -> list[Reply]:
        """Make each call; replies come in the calls' order. One that fails never disturbs the rest."""


class NobodyCalled:
    """For rehearsals and journey tests: nothing leaves, and each call is taken."""

    def call_many(self, name: str, calls: Sequence[Call]) -> list[Reply]:  # noqa: ARG002
        return [Reply("ok")] * len(calls)


class HttpWebhooks:
    """Posts each call as JSON to its target, on the portal's event loop."""

    def __init__(self, targets: Mapping[str, Target], portal: BlockingPortal) -> None:
        self._targets = targets
        self._portal = portal

    def call_many(self, name: str, calls: Sequence[Call]) -> list[Reply]:
        target = self._targets.get(name)
        if target is None:
            return [Reply("failed", "unknown_webhook")] * len(calls)
        return self._portal.call(_call_all, target, calls)


async def _call_all(target: Target, calls: Sequence[Call]) -> list[Reply]:
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT) as client:

        async def one(call: Call) -> Reply:
            async with turn:
                try:
                    async with asyncio.timeout(CALL_SECONDS):
                        return await _call(client, target, call)
                except TimeoutError:
                    return Reply("later", "timeout")

        return await asyncio.gather(*map(one, calls))


async def _call(client: httpx.AsyncClient, target: Target, call: Call) -> Reply:
    body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MAX_BODY:
        return Reply("failed", "too_large")
    host, port = target.url.host or "", target.url.port or 443
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Reply("later", "no_such_host")
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in resolved))
    if not target.allow_private and not all(map(is_public, addresses)):
        return Reply("failed", "private_address")
    for address in addresses:  # the ones looked at, so that a second look-up can't lead elsewhere
        try:
            return await _post(client, target, address, call.key, body)
        except httpx.ConnectError:
            continue
        except httpx.TimeoutException:
            return Reply("later", "timeout")
        except httpx.HTTPError:
            return Reply("later", "broken_off")
    return Reply("later", "no_connection")


async def _post(client: httpx.AsyncClient, target: Target, address: str, key: int | str, body: str) -> Reply:
    url = httpx.URL(str(target.url))
    at = datetime.now(UTC)
    headers = {
        "Host": url.netloc.decode(),
        "Content-Type": "application/json",
        "User-Agent": "aftershow",
        "webhook-id": str(key),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(target.secret.get_secret_value()).sign(str(key), at, body),
    }
    extensions: dict[str, Any] = {"sni_hostname": url.raw_host.decode()}
    request = client.stream(
        "POST", url.copy_with(host=address), content=body.encode(), headers=headers, extensions=extensions
    )
    async with request as answer:
        read = 0
        async for block in answer.aiter_raw():  # to its end, so that the connection serves the next call
            read += len(block)
            if read > MAX_ANSWER:
                break
        return _reply(answer.status_code, answer.headers)


def _reply(status: int, headers: Mapping[str, str]) -> Reply:
    if 200 <= status < 300:
        return Reply("ok")
    reason = f"http_{status}"
    if status == httpx.codes.TOO_MANY_REQUESTS or status == httpx.codes.REQUEST_TIMEOUT or status >= 500:
        return Reply("later", reason, min(timedelta(seconds=seconds_of(headers) or 0), LONGEST_WAIT))
    return Reply("failed", reason)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and so is any that is written into it."""
    ip = ip_address(address.partition("%")[0])
    if any(ip in network for network in NOT_PUBLIC):
        return False
    return all(item.is_global and not item.is_multicast for item in (ip, *_inside(ip)))


def _inside(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """IPv4 addresses that an IPv6 one leads to: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return []
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64 or int(address) >> 32 == 0:
        embedded.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [item for item in embedded if item is not None]
