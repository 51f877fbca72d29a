"""Sending, before the provider is called: may a message go now, over which channel, with what text."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain import accounts, coupons, ledger
from domain.catalogue import is_business
from domain.customers import identifiers_of
from domain.delivery import ADDRESS, LOST, Channels, Outgoing, Reach
from domain.enrollments import end, must_exit
from domain.facts import CustomerFacts
from domain.library import read_library, read_plan
from domain.links import Linker, Site
from domain.policy import Sent, full_caps, open_channel, quiet_until, sent_since
from domain.rendering import render
from domain.reserving import Issue
from domain.settling import conclude, write_up
from domain.steps import Visit, each, is_held_out, suppress
from domain.tables import Consent, Coupon, Enrollment, Event, Journey, Message
from domain.trail import record
from workflows.commands import Answer, Group
from workflows.conditions import FieldRef, as_instant
from workflows.plan import Channel, Send
from workflows.values import local_day

PATIENCE = timedelta(days=365)
"""After so long a held message is looked at again, even if nothing wakes it."""

SHORT_WAIT = timedelta(seconds=10)
"""Up to so long a message waits for its turn within the activity; beyond, its workflow sleeps."""


@dataclass(frozen=True)
class Claims:
    """What a pass over a group came to.

    Of its members some are `answered`; the messages `going` are `calling` in the ledger, for the provider; some were
    `lost` with an earlier worker, and can't be given to their provider again; the rest asks again in `wait` seconds.
    """

    answered: list[Answer]
    going: list[Outgoing]
    lost: list[Outgoing]
    wait: float = 0


@dataclass
class _Known:
    """What is read for all members of a group at once."""

    addresses: Mapping[int, Mapping[str, str]]
    unreachable: Mapping[Channel, Set[str]]
    consents: Mapping[tuple[int, str], Mapping[str, bool]]
    messages: Mapping[int, Message]
    triggers: Mapping[int, Mapping[str, Any]]
    sent: dict[int, Sent]
    business: Sequence[Event]
    coupons: Set[int]
    site: Site | None
    issue: Issue


def claim(
    session: Session,
    group: Group,
    now: datetime,
    channels: Channels,
    site: Site | None = None,
    issue: Issue = coupons.issue,
) -> Claims:
    """Decide for each member whether its message may go now. As many as its account has room for are `calling`.

    `site` is where the links of the texts lead to, `issue` what coupons are issued with.
    """
    step = read_plan(session, group.plan_id).steps[group.path]
    assert isinstance(step, Send)
    claimed: dict[int, tuple[Visit, Message]] = {}
    seen: set[int] = set()
    known: list[_Known] = []

    def act(visit: Visit) -> Answer:
        if visit.enrollment.id in seen:  # all is done again, after an error
            claimed.clear()
            seen.clear()
            known.clear()
        seen.add(visit.enrollment.id)
        if not known:
            known.append(_read(session, group, step, channels, now, site, issue))
        answer = _claim_one(visit, step, known[0])
        if isinstance(answer, Message):
            claimed[visit.enrollment.id] = (visit, answer)
            return visit.later(visit.at)
        return answer

    answers = each(session, group, now, act)
    over = [answer.enrollment for answer in answers if answer.kind == "over"]
    _give_up(session, step, over)
    for enrollment in over:  # what was claimed for it is undone
        claimed.pop(enrollment, None)
    settled = [answer for answer in answers if answer.enrollment not in claimed]
    if not claimed:
        return Claims(settled, [], [])
    return _go(session, step, settled, list(claimed.values()), channels, now)


def _go(
    session: Session,
    step: Send,
    answered: list[Answer],
    claimed: Sequence[tuple[Visit, Message]],
    channels: Channels,
    now: datetime,
) -> Claims:
    """Let as many messages of each channel go as there is room for, the first first."""
    session.flush()
    claims = Claims(answered, [], [])
    wait = 0.0
    for channel in dict.fromkeys(message.channel for _, message in claimed):
        adapter = channels[channel]  # type: ignore[index]
        mine = [(visit, message) for visit, message in claimed if message.channel == channel]
        inflight = [message for _, message in mine if message.status == "calling"]
        again = [_outgoing(message, again=True) for message in inflight]
        (claims.going if adapter.repeatable else claims.lost).extend(again)
        fresh = [(visit, message) for visit, message in mine if message.status == "claimed"]
        room = accounts.Room(len(fresh))
        if adapter.account and fresh:
            room = accounts.room(session, adapter.account, len(fresh), now)
        for visit, message in fresh[: room.count]:
            ledger.call(session, message, visit.now)
            claims.going.append(_outgoing(message))
        due = timedelta(seconds=room.wait)
        if due > SHORT_WAIT:
            for visit, message in fresh[room.count :]:
                claims.answered.append(_put_off(visit, step, message, now + due))
        else:
            wait = max(wait, room.wait)
    return Claims(claims.answered, claims.going, claims.lost, wait)


def _put_off(visit: Visit, step: Send, message: Message, until: datetime) -> Answer:
    """The provider is away or has had enough for now: the claim stands, and is looked at again."""
    if message.reason is None:
        message.reason = "provider"
        _hold(visit, step, reason="provider")
    return visit.later(max(until, visit.at))


def _give_up(session: Session, step: Send, ended: Sequence[int]) -> None:
    """What was claimed for an enrollment that has ended is withdrawn; what was in flight is not tried again."""
    query = select(Message).where(
        col(Message.enrollment_id).in_(ended), col(Message.status).in_(("claimed", "calling")),
    )  # fmt: skip
    for message in session.exec(query).all() if ended else ():
        if message.status == "claimed":
            ledger.withdraw(session, message)
        else:
            ledger.move(session, message, "unknown", reason=LOST.reason)
            write_up(session, session.get_one(Enrollment, message.enrollment_id), message, step)


def _read(
    session: Session,
    group: Group,
    step: Send,
    channels: Channels,
    now: datetime,
    site: Site | None,
    issue: Issue,
) -> _Known:
    enrollments = [member.enrollment for member in group.members]
    among = col(Enrollment.id).in_(enrollments)
    rows = select(Message).where(col(Message.enrollment_id).in_(enrollments), Message.step == step.name)
    customers = session.exec(select(Enrollment.customer_id).where(among)).all()
    addresses = identifiers_of(session, customers)
    consents = select(Consent).where(col(Consent.customer_id).in_(customers))
    latest: dict[tuple[int, str], dict[str, bool]] = {}
    for consent in session.exec(consents.order_by(col(Consent.at), col(Consent.id))):
        latest.setdefault((consent.customer_id, consent.channel), {})[consent.purpose] = consent.given
    triggers = select(Enrollment.id, Event.data).join(Event, col(Event.id) == col(Enrollment.trigger_id))
    issued = select(Coupon.enrollment_id).where(col(Coupon.enrollment_id).in_(enrollments))
    library, plan = read_library(session), read_plan(session, group.plan_id)
    earliest = min(member.now or now for member in group.members)
    exits = {condition.event for condition in plan.exits if is_business(condition.event)}
    since = select(func.min(Enrollment.anchor)).where(among).scalar_subquery()
    business = select(Event).where(
        col(Event.customer_id).is_(None), col(Event.type).in_(exits), col(Event.time) >= since
    )
    return _Known(
        addresses=addresses,
        unreachable={
            via: adapter.unreachable(
                session,
                [names[ADDRESS[via]] for names in addresses.values() if ADDRESS[via] in names],
                library.texts[step.template, via],
                now,
            )
            for via in step.via
            if isinstance(adapter := channels[via], Reach)
        },
        consents=latest,
        messages={message.enrollment_id: message for message in session.exec(rows)},
        triggers=dict(session.exec(triggers.where(among)).all()),
        sent=sent_since(session, library.policy, customers, earliest) if step.kind == "marketing" else {},
        business=session.exec(business).all() if exits else (),
        coupons=set(session.exec(issued)),
        site=site,
        issue=issue,
    )


@dataclass(frozen=True)
class _No:
    """The message is suppressed."""

    reason: str
    because: str | None = None


@dataclass(frozen=True)
class _NotYet:
    """The message is held: by the quiet hours until a time, by a pause for as long as it lasts."""

    until: datetime | None = None


def _claim_one(visit: Visit, step: Send, known: _Known) -> Answer | Message:
    earlier = known.messages.get(visit.enrollment.id)
    if earlier is not None and earlier.status == "calling":
        return earlier
    tried = {refusal["channel"] for refusal in earlier.refused} if earlier else set()
    if earlier is not None and (
        earlier.status not in ("claimed", "failed") or (earlier.status == "failed" and tried.issuperset(step.via))
    ):
        return conclude(visit, step, earlier)
    facts = visit.facts
    facts.__dict__["trigger"] = known.triggers[visit.enrollment.id]
    decided = _decide(visit, step, known, facts, earlier, [via for via in step.via if via not in tried])
    if isinstance(decided, Message):
        return decided
    if earlier is not None and earlier.status == "failed" and isinstance(decided, _No):
        return conclude(visit, step, earlier)  # no other channel may carry it
    if earlier is not None and earlier.status == "claimed":
        ledger.withdraw(visit.session, earlier)
    match decided:
        case _No(reason, because):
            return suppress(visit, step, step.template, reason, because)
        case _NotYet(None):
            return _pause(visit, step)
        case _NotYet(until):
            if visit.enrollment.due_at != until:
                _hold(visit, step, until=until)
            return visit.later(until or visit.at)
        case Answer():
            return decided


def _decide(
    visit: Visit, step: Send, known: _Known, facts: CustomerFacts, earlier: Message | None, via: Sequence[Channel]
) -> Answer | Message | _No | _NotYet:
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
    policy, today = visit.library.policy, local_day(visit.at, facts.zone)
    if marketing and None in allowed.values():
        until = quiet_until(policy, visit.at, facts.zone)
        if until:
            return _No("expired") if expires and until > expires else _NotYet(until)
    sent = known.sent.setdefault(visit.customer.id, Counter())
    if earlier is not None and earlier.counts:
        sent[earlier.channel, earlier.day] -= 1
    channel, reason = open_channel(via, allowed, full_caps(policy, sent, today) if marketing else set())
    if channel is None:
        return _No(reason)
    try:
        coupon = known.issue(facts, visit.enrollment, step.name, step.coupon) if step.coupon else None
        refusal = None
    except coupons.RefusedError as refused:
        if step.without_coupon == "skip":
            return _No("coupon_refused", str(refused))
        coupon, refusal = None, str(refused)
    has_one = visit.enrollment.id in known.coupons
    linker = Linker(known.site, visit.customer.id)
    context = text_context(facts, step.data, coupon, has_one=has_one) | linker.functions()
    body = render(f"{step.template}/{channel}", visit.library.texts[step.template, channel], context)
    message = earlier or Message(
        enrollment_id=visit.enrollment.id, customer_id=visit.customer.id, journey=visit.plan.journey, step=step.name,
        template=step.template, kind=step.kind, status="claimed", counts=marketing,
        channel=channel, recipient=addresses[ADDRESS[channel]], body=body, day=today, claimed_at=visit.at,
    )  # fmt: skip
    if earlier is None:
        visit.session.add(message)
    elif earlier.status == "failed":
        ledger.move(visit.session, earlier, "claimed")
    message.channel, message.recipient, message.body = channel, addresses[ADDRESS[channel]], body
    message.day, message.claimed_at = today, visit.at
    message.coupon, message.coupon_refused = coupon.code if coupon else None, refusal
    if linker.made:
        visit.session.flush()
        linker.keep(visit.session, message)
    sent[channel, today] += message.counts
    visit.enrollment.claimed = True
    return message


def text_context(
    facts: CustomerFacts, data: Mapping[str, Any], coupon: Coupon | None, *, has_one: bool = True
) -> dict[str, Any]:
    """What a text can name; what there isn't is None. Instants are in the customer's timezone.

    `coupon` is the message's own; without it, the enrollment's newest is meant, if it `has_one`.
    """
    zone = facts.zone
    own = coupon and {**coupon.terms, "code": coupon.code, "expires_at": coupon.expires_at}
    held = own or (facts.coupon if has_one else None)
    context: dict[str, Any] = {
        "shop": {"name": facts.library.policy.shop, "sign": f"【{facts.library.policy.shop}】"},
        "customer": {**facts.customer.fields, "name": facts.customer.name},
        "trigger": facts.trigger,
        "data": data,
    }
    for name, value in (("coupon", held), ("lot", facts.lot), ("stream", facts.stream)):
        context[name] = value and {
            key: each.astimezone(zone) if isinstance(each, datetime) else each for key, each in value.items()
        }
    return context


def _outgoing(message: Message, *, again: bool = False) -> Outgoing:
    channel: Channel = message.channel  # type: ignore[assignment]
    kind: Literal["marketing", "transactional"] = message.kind  # type: ignore[assignment]
    return Outgoing(message.id, message.enrollment_id, channel, message.recipient, message.body, kind, again)


def _objection(
    via: Channel, customer_id: int, addresses: Mapping[str, str], known: _Known, *, marketing: bool
) -> str | None:
    given = known.consents.get((customer_id, via), {})
    if not given.get("marketing") if marketing else False in given.values():
        return "no_consent"
    address = addresses.get(ADDRESS[via])
    return "unreachable" if address is None or address in known.unreachable.get(via, ()) else None


def _expiry(step: Send, visit: Visit, facts: CustomerFacts) -> datetime | None:
    if isinstance(step.expires, FieldRef):
        return as_instant(facts.field(step.expires.field))
    return step.expires.after(visit.reached, facts.zone) if step.expires else None


def _paused(visit: Visit) -> _No | _NotYet | None:
    """A pause holds the message; when it is over, what it held goes, or not, as the resuming said."""
    enrollment, live = visit.enrollment, visit.library.journeys.get(visit.plan.journey)
    if live is None or not (live.paused or enrollment.held):
        return None
    locked = select(Journey.paused, Journey.late).where(Journey.name == visit.plan.journey)
    paused, late = visit.session.exec(locked.with_for_update(read=True)).one()
    if paused:
        return _NotYet()
    was_held, enrollment.held = enrollment.held, False
    return _No("expired", "held by a pause") if was_held and late == "drop" else None


def _pause(visit: Visit, step: Send) -> Answer:
    if not visit.enrollment.held:
        _hold(visit, step, reason="paused")
    visit.enrollment.held, visit.enrollment.due_at = True, None
    return visit.answer("later", visit.at, due=visit.at + PATIENCE)


def _hold(visit: Visit, step: Send, *, reason: str | None = None, until: datetime | None = None) -> None:
    record(visit.session, visit.enrollment, "held", step.template, visit.at, step=step.path, reason=reason, until=until)
