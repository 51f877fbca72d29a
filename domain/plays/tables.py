"""Plays as they are published, their instances, and the entries, draws and winners of each."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class PlayVersion(Row, table=True):
    """An immutable version of a play; `id` is the hash of its content."""

    __tablename__: ClassVar[Any] = "play_versions"
    __table_args__ = (UniqueConstraint("play", "version"),)
    id: str = Field(primary_key=True)
    play: str
    version: int
    source: str = Field(sa_type=Text)
    body: dict[str, Any] = json_column()
    published_at: datetime = instant()


class LivePlay(Row, table=True):
    """A play and its live version."""

    __tablename__: ClassVar[Any] = "plays"
    play: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="play_versions.id")


class PlayInstance(Row, table=True):
    """A play that was opened: one of a play at a time, until `ended_at`.

    `state` is `open` while entries are taken, `closed` while winners are found and told, `over` or `stopped`.
    `position` is the part that it stands at, `progress` how far that is done, `due_at` when it goes on by itself.
    `shown` are the announcements that were made.
    """

    __tablename__: ClassVar[Any] = "play_instances"
    __table_args__ = (
        Index("uq_play_instances_open", "play", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_play_instances_play", "play", "id"),
    )
    id: int = id_column()
    play: str
    version_id: str = Field(foreign_key="play_versions.id")
    stream_id: str | None = None
    state: str
    position: str | None = None
    progress: dict[str, Any] = json_column()
    shown: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    reason: str | None = None
    opened_by: str
    opened_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)


class PlayRound(Row, table=True):
    """The entries that one `collect` of an instance takes, until `closed_at`.

    Who takes entries or closes it locks the row, so `entries` and `tally`, how many chose what, are exact; of customers
    who became one since, from the close on. `digest` is of the entries as they were at the close. With `stirred`, the
    run was told that some came.
    """

    __tablename__: ClassVar[Any] = "play_rounds"
    __table_args__ = (UniqueConstraint("instance_id", "step"),)
    id: int = id_column()
    instance_id: int = reference("play_instances.id")
    step: str
    opened_at: datetime = instant()
    closes_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    at_most: int
    entries: int = 0
    tally: dict[str, Any] = json_column()
    digest: str | None = None
    stirred: bool = False


class PlayEntry(Row, table=True):
    """An entry. `key` is the sender's id of it, `entrant` who entered, as of the close, and `customer_id` who that
    is by now.

    `day` is the local day. `dropped` says why it doesn't count; `told`, that its event was taken in.
    """

    __tablename__: ClassVar[Any] = "play_entries"
    __table_args__ = (
        Index("ix_play_entries_person", "round_id", "customer_id"),
        Index("ix_play_entries_customer", "customer_id"),
        Index("ix_play_entries_untold", "round_id", "id", postgresql_where=text("NOT told")),
    )
    id: int = id_column()
    round_id: int = reference("play_rounds.id")
    key: str
    customer_id: int = reference("customers.id")
    entrant: int = Field(sa_type=BigInteger)
    day: str
    taken_at: datetime = instant()
    choice: str | None = None
    guess: float | None = None
    weight: float | None = None
    dropped: str | None = None
    told: bool = False


class PlayDraw(Row, table=True):
    """A `draw` or `rank` of an instance: its secret and what was published of it.

    `next` is how far the order of winning was gone through, `left_over` how many prizes nobody could be given.
    """

    __tablename__: ClassVar[Any] = "play_draws"
    instance_id: int = reference("play_instances.id", primary_key=True)
    step: str = Field(primary_key=True)
    seed: str
    commitment: str
    next: int = 0
    given: int = 0
    left_over: int = 0
    drawn_at: datetime | None = instant(nullable=True)


class PlayWinner(Row, table=True):
    """An entry whose turn it was in a draw: in `place`, from 1, with a prize, or passed over for a `reason`.

    `rank` is its place in the order of winning, from 0. `prize` is the number of the prize in the file, from 0.
    """

    __tablename__: ClassVar[Any] = "play_winners"
    __table_args__ = (
        Index("uq_play_winners_place", "instance_id", "step", "place", unique=True,
              postgresql_where=text("place IS NOT NULL")),
        Index("ix_play_winners_customer", "customer_id"),
    )  # fmt: skip
    instance_id: int = reference("play_instances.id", primary_key=True)
    step: str = Field(primary_key=True)
    entry_id: int = reference("play_entries.id", primary_key=True)
    customer_id: int = reference("customers.id")
    rank: int
    place: int | None = None
    prize: int | None = None
    code: str | None = None
    reason: str | None = None
    at: datetime = instant()


class PlayKey(Row, table=True):
    """The secret that viewers' tokens are signed with; one row."""

    __tablename__: ClassVar[Any] = "play_key"
    id: int = Field(primary_key=True)
    key: str
