"""Sending, in two transactions around the provider's call: claim (may it go, how, with what text) and settle."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain import coupons
from domain.catalogue import is_business
from domain.customers import identifiers_of
from domain.delivery import Delivery, Outgoing
from domain.enrollments import end, must_exit
from domain.facts import CustomerFacts
from domain.policy import full_caps, open_channel, quiet_until
from domain.rendering import render
from domain.steps import Visit, each, held_out, visits
from domain.tables import Consent, Coupon, Enrollment, Event, Journey, Message
from domain.trail import record
from workflows.commands import Answer, Group
from workflows.conditions import FieldRef, as_instant
from workflows.plan import Channel, Path, Send
from workflows.values import local_day

ADDRESS: Mapping[Channel, str] = {"sms": "phone", "wecom": "external_userid", "wechat": "openid"}
"""The kind of identifier that each channel delivers to."""


PATIENCE = timedelta(days=365)
"""After so long a held message is looked at again, even if nothing wakes it."""

LOST = Delivery("unknown", reason="the worker was lost while the provider was called")
"""What is said of a message that may or may not have reached its provider."""


@dataclass
class _Known:
    """What is read for all members of a group at once."""

    addresses: Mapping[int, Mapping[str, str]]
    consents: Mapping[tuple[int, str], Mapping[str, bool]]
    messages: Mapping[int, Message]
    triggers: Mapping[int, Mapping[str, Any]]
    coupons: Set[int]


@dataclass(frozen=True)
class _Claimed:
    message: Message
    recipient: str
    again: bool = False


def claim(session: Session, group: Group, now: datetime) -> tuple[list[Answer], list[Outgoing]]:
    """Decide for each member whether its message may go now. Those that may are in the ledger as `calling`."""
    claimed: dict[int, _Claimed] = {}
    known: list[_Known] = []

    def act(visit: Visit) -> Answer:
        if not known:
            known.append(_read(session, group, _send_of(visit, group)))
        answer = _claim_one(visit, group, known[0])
        if isinstance(answer, _Claimed):
            claimed[visit.enrollment.id] = answer
            return visit.later(visit.at)
        return answer

    answers = each(session, group, now, act)
    over = [answer.enrollment for answer in answers if answer.kind == "over"]
    _give_up(session, group, over, now)
    for enrollment in over:  # what was claimed for it is undone
        claimed.pop(enrollment, None)
    return [answer for answer in answers if answer.enrollment not in claimed], list(map(_outgoing, claimed.values()))


def settle(
    session: Session, group: Group, outgoing: Sequence[Outgoing], deliveries: Sequence[Delivery], now: datetime
) -> list[Answer]:
    """Write down what became of the claimed messages, and move their enrollments on.

    A clock that was set back since the claim changes nothing: what was sent has happened.
    """
    results = dict(zip((message.enrollment for message in outgoing), deliveries, strict=True))
    rest = Group(
        plan_id=group.plan_id, path=group.path, members=tuple(m for m in group.members if m.enrollment in results)
    )
    ours = col(Message.id).in_([message.key for message in outgoing])
    claimed = session.exec(select(func.max(Message.claimed_at)).where(ours)).one()
    locked = list(visits(session, rest, max(now, claimed)))
    rows = {row.enrollment_id: row for row in session.exec(select(Message).where(ours))}
    answers = []
    for visit in locked:
        row = rows[visit.enrollment if isinstance(visit, Answer) else visit.enrollment.id]
        if row.status == "calling":
            _write_down(session, row, group.path, results[row.enrollment_id], now)
        if isinstance(visit, Answer):
            answers.append(visit)
        else:
            visit.at = row.claimed_at
            answers.append(visit.done(_send_of(visit, group), row.status))
    return answers


def _give_up(session: Session, group: Group, ended: Sequence[int], now: datetime) -> None:
    """What was in flight when its worker was lost, and whose enrollment has ended since, is not tried again."""
    query = select(Message).where(col(Message.enrollment_id).in_(ended), Message.status == "calling")
    for row in session.exec(query) if ended else ():
        _write_down(session, row, group.path, LOST, now)


def _write_down(session: Session, row: Message, path: Path, delivery: Delivery, now: datetime) -> None:
    row.status, row.reason, row.provider_id, row.settled_at = (
        delivery.status,
        delivery.reason,
        delivery.provider_id,
        now,
    )
    enrollment = session.get_one(Enrollment, row.enrollment_id)
    if delivery.status == "failed":
        row.counts = False
        coupons.revoke(session, row.enrollment_id, row.step)
    else:
        enrollment.last_sent_at = row.claimed_at
    record(
        session, enrollment, delivery.status, row.template, row.claimed_at,  # type: ignore[arg-type]
        step=path, via=row.channel, reason=delivery.reason,
    )  # fmt: skip


def _send_of(visit: Visit, group: Group) -> Send:
    step = visit.plan.steps[group.path]
    assert isinstance(step, Send)
    return step


def _read(session: Session, group: Group, step: Send) -> _Known:
    enrollments = [member.enrollment for member in group.members]
    messages = session.exec(
        select(Message).where(col(Message.enrollment_id).in_(enrollments), Message.step == step.name)
    )
    found = {message.enrollment_id: message for message in messages}
    customers = session.exec(select(Enrollment.customer_id).where(col(Enrollment.id).in_(enrollments))).all()
    consents = session.exec(
        select(Consent).where(col(Consent.customer_id).in_(customers)).order_by(col(Consent.at), col(Consent.id))
    )
    latest: dict[tuple[int, str], dict[str, bool]] = {}
    for consent in consents:
        latest.setdefault((consent.customer_id, consent.channel), {})[consent.purpose] = consent.given
    triggers = select(Enrollment.id, Event.data).join(Event, col(Event.id) == col(Enrollment.trigger_id))
    issued = select(Coupon.enrollment_id).where(col(Coupon.enrollment_id).in_(enrollments))
    return _Known(
        addresses=identifiers_of(session, customers),
        consents=latest,
        messages=found,
        triggers=dict(session.exec(triggers.where(col(Enrollment.id).in_(enrollments))).all()),
        coupons=set(session.exec(issued)),
    )


def _claim_one(visit: Visit, group: Group, known: _Known) -> Answer | _Claimed:
    step = _send_of(visit, group)
    earlier = known.messages.get(visit.enrollment.id)
    if earlier is not None and earlier.status != "calling":
        visit.at = earlier.claimed_at
        return visit.done(step, earlier.status)
    if earlier is not None:
        recipient = known.addresses.get(visit.customer.id, {}).get(ADDRESS[earlier.channel], "")  # type: ignore[index]
        return _Claimed(earlier, recipient, again=True)
    facts = visit.facts
    facts.__dict__["trigger"] = known.triggers[visit.enrollment.id]
    if _business_exit(visit, facts):
        end(visit.session, visit.enrollment, "exit", visit.at, wake=False)
        return visit.over()
    if paused := _paused(visit, step):
        return paused
    expires = _expiry(step, visit, facts)
    if expires and visit.at > expires:
        return _suppress(visit, step, "expired")
    marketing = step.kind == "marketing"
    if marketing:
        if visit.plan.audience:
            verdict = facts.holds(visit.plan.audience)
            if not verdict:
                return _suppress(visit, step, "audience", verdict.because)
        if answer := held_out(visit, step, step.template):
            return answer
    addresses = known.addresses.get(visit.customer.id, {})
    allowed = {via: _objection(via, visit.customer.id, addresses, known, marketing=marketing) for via in step.via}
    if marketing and None in allowed.values():
        until = quiet_until(visit.library.policy, visit.at, facts.zone)
        if until:
            return _suppress(visit, step, "expired") if expires and until > expires else _hold(visit, step, until)
    full = (
        full_caps(visit.session, visit.library.policy, visit.customer.id, visit.at, facts.zone) if marketing else set()
    )
    channel, reason = open_channel(step.via, allowed, full)
    if channel is None:
        return _suppress(visit, step, reason)
    coupon = None
    if step.coupon:
        try:
            coupon = coupons.issue(facts, visit.enrollment, step.name, step.coupon)
        except coupons.RefusedError as refusal:
            if step.without_coupon == "skip":
                return _suppress(visit, step, "coupon_refused", str(refusal))
            _note(visit, "refused", step, step.coupon, reason=str(refusal))
        else:
            _note(visit, "coupon", step, step.coupon)
    body = render(
        f"{step.template}/{channel}",
        visit.library.texts[step.template, channel],
        text_context(facts, step.data, coupon, has_one=visit.enrollment.id in known.coupons),
    )
    message = Message(
        enrollment_id=visit.enrollment.id, customer_id=visit.customer.id, journey=visit.plan.journey, step=step.name,
        template=step.template, kind=step.kind, channel=channel, body=body, coupon=coupon.code if coupon else None,
        status="calling", counts=marketing, day=local_day(visit.at, facts.zone), claimed_at=visit.at,
    )  # fmt: skip
    visit.session.add(message)
    visit.enrollment.claimed = True
    return _Claimed(message, addresses[ADDRESS[channel]])


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


def _outgoing(claimed: _Claimed) -> Outgoing:
    message = claimed.message
    return Outgoing(
        key=message.id, enrollment=message.enrollment_id, channel=message.channel,  # type: ignore[arg-type]
        recipient=claimed.recipient, body=message.body, kind=message.kind,  # type: ignore[arg-type]
        again=claimed.again,
    )  # fmt: skip


def _objection(
    via: Channel, customer_id: int, addresses: Mapping[str, str], known: _Known, *, marketing: bool
) -> str | None:
    given = known.consents.get((customer_id, via), {})
    if not given.get("marketing") if marketing else False in given.values():
        return "no_consent"
    return None if ADDRESS[via] in addresses else "unreachable"


def _expiry(step: Send, visit: Visit, facts: CustomerFacts) -> datetime | None:
    if isinstance(step.expires, FieldRef):
        return as_instant(facts.field(step.expires.field))
    return step.expires.after(visit.reached, facts.zone) if step.expires else None


def _business_exit(visit: Visit, facts: CustomerFacts) -> bool:
    """Events about the business reach enrollments in pages, so a send looks for itself."""
    types = {condition.event for condition in visit.plan.exits if is_business(condition.event)}
    query = select(Event).where(
        col(Event.customer_id).is_(None), col(Event.type).in_(types), Event.time >= visit.enrollment.anchor
    )
    found = visit.session.exec(query) if types else ()
    return any(must_exit(visit.plan, visit.enrollment, event, facts) for event in found)


def _suppress(visit: Visit, step: Send, reason: str, because: str | None = None) -> Answer:
    _note(visit, "suppressed", step, step.template, reason=reason, because=because)
    return visit.done(step, "suppressed")


def _paused(visit: Visit, step: Send) -> Answer | None:
    """The answer under a pause, which wakes what it held when it is over, or for what the resuming dropped."""
    enrollment, live = visit.enrollment, visit.library.journeys.get(visit.plan.journey)
    if live is None or not (live.paused or enrollment.held):
        return None
    locked = select(Journey.paused, Journey.late).where(Journey.name == visit.plan.journey)
    paused, late = visit.session.exec(locked.with_for_update(read=True)).one()
    if paused:
        if not enrollment.held:
            _note(visit, "held", step, step.template, reason="paused")
        enrollment.held, enrollment.due_at = True, None
        return visit.answer("later", visit.at, due=visit.at + PATIENCE)
    was_held, enrollment.held = enrollment.held, False
    return _suppress(visit, step, "expired", because="held by a pause") if was_held and late == "drop" else None


def _hold(visit: Visit, step: Send, until: datetime) -> Answer:
    if visit.enrollment.due_at != until:
        _note(visit, "held", step, step.template, until=until)
    return visit.later(until)


def _note(
    visit: Visit,
    what: Literal["suppressed", "held", "coupon", "refused"],
    step: Send,
    value: str,
    *,
    reason: str | None = None,
    because: str | None = None,
    until: datetime | None = None,
) -> None:
    record(
        visit.session, visit.enrollment, what, value, visit.at,
        step=step.path, reason=reason, because=because, until=until,
    )  # fmt: skip
