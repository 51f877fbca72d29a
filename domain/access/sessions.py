"""Sessions of browsers, and the links that begin one. Only hashes of secrets are kept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from domain.access.tables import SigninLink, User, UserSession

LASTS = timedelta(hours=12)
"""How long a session lasts without use."""

MOVES = timedelta(minutes=5)
"""How much of that is used up before a request moves the end on, so that few requests write."""

LINK_LASTS = timedelta(hours=24)


def begin(session: Session, user: User, now: datetime) -> str:
    """Begin a session and return its secret. Sessions that are over are cleared away."""
    session.execute(delete(UserSession).where(col(UserSession.expires_at) <= now))
    secret = secrets.token_urlsafe(32)
    session.add(UserSession(hash=hash_of(secret), user_id=user.id, created_at=now, expires_at=now + LASTS))
    session.flush()
    return secret


def find(session: Session, secret: str, now: datetime) -> tuple[User, UserSession] | None:
    """The user of a session and the session, whose end moves on; None if it is over or the user is inactive."""
    query = (
        select(User, UserSession)
        .join(UserSession, col(UserSession.user_id) == User.id)
        .where(UserSession.hash == hash_of(secret), col(UserSession.expires_at) > now, col(User.active))
    )
    match = session.exec(query).first()
    if match is None:
        return None
    user, session_row = match
    if session_row.expires_at < now + LASTS - MOVES:
        moved = update(UserSession).where(col(UserSession.hash) == session_row.hash)
        session.execute(moved.values(expires_at=func.greatest(col(UserSession.expires_at), now + LASTS)))
        session.refresh(session_row)
    return user, session_row


def end(session: Session, secret: str) -> None:
    """End a session; one that is over stays so."""
    session.execute(delete(UserSession).where(col(UserSession.hash) == hash_of(secret)))


def csrf_of(secret: str) -> str:
    """What a page shows with each change, to prove that it could read an answer of this session."""
    return hash_of(f"csrf:{secret}")


def make_link(session: Session, user: User, now: datetime) -> str:
    """The secret of a link that signs the user in once, within a day. Links that are over are cleared away."""
    session.execute(delete(SigninLink).where(col(SigninLink.expires_at) <= now))
    secret = secrets.token_urlsafe(32)
    session.add(SigninLink(hash=hash_of(secret), user_id=user.id, expires_at=now + LINK_LASTS))
    session.flush()
    return secret


def use_link(session: Session, secret: str, now: datetime) -> User | None:
    """The user whom a link signs in, this once; None if it is unknown, used or too old, or the user is inactive."""
    used = (
        update(SigninLink)
        .where(
            col(SigninLink.hash) == hash_of(secret),
            col(SigninLink.used_at).is_(None),
            col(SigninLink.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(SigninLink.user_id))
    )
    user_id = session.execute(used).scalar_one_or_none()
    user = None if user_id is None else session.get(User, user_id)
    return user if user is not None and user.active else None


def hash_of(secret: str) -> str:
    """As which a secret is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
