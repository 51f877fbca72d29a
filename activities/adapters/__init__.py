"""The outside world, one small class per provider behind one protocol."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.sending import Delivery, Outgoing
from workflows.plan import Channel


class ChannelAdapter(Protocol):
    """Carries messages over one channel.

    `repeatable` says that the provider takes the ledger key, so that a message whose fate is unknown can be given to it
    again without being sent twice.
    """

    repeatable: bool

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        """Send each message; answers come in the messages' order. One bad recipient never disturbs the rest."""


Channels = Mapping[Channel, ChannelAdapter]
