"""Sending, before the provider is called: may a message go now, over which channel, with what text."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import col

from domain.channels import accounts
from domain.channels.delivery import LOST, Channels, Outgoing
from domain.conditions.facts import CustomerFacts
from domain.coupons import issuing
from domain.coupons.reserving import Issue
from domain.journeys import steps
from domain.journeys.enrollments import end, must_exit
from domain.journeys.steps import LockedGroup, StepContext, is_held_out, suppress
from domain.journeys.trail import record
from domain.ledger import states
from domain.ledger.policy import full_caps, open_channel, quiet_until
from domain.ledger.tables import Message, MessageRow
from domain.published.library import read_plan
from domain.sending.inputs import Pause, SendInputs, read_inputs
from domain.sending.settling import conclude, record_result
from domain.sending.snapshots import ClaimSnapshot
from domain.sending.text_context import companions_of, reworded, text_context
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from domain.texts.links import Site, TextLinks
from domain.texts.rendering import RenderError, render
from domain.texts.short_links import keep
from workflows.plan.commands import Answer, Group
from workflows.terms.channels import ADDRESS, Channel
from workflows.terms.comparing import end_of
from workflows.terms.operands import FieldRef
from workflows.terms.values import local_day
from workflows.verbs.send import Send

PATIENCE = timedelta(days=365)
"""After so long a held message is looked at again, even if nothing wakes it."""

SHORT_WAIT = timedelta(seconds=10)
"""Up to so long a message waits for its turn within the activity; beyond, its workflow sleeps."""

RENDERING = 0.5
"""Seconds of the processor for the texts of one pass, whose customers are locked meanwhile; the rest asks again."""


@dataclass(frozen=True)
class Claims:
    """What a pass over a group came to.

    Some of its members have `answers`; the messages `going` are `calling` in the ledger, for the provider; some were
    `lost` with an earlier worker, and can't be given to their provider again; some are `doubtful` after a restore,
    which may have been given to it; the rest asks again in `wait` seconds. What went is settled as of `since` or later,
    with the `snapshot` of the claim.
    """

    answers: list[Answer]
    going: list[Outgoing]
    lost: list[Outgoing]
    since: datetime
    doubtful: list[Outgoing] = field(default_factory=list)
    wait: float = 0
    snapshot: ClaimSnapshot = field(default_factory=ClaimSnapshot)


@dataclass(frozen=True)
class _Claimed:
    """A message of a member: in flight already, or as it is to be written down, in place of an earlier one or anew."""

    context: StepContext
    channel: Channel
    earlier: MessageRow | None = None
    row: dict[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    went_at: datetime | None = None


def claim(
    work: UnitOfWork,
    group: Group,
    now: datetime,
    channels: Channels,
    site: Site | None = None,
    issue: Issue = issuing.issue,
) -> Claims:
    """Decide for each member whether its message may go now. As many as its account has room for are `calling`.

    `site` is where the links of the texts lead to, `issue` what coupons are issued with.
    """
    step = read_plan(work, group.plan_id).steps[group.path]
    assert isinstance(step, Send)
    claimed: dict[int, _Claimed] = {}
    locked: LockedGroup | None = None
    inputs: SendInputs

    def begin(group_read: LockedGroup) -> None:
        nonlocal locked, inputs
        claimed.clear()
        locked, inputs = group_read, read_inputs(work, group_read.contexts, step, channels, now, site, issue)

    def act(context: StepContext) -> Answer | None:
        if inputs.rendering > RENDERING:
            return None
        answer = _claim_one(context, step, inputs)
        if isinstance(answer, _Claimed):
            claimed[context.enrollment_id] = answer
            return None
        return answer

    answers = steps.for_each_member(work, group, now, act, begin)
    ended = [answer.enrollment for answer in answers if answer.kind == "over"]
    _undo_ended(work, step, ended)
    for enrollment in ended:  # what was claimed for it is undone
        claimed.pop(enrollment, None)
    claims = _start_calls(work, step, answers, list(claimed.values()), channels, now)
    if locked:
        work.write_rows()
        claims.snapshot.close(locked)
    return claims


def _start_calls(
    work: UnitOfWork,
    step: Send,
    answers: list[Answer],
    claimed: Sequence[_Claimed],
    channels: Channels,
    now: datetime,
) -> Claims:
    """Write the messages down; as many of each channel as there is room for go, the first first."""
    since = max((claimed_message.context.at for claimed_message in claimed), default=now)
    claims, wait = Claims(answers, [], [], since), 0.0
    calling: list[_Claimed] = []
    for channel in sorted({claimed_message.channel for claimed_message in claimed}):  # accounts are locked in order
        adapter = channels[channel]
        of_channel = [claimed_message for claimed_message in claimed if claimed_message.channel == channel]
        in_flight = [
            _outgoing(claimed_message.earlier, again=True)
            for claimed_message in of_channel
            if claimed_message.earlier and not claimed_message.row
        ]
        (claims.going if adapter.repeatable else claims.lost).extend(in_flight)
        new = [claimed_message for claimed_message in of_channel if claimed_message.row]
        calling += [claimed_message for claimed_message in new if claimed_message.went_at]
        waiting = [claimed_message for claimed_message in new if not claimed_message.went_at]
        capacity = accounts.Capacity(len(waiting))
        if adapter.account and waiting:
            capacity = accounts.take_capacity(work, adapter.account, len(waiting), now)
        calling += waiting[: capacity.count]
        due = timedelta(seconds=capacity.wait)
        if due > SHORT_WAIT:
            for claimed_message in waiting[capacity.count :]:
                claims.answers.append(_postpone(claimed_message, step, now + due))
        else:
            wait = max(wait, capacity.wait)
    _write_down(work, [claimed_message for claimed_message in claimed if claimed_message.row], calling, claims)
    return replace(claims, wait=wait)


def _write_down(work: UnitOfWork, new_claims: Sequence[_Claimed], calling: Sequence[_Claimed], claims: Claims) -> None:
    for message in calling:
        message.row.update(status="calling", called_at=message.went_at or message.context.now)
    inserted = [message for message in new_claims if message.earlier is None]
    keys = dict(zip(map(id, inserted), states.claim(work, [message.row for message in inserted]), strict=True))
    for message in calling:
        if message.earlier is None:
            claims.snapshot.add(message.context, message.row | {"id": keys[id(message)]})
    for message in new_claims:
        if message.earlier is not None:
            keys[id(message)] = message.earlier.id
            states.claim_again(work, message.earlier, message.row)
        if not message.context.enrollment.claimed:
            work.change(message.context.enrollment._replace(claimed=True))
    keep(work, {keys[id(message)]: message.links for message in new_claims if message.links})
    for message in calling:
        outgoing = Outgoing(
            keys[id(message)], message.context.enrollment_id, message.channel, message.row["recipient"],
            message.row["body"], message.row["kind"],
        )  # fmt: skip
        (claims.doubtful if message.went_at else claims.going).append(outgoing)


def _postpone(claimed: _Claimed, step: Send, until: datetime) -> Answer:
    """Keep the claim until the provider's account has room again."""
    if claimed.row["reason"] is None:
        claimed.row["reason"] = "provider"
        _record_hold(claimed.context, step, reason="provider")
    claimed.context.work.change(claimed.context.enrollment._replace(position=step.path))
    return claimed.context.later(max(until, claimed.context.at))


def _undo_ended(work: UnitOfWork, step: Send, ended: Sequence[int]) -> None:
    """What was claimed for an enrollment that has ended is withdrawn; what was in flight is not tried again."""
    if not ended:
        return
    open_messages = is_among(Message.enrollment_id, ended), col(Message.status).in_(("claimed", "calling"))
    for message in work.read(MessageRow, *open_messages):
        if message.status == "claimed":
            states.withdraw(work, message)
        else:
            record_result(work, states.move(work, message, "unknown", reason=LOST.reason), step)


@dataclass(frozen=True)
class _Suppressed:
    """The message is suppressed."""

    reason: str
    because: str | None = None


@dataclass(frozen=True)
class _Held:
    """The message is held: by the quiet hours until a time, by a pause for as long as it lasts."""

    until: datetime | None = None


@dataclass(frozen=True)
class _Unrenderable:
    """The message has failed, for there is no text for it: why."""

    channel: Channel
    because: str


def _claim_one(context: StepContext, step: Send, inputs: SendInputs) -> Answer | _Claimed:
    earlier = inputs.messages.get(context.enrollment_id)
    if earlier is not None and earlier.status == "calling":
        return _Claimed(context, earlier.channel, earlier)
    tried_channels = {refusal["channel"] for refusal in earlier.refused} if earlier else set()
    if earlier is not None and (
        earlier.status not in ("claimed", "failed")
        or (earlier.status == "failed" and tried_channels.issuperset(step.via))
    ):
        return conclude(context, step, earlier)
    facts = context.facts
    decision = _decide(context, step, inputs, facts, earlier, [via for via in step.via if via not in tried_channels])
    if isinstance(decision, _Claimed):
        return decision
    if earlier is not None and earlier.status == "failed" and isinstance(decision, _Suppressed | _Unrenderable):
        return conclude(context, step, earlier)  # no other channel may carry it
    if earlier is not None and earlier.status == "claimed":
        states.withdraw(context.work, earlier)
    match decision:
        case _Suppressed(reason, because):
            return suppress(context, step, step.template, reason, because)
        case _Unrenderable(channel, because):
            record(
                context.work, context.enrollment, "failed", step.template, context.at,
                step=step.path, via=channel, reason="text", because=because,
            )  # fmt: skip
            return context.done(step, "failed")
        case _Held(None):
            return _hold_for_pause(context, step)
        case _Held(until):
            if context.enrollment.due_at != until:
                _record_hold(context, step, until=until)
            return context.later(until or context.at)
        case Answer():
            return decision


def _decide(
    context: StepContext,
    step: Send,
    inputs: SendInputs,
    facts: CustomerFacts,
    earlier: MessageRow | None,
    via: Sequence[Channel],
) -> Answer | _Claimed | _Suppressed | _Held | _Unrenderable:
    if any(must_exit(context.plan, context.enrollment, event, facts) for event in inputs.business):
        end(context.work, context.enrollment, "exit", context.at, wake=False)
        return context.over()
    if paused := _pause_decision(context, inputs.pause):
        return paused
    expires = _expiry(step, context, facts)
    if expires and context.at > expires:
        return _Suppressed("expired")
    marketing = step.kind == "marketing"
    if marketing:
        if context.plan.audience:
            verdict = facts.holds(context.plan.audience)
            if not verdict:
                return _Suppressed("audience", verdict.because)
        if is_held_out(context):
            return _Suppressed("holdout")
    addresses = inputs.addresses.get(context.customer_id, {})
    allowed = {
        name: _channel_refusal(name, context.customer_id, addresses, inputs, marketing=marketing) for name in via
    }
    rules, today = inputs.rules, local_day(context.at, facts.zone)
    if marketing and None in allowed.values():
        until = quiet_until(rules, context.at, facts.zone)
        if until:
            return _Suppressed("expired") if expires and until > expires else _Held(until)
    sent = inputs.sent.setdefault(context.customer_id, Counter())
    if earlier is not None and earlier.counts:
        sent[earlier.channel, earlier.day] -= 1
    channel, reason = open_channel(via, allowed, full_caps(rules, sent, today) if marketing else set())
    if channel is None:
        return _Suppressed(reason)
    try:
        coupon = inputs.issue(context.work, facts, context.enrollment, step.name, step.coupon) if step.coupon else None
        refusal = None
    except issuing.IssueRefusedError as refused:
        if step.without_coupon == "skip":
            return _Suppressed("coupon_refused", str(refused))
        coupon, refusal = None, str(refused)
    links, text = TextLinks(inputs.site, context.customer_id, context.at), context.library.texts[step.template, channel]
    started = time.thread_time()
    try:
        values = text_context(facts, step.data, coupon, text, refused=refusal is not None) | links.functions()
        values["companions"] = companions_of(facts, inputs.companions)
        body = render(f"{step.template}/{channel}", text, values)
    except RenderError as error:
        if coupon is not None:
            issuing.take_back(context.work, coupon)
        return _Unrenderable(channel, error.reason)
    finally:
        inputs.rendering += time.thread_time() - started
    for word in reworded(facts, text) if "customer" in values else ():
        record(context.work, context.enrollment, "reworded", f"customer.{word}", context.at, step=step.path)
    sent[channel, today] += marketing
    row = {
        "enrollment_id": context.enrollment_id, "customer_id": context.customer_id, "journey": context.plan.journey,
        "step": step.name, "template": step.template, "kind": step.kind, "status": "claimed", "counts": marketing,
        "reason": earlier.reason if earlier and earlier.status == "claimed" else None,
        "channel": channel, "recipient": addresses[ADDRESS[channel]], "body": body, "day": today,
        "claimed_at": context.at, "coupon": coupon.code if coupon else None, "coupon_refused": refusal,
    }  # fmt: skip
    return _Claimed(context, channel, earlier, row, links.short_links, inputs.doubtful.get(context.enrollment_id))


def _outgoing(message: MessageRow, *, again: bool) -> Outgoing:
    kind: Literal["marketing", "transactional"] = message.kind  # type: ignore[assignment]
    return Outgoing(message.id, message.enrollment_id, message.channel, message.recipient, message.body, kind, again)


def _channel_refusal(
    via: Channel, customer_id: int, addresses: Mapping[str, str], inputs: SendInputs, *, marketing: bool
) -> str | None:
    address = addresses.get(ADDRESS[via])
    consents = inputs.consents.of(customer_id, via, address)
    if not consents.get("marketing") if marketing else False in consents.values():
        return "no_consent"
    return "unreachable" if address is None or address in inputs.unreachable.get(via, ()) else None


def _expiry(step: Send, context: StepContext, facts: CustomerFacts) -> datetime | None:
    if isinstance(step.expires, FieldRef):
        return end_of(facts.field(step.expires.field), facts.zone)
    return step.expires.after(context.reached, facts.zone) if step.expires else None


def _pause_decision(context: StepContext, pause: Pause | None) -> _Suppressed | _Held | None:
    """A pause holds the message; when it is over, what fell due in it goes, or not, as the resuming said."""
    enrollment = context.enrollment
    if pause is None:
        return None
    if pause.lasts:
        return _Held()
    due_at, was_held = enrollment.due_at or context.reached, enrollment.held
    if was_held:
        context.work.change(enrollment._replace(held=False))
    since, until = pause.since, pause.dropped_until
    dropped = until is not None and (was_held or (since is not None and since <= due_at < until))
    return _Suppressed("expired", "held_by_pause") if dropped else None


def _hold_for_pause(context: StepContext, step: Send) -> Answer:
    if not context.enrollment.held:
        _record_hold(context, step, reason="paused")
    context.work.change(context.enrollment._replace(held=True, due_at=None))
    return Answer(context.enrollment_id, "later", context.at, due=context.at + PATIENCE)


def _record_hold(context: StepContext, step: Send, *, reason: str | None = None, until: datetime | None = None) -> None:
    record(
        context.work,
        context.enrollment,
        "held",
        step.template,
        context.at,
        step=step.path,
        reason=reason,
        until=until,
    )
