"""Following up: asking providers about unknown and pending messages, until they are settled or given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from domain.catalogue.sources import FOLLOW_UP, PROVIDER
from domain.channels.delivery import RESTORED, Delivery, OpenMessage
from domain.customers.consent import read_consents
from domain.customers.resolution import lock_customers
from domain.insight.attribution import attribute_after
from domain.intake.ingest import Incoming, ingest
from domain.journeys.trail import record
from domain.ledger import states
from domain.ledger.tables import Message, MessageRow
from domain.published.library import read_library
from domain.store.bulk import is_among
from domain.store.outbox import FollowUp
from domain.store.work import UnitOfWork
from workflows.terms.channels import Channel

PAGE = 50
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300, 600, 1800, 3600))
"""How long to wait between two looks; the last holds for all that follow."""

GIVEN_UP = timedelta(days=3)
"""Beyond, an unknown message stays unknown until an operator settles it."""


def start_tracking(work: UnitOfWork, message: MessageRow, now: datetime) -> MessageRow:
    """Have the provider asked about this message."""
    work.enqueue(FollowUp(message.channel))
    return work.change(message._replace(look_at=now + PAUSES[0], looks=0))


def due_messages(session: Session, channel: Channel, now: datetime) -> list[OpenMessage]:
    """The messages of a channel that the provider is to be asked about now, a page at a time."""
    query = select(Message).where(Message.channel == channel, col(Message.look_at) <= now)
    rows = session.exec(query.order_by(col(Message.look_at), col(Message.id)).limit(PAGE)).all()
    consents = read_consents(session, {row.customer_id for row in rows}, {row.recipient for row in rows})
    return [
        OpenMessage(
            key=row.id,
            recipient=row.recipient,
            body=row.body,
            status=row.status,  # type: ignore[arg-type]
            provider_id=row.provider_id,
            called_at=row.called_at or row.claimed_at,
            looks=row.looks,
            refused=False in consents.of(row.customer_id, channel, row.recipient).values(),
        )
        for row in rows
    ]


def record_answers(
    work: UnitOfWork, messages: Sequence[OpenMessage], deliveries: Sequence[Delivery], now: datetime
) -> None:
    """Settle what the provider could say, and put off what it couldn't."""
    answers = dict(zip((message.key for message in messages), deliveries, strict=True))
    owners = select(Message.customer_id).where(col(Message.id).in_(answers))
    lock_customers(work, work.exec(owners))
    names = [delivery.provider_id for delivery in deliveries if delivery.provider_id]
    taken_ids = set(work.exec(select(Message.provider_id).where(col(Message.provider_id).in_(names))))
    for row in work.read(MessageRow, is_among(Message.id, answers)):
        delivery = answers[row.id]
        if row.status not in states.OPEN:
            continue  # a receipt or an operator was faster
        if delivery.opted_out:
            opt_out(work, row, now)
        if delivery.provider_id in taken_ids and delivery.provider_id != row.provider_id:
            delivery = Delivery("unknown")  # that one is another message of the same text
        if row.reason == RESTORED.reason and delivery.status == "failed" and delivery.provider_id is None:
            work.change(row._replace(look_at=None))  # its text has other links or another coupon than the one that went
            continue
        if delivery.status in ("sent", "failed"):
            settle_message(work, row, delivery.status, delivery.reason, now, provider_id=delivery.provider_id)
            continue
        row = work.held(MessageRow, row.id)
        if delivery.status == "pending_staff" and row.status == "unknown":
            row = states.move(work, row, "pending_staff", provider_id=delivery.provider_id)
            _attribute_after(work, row)
        looks = row.looks + 1
        given_up = row.status == "unknown" and now >= (row.called_at or now) + GIVEN_UP
        look_at = None if given_up else now + PAUSES[min(looks, len(PAUSES) - 1)]
        work.change(row._replace(looks=looks, look_at=look_at))


def settle_message(
    work: UnitOfWork,
    message: MessageRow,
    to: states.Status,
    reason: str | None,
    now: datetime,
    *,
    provider_id: str | None = None,
) -> None:
    """What was open is known now, by the provider or by an operator; the caller holds the customer's lock.

    A failure becomes an event, which journeys can wait for. Raises MessageStateError for one that isn't open.
    """
    if message.status not in states.OPEN:
        raise states.MessageStateError(f"message {message.id} is {message.status}, which is not open")
    enrollment = states.enrollment_of(work, message)
    record(work, enrollment, "settled", to, now, step=message.step, via=message.channel, reason=reason)
    if to != "failed":
        states.move(work, message, to, reason=reason, provider_id=provider_id)
    else:
        states.fail(work, message, reason)
    _attribute_after(work, message)
    if to != "failed":
        return
    data = {"message": message.id, "enrollment": enrollment.id, "journey": message.journey, "step": message.step}
    event = Incoming(
        source=FOLLOW_UP,
        id=f"{message.id}/failed",
        type="message.failed",
        time=now,
        data=data | ({"reason": reason} if reason else {}),
        customer=message.customer_id,
    )
    ingest(work, [event], now=now)


def _attribute_after(work: UnitOfWork, message: MessageRow) -> None:
    work.write_rows()
    attribute_after(work, [message.id], read_library(work).policy.attribution.nominal)


def opt_out(work: UnitOfWork, message: MessageRow, now: datetime) -> None:
    """The provider knew of an opt-out before us: it is an event, and holds from this transaction on."""
    event = Incoming(
        source=PROVIDER,
        id=f"opted-out/{message.id}",
        type="consent.withdrawn",
        time=now,
        data={"channel": message.channel, "source": "provider", "message": message.id},
        customer=message.customer_id,
    )
    ingest(work, [event], now=now)


def next_look(session: Session, channel: Channel) -> datetime | None:
    """When the provider is to be asked again; None if nothing of this channel is open any more."""
    query = select(Message.look_at).where(Message.channel == channel, col(Message.look_at).is_not(None))
    return session.exec(query.order_by(col(Message.look_at)).limit(1)).first()
