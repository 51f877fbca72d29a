"""One message to oneself, by the same path as every other: the ledger, the provider, the ledger again.

It is the only step of an internal journey that is in no library, so that nobody enters it: a plan and a text are kept
for it, and each try is an enrollment, walked here instead of by a workflow.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from anyio.from_thread import start_blocking_portal
from sqlalchemy import func
from sqlmodel import Session, col, select

from activities.journey import JourneyActivities
from api.texts.sending import Tried
from domain.catalogue.sources import SEND_TEST
from domain.channels.delivery import Channels
from domain.customers.identifiers import IdentifierError, identify
from domain.customers.resolution import identifiers_of, lock_customers
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.journeys.enrollments import end
from domain.journeys.lifecycle import UnknownJourneyError, plan_of
from domain.journeys.tables import Enrollment, EnrollmentRow, TrailEntry
from domain.ledger import states
from domain.ledger.tables import Message, MessageRow
from domain.published.library import Library, read_library
from domain.published.publishing import plan_id_of, publish_text
from domain.published.tables import PublishedPlan
from domain.sending import text_samples
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork
from domain.texts.links import TextLinks
from domain.texts.rendering import RenderError, render
from runtime import StartError
from runtime.platform.channels import channels
from workflows.plan.commands import Group, Member
from workflows.plan.model import Entry, EventTrigger, Plan
from workflows.source.diagnostics import did_you_mean
from workflows.terms.channels import ADDRESS, CHANNELS, Channel
from workflows.verbs.send import Send

NAME, STEP = "send_test", "0"
TEXT = "{{ trigger.text }}"

Text = tuple[str, Channel]
"""A template and a channel."""


@dataclass(frozen=True)
class SendOutcome:
    """What became of it: the ledger's row, or None if it never came to one, and why not."""

    channel: Channel
    text: str
    message: MessageRow | None
    reason: str | None


def send_test(
    db: Database,
    clock: Clock,
    channels: Channels,
    wanted: Text,
    to: str,
    values: Sequence[str],
    step: Send | None = None,
) -> SendOutcome:
    """Send the template's published text, with samples in it, to an address of one's own. Its links aren't shortened.

    `values` are KEY=VALUE: `coupon.code=A1` names a sample to replace. Of a `step`, the coupon's terms and the data are
    its own. Raises StartError for what can't be sent.
    """
    with db() as session:
        library = read_library(session)
        text = _rendered(library, wanted, samples(library, clock.now(), values, step))
    return send_text(db, clock, channels, wanted[1], to, text)


def send_text(db: Database, clock: Clock, channels: Channels, channel: Channel, to: str, text: str) -> SendOutcome:
    """Send a text as it stands to an address of one's own. Raises StartError for an address that can't be it."""
    with db.begin() as work:
        enrollment = _enroll(work, channel, to, text, clock.now())
        group = Group(plan_id=enrollment.plan_id, path=STEP, members=(Member(enrollment=enrollment.id, generation=0),))
    (answer,) = JourneyActivities(db, clock, channels).send(group)
    with db.begin() as work:
        lock_customers(work, [enrollment.customer_id])
        (row,) = work.read(EnrollmentRow, col(Enrollment.id) == enrollment.id)
        message = next(iter(work.read(MessageRow, col(Message.enrollment_id) == enrollment.id)), None)
        reason = message.reason if message else row.reason or _suppressed(work, enrollment.id)
        if answer.kind == "later":  # nobody waits for a test
            end(work, row, "stopped", clock.now(), "not sent at once", wake=False)
            if message is not None and message.status == "claimed":
                states.withdraw(work, message)
                message = None
        return SendOutcome(channel, text, message, reason)


def text_wanted(library: Library, template: str, channel: Channel | None) -> Text:
    """The text meant, that of the first channel there is unless one is named. Raises StartError if there is none."""
    there = [carrier for carrier in CHANNELS if (template, carrier) in library.texts]
    if not there:
        hint = did_you_mean(template, {name for name, _ in library.texts}) or "; publish it first: aftershow publish"
        raise StartError(f"no template {template} is published{hint}")
    if channel and channel not in there:
        raise StartError(f"{template} has no text for {channel}, but for {', '.join(there)}")
    return template, channel or there[0]


def step_wanted(session: Session, journey: str, step: str, template: str) -> Send:
    """The step of the live version of a journey that sends the template. Raises StartError if there is none."""
    try:
        plan = plan_of(session, journey)
    except UnknownJourneyError:
        raise StartError(
            f"no journey {journey} was ever published; `aftershow journeys` lists those that were"
        ) from None
    sends = {each.name: each for each in plan.steps.values() if isinstance(each, Send) and each.template == template}
    if step not in sends:
        known = did_you_mean(step, sends) or f"; those that do are {', '.join(sends) or 'none'}"
        raise StartError(f"no step {step} of {journey} sends {template}{known}")
    return sends[step]


def _of_step(library: Library, step: Send, now: datetime) -> dict[str, dict[str, Any]]:
    """What a step brings into its texts: the terms of its coupon, and its data as far as it is written out."""
    data = {name: value for name, value in step.data.items() if not isinstance(value, Mapping)}
    terms = library.campaigns.get(step.coupon or "")
    if terms is None:
        return {"data": data}
    zone = library.policy_zone
    coupon = terms.model_dump(mode="json", exclude={"valid", "per_customer"})
    return {"data": data, "coupon": {**coupon, "expires_at": terms.valid.after(now.astimezone(zone), zone)}}


def samples(library: Library, now: datetime, values: Sequence[str], step: Send | None = None) -> dict[str, Any]:
    """What texts can name, made up; a `step` brings some of its own, and `values` replace some. Money is fen."""
    variables = text_samples.samples(library, now)
    for root, own in (_of_step(library, step, now) if step else {}).items():
        variables[root] = {**variables[root], **own}
    for value in values:
        key, separator, text = value.partition("=")
        root, dot, name = key.partition(".")
        if not separator or not dot or root not in variables or not name:
            raise StartError(
                f"--value {value} can't be read; write it like coupon.code=A1, with {', '.join(variables)}"
            )
        variables[root] = {**variables[root], name: _value(text)}
    return variables


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _rendered(library: Library, wanted: Text, context: Mapping[str, Any]) -> str:
    template, channel = wanted
    try:
        return render(f"{template}/{channel}", library.texts[wanted], {**context, **TextLinks(None, 0).functions()})
    except RenderError as problem:
        raise StartError(f"{problem}\ngive the text what it needs with --value, like --value coupon.code=A1") from None


def _enroll(work: UnitOfWork, channel: Channel, to: str, text: str, now: datetime) -> Enrollment:
    """Let whom the address belongs to, or somebody new, enter the internal journey."""
    kind = ADDRESS[channel]
    try:
        who = identify(None, {kind: to})
    except IdentifierError as problem:
        raise StartError(f"--to {problem}") from None
    plan_id = _plan(work, channel, now)
    event = Incoming(SEND_TEST, uuid4().hex, NAME, now, {"text": text}, who)
    ingest(work, [event], now=now)
    stored = select(Event).where(Event.source == event.source, Event.event_id == event.id)
    trigger = work.exec(stored).one()
    assert trigger.customer_id is not None
    if identifiers_of(work, [trigger.customer_id])[trigger.customer_id][kind] != who[0][1]:
        raise StartError(f"--to is not the {kind} that the messages of its customer go to")
    enrollment = Enrollment(
        journey=NAME, plan_id=plan_id, customer_id=trigger.customer_id, key=event.id, slot=event.id,
        trigger_id=trigger.id, entered_at=now, anchor=now, due_at=now, position=STEP,
    )  # fmt: skip
    work.add(enrollment)
    work.flush()
    return enrollment


def _plan(session: Session, channel: Channel, now: datetime) -> str:
    """The internal journey's plan for a channel, kept the first time."""
    send = Send(path=STEP, id="test", template=NAME, via=(channel,), kind="transactional")
    plan = Plan(
        journey=NAME, name="试发", trigger=EventTrigger(event=NAME), entry=Entry(again="always"),
        first=STEP, steps={STEP: send},
    )  # fmt: skip
    plan_id = plan_id_of(plan)
    if read_library(session).texts.get((NAME, channel)) != TEXT:
        publish_text(session, NAME, channel, TEXT)
    if session.get(PublishedPlan, plan_id) is None:
        newest = select(func.max(PublishedPlan.version)).where(PublishedPlan.journey == NAME)
        version = (session.exec(newest).one() or 0) + 1
        body = plan.model_dump(mode="json")
        session.add(PublishedPlan(id=plan_id, journey=NAME, version=version, source="", plan=body, published_at=now))
        session.flush()
    return plan_id


def _suppressed(session: Session, enrollment: int) -> str | None:
    reasons = select(TrailEntry.reason).where(TrailEntry.enrollment_id == enrollment, TrailEntry.what == "suppressed")
    return session.exec(reasons.order_by(col(TrailEntry.id).desc())).first()


class TextTests:
    """Sends texts to those who write them, over the adapters that carry all messages."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def __call__(self, channel: Channel, to: str, text: str) -> Tried:
        """Raises ValueError for an address that can't be written to."""
        with start_blocking_portal() as portal:
            try:
                outcome = send_text(self._db, self._clock, channels(self._db, self._clock, portal), channel, to, text)
            except StartError as problem:
                raise ValueError(str(problem)) from None
        message = outcome.message
        return Tried(message.status if message else "not_sent", outcome.reason)
