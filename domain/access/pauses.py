"""Guessing is slowed down: after some failures in a row each attempt has to wait longer than the one before."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.access.tables import SigninFailure

FREE_OF_LOGIN, FREE_OF_ADDRESS = 5, 30
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)


def attempt(session: Session, login: str, address: str, now: datetime) -> timedelta:
    """Count an attempt before it is looked at, so that many at once count, too. Returns how long it has to wait.

    Zero means that it may go on; a refused one isn't counted. Logins that nobody has are counted alike.
    """
    keys = _keys(login, address)
    session.execute(
        insert(SigninFailure)
        .values([{"key": key, "count": 0, "until": now} for key in sorted(keys)])
        .on_conflict_do_nothing()
    )
    locked = select(SigninFailure).where(col(SigninFailure.key).in_(keys)).order_by(col(SigninFailure.key))
    rows = session.exec(locked.with_for_update()).all()
    wait = max(row.until - now for row in rows)
    if wait > timedelta(0):
        return wait
    for row in rows:
        row.count = 1 if row.until + FORGOTTEN < now else row.count + 1
        row.until = now + _pause(row.count - keys[row.key])
        session.add(row)
    session.flush()
    return timedelta(0)


def succeeded(session: Session, login: str, address: str, now: datetime) -> None:
    """Take the attempt back: the login's failures are forgotten, those from the address stay but for this one."""
    by_login, by_address = _keys(login, address)
    session.execute(delete(SigninFailure).where(col(SigninFailure.key) == by_login))
    row = session.get(SigninFailure, by_address, with_for_update=True)
    if row is not None:
        row.count, row.until = max(0, row.count - 1), now
        session.flush()


def _pause(over: int) -> timedelta:
    return timedelta(0) if over < 0 else min(LONGEST, timedelta(seconds=2 ** min(over, 20)))


def _keys(login: str, address: str) -> Mapping[str, int]:
    digest = hashlib.sha256(login.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    return {f"login:{digest}": FREE_OF_LOGIN, f"address:{address}": FREE_OF_ADDRESS}
