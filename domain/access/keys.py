"""API keys: made, found by their secret, revoked. Only the hash of a secret is ever stored."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Text, any_, cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from domain.access.permissions import PERMISSIONS, SCOPES
from domain.access.tables import ApiKey

PREFIX = "as_"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?", re.IGNORECASE)


def create_key(
    session: Session,
    name: str,
    scopes: Collection[str],
    now: datetime,
    *,
    origins: Sequence[str] = (),
    events_per_second: int | None = None,
) -> str:
    """Make a key and return its secret, which can't be read again. Scopes are names of sets or single permissions.

    `origins` are the sites whose pages may track with it, like `https://shop.example`.
    Raises ValueError if the name is blank, a scope is unknown or none is given, or an origin is none.
    """
    if not name.strip():
        raise ValueError("a key needs a name")
    known = [*SCOPES, *PERMISSIONS]
    unknown = sorted(set(scopes) - set(known))
    if unknown:
        raise ValueError(
            f'unknown scope "{unknown[0]}"; the scopes are {", ".join(SCOPES)}, or single: {", ".join(PERMISSIONS)}'
        )
    if not scopes:
        raise ValueError(f"a key needs a scope: {', '.join(SCOPES)}")
    strange = [origin for origin in origins if not _ORIGIN.fullmatch(origin)]
    if strange:
        raise ValueError(f'"{strange[0]}" is no origin; write it like https://shop.example, without a path')
    if events_per_second is not None and events_per_second < 1:
        raise ValueError("a key sends at least one event a second")
    secret = PREFIX + secrets.token_urlsafe(32)
    granted = [scope for scope in known if scope in scopes]
    session.add(
        ApiKey(
            name=name.strip(),
            hash=_hash(secret),
            scopes=granted,
            origins=[origin.lower() for origin in origins],
            events_per_second=events_per_second,
            created_at=now,
        )
    )
    session.flush()
    return secret


def find_key(session: Session, secret: str) -> ApiKey | None:
    """The key of this secret, unless it is unknown or revoked."""
    return find_keys(session, [secret])[0]


def find_keys(session: Session, secrets: Sequence[str]) -> list[ApiKey | None]:
    """The key of each of the secrets, None for one that is unknown or revoked."""
    hashes = [_hash(secret) for secret in secrets]
    query = select(ApiKey).where(col(ApiKey.hash) == any_(cast(hashes, ARRAY(Text))), col(ApiKey.revoked_at).is_(None))
    keys_by_hash = {key.hash: key for key in session.exec(query)}
    return [keys_by_hash.get(hash) for hash in hashes]


def list_keys(session: Session) -> Sequence[ApiKey]:
    """Every key, also the revoked, in the order in which they were made."""
    return session.exec(select(ApiKey).order_by(col(ApiKey.id))).all()


def revoke_key(session: Session, key_id: int, now: datetime) -> bool:
    """Revoke a key at once, for ever. False if there is no such key, or it was revoked before."""
    key = session.get(ApiKey, key_id, with_for_update=True)
    if key is None or key.revoked_at is not None:
        return False
    key.revoked_at = now
    session.flush()
    return True


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
