"""When and how often a customer may be written to: quiet hours and caps, in the customer's own days."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.tables import Message
from workflows.plan import Channel
from workflows.policy import Policy
from workflows.values import at_local, local_day, parse_time


def quiet_until(policy: Policy, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that `now` falls into end (their end itself is allowed); None outside of them."""
    if policy.quiet_hours is None:
        return None
    start, end = parse_time(policy.quiet_hours.start), parse_time(policy.quiet_hours.end)
    wall = now.astimezone(zone).time().replace(tzinfo=None)
    over_midnight = start > end
    quiet = wall >= start or wall < end if over_midnight else start <= wall < end
    if not quiet:
        return None
    day = local_day(now, zone) + timedelta(days=1 if over_midnight and wall >= start else 0)
    until = at_local(day, end, zone, now)
    return until if until > now else datetime.combine(day, end.replace(fold=1), zone).astimezone(now.tzinfo)


def full_caps(session: Session, policy: Policy, customer_id: int, now: datetime, zone: ZoneInfo) -> set[str]:
    """The caps (`sms`, …, `all`) that leave no room for another message to this customer today.

    The caller holds the lock on the customer's row, so that nobody else can take the last place meanwhile.
    """
    if not policy.caps:
        return set()
    today = local_day(now, zone)
    first = today - timedelta(days=max(cap.days for cap in policy.caps.values()) - 1)
    query = select(col(Message.channel), col(Message.day), func.count()).where(
        Message.customer_id == customer_id, col(Message.counts), Message.day >= first
    )
    sent = session.exec(query.group_by(col(Message.channel), col(Message.day))).all()
    full: set[str] = set()
    for name, cap in policy.caps.items():
        since = today - timedelta(days=cap.days - 1)
        if sum(n for channel, day, n in sent if name in (channel, "all") and day >= since) >= cap.count:
            full.add(name)
    return full


def open_channel(
    via: tuple[Channel, ...], allowed: dict[Channel, str | None], full: set[str]
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
