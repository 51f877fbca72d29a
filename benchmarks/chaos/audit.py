"""Holds what a provider has seen against the ledger and against what the journeys allow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, func, select

from benchmarks.chaos.siege import CAP, Chaos, Person
from domain.customers.tables import Consent, Customer, Identifier
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.states import OPEN, WENT
from domain.ledger.tables import Message

CLOCKS = timedelta(seconds=1)
"""How far an opt-out's time of arrival and the instant of sending, read in two processes, may lie apart."""


@dataclass(frozen=True)
class Audit:
    """The provider's log held against the ledger and the journeys; each count down to `unfinished` must be 0.

    `given_up` are enrollments that failed or were stopped, which nothing in the story gives a reason for.
    `still_asked_about` are unknown and not at the provider, which is asked for some minutes more before that is taken
    for an answer; what it has and we don't know is `unsettled`.
    """

    lost: int
    given_up: int
    duplicated: int
    unrecorded: int
    after_opt_out: int
    at_night: int
    above_cap: int
    unsettled: int
    unfinished: int
    messages: int
    unknown: int
    still_asked_about: int
    answers_dropped: int
    receipts: int
    kills: dict[str, int]
    between_start_and_commit: int

    @property
    def wrong(self) -> int:
        """How many things went wrong."""
        return (
            self.lost + self.given_up + self.duplicated + self.unrecorded + self.after_opt_out + self.at_night
            + self.above_cap + self.unsettled + self.unfinished
        )  # fmt: skip


def audit(chaos: Chaos, people: Sequence[Person]) -> Audit:
    """Compare what the provider has taken with what the ledger says and what the journeys allow."""
    received = Counter((record["to"], record["body"]) for record in chaos.provider.messages)
    asleep = {person.phone for person in people if person.asleep}
    with chaos.db() as session:
        rows = session.exec(select(Message)).all()
        phones = dict(
            session.exec(select(Identifier.customer_id, Identifier.value).where(Identifier.kind == "phone")).all()
        )
        left = {
            consent.customer_id: consent.at
            for consent in session.exec(
                select(Consent).where(col(Consent.given).is_(False)).order_by(col(Consent.at).desc())
            )
        }
        whole = session.exec(
            select(Enrollment).where(Enrollment.journey == "thanks", Enrollment.ending == "finished")
        ).all()
        unfinished = session.exec(
            select(func.count()).select_from(Enrollment).join(Customer, col(Customer.id) == Enrollment.customer_id)
            .where(col(Enrollment.ending).is_(None), col(Customer.timezone) != chaos.night)
        ).one()  # fmt: skip
        ended = Counter(session.exec(select(Enrollment.ending)))
        entered = session.exec(select(func.count()).select_from(Enrollment)).one()
        unknown = session.exec(select(func.count()).select_from(TrailEntry).where(TrailEntry.what == "unknown")).one()
    went = {(phones[row.customer_id], row.body) for row in rows if row.status in WENT}
    open_ = {(phones[row.customer_id], row.body) for row in rows if row.status in OPEN}
    known = {(phones[row.customer_id], row.body) for row in rows if row.status != "failed"}
    marketing = [row for row in rows if row.kind == "marketing" and (phones[row.customer_id], row.body) in received]
    steps = Counter(row.enrollment_id for row in rows)
    days = Counter((row.customer_id, row.day) for row in marketing)
    return Audit(
        lost=len(went - received.keys())
        + sum(3 - steps[item.id] for item in whole if item.customer_id not in left)
        + 2 * len(people) - entered,
        given_up=ended["failed"] + ended["stopped"],
        duplicated=sum(count - 1 for count in received.values()),
        unrecorded=len(received.keys() - known),
        after_opt_out=sum(
            row.customer_id in left and row.called_at is not None and row.called_at > left[row.customer_id] + CLOCKS
            for row in marketing
        ),
        at_night=sum(phones[row.customer_id] in asleep for row in marketing),
        above_cap=sum(max(0, count - CAP) for count in days.values()),
        unsettled=sum(row.status in ("claimed", "calling") for row in rows) + len(open_ & received.keys()),
        unfinished=unfinished,
        messages=sum(received.values()),
        unknown=unknown,
        still_asked_about=len(open_ - received.keys()),
        answers_dropped=chaos.dropped,
        receipts=chaos.receipts,
        kills=dict(chaos.kills),
        between_start_and_commit=chaos.between,
    )  # fmt: skip
