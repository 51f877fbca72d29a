"""Accounts with providers: how many messages may go now, and until when an account is held after failures.

Kept in Postgres, in the transaction that claims and settles, so that they hold across workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.channels.delivery import Account, Delivery
from domain.channels.tables import ProviderAccount

PATIENCE = 5
"""Calls without an answer in a row after which an account is held."""

HOLD = timedelta(seconds=15)
LONGEST_HOLD = timedelta(minutes=5)
PROBE = timedelta(seconds=20)
"""How long the others wait for the one message that tries out whether a provider is back."""

BURST = timedelta(seconds=1)
"""So much of the rate may be used at once."""


@dataclass(frozen=True)
class Capacity:
    """How many messages may be sent now; of what is beyond, the first in `wait` seconds."""

    count: int
    wait: float = 0


def take_capacity(session: Session, account: Account, wanted: int, now: datetime) -> Capacity:
    """Take room for up to `wanted` messages. Locks the account's row until the transaction ends.

    The rate is a generic cell rate algorithm (ITU-T I.371): `next_at` runs ahead of the time by what was used up.
    """
    session.execute(insert(ProviderAccount).values(name=account.name, failures=0).on_conflict_do_nothing())
    row = session.exec(
        select(ProviderAccount)
        .where(ProviderAccount.name == account.name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if row.held_until and row.held_until > now:
        return Capacity(0, (row.held_until - now).total_seconds())
    allowed = min(wanted, account.at_once)
    if row.failures >= PATIENCE:
        allowed, row.held_until = min(allowed, 1), now + PROBE
    if account.per_second is None:
        return Capacity(allowed)
    spent = max(row.next_at or now, now)
    cell = timedelta(seconds=1 / account.per_second)
    burst = max(BURST, cell)
    free = int((now + burst - spent) / cell)
    granted = max(0, min(allowed, free))
    row.next_at = spent + granted * cell
    return Capacity(granted, max(0.0, (row.next_at + cell - burst - now).total_seconds()))


def note_answers(session: Session, account: Account, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Update the account by its provider's answers: one other than retry or unknown, or one of a message alone, ends a
    hold. Locks its row.
    """
    unanswered = [each for each in deliveries if each.status in ("retry", "unknown") and not each.alone]
    is_account = col(ProviderAccount.name) == account.name
    if len(unanswered) < len(deliveries):
        was_away = col(ProviderAccount.failures) >= PATIENCE  # else it is held for as long as it asked for
        held_until = case((was_away, None), else_=col(ProviderAccount.held_until))
        recovered = {"failures": 0, "failing_since": None, "held_until": held_until, "reason": None}
        session.execute(update(ProviderAccount).where(is_account, col(ProviderAccount.failures) > 0).values(recovered))
    if not unanswered:
        return
    row = session.exec(select(ProviderAccount).where(is_account).with_for_update()).one()
    pause = timedelta(seconds=max(delivery.after for delivery in unanswered))
    if len(unanswered) == len(deliveries):
        row.failures += len(unanswered)
        row.failing_since = row.failing_since or now
        if row.failures >= PATIENCE:
            rounds = min(row.failures // PATIENCE - 1, 10)
            pause = max(pause, min(HOLD * 2**rounds, LONGEST_HOLD))
    row.reason = unanswered[-1].reason
    if pause:
        row.held_until = max(row.held_until or now, now + pause)
