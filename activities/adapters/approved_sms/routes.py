"""Text messages by several providers: by the country of the number and by weight, the next one where one refuses."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import phonenumbers

from domain.channels.accounts import note_answers, take_capacity
from domain.channels.delivery import Account, ChannelAdapter, Delivery, OpenMessage, Outgoing, Traceable
from domain.store.clock import Clock
from domain.store.work import Database

Routes = Mapping[str, Mapping[str, int]]
"""The weight of each provider, by country code (`86`), and for the other countries by `*`."""

ELSEWHERE = "*"

NOBODY = Delivery("failed", reason="no provider is set for this country")


class SmsRoutes:
    """Gives each message to a provider of its country, drawn by weight; the same message always to the same.

    What one refuses for good, or has no room for now, goes to the next: one of weight 0 gets nothing else. A recipient
    who wants no more is asked by nobody else. Each provider's account keeps its own limits and holds.
    """

    repeatable = False

    def __init__(self, db: Database, clock: Clock, providers: Mapping[str, ChannelAdapter], routes: Routes) -> None:
        at_once = sum(adapter.account.at_once for adapter in providers.values() if adapter.account)
        self.account = Account("sms", at_once=max(1, at_once))
        self._db = db
        self._clock = clock
        self._providers = providers
        self._routes = routes

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        orders = {message.key: self.order(message.key, message.recipient) for message in messages}
        answers: dict[int, Delivery] = {}
        rooms: dict[int, float] = {}
        for turn in range(len(self._providers)):
            for name in self._providers:
                batch = [each for each in messages if orders[each.key][turn:][:1] == [name] and _goes_on(answers, each)]
                deliveries, wait = self._send(name, batch)
                answers |= {message.key: each for message, each in zip(batch, deliveries, strict=False)}
                rooms |= {message.key: min(wait, rooms.get(message.key, wait)) for message in batch[len(deliveries) :]}
        for message in messages:
            if message.key in rooms and _goes_on(answers, message):
                words = "the provider has no room now"
                answers[message.key] = Delivery("retry", reason=words, after=max(rooms[message.key], 1), alone=True)
        return [answers.get(message.key, NOBODY) for message in messages]

    def look_up(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        """Ask every provider that may have had a message: it is sent if one has it, and failed if none has."""
        found: dict[int, list[Delivery]] = {message.key: [] for message in messages}
        for name, adapter in self._providers.items():
            if isinstance(adapter, Traceable):
                asked = [message for message in messages if name in self.order(message.key, message.recipient)]
                for message, delivery in zip(asked, adapter.look_up(asked, now) if asked else (), strict=True):
                    found[message.key].append(delivery)
        return [_together(found[message.key]) for message in messages]

    def order(self, key: int, recipient: str) -> list[str]:
        """The providers of a message, the first first."""
        weights = self._routes.get(_country(recipient)) or self._routes.get(ELSEWHERE) or {}
        draw = random.Random(key)
        ranks = {name: (not weight, draw.expovariate(weight or 1)) for name, weight in sorted(weights.items())}
        return sorted(ranks, key=lambda name: ranks[name])

    def _send(self, name: str, messages: Sequence[Outgoing]) -> tuple[list[Delivery], float]:
        """Give a provider as many as its account has room for, which is all there are answers for; and how long the
        others would wait. By then an answer is of its message alone.
        """
        adapter = self._providers[name]
        if not messages:
            return [], 0
        account = adapter.account or Account(name)
        with self._db.begin() as work:
            capacity = take_capacity(work, account, len(messages), self._clock.now())
        deliveries = adapter.send_many(messages[: capacity.count]) if capacity.count else []
        if deliveries:
            with self._db.begin() as work:
                note_answers(work, account, deliveries, self._clock.now())
        return [replace(each, alone=True) for each in deliveries], capacity.wait


def _goes_on(answers: Mapping[int, Delivery], message: Outgoing) -> bool:
    """Whether a message is one for the next provider: nobody took it yet, and its recipient may be asked."""
    answer = answers.get(message.key)
    return answer is None or (answer.status == "failed" and not answer.opted_out)


def _together(found: Sequence[Delivery]) -> Delivery:
    for delivery in found:
        if delivery.status == "sent":
            return delivery
    unknown = next((each for each in found if each.status != "failed"), None)
    return unknown or (found[0] if found else Delivery("unknown", reason="no provider can be asked"))


def _country(phone: str) -> str:
    try:
        return str(phonenumbers.parse(phone).country_code)
    except phonenumbers.NumberParseException:
        return ELSEWHERE
