"""What channels need to remember."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Text
from sqlmodel import Field

from domain.store.columns import Row, instant


class ProviderAccount(Row, table=True):
    """How an account with a provider stands, for all workers.

    `next_at` is when the rate limit is all used up to; nothing is sent before `held_until`, after `failures` calls
    without an answer in a row. `reason` is what was said last.
    """

    __tablename__: ClassVar[Any] = "provider_accounts"
    name: str = Field(primary_key=True)
    next_at: datetime | None = instant(nullable=True)
    failures: int = 0
    failing_since: datetime | None = instant(nullable=True)
    held_until: datetime | None = instant(nullable=True)
    reason: str | None = None


class SandboxMessage(Row, table=True):
    """A message that the sandbox channel holds, for reading."""

    __tablename__: ClassVar[Any] = "sandbox_messages"
    key: str = Field(primary_key=True)
    channel: str
    recipient: str
    body: str = Field(sa_type=Text)
    at: datetime = instant()


class ProviderToken(Row, table=True):
    """The access token of an account with a provider, shared by all workers."""

    __tablename__: ClassVar[Any] = "provider_tokens"
    account: str = Field(primary_key=True)
    token: str = Field(repr=False)
    expires_at: datetime = instant()


class WecomFriend(Row, table=True):
    """Whether an employee and a customer are friends in WeCom, since `at`, by WeCom's callbacks."""

    __tablename__: ClassVar[Any] = "wecom_friends"
    external_userid: str = Field(primary_key=True)
    userid: str = Field(primary_key=True)
    friends: bool
    at: datetime = instant()


class WecomReminder(Row, table=True):
    """How often an employee was reminded of a message that waits for them in WeCom."""

    __tablename__: ClassVar[Any] = "wecom_reminders"
    msgid: str = Field(primary_key=True)
    times: int


class WechatAllowance(Row, table=True):
    """So many messages may still go to an openid, one `way`, and until a time if there is one.

    The way is `conversation`, `moment` or the id of a template that was subscribed to.
    """

    __tablename__: ClassVar[Any] = "wechat_allowances"
    openid: str = Field(primary_key=True)
    way: str = Field(primary_key=True)
    left: int
    until: datetime | None = instant(nullable=True)
