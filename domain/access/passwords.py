"""Passwords, kept as Argon2 hashes."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 200

_hasher = PasswordHasher()
_DUMMY = _hasher.hash("nobody's")
_at_once = threading.Semaphore(2)
"""Each takes 64 MiB and four threads for about 50 ms."""


def hash_password(password: str) -> str:
    """The hash to keep. Raises ValueError if the password is too short, too long or one character over and over."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < 4:
        raise ValueError("a password has at least 4 different characters")
    with _at_once:
        return _hasher.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password. It takes as long if there is none to compare it with."""
    with _at_once:
        try:
            return _hasher.verify(kept or _DUMMY, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False
