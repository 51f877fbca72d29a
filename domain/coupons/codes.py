"""Coupon codes: unguessable, short enough to type, with a check character that reveals typing errors."""

import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters, none of which looks like another. A prime number of them, for the sake of the check."""

_BETWEEN = frozenset({"Cc", "Cf", "Pd", "Sm", "Zl", "Zp", "Zs"})
"""Unicode's categories of dashes (one of which is the minus sign's), blanks and invisible characters."""

LENGTH = 11
"""Ten characters drawn at random, 8 × 10^14 codes, and the check."""


def make_code() -> str:
    """A new code."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return drawn + _check(drawn)


def tidy(code: str) -> str:
    """A code as it is stored, from one as typed: `7k2m4-pqr9x t` is `7K2M4PQR9XT`.

    Full-width characters are their ordinary ones; blanks, dashes of any kind and what can't be seen don't count.
    """
    folded = unicodedata.normalize("NFKC", code).upper()
    return "".join(character for character in folded if unicodedata.category(character) not in _BETWEEN)


def is_slip(code: str) -> bool:
    """Whether a tidy code can't be right: a wrong character or two neighbours swapped is always seen."""
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        return True
    return _check(code[:-1]) != code[-1]


def _check(drawn: str) -> str:
    """Weights 2, 3, … modulo a prime: none is 0 nor the check's own 1, and no two are the same."""
    total = sum(weight * ALPHABET.index(character) for weight, character in enumerate(drawn, 2))
    return ALPHABET[-total % len(ALPHABET)]
