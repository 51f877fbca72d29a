"""What a customer wants to receive: the consent record as they see it, and as they change it."""

from collections.abc import Set
from datetime import datetime

from sqlmodel import Session

from domain.catalogue.sources import PREFERENCES
from domain.customers.consent import read_consents
from domain.customers.resolution import identifiers_of, lock_customers
from domain.intake.ingest import Incoming, ingest
from domain.store.work import UnitOfWork
from workflows.terms.channels import ADDRESS, Channel

WORDING = "preferences page, 2026-11"
"""The version of the page's wording, kept as proof with what was said on it."""


def allowed_channels(session: Session, customer_id: int) -> dict[Channel, bool]:
    """For each channel that reaches the customer, whether they have agreed to marketing over it."""
    names = identifiers_of(session, [customer_id]).get(customer_id, {})
    consents = read_consents(session, [customer_id], names.values())
    return {
        channel: consents.of(customer_id, channel, names[kind]).get("marketing", False)
        for channel, kind in ADDRESS.items()
        if kind in names
    }


def choose_channels(work: UnitOfWork, customer_id: int, wanted: Set[str], now: datetime) -> dict[Channel, bool]:
    """Take down which channels the customer wants: what changes is an event, and holds from this transaction on."""
    customer_id = lock_customers(work, [customer_id])[customer_id].id
    before = allowed_channels(work, customer_id)
    after = {channel: channel in wanted for channel in before}
    events = [
        Incoming(
            source=PREFERENCES,
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
        ingest(work, events, now=now)
    return after
