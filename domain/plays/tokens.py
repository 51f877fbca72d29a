"""Viewers' tokens: short-lived, signed, for one play and one customer. Whoever has one enters as that customer.

`PLAY.CUSTOMER.EXPIRES.SIGNATURE`, where the time is in whole seconds and the signature is HMAC-SHA-256 of what is
before it, in URL-safe base64. Nothing of it says who the customer is.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlmodel import Session

TokenFault = Literal["bad_token", "expired_token"]


class TokenError(ValueError):
    """A token that isn't one for this play, or not any more; the message is the reason's code."""

    def __init__(self, reason: TokenFault) -> None:
        super().__init__(reason)


def token_key(session: Session) -> bytes:
    """The secret that tokens are signed with, made when it is first asked for; the same for every process."""
    made = session.connection().execute(_MAKE, {"key": secrets.token_hex(32)}).scalar()
    key: str = made or session.connection().execute(_READ).scalar_one()
    return key.encode()


_MAKE = text("INSERT INTO play_key (id, key) VALUES (1, :key) ON CONFLICT DO NOTHING RETURNING key")
_READ = text("SELECT key FROM play_key")


def make_token(key: bytes, play: str, customer: int, expires_at: datetime) -> str:
    """A token that holds until then."""
    signed = f"{play}.{customer}.{int(expires_at.timestamp())}"
    return f"{signed}.{_signature(key, signed)}"


def read_token(key: bytes, play: str, token: str, now: float) -> int:
    """The customer whose token it is; `now` in seconds since 1970. Raises TokenError."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(key, signed).encode(), signature.encode("utf-8", "replace")):
        raise TokenError("bad_token")
    named, customer, expires = signed.rsplit(".", 2)
    if named != play:
        raise TokenError("bad_token")
    if now >= int(expires):
        raise TokenError("expired_token")
    return int(customer)


def _signature(key: bytes, signed: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, signed.encode("utf-8", "replace"), "sha256")).rstrip(b"=").decode()
