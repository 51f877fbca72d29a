"""Text messages by Twilio, over the asynchronous client of its library."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from anyio.from_thread import BlockingPortal
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from activities.adapters.twilio.answers import BusyError, delivery_of_error, named, pause, standing
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.texts.sms import missing_of_marketing

CALLBACK = "/v1/webhooks/twilio"
"""Where Twilio tells what became of a message, below the public address of the API."""

LONGEST = 1600
"""Characters that Twilio takes in a message."""

VALIDITY = timedelta(hours=4)
"""How long Twilio may keep a message before it gives up: a reminder that is late by half a day is of no use."""

CONNECT_SECONDS = 5.0

TURN_SECONDS = 15.0
LOOK_SECONDS = 30.0
"""How long a message waits for its turn, and a question for its answer, so that a batch ends within a heartbeat."""

EARLIER = timedelta(minutes=5)
"""How far Twilio's clock may be behind ours."""

GONE = timedelta(minutes=10)
"""A request takes seconds to arrive or to be given up. What isn't listed so long after the call was never taken."""

PAGE, PAGES = 200, 10

WAITED = Delivery("retry", reason="too many messages at once", after=1)
UNSEEN = Delivery("unknown", reason="not listed by the provider yet")
NOBODY = Delivery("unknown", reason="whom it went to isn't known any more")

_TRIAL = "Sent from your Twilio trial account - "
"""What Twilio puts in front of every text of an account that is on trial."""


@dataclass(frozen=True)
class Access:
    """An account with Twilio, its sender (a number, or a messaging service), and where callbacks reach us."""

    account_sid: str
    auth_token: str
    sender: str
    base_url: str = "https://api.twilio.com"
    public_url: str | None = None
    timeout: float = 15.0

    @property
    def is_service(self) -> bool:
        return self.sender.startswith("MG")


class TwilioSms:
    """Sends each message by one request, some at a time, over connections that are kept.

    What the answers mean:

    - taken: `sent`, with the sid; refused with a permanent code: `failed`, and `opted_out` for 21610.
    - 401, 403, 404 and codes about our account or sender: `retry` after ten minutes, for every message would meet the
      same and none shall be lost by it.
    - 429, 500, 502, 503: `retry`, when Retry-After says. Twilio calls that generally safe, and doesn't say whether a
      message can have been taken all the same.
    - 504: `unknown`, for a gateway that heard nothing can't know.
    - no connection: `retry`. The connection lost, or no answer in time, after the request may have been written:
      `unknown`, to be looked up, for Twilio takes no key that would make a second request harmless.
    """

    repeatable = False

    def __init__(self, access: Access, account: Account, portal: BlockingPortal) -> None:
        self.account = account
        self._access = access
        self._portal = portal
        self._opened: AsyncIterator[MessageList] | None = None
        self._messages: MessageList | None = None
        self._free = asyncio.Semaphore(account.at_once)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return self._portal.call(self._send_all, messages)

    def look_up(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        """Ask for each message by its sid, else look for its text among those to its recipient.

        Equal texts to one number are told apart by the time: those of one call get a sid each, the nearest to each
        call, and only one from the minutes around it. Whether a sid is another row's already only the ledger knows.
        What can't be found ten minutes after the call is `failed`: it was never taken.
        """
        return self._portal.call(self._find_all, messages, now)

    async def _send_all(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return list(await asyncio.gather(*map(self._send, messages)))

    async def _send(self, message: Outgoing) -> Delivery:
        if reason := _unfit(message):
            return Delivery("failed", reason=reason)
        access = self._access
        sender = {"messaging_service_sid" if access.is_service else "from_": access.sender}
        if access.public_url:
            sender["status_callback"] = f"{access.public_url}{CALLBACK}?key={message.key}"
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            return WAITED
        try:
            created = await (await self._list()).create_async(
                to=message.recipient, body=message.body, validity_period=int(VALIDITY.total_seconds()), **sender
            )
            return standing(created)
        except Exception as problem:
            return delivery_of_error(problem)
        finally:
            self._free.release()

    async def _find_all(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        deliveries: dict[int, Delivery] = {}
        texts: dict[tuple[str, str], list[OpenMessage]] = {}
        for message in messages:
            if message.provider_id is None:
                texts.setdefault((message.recipient, message.body), []).append(message)
        named = [message for message in messages if message.provider_id is not None]
        deliveries.update(
            zip((item.key for item in named), await asyncio.gather(*map(self._fetch, named)), strict=True)
        )
        for group in await asyncio.gather(*(self._find(alike, now) for alike in texts.values())):
            deliveries.update(group)
        return [deliveries[message.key] for message in messages]

    async def _fetch(self, message: OpenMessage) -> Delivery:
        try:
            async with asyncio.timeout(LOOK_SECONDS), self._free:
                return standing(await (await self._list())(message.provider_id).fetch_async())
        except Exception as problem:
            return Delivery(message.status, message.provider_id, f"could not be asked for: {named(problem)}")

    async def _find(self, alike: Sequence[OpenMessage], now: datetime) -> dict[int, Delivery]:
        """Give each of some messages with one recipient and one text a record of its own."""
        since = min(message.called_at for message in alike) - EARLIER
        if not alike[0].recipient:
            return dict.fromkeys([message.key for message in alike], NOBODY)
        try:
            async with asyncio.timeout(LOOK_SECONDS), self._free:
                listed, complete = await self._listed(alike[0].recipient, since)
        except Exception as problem:
            reason = f"could not be looked up: {named(problem)}"
            return {message.key: Delivery("unknown", reason=reason) for message in alike}
        candidates = [record for record in listed if self._is_ours(record, alike[0].body)]
        pairs = sorted(
            (abs(_created_at(record) - message.called_at), message.key, record.sid)
            for message in alike
            for record in candidates
            if -EARLIER <= _created_at(record) - message.called_at <= GONE
        )
        records = {record.sid: record for record in candidates}
        deliveries: dict[int, Delivery] = {}
        for _, key, sid in pairs:
            if key not in deliveries and sid in records:
                deliveries[key] = standing(records.pop(sid))
        for message in alike:
            if message.key not in deliveries:
                gone = complete and now - message.called_at >= GONE
                deliveries[message.key] = Delivery("failed", reason="not found at the provider") if gone else UNSEEN
        return deliveries

    async def _listed(self, recipient: str, since: datetime) -> tuple[list[MessageInstance], bool]:
        """The messages to a recipient made since then, and whether these are all.

        They aren't asked for by DateSent, which a message that is still queued hasn't got. As long as the
        newest come first, pages of older ones aren't read.
        """
        recent: list[MessageInstance] = []
        page = await (await self._list()).page_async(to=recipient, page_size=PAGE)
        for _ in range(PAGES):
            records = list(page)
            created = [_created_at(record) for record in records]
            recent += [record for record, at in zip(records, created, strict=True) if at >= since]
            the_rest_is_older = created and created[0] < since and created == sorted(created, reverse=True)
            if not page.next_page_url or the_rest_is_older:
                return recent, True
            page = await page.next_page_async()
        return recent, False

    def _is_ours(self, record: MessageInstance, body: str) -> bool:
        sender = record.messaging_service_sid if self._access.is_service else record.from_
        return sender == self._access.sender and (record.body or "").removeprefix(_TRIAL).strip() == body.strip()

    async def _list(self) -> MessageList:
        if self._messages is None:
            self._opened = _open(self._access)
            self._messages = await anext(self._opened)
        return self._messages


def _created_at(record: MessageInstance) -> datetime:
    created: datetime = record.date_created or record.date_sent
    return created


async def _open(access: Access) -> AsyncIterator[MessageList]:
    """The account's messages. The event loop ends a generator when it is shut down, and so closes the connections."""
    async with _Http(access.timeout) as http:
        client = Client(
            access.account_sid,
            access.auth_token,
            http_client=http,
            environment={"TWILIO_REGION": ""},  # an empty one would mean the process's
        )
        client.api.base_url = access.base_url
        yield client.messages


class _Http(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The library's client with a limit on time, which it doesn't keep, and without its log, which names recipients.

    It raises BusyError itself, because the library's errors don't tell when to try again.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout)
        connect = min(CONNECT_SECONDS, timeout)
        self._limit = aiohttp.ClientTimeout(total=connect + timeout, connect=connect, sock_read=timeout)

    async def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: tuple[str, str] = ("", ""),
        timeout: float | None = None,  # noqa: ARG002 the library's signature
        allow_redirects: bool = False,
    ) -> Response:
        async with self.session.request(
            method,
            url,
            params=params,
            data=data,
            headers={**headers, "Authorization": aiohttp.encode_basic_auth(*auth)},
            timeout=self._limit,
            allow_redirects=allow_redirects,
        ) as answer:
            if answer.status == 429 or answer.status >= 500:
                raise BusyError(answer.status, pause(answer.headers))
            return Response(answer.status, await answer.text(), answer.headers)


def _unfit(message: Outgoing) -> str | None:
    """Why a message can't be given to Twilio at all."""
    body = message.body
    if not any(character.isprintable() and not character.isspace() for character in body):
        return "the text is empty"
    if len(body) > LONGEST:
        return f"the text has {len(body)} characters, {LONGEST} are the most"
    missing = missing_of_marketing(body) if message.kind == "marketing" else None
    return f"a marketing text with {missing}" if missing else None
