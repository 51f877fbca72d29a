"""What passes between the ledger and the channels."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from sqlmodel import Session

from workflows.terms.channels import Channel


@dataclass(frozen=True)
class Outgoing:
    """A message on its way to the provider. `key` is the ledger's, for providers that take one.

    `again` says that an earlier attempt may have reached the provider.
    """

    key: int
    enrollment: int
    channel: Channel
    recipient: str
    body: str
    kind: Literal["marketing", "transactional"]
    again: bool = False


@dataclass(frozen=True)
class Delivery:
    """A provider's answer about a message, or what is known without one.

    - `sent`: the provider has taken it.
    - `pending_staff`: a member of staff has yet to confirm it (WeCom).
    - `failed`: refused for good. `opted_out` if that is because the recipient wants no more.
    - `retry`: certainly not taken; worth another try after `after` seconds. `alone` if that concerns this message, and
      the account is well.
    - `unknown`: it may or may not have been sent.
    """

    status: Literal["sent", "pending_staff", "failed", "retry", "unknown"]
    provider_id: str | None = None
    reason: str | None = None
    after: float = 0
    opted_out: bool = False
    alone: bool = False


LOST = Delivery("unknown", reason="worker_lost")
"""The result of a message whose call was interrupted."""

RESTORED = Delivery("unknown", reason="restored")
"""The result of a message that may have gone in time that a restore has lost."""


@dataclass(frozen=True)
class OpenMessage:
    """A message whose fate is not settled: `unknown`, or `pending_staff` with the provider's id.

    `looks` counts how often the provider was asked before, `refused` says that the customer has withdrawn consent.
    """

    key: int
    recipient: str
    body: str
    status: Literal["unknown", "pending_staff"]
    provider_id: str | None
    called_at: datetime
    looks: int
    refused: bool = False


@runtime_checkable
class Reach(Protocol):
    """Knows whom a channel can carry a message to at this moment."""

    def unreachable(self, session: Session, recipients: Sequence[str], text: str, now: datetime) -> Set[str]:
        """The recipients to whom the channel does not carry this text now; `text` is the template's, not rendered."""


@dataclass(frozen=True)
class Account:
    """An account with a provider, which its limits hold for: messages a second, and messages in flight at once."""

    name: str
    per_second: float | None = None
    at_once: int = 50


class ChannelAdapter(Protocol):
    """Carries messages over one channel. May also be Traceable, or a Reach if it can't always carry to every recipient.

    `repeatable` says that the provider takes the ledger key, so that a message whose fate is unknown can be given to it
    again without being sent twice. `account` is None where there are no limits and no outages.
    """

    @property
    def account(self) -> Account | None: ...

    @property
    def repeatable(self) -> bool: ...

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        """Send each message; answers come in the messages' order. One bad recipient never disturbs the rest."""


@runtime_checkable
class Traceable(Protocol):
    """Can be asked what became of a message."""

    def look_up(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        """Ask the provider about each message. What still can't be said stays `unknown` or `pending_staff`."""


Channels = Mapping[Channel, ChannelAdapter]
