"""What passes between the ledger and the channels."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from sqlmodel import Session

from workflows.plan import Channel


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
    """What a provider said of a message, or what can be told without its answer.

    - `sent`: the provider has taken it.
    - `pending_staff`: a member of staff has yet to confirm it (WeCom).
    - `failed`: refused for good. `opted_out` if that is because the recipient wants no more.
    - `retry`: certainly not taken; worth another try after `after` seconds.
    - `unknown`: nobody can say.
    """

    status: Literal["sent", "pending_staff", "failed", "retry", "unknown"]
    provider_id: str | None = None
    reason: str | None = None
    after: float = 0
    opted_out: bool = False


@dataclass(frozen=True)
class Open:
    """A message whose fate is not settled: `unknown`, or `pending_staff` with the provider's id.

    `looks` counts how often the provider was asked before.
    """

    key: int
    recipient: str
    body: str
    status: Literal["unknown", "pending_staff"]
    provider_id: str | None
    called_at: datetime
    looks: int


@runtime_checkable
class Reach(Protocol):
    """Knows whom a channel can carry a message to at this moment."""

    def unreachable(self, session: Session, recipients: Sequence[str], text: str, now: datetime) -> Set[str]:
        """The recipients to whom the channel does not carry this text now; `text` is the template's, not rendered."""
