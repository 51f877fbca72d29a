"""The draw: a deterministic shuffle, which anybody can work out anew from what is published. Pure.

- `seed` is a text of 64 hexadecimal digits; its bytes are used as they are printed. `commitment` = SHA-256(seed) is
  published before the first entry is taken, the seed after the draw.
- Entries are ordered by (the instant at which they were taken, their id as a number). `digest` is the SHA-256 of their
  ids, in this order, one a line: each ends with a line feed.
- The key of an entry is HMAC-SHA-256(key = seed, message = its id). The smallest keys win, the smallest first.
- With weights, u is the first 53 bits of the key as a fraction of 2**53, and the largest u^(1/weight) wins
  (Efraimidis and Spirakis, 2006: "Weighted random sampling with a reservoir").
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Ticket(NamedTuple):
    """An entry in a draw. `weight` 0 can't win."""

    id: int
    weight: float = 1


def new_seed() -> str:
    """A secret that nobody can guess."""
    return secrets.token_hex(32)


def commitment_of(seed: str) -> str:
    """What is published of a seed before the draw, in hexadecimal."""
    return hashlib.sha256(seed.encode()).hexdigest()


def digest_of(ids: Iterable[int]) -> str:
    """The digest of entries in their order, in hexadecimal."""
    return hashlib.sha256("".join(f"{id}\n" for id in ids).encode()).hexdigest()


def shuffled(seed: str, tickets: Sequence[Ticket], *, weighted: bool = False) -> list[int]:
    """The ids in the order in which they win; of equal keys, the earlier ticket."""
    secret = seed.encode()
    if not weighted:
        keys = [hmac.digest(secret, b"%d" % ticket.id, "sha256") for ticket in tickets]
        return [tickets[place].id for place in sorted(range(len(keys)), key=keys.__getitem__)]
    chances = [(int.from_bytes(hmac.digest(secret, b"%d" % id, "sha256")[:7]) >> 3) / 2**53 for id, _ in tickets]
    scores = [
        chance ** (1 / ticket.weight) if ticket.weight else -1.0
        for chance, ticket in zip(chances, tickets, strict=True)
    ]
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    return [tickets[place].id for place in order if tickets[place].weight]
