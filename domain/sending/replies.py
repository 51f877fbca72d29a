"""What people answer to text messages: that they want no more, or anything else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from domain.customers.identifiers import identify
from domain.customers.resolution import find_customer
from domain.intake.ingest import Incoming, ingest
from domain.ledger.states import WENT
from domain.ledger.tables import Message
from domain.sending.receipts import Receipt, take
from domain.store.work import UnitOfWork
from domain.texts.sms import is_beginning, is_refusal

Keyword = Literal["STOP", "START", "HELP"]

_WORDING = 200


@dataclass(frozen=True)
class Reply:
    """A text that came in from a phone. `id` is the provider's name for it; `keyword` what the provider read in it."""

    id: str
    phone: str
    text: str
    keyword: Keyword | None = None


def take_reply(work: UnitOfWork, source: str, reply: Reply, now: datetime) -> None:
    """Take a reply in, once however often it comes. Raises IdentifierError if it is from no phone.

    - A refusal withdraws the consent to marketing over sms. Transactional messages stop with it: a withdrawn consent
      stops those too, whoever says STOP doesn't tell the one from the other, and the provider blocks both. An unknown
      phone's is kept, for when its owner is known.
    - START and the like change nothing: consent is given expressly, and they only lift the provider's own block.
    - Anything else is a reply to the newest text message to that phone.
    """
    idents = identify(f"phone:{reply.phone}", None)
    if reply.keyword == "STOP" or (reply.keyword is None and is_refusal(reply.text)):
        data = {"channel": "sms", "source": "sms reply", "wording": reply.text[:_WORDING]}
        ingest(work, [Incoming(source, reply.id, "consent.withdrawn", now, data, idents)], now=now)
    elif reply.keyword is None and not is_beginning(reply.text):
        customer = find_customer(work, f"phone:{reply.phone}")
        message = customer and _newest(work, customer.id)
        if message:
            receipt = Receipt(reply.id, "sms", "replied", now, key=message.id, text=reply.text)
            take(work, source, [receipt], now)


def refuse(work: UnitOfWork, source: str, id: str, phone: str, now: datetime) -> None:
    """The provider says that a phone has refused further messages. Raises IdentifierError if it is no phone."""
    data = {"channel": "sms", "source": "provider"}
    idents = identify(f"phone:{phone}", None)
    ingest(work, [Incoming(source, id, "consent.withdrawn", now, data, idents)], now=now)


def _newest(session: Session, customer_id: int) -> Message | None:
    """The newest text message that may have reached the customer."""
    query = select(Message).where(
        Message.customer_id == customer_id,
        Message.channel == "sms",
        col(Message.status).in_((*WENT, "calling", "unknown")),
    )
    return session.exec(query.order_by(col(Message.claimed_at).desc(), col(Message.id).desc())).first()
