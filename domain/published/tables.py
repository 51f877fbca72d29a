"""What is published: journeys and their plans, shared documents, texts."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column


class Publication(Row, table=True):
    """One row whose version (never used twice) changes with every publishing, so that readers read again.

    After a restore, what happened from `lost_since` until `lost_until` is in no table; the database was back at
    `restored_at`.
    """

    __tablename__: ClassVar[Any] = "publication"
    id: int = Field(primary_key=True)
    version: str
    lost_since: datetime | None = instant(nullable=True)
    lost_until: datetime | None = instant(nullable=True)
    restored_at: datetime | None = instant(nullable=True)


class Document(Row, table=True):
    """A published file like `_policy` or `_identity`, as the JSON of its validated models.

    `source` is the file's text; what was published before texts were kept has none.
    """

    __tablename__: ClassVar[Any] = "documents"
    name: str = Field(primary_key=True)
    body: dict[str, Any] = json_column()
    source: str | None = Field(default=None, sa_type=Text)


class MessageText(Row, table=True):
    """The live text of a template on a channel."""

    __tablename__: ClassVar[Any] = "message_texts"
    template: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    body: str = Field(sa_type=Text)


class WrittenVersion(Row, table=True):
    """A text, or a shared document's, that was published: of `thanks/sms`, of `_policy`.

    `by` is the actor's reference and `name` what they are called; who wrote what was live before versions were kept,
    and when, nobody knows.
    """

    __tablename__: ClassVar[Any] = "written_versions"
    what: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    by: str | None = None
    name: str | None = None
    reason: str | None = None
    at: datetime | None = instant(nullable=True)


class PublishedPlan(Row, table=True):
    """An immutable version of a journey; `id` is the hash of its content, `ended` why its enrollments don't go on."""

    __tablename__: ClassVar[Any] = "plans"
    __table_args__ = (UniqueConstraint("journey", "version"),)
    id: str = Field(primary_key=True)
    journey: str
    version: int
    source: str = Field(sa_type=Text)
    plan: dict[str, Any] = json_column()
    published_at: datetime = instant()
    ended: str | None = None


class Journey(Row, table=True):
    """A journey and its live version.

    What fell due in the last pause, from `paused_at` to `dropped_until`, isn't sent any more; without an end, it is.
    """

    __tablename__: ClassVar[Any] = "journeys"
    name: str = Field(primary_key=True)
    plan_id: str = Field(foreign_key="plans.id")
    paused: bool = False
    stopped: bool = False
    paused_at: datetime | None = instant(nullable=True)
    dropped_until: datetime | None = instant(nullable=True)


class JourneyAction(Row, table=True):
    """Who did what to a journey, and when: `published`, `paused`, `resumed`, `stopped`, `stopped_customer`."""

    __tablename__: ClassVar[Any] = "journey_actions"
    id: int = id_column()
    journey: str = Field(index=True)
    action: str
    by: str
    at: datetime = instant()
    version: int
    details: dict[str, Any] = json_column()


class Draft(Row, table=True):
    """What is being written for a journey, or for a shared document, which `journey` names then.

    `base` is the version it goes out from, `asked` a wish to publish it.
    """

    __tablename__: ClassVar[Any] = "drafts"
    journey: str = Field(primary_key=True)
    revision: int
    base: int | None = None
    asked: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))


class DraftRevision(Row, table=True):
    """A text that a draft has had. `by` is the actor's reference, `name` what they are called."""

    __tablename__: ClassVar[Any] = "draft_revisions"
    journey: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    by: str
    name: str
    at: datetime = instant()


class DraftPresence(Row, table=True):
    """Somebody whose editor is open: `who` is the actor's reference, `place` where they are in the text."""

    __tablename__: ClassVar[Any] = "draft_presence"
    journey: str = Field(primary_key=True)
    who: str = Field(primary_key=True)
    name: str
    place: str
    seen_at: datetime = instant()


class JourneyTests(Row, table=True):
    """The tests that are kept with a journey, as a file of journey tests; they run before it is published."""

    __tablename__: ClassVar[Any] = "journey_tests"
    journey: str = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    revision: int
