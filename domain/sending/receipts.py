"""Receipts: what a provider says of a message later becomes an event, through the one door."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from domain.intake.ingest import Incoming, ingest
from domain.journeys import traces
from domain.ledger.tables import Message, MessageRow
from domain.sending.tables import EarlyReceipt
from domain.store import tracing
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.terms.channels import Channel

LATE = timedelta(days=30)
"""What is said so long after a message was claimed is of no use, and is what an old request sent again would say."""


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


_RECEIPT = TypeAdapter(Receipt)

EARLY = timedelta(days=1)
"""How long a receipt waits for a message of its provider's name."""


def take(work: UnitOfWork, source: str, receipts: Sequence[Receipt], now: datetime) -> int:
    """Take receipts in, in any order and any number of times. Returns how many are about messages of ours.

    One about an earlier attempt over another channel, or about a message of more than 30 days ago, isn't.
    """
    keys = [receipt.key for receipt in receipts if receipt.key is not None]
    names = [receipt.provider_id for receipt in receipts if receipt.provider_id is not None]
    is_named = col(Message.id).in_(keys) | col(Message.provider_id).in_(names)
    query = select(Message).where(is_named, Message.claimed_at > now - LATE)
    messages = work.exec(query).all()
    matched = [(receipt, _message_of(receipt, messages)) for receipt in receipts]
    matched_messages = [(receipt, message) for receipt, message in matched if message]
    parents = traces.of(work, [message.enrollment_id for _, message in matched_messages]) if tracing.is_on() else {}
    for receipt, message in matched_messages:
        if parent := parents.get(message.enrollment_id):
            about: tracing.Attributes = {"channel": receipt.channel, "message": message.id}
            tracing.mark(f"receipt {receipt.what}", parent, tracing.SpanKind.CONSUMER, about)
    told = [_event(source, receipt, message, now) for receipt, message in matched_messages]
    of_trace = [parents.get(message.enrollment_id) for _, message in matched_messages]
    ingest(work, [replace(each, traceparent=own) for each, own in zip(told, of_trace, strict=True)], now=now)
    names_by_key = {message.id: receipt.provider_id for receipt, message in matched_messages if receipt.provider_id}
    for row in work.read(MessageRow, is_among(Message.id, names_by_key)) if names_by_key else ():
        if row.status != "claimed" and row.provider_id is None and not row.is_forgotten:
            work.change(row._replace(provider_id=names_by_key[row.id]))
    early = [
        {
            "source": source, "receipt_id": receipt.id, "channel": receipt.channel, "provider_id": receipt.provider_id,
            "receipt": _RECEIPT.dump_python(receipt, mode="json"), "received_at": now,
        }
        for receipt, message in matched
        if message is None and receipt.provider_id and receipt.key is None
    ]  # fmt: skip
    if early:
        work.execute(insert(EarlyReceipt).values(early).on_conflict_do_nothing())
    return len(matched_messages)


def take_early(work: UnitOfWork, messages: Iterable[MessageRow], now: datetime) -> None:
    """Take in the receipts that came before we knew the provider's names of these messages, and forget old ones."""
    names = [message.provider_id for message in messages if message.provider_id]
    is_old = col(EarlyReceipt.received_at) < now - EARLY
    taken = delete(EarlyReceipt).where(col(EarlyReceipt.provider_id).in_(names) | is_old).returning(EarlyReceipt)
    for row in work.scalars(taken).all() if names else ():
        if row.provider_id in names:
            take(work, row.source, [_RECEIPT.validate_python(row.receipt)], now)


def _message_of(receipt: Receipt, messages: Sequence[Message]) -> Message | None:
    """The message that goes by the provider's name; else that of the key, unless it is known by another name there."""
    on_channel = [message for message in messages if message.channel == receipt.channel]
    by_provider_id = [
        message for message in on_channel if receipt.provider_id and message.provider_id == receipt.provider_id
    ]
    by_key = [
        message
        for message in on_channel
        if message.id == receipt.key and not (receipt.provider_id and message.provider_id)
    ]
    return next(iter(by_provider_id + by_key), None)


def _event(source: str, receipt: Receipt, message: Message, now: datetime) -> Incoming:
    details = {"reason": receipt.reason, "text": receipt.text, "url": receipt.url}
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
            **{name: value for name, value in details.items() if value is not None},
        },
        customer=message.customer_id,
    )
