"""Who may call and sign in, their sessions and links, refused attempts, and the audit."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, reference


class ApiKey(Row, table=True):
    """An API key, kept as the SHA-256 of its secret.

    `origins` are the sites whose pages may use it; one that stands in a page can be read there by everybody.
    `events_per_second` is what it may send to one process, unless that allows less.
    """

    __tablename__: ClassVar[Any] = "api_keys"
    id: int = id_column()
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = Field(default_factory=list, sa_type=JSONB)
    origins: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))
    events_per_second: int | None = None
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class User(Row, table=True):
    """Somebody who signs in. `password` is an Argon2 hash; without one, only a link lets them in.

    `staff` is what the shop's systems call them: the `owner` of their customers.
    """

    __tablename__: ClassVar[Any] = "users"
    id: int = id_column()
    name: str
    email: str | None = Field(default=None, unique=True)
    phone: str | None = Field(default=None, unique=True)
    roles: list[str] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    active: bool = True
    password: str | None = None
    staff: str | None = Field(default=None, unique=True)
    created_at: datetime = instant()


class UserSession(Row, table=True):
    """A browser that is signed in, until `expires_at`, which moves on with use. Kept as the hash of its secret."""

    __tablename__: ClassVar[Any] = "user_sessions"
    hash: str = Field(primary_key=True)
    user_id: int = reference("users.id", index=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()


class SigninLink(Row, table=True):
    """A link that signs a user in once. Kept as the hash of its secret."""

    __tablename__: ClassVar[Any] = "signin_links"
    hash: str = Field(primary_key=True)
    user_id: int = reference("users.id", index=True)
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class SigninFailure(Row, table=True):
    """Attempts to sign in that failed one after the other, as one login or from one address; none before `until`."""

    __tablename__: ClassVar[Any] = "signin_failures"
    key: str = Field(primary_key=True)
    count: int
    until: datetime = instant()


class AuditEntry(Row, table=True):
    """What somebody changed or was refused. `before` and `after` hold what differs, and no personal data."""

    __tablename__: ClassVar[Any] = "audit"
    __table_args__ = (Index("ix_audit_target", "target", "id"), Index("ix_audit_actor", "actor", "id"))
    id: int = id_column()
    at: datetime = instant()
    actor: str
    name: str
    address: str | None = None
    action: str
    target: str
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
