"""Who is in which segment, how large they were, and what of the rules is yet to be looked at."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from domain.store.columns import Row, instant, reference


class SegmentMember(Row, table=True):
    """A customer in a segment that is published, since when, and what decided it (workflows/terms/because.py)."""

    __tablename__: ClassVar[Any] = "segment_members"
    __table_args__ = (Index("ix_segment_members_segment", "segment", "customer_id"),)
    customer_id: int = reference("customers.id", primary_key=True)
    segment: str = Field(primary_key=True)
    since: datetime = instant()
    because: str | None = None


class NextLook(Row, table=True):
    """When a customer is to be looked at again, for time alone may then change tags and segments.

    It has no foreign key and isn't moved when customers become one: who goes on is looked at anew.
    """

    __tablename__: ClassVar[Any] = "next_looks"
    __table_args__ = (Index("ix_next_looks_at", "at", "customer"),)
    customer: int = Field(sa_type=BigInteger, primary_key=True)
    at: datetime = instant()


class RuleProgress(Row, table=True):
    """How far everybody was asked once for a rule that was published: by `version`, up to the customer `upto`.

    A rule that is no more is `gone`, until nobody has it. Times: when it began and when all were asked.
    """

    __tablename__: ClassVar[Any] = "rule_progress"
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: str
    upto: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    asked: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    gone: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    begun_at: datetime = instant()
    done_at: datetime | None = instant(nullable=True)


class ShowsSince(Row, table=True):
    """Since when so many shows were counted, when it was looked at last."""

    __tablename__: ClassVar[Any] = "shows_since"
    shows: int = Field(primary_key=True)
    since: datetime = instant()


class SegmentSize(Row, table=True):
    """How many customers were in a segment when it was last counted on that day of the business."""

    __tablename__: ClassVar[Any] = "segment_sizes"
    segment: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    size: int
