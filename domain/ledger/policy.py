"""When and how often a customer may be written to: quiet hours and caps, in the customer's own days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.ledger.tables import Message
from domain.store.bulk import is_among
from workflows.terms.calendar import WEEKDAYS
from workflows.terms.channels import CapName, Channel
from workflows.terms.limits import Cap, Limits, QuietHours
from workflows.terms.values import at_local, local_day, parse_time


@dataclass(frozen=True)
class Rules:
    """What holds for the messages of a journey: each span is quiet, and each cap must have room."""

    quiet: Sequence[QuietHours]
    caps: Sequence[tuple[CapName, Cap]]


def tightened(policy: Limits, own: Limits | None = None) -> Rules:
    """The policy, and what a journey adds to it."""
    both = [policy, own] if own else [policy]
    return Rules(
        [hours for limits in both for hours in limits.quiet_hours],
        [(name, cap) for limits in both for name, cap in limits.caps.items()],
    )


def quiet_until(rules: Rules, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that `now` falls into end (their end itself is allowed); None outside of them.

    Where spans follow each other around the clock, there is no such end: it is when the last of them is over.
    """
    until: datetime | None = None
    weekdays = sum(hours.weekday is not None for hours in rules.quiet)
    longest = (len(rules.quiet) - weekdays) * (weekdays + 1) + weekdays
    for _ in range(longest):
        ends = [end for span in rules.quiet if (end := _end_of(span, until or now, zone))]
        if not ends:
            return until
        until = max(ends)
    return until


def _end_of(span: QuietHours, now: datetime, zone: ZoneInfo) -> datetime | None:
    if span.weekday is not None:
        today = local_day(now, zone)
        tomorrow = at_local(today + timedelta(days=1), time(), zone, now)
        return tomorrow if WEEKDAYS[today.weekday()] == span.weekday else None
    start, end = parse_time(span.start or ""), parse_time(span.end or "")
    wall = now.astimezone(zone).time().replace(tzinfo=None)
    over_midnight = start > end
    quiet = wall >= start or wall < end if over_midnight else start <= wall < end
    if not quiet:
        return None
    day = local_day(now, zone) + timedelta(days=1 if over_midnight and wall >= start else 0)
    until = at_local(day, end, zone, now)
    return until if until > now else datetime.combine(day, end.replace(fold=1), zone).astimezone(now.tzinfo)


Sent = Counter[tuple[str, date]]
"""How many messages that count a customer was sent, by channel and local day."""


def sent_since(session: Session, rules: Rules, customers: Sequence[int], earliest: datetime) -> dict[int, Sent]:
    """What the caps need to know of these customers, for messages that go at `earliest` or later.

    The caller holds the locks on the customers' rows, so that no other transaction takes the last place meanwhile.
    """
    sent: dict[int, Sent] = {}
    if not rules.caps:
        return sent
    first = earliest.date() - timedelta(days=max(cap.days for _, cap in rules.caps) + 1)
    columns = (col(Message.customer_id), col(Message.channel), col(Message.day))
    query = select(*columns, func.count()).where(
        is_among(Message.customer_id, customers), col(Message.counts), col(Message.day) >= first
    )
    for customer, channel, day, count in session.exec(query.group_by(*columns)):
        sent.setdefault(customer, Counter())[channel, day] = count
    return sent


def full_caps(rules: Rules, sent: Sent, today: date) -> set[str]:
    """The caps (`sms`, …, `all`) that leave no room for another message to a customer today."""
    full: set[str] = set()
    for name, cap in rules.caps:
        since = today - timedelta(days=cap.days - 1)
        if sum(n for (channel, day), n in sent.items() if name in (channel, "all") and day >= since) >= cap.count:
            full.add(name)
    return full


def open_channel(
    via: Sequence[Channel], allowed: dict[Channel, str | None], full: set[str]
) -> tuple[Channel | None, str]:
    """The first channel that may and can carry the message, else why none: capped, no_consent, then unreachable.

    `allowed` gives for each channel the reason against it, None if there is none but perhaps the caps.
    """
    free = [channel for channel in via if allowed[channel] is None]
    if free and "all" not in full:
        for channel in free:
            if channel not in full:
                return channel, ""
    if free:
        return None, "capped"
    return None, "no_consent" if "no_consent" in allowed.values() else "unreachable"
