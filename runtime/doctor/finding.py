"""What a check finds."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from domain.store.clock import Clock
from domain.store.work import Database
from runtime.platform.settings import Settings
from workflows.terms.wording import Wording

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and for what isn't in order what to do. `what` and `mend` are in plain words."""

    check: str
    level: Level
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Cluster:
    """What Temporal says: its version, our search attributes that it lacks, who asks for work, and its Schedules, by
    whether they are paused.
    """

    version: str
    missing: Set[str]
    workers: Set[str]
    schedules: Mapping[str, bool]


@dataclass(frozen=True)
class Shop:
    """What the checks look at. `cluster` is None while Temporal is away, `clock` while Postgres is.

    `settings` is None where the environment has none that can be read; `api` is where the API is asked.
    """

    say: Wording
    engine: Engine
    db: Database
    clock: Clock | None
    cluster: Cluster | None
    settings: Settings | None
    api: str
    specs: Path
    templates: Path
    data: Path | None = None

    @property
    def now(self) -> datetime:
        """The shop's time. Only for checks that need Postgres."""
        assert self.clock is not None
        return self.clock.now()


Check = Callable[[Shop], Iterator[Finding]]


class Talk:
    """Makes the findings of one check in the language that is spoken."""

    def __init__(self, check: str, say: Wording) -> None:
        self._check = check
        self._say = say

    def ok(self, zh: str, en: str) -> Finding:
        """It is in order."""
        return Finding(self._check, "ok", self._say.pick(zh, en))

    def warning(self, what: tuple[str, str], mend: tuple[str, str]) -> Finding:
        """Worth knowing; nothing stands still for it."""
        return Finding(self._check, "warning", self._say.pick(*what), self._say.pick(*mend))

    def wrong(self, what: tuple[str, str], mend: tuple[str, str]) -> Finding:
        """Something stands still, or will."""
        return Finding(self._check, "wrong", self._say.pick(*what), self._say.pick(*mend))
