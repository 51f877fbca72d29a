"""A mini program (小程序) as the environment tells of it. What it needs is imported only where it is configured."""

from typing import TYPE_CHECKING

from anyio.from_thread import BlockingPortal
from pydantic import Field, SecretStr

from domain.store.clock import Clock
from domain.store.work import Database
from runtime.platform.providers import wechat

if TYPE_CHECKING:
    from fastapi import APIRouter

    from activities.adapters.mini.channel import Mini


class Settings(wechat.MiniSettings):
    """Each field is read from AFTERSHOW_MINIPROGRAM_ and its name. Without a token no consents are heard of."""

    token: SecretStr | None = Field(default=None, min_length=1, description="signs the callbacks")
    encoding_aes_key: wechat.SealingKey | None = Field(
        default=None, description="seals the callbacks; without it they are plain"
    )
    timeout: float = Field(default=8, gt=0, le=10, description="seconds; four calls must end within a heartbeat")
    per_second: float = Field(default=50, gt=0, description="messages")
    at_once: int = Field(default=20, ge=1, le=100, description="calls in flight")


def adapter(settings: Settings, db: Database, clock: Clock, portal: BlockingPortal) -> "Mini":
    """What carries subscription messages."""
    from activities.adapters.mini.channel import Mini
    from domain.channels.delivery import Account

    account = Account(f"mini/{settings.app_id}", settings.per_second, settings.at_once)
    return Mini(portal, db, clock, wechat.client(settings, db, clock), account)


def receivers(settings: Settings) -> "list[APIRouter]":
    """What takes the mini program's callbacks; none without the token that signs them."""
    from api.receivers.wechat import MINI, router

    token = settings.token
    return [router(wechat.callback(settings.app_id, token, settings.encoding_aes_key, MINI))] if token else []
