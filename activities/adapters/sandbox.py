"""The default channel: keeps messages for reading, so that nothing leaves the machine."""

from collections.abc import Sequence

from domain.channels.delivery import Delivery, Outgoing
from domain.channels.tables import SandboxMessage
from domain.store.bulk import inserting
from domain.store.clock import Clock
from domain.store.work import Database


class Sandbox:
    """Holds each message once, by its ledger key."""

    account = None
    repeatable = True

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        at = self._clock.now()
        rows = [
            {
                "key": str(message.key),
                "channel": message.channel,
                "recipient": message.recipient,
                "body": message.body,
                "at": at,
            }
            for message in messages
        ]
        with self._db.begin() as work:
            work.execute(inserting(SandboxMessage, rows).on_conflict_do_nothing())
        return [Delivery("sent", provider_id=f"sandbox-{message.key}") for message in messages]
