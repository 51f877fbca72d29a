"""Sending, after the provider was called: what became of each message, and what that means for its enrollment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from domain.channels import accounts
from domain.channels.delivery import LOST, RESTORED, Channels, Delivery, Outgoing, Traceable
from domain.insight.attribution import attribute_after
from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from domain.ledger import states
from domain.ledger.tables import MessageRow
from domain.published.library import read_library, read_plan
from domain.sending import tracking
from domain.sending.receipts import take_early
from domain.sending.snapshots import ClaimSnapshot, collect
from domain.store.work import UnitOfWork
from workflows.plan.commands import Answer, Group
from workflows.verbs.send import Send


def settle_messages(
    work: UnitOfWork,
    group: Group,
    outgoing: Sequence[Outgoing],
    deliveries: Sequence[Delivery],
    now: datetime,
    channels: Channels,
    snapshot: ClaimSnapshot | None = None,
    *,
    move_on: bool = True,
) -> list[Answer]:
    """Write down what became of the messages, and `move_on` their enrollments. `snapshot` is the claim's.

    There is no answer for a message that its channel refused while another may still carry it: it is claimed anew.
    `now` is no earlier than the claim: what was sent has happened, even if a clock was set back.
    """
    step = read_plan(work, group.plan_id).steps[group.path]
    assert isinstance(step, Send)
    results = dict(zip((message.enrollment for message in outgoing), deliveries, strict=True))
    members = tuple(member for member in group.members if member.enrollment in results)
    keys = {message.enrollment: message.key for message in outgoing}
    groups = collect(work, group.model_copy(update={"members": members}), keys, snapshot or ClaimSnapshot(), now)
    rows: dict[int, MessageRow] = {}
    answers = []
    for member_result in (member_result for group_part in groups for member_result in group_part.entries):
        id = member_result.enrollment if isinstance(member_result, Answer) else member_result.enrollment_id
        delivery = results[id]
        row = rows[id] = _write_down(work, work.held(MessageRow, keys[id]), delivery, now, channels)
        if isinstance(member_result, Answer):
            if row.status == "claimed":
                states.withdraw(work, row)
            else:
                record_result(work, row, step)
            answers.append(member_result)
        elif row.status == "claimed":
            answers.append(member_result.later(max(member_result.at, now + timedelta(seconds=delivery.after))))
        elif row.status != "failed" or _tried_channels(row).issuperset(step.via):
            answers += [conclude(member_result, step, row)] if move_on else []
    work.write_rows()
    attribute_after(work, list(keys.values()), read_library(work).policy.attribution.nominal)
    _note_accounts(work, outgoing, deliveries, now, channels)
    for message in outgoing:
        if results[message.enrollment].opted_out:
            tracking.opt_out(work, rows[message.enrollment], now)
    take_early(work, [row for row in rows.values() if channels[row.channel].account], now)
    return answers


def conclude(context: StepContext, step: Send, message: MessageRow) -> Answer:
    """Tell the enrollment what became of its message, and move it on."""
    record_result(context.work, message, step)
    context.at = message.claimed_at
    return context.done(step, result_of(message))


def result_of(message: MessageRow) -> Literal["sent", "failed", "unknown"]:
    """What a step comes to whose message is in this state."""
    match message.status:
        case "failed":
            return "failed"
        case "unknown":
            return "unknown"
        case _:
            return "sent"


def record_result(work: UnitOfWork, message: MessageRow, step: Send) -> None:
    """Note in the trail what became of a message, once."""
    if message.written_at is not None:
        return
    path, at, campaign = step.path, message.claimed_at, step.coupon or ""
    enrollment = states.enrollment_of(work, message)
    work.change(message._replace(written_at=at))
    if message.status == "failed":
        states.fail(work, message, message.reason)
    if message.coupon:
        record(work, enrollment, "coupon", campaign, at, step=path)
    if message.coupon_refused:
        record(work, enrollment, "refused", campaign, at, step=path, reason=message.coupon_refused)
    what = result_of(message)
    record(
        work, enrollment, what, message.template, at, step=path, via=message.channel,
        reason=None if what == "sent" else message.reason,
    )  # fmt: skip


def _write_down(
    work: UnitOfWork, message: MessageRow, delivery: Delivery, now: datetime, channels: Channels
) -> MessageRow:
    """Bring the ledger up to date; a receipt may have been faster."""
    if message.provider_id is None and delivery.provider_id is not None and not message.is_forgotten:
        message = work.change(message._replace(provider_id=delivery.provider_id))
    if message.status == "calling" and delivery.status == "retry":
        return states.move(work, message, "claimed", reason=delivery.reason)
    if message.status == "calling" or (message.status == "unknown" and delivery.status not in ("retry", "unknown")):
        to: states.Status = "unknown" if delivery.status == "retry" else delivery.status
        message = states.move(work, message, to, reason=delivery.reason)
        if to in states.OPEN and isinstance(channels[message.channel], Traceable):
            message = tracking.start_tracking(work, message, now)
    return message


def _tried_channels(message: MessageRow) -> set[str]:
    return {refusal["channel"] for refusal in message.refused}


def _note_accounts(
    session: Session, outgoing: Sequence[Outgoing], deliveries: Sequence[Delivery], now: datetime, channels: Channels
) -> None:
    for channel in sorted({message.channel for message in outgoing}):  # accounts are locked in order
        account = channels[channel].account
        account_deliveries = [
            delivery
            for message, delivery in zip(outgoing, deliveries, strict=True)
            if message.channel == channel and delivery not in (LOST, RESTORED)
        ]
        if account and account_deliveries:
            accounts.note_answers(session, account, account_deliveries, now)
