"""What customers allow and refuse: an append-only record, of which the latest holds for each purpose."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from domain.customers.tables import Consent, Identifier, IdentifierConflict
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.bulk import is_among
from workflows.terms.channels import ADDRESS


@dataclass(frozen=True)
class Consents:
    """What was last said by customers and of addresses, by channel and purpose."""

    by_customer: Mapping[tuple[int, str], Mapping[str, bool]]
    by_address: Mapping[tuple[str, str], Mapping[str, tuple[bool, int]]]

    def of(self, customer_id: int, channel: str, address: str | None) -> Mapping[str, bool]:
        """What holds for a message to this customer at this address, by purpose.

        A refusal of the address by another customer holds too.
        """
        of_address = self.by_address.get((address or "", channel), {})
        refused = {
            purpose: False
            for purpose, (is_given, consenting_customer) in of_address.items()
            if not is_given and consenting_customer != customer_id
        }
        return {**self.by_customer.get((customer_id, channel), {}), **refused}


def read_consents(session: Session, customers: Collection[int], addresses: Collection[str]) -> Consents:
    """What these customers said, and what was said of these addresses. Under the customers' locks it holds still."""
    by_customer: dict[tuple[int, str], dict[str, bool]] = {}
    by_address: dict[tuple[str, str], dict[str, tuple[bool, int]]] = {}
    parameters = {"ids": list(customers), "addresses": list(addresses)}
    for customer, address, channel, purpose, given in session.connection().execute(_CONSENTS, parameters):
        by_customer.setdefault((customer, channel), {})[purpose] = given
        if address is not None:
            by_address.setdefault((address, channel), {})[purpose] = given, customer
    return Consents(by_customer, by_address)


HASHED = "'erased:' || encode(sha256(convert_to(key || ':' || {address}, 'UTF8')), 'hex')"
"""SQL of what stands for an address of an erased customer, with the `key` of `erasure_key`."""

_CONSENTS = text(f"""
WITH hashed AS MATERIALIZED (
    SELECT address, {HASHED.format(address="address")} AS hash
    FROM unnest(CAST(:addresses AS text[])) AS asked (address), erasure_key
)
SELECT customer_id, coalesce(hashed.address, consents.address), channel, purpose, given
FROM consents LEFT JOIN hashed ON hashed.hash = consents.address
WHERE customer_id = ANY (CAST(:ids AS bigint[]))
    OR consents.address = ANY (CAST(:addresses AS text[]) || ARRAY(SELECT hash FROM hashed))
ORDER BY at, id
""")


def record_consent(session: Session, event: Event, customer_id: int, at: datetime) -> Set[int]:
    """Write down what `consent.given` or `consent.withdrawn` says, and return the customers for whom it holds.

    Given, it is for the customer whom the event is about. A withdrawal is for every customer whom the event names,
    for the addresses that they have on the channel, and for that of the message it answers, if it names one: an
    address stays refused until the customer who has it then consents. The caller holds the locks of them all.
    """
    given, channel = event.type == "consent.given", event.data["channel"]
    others = [] if given else beside(session, event.id)
    customers = {customer_id, *(conflict.other_customer_id for conflict in others if conflict.other_customer_id)}
    parameters = {"ids": list(customers), "kind": ADDRESS[channel]}
    owned = session.connection().execute(_OWNED, parameters)  # consents noted before wait to be written with this one
    records: set[tuple[int, str | None]] = {(customer, address) for customer, address in owned}
    records.update((customer_id, conflict.value) for conflict in others if conflict.kind == ADDRESS[channel])
    if not given and isinstance(message := event.data.get("message"), int):
        recipients = select(Message.recipient).where(
            Message.id == message, Message.customer_id == customer_id, Message.channel == channel
        )
        records.update((customer_id, recipient) for recipient in session.exec(recipients))
    records.update((customer, None) for customer in customers - {customer for customer, _ in records})
    session.add_all(
        Consent(
            customer_id=customer,
            address=address,
            channel=channel,
            purpose=purpose_of(event),
            given=given,
            source=event.data.get("source"),
            wording=event.data.get("wording"),
            at=at,
        )
        for customer, address in sorted(records, key=lambda record: (record[0], record[1] or ""))
    )
    return customers


def purpose_of(event: Event) -> str:
    """What a consent or refusal is about; marketing unless it says otherwise."""
    return str(event.data.get("purpose") or "marketing")


_OWNED = sa_select(col(Identifier.customer_id), col(Identifier.value)).where(
    is_among(Identifier.customer_id), col(Identifier.kind) == bindparam("kind")
)


def beside(session: Session, event_id: int) -> Sequence[IdentifierConflict]:
    """The identifiers of an event that don't name the customer it is about."""
    return session.exec(select(IdentifierConflict).where(IdentifierConflict.event_id == event_id)).all()
