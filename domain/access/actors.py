"""Whoever does something: a user, a program with a key, or somebody at the command line."""

from dataclasses import dataclass
from typing import Literal

from domain.access.permissions import Permission


@dataclass(frozen=True)
class Actor:
    """`id` is the user's or the key's, `address` where the request came from; the command line has neither.

    A `worker` does what was agreed on before.
    """

    kind: Literal["user", "key", "cli", "worker"]
    name: str
    permissions: frozenset[Permission]
    id: int | None = None
    address: str | None = None

    @property
    def reference(self) -> str:
        """`user:7`, `key:3`, `cli:alice`, `worker:nightly`."""
        return f"{self.kind}:{self.name if self.id is None else self.id}"

    @property
    def by(self) -> str:
        """The words by which records name them."""
        return self.name if self.kind == "cli" else f"{self.kind} {self.name}"


def at_terminal(name: str) -> Actor:
    """Somebody at the command line, who may do everything that it can."""
    return Actor("cli", name, frozenset())
