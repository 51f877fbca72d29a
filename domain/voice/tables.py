"""What comments were read to say, which are still to be read, and what is to be done about them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class UnreadComment(Row, table=True):
    """A stored event with a comment that nobody has read yet."""

    __tablename__: ClassVar[Any] = "unread_comments"
    event_id: int = reference("events.id", primary_key=True)


class StoredOpinion(Row, table=True):
    """One thing that a comment says, the `clause`-th of its event.

    `at` is when it was said, `stream_id` the show in which, `sku` the product it is about and `topic` what it is about
    in few words, null where nothing of that is known. `phrase` has no phone number. `reader` is what was read, where
    a person has corrected it since, and `phrase_key` stands for the phrase then, however it is written.
    """

    __tablename__: ClassVar[Any] = "opinions"
    __table_args__ = (
        UniqueConstraint("event_id", "clause"),
        Index("ix_opinions_sku", "sku", "at"),
        Index("ix_opinions_at", "at", "id"),
        Index("ix_opinions_stream", "stream_id", "sku", postgresql_where=text("stream_id IS NOT NULL")),
        Index("ix_opinions_corrected", "id", postgresql_where=text("corrected_at IS NOT NULL")),
        Index(
            "ix_opinions_phrase_key", "phrase_key", "corrected_at", postgresql_where=text("corrected_at IS NOT NULL")
        ),
    )
    id: int = id_column()
    event_id: int = reference("events.id")
    clause: int
    at: datetime = instant()
    stream_id: str | None = None
    sku: str | None = None
    kind: str
    aspect: str | None = None
    sentiment: str | None = None
    topic: str | None = None
    phrase: str = Field(sa_type=Text)
    confidence: float
    reader: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    corrected_by: str | None = None
    corrected_at: datetime | None = instant(nullable=True)
    phrase_key: str | None = None


class Task(Row, table=True):
    """What somebody of a department is to do by a day, about a show or a product. `key` makes it one task.

    `note` is what came of it.
    """

    __tablename__: ClassVar[Any] = "tasks"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_tasks_open", "owner", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_tasks_stream", "stream_id", postgresql_where=text("stream_id IS NOT NULL")),
    )
    id: int = id_column()
    key: str
    department: str
    owner: str | None = None
    text: str = Field(sa_type=Text)
    stream_id: str | None = None
    sku: str | None = None
    due_on: date
    created_at: datetime = instant()
    done_at: datetime | None = instant(nullable=True)
    done_by: str | None = None
    note: str | None = Field(default=None, sa_type=Text)


class StreamReview(Row, table=True):
    """The review of a show that is over: its figures as they were at `made_at`, at a stage, and what was decided.

    `next_at` is when they are worked out again; null once they are complete.
    """

    __tablename__: ClassVar[Any] = "stream_reviews"
    stream_id: str = Field(primary_key=True)
    stage: str
    made_at: datetime = instant()
    next_at: datetime | None = instant(nullable=True)
    figures: dict[str, Any] = json_column()
    decisions: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)


class Requirement(Row, table=True):
    """What is asked of a product because of a topic, from the draft to the result; see `lessons/requirements.py`.

    `evidence` is what was said, sold and given back when it was made; `reviews` every verdict, with its `round`, which
    is a new one after each change. `due_at` is when it acts next by itself. `result` is how the first show of the
    product that came of it, `new_sku`, went beside the usual one.
    """

    __tablename__: ClassVar[Any] = "requirements"
    __table_args__ = (
        Index("ix_requirements_status", "status", "id"),
        Index("ix_requirements_new_sku", "new_sku", postgresql_where=text("new_sku IS NOT NULL")),
    )
    id: int = id_column()
    sku: str
    aspect: str
    sentiment: str
    topic: str
    title: str
    status: str
    proposal: str = Field(sa_type=Text)
    measure: str = Field(sa_type=Text)
    evidence: dict[str, Any] = json_column()
    reviews: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    round: int = 1
    reminders: int = 0
    created_by: str
    created_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    decided_at: datetime | None = instant(nullable=True)
    new_sku: str | None = None
    launched_at: datetime | None = instant(nullable=True)
    result: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    closed_at: datetime | None = instant(nullable=True)
