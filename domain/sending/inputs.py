"""What is known of the members of a group before their messages are claimed, read for all of them at once."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from domain.catalogue.types import is_business
from domain.channels.delivery import Channels, Reach
from domain.coupons.reserving import Issue
from domain.customers.consent import Consents, read_consents
from domain.customers.resolution import identifiers_of
from domain.intake.tables import Event
from domain.journeys.steps import StepContext
from domain.ledger.policy import Rules, Sent, sent_since, tightened
from domain.ledger.tables import Message, MessageRow
from domain.published.tables import Journey
from domain.sending.recovery import may_have_gone
from domain.stock.companions import Companions
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from domain.texts.links import Site
from workflows.terms.channels import ADDRESS, Channel
from workflows.terms.values import local_day
from workflows.verbs.send import Send


@dataclass(frozen=True)
class Pause:
    """A journey's pause: whether it lasts, since when, and until when what fell due in it is dropped."""

    lasts: bool
    since: datetime | None
    dropped_until: datetime | None


@dataclass
class SendInputs:
    """What is read, and what texts and coupons are made with. `rendering` is what texts have taken, in seconds.

    `doubtful` are the enrollments whose message may have gone in time that a restore has lost, with when.
    """

    addresses: Mapping[int, Mapping[str, str]]
    unreachable: Mapping[Channel, Set[str]]
    consents: Consents
    messages: Mapping[int, MessageRow]
    rules: Rules
    sent: dict[int, Sent]
    business: Sequence[Event]
    site: Site | None
    issue: Issue
    companions: Companions
    doubtful: Mapping[int, datetime]
    pause: Pause | None = None
    rendering: float = 0


def read_inputs(
    work: UnitOfWork,
    contexts: Sequence[StepContext],
    step: Send,
    channels: Channels,
    now: datetime,
    site: Site | None,
    issue: Issue,
) -> SendInputs:
    """Read for the contexts of a group, of which there is one at least, who hold the locks on their customers."""
    library, plan = contexts[0].library, contexts[0].plan
    customers = [context.customer_id for context in contexts]
    addresses = identifiers_of(work, customers)
    kinds = {ADDRESS[via] for via in step.via}
    parameters = {"ids": [context.enrollment_id for context in contexts], "name": step.name}
    exits = {condition.event for condition in plan.exits if is_business(condition.event)}
    business = select(Event).where(
        col(Event.customer_id).is_(None),
        col(Event.type).in_(exits),
        col(Event.time) >= min(context.enrollment.anchor for context in contexts),
    )
    messages = (work.hold(MessageRow._make(row)) for row in work.connection().execute(_MESSAGES, parameters))
    rules, earliest = tightened(library.policy, plan.policy), min(context.now for context in contexts)
    return SendInputs(
        addresses=addresses,
        unreachable={
            via: adapter.unreachable(
                work,
                [names[ADDRESS[via]] for names in addresses.values() if ADDRESS[via] in names],
                library.texts[step.template, via],
                now,
            )
            for via in step.via
            if isinstance(adapter := channels[via], Reach)
        },
        consents=read_consents(
            work, customers, [names[kind] for names in addresses.values() for kind in kinds if kind in names]
        ),
        messages={message.enrollment_id: message for message in messages},
        rules=rules,
        sent=sent_since(work, rules, customers, earliest) if step.kind == "marketing" else {},
        business=work.exec(business).all() if exits else (),
        site=site,
        issue=issue,
        companions=Companions(work, local_day(now, library.policy_zone)),
        doubtful=may_have_gone(work, contexts) if library.lost else {},
        pause=_read_pause(work, contexts),
    )


def _read_pause(session: Session, contexts: Sequence[StepContext]) -> Pause | None:
    """The pause that members may be held by, or were: locked, so that it neither begins nor ends meanwhile."""
    journey, library = contexts[0].plan.journey, contexts[0].library
    live = library.journeys.get(journey)
    if live is None or not (live.paused or live.dropped or any(context.enrollment.held for context in contexts)):
        return None
    columns = select(Journey.paused, Journey.paused_at, Journey.dropped_until)
    return Pause(*session.exec(columns.where(Journey.name == journey).with_for_update(read=True)).one())


_MESSAGES = sa_select(*Message.__table__.columns).where(  # type: ignore[attr-defined]
    is_among(Message.enrollment_id), col(Message.step) == bindparam("name")
)
