"""Sending, before the provider is called: may a message go now, over which channel, with what text."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import Session, col, select

from domain.channels import accounts
from domain.channels.delivery import LOST, Channels, Outgoing
from domain.conditions.facts import CustomerFacts
from domain.coupons import issuing
from domain.coupons.reserving import Issue
from domain.journeys import steps
from domain.journeys.enrollments import end, must_exit
from domain.journeys.steps import LockedGroup, StepContext, is_held_out, suppress
from domain.journeys.tables import Enrollment
from domain.journeys.trail import record
from domain.ledger import states
from domain.ledger.policy import full_caps, open_channel, quiet_until
from domain.ledger.tables import Message
from domain.published.library import read_plan
from domain.published.tables import Journey
from domain.sending.inputs import SendInputs, read_inputs
from domain.sending.settling import conclude, record_result
from domain.sending.snapshots import ClaimSnapshot
from domain.sending.text_context import reworded, text_context
from domain.texts.links import Linker, Site, keep
from domain.texts.rendering import RenderError, render, variables
from workflows.plan.commands import Answer, Group
from workflows.terms.channels import ADDRESS, Channel
from workflows.terms.conditions import FieldRef, as_instant
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

    Of its members some are `answered`; the messages `going` are `calling` in the ledger, for the provider; some were
    `lost` with an earlier worker, and can't be given to their provider again; the rest asks again in `wait` seconds.
    What went is settled `since` then, whatever the clock says by that time, with what is `carried` there.
    """

    answered: list[Answer]
    going: list[Outgoing]
    lost: list[Outgoing]
    since: datetime
    wait: float = 0
    carried: ClaimSnapshot = field(default_factory=ClaimSnapshot)


@dataclass(frozen=True)
class _Claimed:
    """A message of a visit: in flight already, or as it is to be written down, in place of an earlier one or anew."""

    visit: StepContext
    channel: Channel
    earlier: Message | None = None
    row: dict[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def claim(
    session: Session,
    group: Group,
    now: datetime,
    channels: Channels,
    site: Site | None = None,
    issue: Issue = issuing.issue,
) -> Claims:
    """Decide for each member whether its message may go now. As many as its account has room for are `calling`.

    `site` is where the links of the texts lead to, `issue` what coupons are issued with.
    """
    step = read_plan(session, group.plan_id).steps[group.path]
    assert isinstance(step, Send)
    claimed: dict[int, _Claimed] = {}
    everybody: LockedGroup | None = None
    known: SendInputs

    def meet(met: LockedGroup) -> None:
        nonlocal everybody, known
        claimed.clear()
        everybody, known = met, read_inputs(session, met.visits, step, channels, now, site, issue)

    def act(visit: StepContext) -> Answer | None:
        if known.rendering > RENDERING:
            return None
        answer = _claim_one(visit, step, known)
        if isinstance(answer, _Claimed):
            claimed[visit.enrollment.id] = answer
            return None
        return answer

    answers = steps.for_each_member(session, group, now, act, meet)
    over = [answer.enrollment for answer in answers if answer.kind == "over"]
    _give_up(session, step, over)
    for enrollment in over:  # what was claimed for it is undone
        claimed.pop(enrollment, None)
    claims = _go(session, step, answers, list(claimed.values()), channels, now)
    if everybody:
        everybody.write(session)
        claims.carried.met = everybody
        claims.carried.close(session)
    return claims


def _go(
    session: Session,
    step: Send,
    answered: list[Answer],
    claimed: Sequence[_Claimed],
    channels: Channels,
    now: datetime,
) -> Claims:
    """Write the messages down; as many of each channel as there is room for go, the first first."""
    since = max((each.visit.at for each in claimed), default=now)
    claims, wait = Claims(answered, [], [], since), 0.0
    calling: list[_Claimed] = []
    for channel in dict.fromkeys(each.channel for each in claimed):
        adapter = channels[channel]
        mine = [each for each in claimed if each.channel == channel]
        again = [_outgoing(each.earlier, again=True) for each in mine if each.earlier and not each.row]
        (claims.going if adapter.repeatable else claims.lost).extend(again)
        fresh = [each for each in mine if each.row]
        room = accounts.Capacity(len(fresh))
        if adapter.account and fresh:
            room = accounts.take_capacity(session, adapter.account, len(fresh), now)
        calling += fresh[: room.count]
        due = timedelta(seconds=room.wait)
        if due > SHORT_WAIT:
            for each in fresh[room.count :]:
                claims.answered.append(_put_off(each, step, now + due))
        else:
            wait = max(wait, room.wait)
    _write_down(session, [each for each in claimed if each.row], calling, claims)
    return replace(claims, wait=wait)


def _write_down(session: Session, fresh: Sequence[_Claimed], calling: Sequence[_Claimed], claims: Claims) -> None:
    for each in calling:
        each.row.update(status="calling", called_at=each.visit.now)
    anew = [each for each in fresh if each.earlier is None]
    keys = dict(zip(map(id, anew), states.claim(session, [each.row for each in anew]), strict=True))
    for each in calling:
        if each.earlier is None:
            claims.carried.add(each.visit, each.row | {"id": keys[id(each)]})
    for each in fresh:
        if each.earlier is not None:
            keys[id(each)] = each.earlier.id
            states.claim_again(session, each.earlier, each.row)
        if not each.visit.enrollment.claimed:
            each.visit.enrollment.claimed = True
    keep(session, {keys[id(each)]: each.links for each in fresh if each.links})
    claims.going.extend(
        Outgoing(
            keys[id(each)], each.visit.enrollment.id, each.channel, each.row["recipient"], each.row["body"],
            each.row["kind"],
        )
        for each in calling
    )  # fmt: skip


def _put_off(claimed: _Claimed, step: Send, until: datetime) -> Answer:
    """The provider is away or has had enough for now: the claim stands, and is looked at again."""
    if claimed.row["reason"] is None:
        claimed.row["reason"] = "provider"
        _hold(claimed.visit, step, reason="provider")
    claimed.visit.enrollment.position = step.path
    return claimed.visit.later(max(until, claimed.visit.at))


def _give_up(session: Session, step: Send, ended: Sequence[int]) -> None:
    """What was claimed for an enrollment that has ended is withdrawn; what was in flight is not tried again."""
    query = select(Message).where(
        col(Message.enrollment_id).in_(ended), col(Message.status).in_(("claimed", "calling")),
    )  # fmt: skip
    for message in session.exec(query).all() if ended else ():
        enrollment = session.get_one(Enrollment, message.enrollment_id, populate_existing=True)
        if message.status == "claimed":
            states.withdraw(session, message, enrollment)
        else:
            states.move(session, message, "unknown", reason=LOST.reason, enrollment=enrollment)
            record_result(session, enrollment, message, step)


@dataclass(frozen=True)
class _No:
    """The message is suppressed."""

    reason: str
    because: str | None = None


@dataclass(frozen=True)
class _NotYet:
    """The message is held: by the quiet hours until a time, by a pause for as long as it lasts."""

    until: datetime | None = None


@dataclass(frozen=True)
class _Unmade:
    """The message has failed, for there is no text for it: why."""

    channel: Channel
    because: str


def _claim_one(visit: StepContext, step: Send, known: SendInputs) -> Answer | _Claimed:
    earlier = known.messages.get(visit.enrollment.id)
    if earlier is not None and earlier.status == "calling":
        return _Claimed(visit, earlier.channel, earlier)
    tried = {refusal["channel"] for refusal in earlier.refused} if earlier else set()
    if earlier is not None and (
        earlier.status not in ("claimed", "failed") or (earlier.status == "failed" and tried.issuperset(step.via))
    ):
        return conclude(visit, step, earlier)
    facts = visit.facts
    decided = _decide(visit, step, known, facts, earlier, [via for via in step.via if via not in tried])
    if isinstance(decided, _Claimed):
        return decided
    if earlier is not None and earlier.status == "failed" and isinstance(decided, _No | _Unmade):
        return conclude(visit, step, earlier)  # no other channel may carry it
    if earlier is not None and earlier.status == "claimed":
        states.withdraw(visit.session, earlier, visit.enrollment)
    match decided:
        case _No(reason, because):
            return suppress(visit, step, step.template, reason, because)
        case _Unmade(channel, because):
            record(
                visit.session, visit.enrollment, "failed", step.template, visit.at,
                step=step.path, via=channel, reason="text", because=because,
            )  # fmt: skip
            return visit.done(step, "failed")
        case _NotYet(None):
            return _pause(visit, step)
        case _NotYet(until):
            if visit.enrollment.due_at != until:
                _hold(visit, step, until=until)
            return visit.later(until or visit.at)
        case Answer():
            return decided


def _decide(
    visit: StepContext,
    step: Send,
    known: SendInputs,
    facts: CustomerFacts,
    earlier: Message | None,
    via: Sequence[Channel],
) -> Answer | _Claimed | _No | _NotYet | _Unmade:
    if any(must_exit(visit.plan, visit.enrollment, event, facts) for event in known.business):
        end(visit.session, visit.enrollment, "exit", visit.at, wake=False)
        return visit.over()
    if paused := _paused(visit):
        return paused
    expires = _expiry(step, visit, facts)
    if expires and visit.at > expires:
        return _No("expired")
    marketing = step.kind == "marketing"
    if marketing:
        if visit.plan.audience:
            verdict = facts.holds(visit.plan.audience)
            if not verdict:
                return _No("audience", verdict.because)
        if is_held_out(visit):
            return _No("holdout")
    addresses = known.addresses.get(visit.customer.id, {})
    allowed = {name: _objection(name, visit.customer.id, addresses, known, marketing=marketing) for name in via}
    rules, today = known.rules, local_day(visit.at, facts.zone)
    if marketing and None in allowed.values():
        until = quiet_until(rules, visit.at, facts.zone)
        if until:
            return _No("expired") if expires and until > expires else _NotYet(until)
    sent = known.sent.setdefault(visit.customer.id, Counter())
    if earlier is not None and earlier.counts:
        sent[earlier.channel, earlier.day] -= 1
    channel, reason = open_channel(via, allowed, full_caps(rules, sent, today) if marketing else set())
    if channel is None:
        return _No(reason)
    try:
        coupon = known.issue(facts, visit.enrollment, step.name, step.coupon) if step.coupon else None
        refusal = None
    except issuing.IssueRefusedError as refused:
        if step.without_coupon == "skip":
            return _No("coupon_refused", str(refused))
        coupon, refusal = None, str(refused)
    linker, text = Linker(known.site, visit.customer.id), visit.library.texts[step.template, channel]
    started = time.thread_time()
    try:
        context = text_context(facts, step.data, coupon, variables(text)) | linker.functions()
        body = render(f"{step.template}/{channel}", text, context)
    except RenderError as error:
        if coupon is not None:
            issuing.take_back(visit.session, coupon)
        return _Unmade(channel, error.reason)
    finally:
        known.rendering += time.thread_time() - started
    for word in reworded(facts, text) if "customer" in context else ():
        record(visit.session, visit.enrollment, "reworded", f"customer.{word}", visit.at, step=step.path)
    sent[channel, today] += marketing
    row = {
        "enrollment_id": visit.enrollment.id, "customer_id": visit.customer.id, "journey": visit.plan.journey,
        "step": step.name, "template": step.template, "kind": step.kind, "status": "claimed", "counts": marketing,
        "reason": earlier.reason if earlier and earlier.status == "claimed" else None,
        "channel": channel, "recipient": addresses[ADDRESS[channel]], "body": body, "day": today,
        "claimed_at": visit.at, "coupon": coupon.code if coupon else None, "coupon_refused": refusal,
    }  # fmt: skip
    return _Claimed(visit, channel, earlier, row, linker.short_links)


def _outgoing(message: Message, *, again: bool) -> Outgoing:
    channel: Channel = message.channel
    kind: Literal["marketing", "transactional"] = message.kind  # type: ignore[assignment]
    return Outgoing(message.id, message.enrollment_id, channel, message.recipient, message.body, kind, again)


def _objection(
    via: Channel, customer_id: int, addresses: Mapping[str, str], known: SendInputs, *, marketing: bool
) -> str | None:
    address = addresses.get(ADDRESS[via])
    given = known.consents.of(customer_id, via, address)
    if not given.get("marketing") if marketing else False in given.values():
        return "no_consent"
    return "unreachable" if address is None or address in known.unreachable.get(via, ()) else None


def _expiry(step: Send, visit: StepContext, facts: CustomerFacts) -> datetime | None:
    if isinstance(step.expires, FieldRef):
        return as_instant(facts.field(step.expires.field))
    return step.expires.after(visit.reached, facts.zone) if step.expires else None


def _paused(visit: StepContext) -> _No | _NotYet | None:
    """A pause holds the message; when it is over, what fell due in it goes, or not, as the resuming said."""
    enrollment, live = visit.enrollment, visit.library.journeys.get(visit.plan.journey)
    if live is None or not (live.paused or live.dropped or enrollment.held):
        return None
    locked = select(Journey.paused, Journey.paused_at, Journey.dropped_until)
    query = locked.where(Journey.name == visit.plan.journey).with_for_update(read=True)
    paused, since, until = visit.session.exec(query).one()
    if paused:
        return _NotYet()
    due, was_held = enrollment.due_at or visit.reached, enrollment.held
    enrollment.held = False
    late = until is not None and (was_held or (since is not None and since <= due < until))
    return _No("expired", "held by a pause") if late else None


def _pause(visit: StepContext, step: Send) -> Answer:
    if not visit.enrollment.held:
        _hold(visit, step, reason="paused")
    visit.enrollment.held, visit.enrollment.due_at = True, None
    return Answer(visit.enrollment.id, "later", visit.at, due=visit.at + PATIENCE)


def _hold(visit: StepContext, step: Send, *, reason: str | None = None, until: datetime | None = None) -> None:
    record(visit.session, visit.enrollment, "held", step.template, visit.at, step=step.path, reason=reason, until=until)
