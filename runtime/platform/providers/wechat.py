"""A WeChat Official Account as the environment tells of it. What it needs is imported only where it is configured."""

from typing import TYPE_CHECKING, Annotated

from anyio.from_thread import BlockingPortal
from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.store.clock import Clock
from domain.store.work import Database

if TYPE_CHECKING:
    from fastapi import APIRouter

    from activities.adapters.wechat.channel import Wechat


def _is_key(value: SecretStr) -> SecretStr:
    from api.receivers.tencent import aes_key

    aes_key(value.get_secret_value())
    return value


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_WECHAT_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_WECHAT_", frozen=True)

    app_id: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    token: SecretStr = Field(min_length=1, description="signs the callbacks")
    encoding_aes_key: Annotated[SecretStr, AfterValidator(_is_key)] | None = Field(
        default=None, description="seals the callbacks; without it they are plain"
    )
    base_url: HttpUrl = HttpUrl("https://api.weixin.qq.com")
    timeout: float = Field(default=8, gt=0, le=10, description="seconds; four calls must end within a heartbeat")
    per_second: float = Field(default=50, gt=0, description="messages")
    at_once: int = Field(default=20, ge=1, le=100, description="calls in flight")


def adapter(settings: Settings, db: Database, clock: Clock, portal: BlockingPortal) -> "Wechat":
    """What carries messages."""
    from activities.adapters.wechat.channel import Wechat
    from activities.adapters.wechat.client import WechatClient
    from domain.channels.delivery import Account

    client = WechatClient(
        db,
        clock,
        app_id=settings.app_id,
        secret=settings.secret.get_secret_value(),
        base_url=str(settings.base_url),
        timeout=settings.timeout,
    )
    account = Account(f"wechat/{settings.app_id}", settings.per_second, settings.at_once)
    return Wechat(portal, db, clock, client, account)


def receiver(settings: Settings) -> "APIRouter":
    """What takes WeChat's callbacks."""
    from api.receivers.tencent import aes_key
    from api.receivers.wechat import Callback, router

    sealed = settings.encoding_aes_key
    key = aes_key(sealed.get_secret_value()) if sealed else None
    return router(Callback(settings.app_id, settings.token.get_secret_value(), key))
