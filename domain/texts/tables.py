"""The short links in messages."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Text
from sqlmodel import Field

from domain.store.columns import Row


class Link(Row, table=True):
    """A short link in a message, and where it leads."""

    __tablename__: ClassVar[Any] = "links"
    token: str = Field(primary_key=True)
    message_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), index=True, nullable=False)
    )
    url: str = Field(sa_type=Text)
