"""The outside world, one small class per provider behind one protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from domain.delivery import Delivery, Open, Outgoing
from workflows.plan import Channel


@dataclass(frozen=True)
class Account:
    """An account with a provider, which its limits hold for: messages a second, and messages in flight at once."""

    name: str
    per_second: float | None = None
    at_once: int = 50


class ChannelAdapter(Protocol):
    """Carries messages over one channel. May also be Traceable, or a Reach if it can't carry to everybody always.

    `repeatable` says that the provider takes the ledger key, so that a message whose fate is unknown can be given to it
    again without being sent twice.
    """

    account: Account
    repeatable: bool

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        """Send each message; answers come in the messages' order. One bad recipient never disturbs the rest."""


@runtime_checkable
class Traceable(Protocol):
    """Can be asked what became of a message."""

    def look_up(self, messages: Sequence[Open], now: datetime) -> list[Delivery]:
        """Ask the provider about each message. What still can't be said stays `unknown` or `pending_staff`."""


Channels = Mapping[Channel, ChannelAdapter]
