"""What a customer wants to receive: the consent record as they see it, and as they change it."""

from collections.abc import Set
from datetime import datetime

from sqlmodel import Session, col, select

from domain.customers import identifiers_of, lock_customers
from domain.delivery import ADDRESS
from domain.ingest import Incoming, ingest
from domain.tables import Consent
from workflows.plan import Channel

WORDING = "preferences page, 2026-11"
"""The version of the page's wording, kept as proof with what was said on it."""


def allowed(session: Session, customer_id: int) -> dict[Channel, bool]:
    """For each channel that reaches the customer, whether they have agreed to marketing over it."""
    query = select(Consent).where(Consent.customer_id == customer_id, Consent.purpose == "marketing")
    latest = {row.channel: row.given for row in session.exec(query.order_by(col(Consent.at), col(Consent.id)))}
    names = identifiers_of(session, [customer_id]).get(customer_id, {})
    return {channel: latest.get(channel, False) for channel, kind in ADDRESS.items() if kind in names}


def choose(session: Session, customer_id: int, wanted: Set[str], now: datetime) -> dict[Channel, bool]:
    """Take down which channels the customer wants: what changes is an event, and holds from this transaction on."""
    lock_customers(session, [customer_id])
    before = allowed(session, customer_id)
    after = {channel: channel in wanted for channel in before}
    events = [
        Incoming(
            source="preferences",
            id=f"{customer_id}/{channel}/{now.isoformat()}",
            type="consent.given" if after[channel] else "consent.withdrawn",
            time=now,
            data={"channel": channel, "purpose": "marketing", "source": "preferences page", "wording": WORDING},
            customer=customer_id,
        )
        for channel in before
        if after[channel] != before[channel]
    ]
    if events:
        ingest(session, events, now=now)
    return after
