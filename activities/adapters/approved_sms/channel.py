"""Text messages by a provider that sends templates which it has approved: what is common to all of them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, SSLError

from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.published.library import read_library
from domain.store.work import Database
from domain.texts.approved import Filled, filled
from domain.texts.sms import missing_of_marketing
from workflows.language.approved import ApprovedText

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # addresses hold the recipient's number

LATER_SECONDS = 10.0
MISCONFIGURED_SECONDS = 600.0
"""How long until something that people must mend is tried again."""

CONNECT_SECONDS = 5.0

GONE = timedelta(minutes=10)
"""What its provider doesn't list so long after the call was never taken: our requests end within seconds."""

UNSEEN = Delivery("unknown", reason="not listed by the provider yet")
NOBODY = Delivery("unknown", reason="whom it went to isn't known any more")


@dataclass(frozen=True)
class Found:
    """What a provider lists of messages to a number: how each stands, by the ledger's key."""

    records: Mapping[str, Delivery]
    complete: bool = True


class SmsApi(Protocol):
    """A provider's library, as far as a text message needs it. Both calls may raise what `delivery_of_error` reads."""

    def code_of(self, approved: ApprovedText) -> str | None:
        """What the provider calls an approved text; None if it has approved none."""

    def send(self, message: Outgoing, code: str, text: Filled) -> Delivery:
        """Send one message. Every answer is a Delivery."""

    def find(self, recipient: str, since: datetime, until: datetime) -> Found:
        """The messages to a number within that time."""


class ApprovedSms:
    """Sends each message by one request, as the approved template that makes its very text.

    - taken: `sent`, with the provider's id; refused for good, also a text that no approved template makes: `failed`.
    - too many messages to one number: `retry`, which concerns that message alone.
    - what is wrong with our account: `retry` after ten minutes, for every message would meet the same.
    - no connection: `retry`. The connection lost, or no answer in time, after the request may have been written:
      `unknown`; the provider takes the ledger's key along and lists it, so that it is found for certain.
    """

    repeatable = False

    def __init__(self, db: Database, account: Account, api: SmsApi) -> None:
        self.account = account
        self._db = db
        self._api = api
        self._threads = ThreadPoolExecutor(account.at_once, thread_name_prefix=account.name)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        with self._db() as session:
            approved = read_library(session).approved
        known = {name: text for name, text in approved.items() if self._api.code_of(text) is not None}
        return list(self._threads.map(lambda message: self._send(message, known), messages))

    def look_up(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        """Ask for each message by its number and our key. What isn't listed after ten minutes was never taken."""
        return list(self._threads.map(lambda message: self._find(message, now), messages))

    def _send(self, message: Outgoing, approved: Mapping[str, ApprovedText]) -> Delivery:
        if message.kind == "marketing" and (missing := missing_of_marketing(message.body)):
            return Delivery("failed", reason=f"a marketing text with {missing}")
        text = next(filled(message.body, approved), None)
        if text is None:
            return Delivery("failed", reason="no template that the provider has approved makes this text")
        code = self._api.code_of(approved[text.template]) or ""
        return guarded(lambda: self._api.send(message, code, text))

    def _find(self, message: OpenMessage, now: datetime) -> Delivery:
        if not message.recipient:
            return NOBODY
        try:
            found = self._api.find(message.recipient, message.called_at, now)
        except Exception as problem:
            reason = f"could not be looked up: {type(problem).__name__}"
            return Delivery(message.status, message.provider_id, reason)
        if (record := found.records.get(str(message.key))) is not None:
            return record
        gone = found.complete and now - message.called_at >= GONE
        return Delivery("failed", reason="not found at the provider") if gone else UNSEEN


def guarded(send: Callable[[], Delivery]) -> Delivery:
    """What a call comes to, also where the connection is what fails. The words never repeat an address."""
    try:
        return send()
    except Exception as problem:
        failure = next((each for each in _causes(problem) if isinstance(each, requests.RequestException)), problem)
        if _was_never_connected(failure):
            return Delivery("retry", reason=f"no connection: {type(failure).__name__}", after=LATER_SECONDS)
        return Delivery("unknown", reason=f"no answer: {type(failure).__name__}")


def _causes(problem: BaseException) -> list[BaseException]:
    """The problem and what led to it; the libraries put their own in place of what `requests` raised."""
    found: list[BaseException] = []
    following: BaseException | None = problem
    while following is not None and following not in found:
        found.append(following)
        inner = getattr(following, "inner_exception", None)
        following = inner if isinstance(inner, BaseException) else following.__cause__ or following.__context__
    return found


def _was_never_connected(problem: BaseException) -> bool:
    if isinstance(problem, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    inner = problem.args[0] if isinstance(problem, requests.ConnectionError) and problem.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | NameResolutionError | SSLError)
