"""Receipts: what a provider says of a message later becomes an event, through the one door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from domain.ingest import Incoming, ingest
from domain.tables import Message
from workflows.plan import Channel


@dataclass(frozen=True)
class Receipt:
    """What became of a message, named by the ledger's `key` or by the provider's own id.

    `id` is the provider's name for this receipt, or made of what it says: the same one twice is one.
    """

    id: str
    channel: Channel
    what: Literal["delivered", "read", "clicked", "replied", "failed"]
    time: datetime
    key: int | None = None
    provider_id: str | None = None
    reason: str | None = None
    text: str | None = None
    url: str | None = None


def take(session: Session, source: str, receipts: Sequence[Receipt], now: datetime) -> int:
    """Take receipts in, in any order and any number of times. Returns how many are about messages of ours."""
    keys = [receipt.key for receipt in receipts if receipt.key is not None]
    names = [receipt.provider_id for receipt in receipts if receipt.provider_id is not None]
    query = select(Message).where(col(Message.id).in_(keys) | col(Message.provider_id).in_(names))
    messages = session.exec(query).all()
    by_key = {message.id: message for message in messages}
    by_name = {(message.channel, message.provider_id): message for message in messages}
    about = [
        (receipt, message)
        for receipt in receipts
        if (message := by_key.get(receipt.key or 0) or by_name.get((receipt.channel, receipt.provider_id)))
    ]
    ingest(session, [_event(source, receipt, message, now) for receipt, message in about], now=now)
    return len(about)


def _event(source: str, receipt: Receipt, message: Message, now: datetime) -> Incoming:
    said = {"reason": receipt.reason, "text": receipt.text, "url": receipt.url}
    return Incoming(
        source=source,
        id=receipt.id,
        type=f"message.{receipt.what}",
        time=min(receipt.time, now),
        data={
            "message": message.id,
            "enrollment": message.enrollment_id,
            "journey": message.journey,
            "step": message.step,
            **{name: value for name, value in said.items() if value is not None},
        },
        customer=message.customer_id,
    )
