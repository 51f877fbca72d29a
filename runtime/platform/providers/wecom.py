"""WeCom (企业微信) as the environment tells of it. What it needs is imported only where it is configured."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

from anyio.from_thread import BlockingPortal
from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.store.clock import Clock
from domain.store.work import Database
from workflows.terms.values import Duration

if TYPE_CHECKING:
    from fastapi import APIRouter

    from activities.adapters.wecom.channel import Wecom
    from activities.adapters.wecom.client import WecomClient
    from api.access.wecom_login import WecomLogin


def _is_key(value: SecretStr) -> SecretStr:
    from api.receivers.tencent import aes_key

    aes_key(value.get_secret_value())
    return value


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_WECOM_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_WECOM_", frozen=True)

    corp_id: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1, description="of the application that may call 客户联系")
    agent_id: int = Field(ge=1, description="the application's number")
    token: SecretStr = Field(min_length=1, description="signs the callbacks")
    encoding_aes_key: Annotated[SecretStr, AfterValidator(_is_key)] = Field(description="seals the callbacks")
    base_url: HttpUrl = HttpUrl("https://qyapi.weixin.qq.com")
    timeout: float = Field(default=8, gt=0, le=10, description="seconds; four calls must end within a heartbeat")
    per_second: float = Field(default=20, gt=0, description="messages")
    at_once: int = Field(default=10, ge=1, le=100, description="calls in flight")
    remind_after: Annotated[Duration, NoDecode] = Duration.of("4h")
    staff_timeout: Annotated[Duration, NoDecode] = Duration.of("24h")


def adapter(settings: Settings, db: Database, clock: Clock, portal: BlockingPortal) -> "Wecom":
    """What carries messages to customers, and todos to employees."""
    from activities.adapters.wecom.channel import Patience, Wecom
    from domain.channels.delivery import Account

    client = _client(settings, db, clock)
    account = Account(f"wecom/{settings.corp_id}", settings.per_second, settings.at_once)
    patience = Patience(settings.remind_after.nominal, settings.staff_timeout.nominal)
    return Wecom(portal, db, client, account, patience)


def signin_way(settings: Settings, db: Database, clock: Clock) -> "WecomLogin":
    """How employees sign in to the console."""
    from activities.adapters.tencent.client import LostError, NotTakenError, TencentRefusedError
    from api.access.outside import SigninFailedError
    from api.access.wecom_login import WecomLogin

    async def user_info(code: str) -> Mapping[str, Any]:
        try:
            async with aclosing(_client(settings, db, clock)) as client:
                return await client.get("auth/getuserinfo", {"code": code})
        except (NotTakenError, LostError, TencentRefusedError) as problem:
            raise SigninFailedError(str(problem)) from None

    return WecomLogin(settings.corp_id, settings.agent_id, settings.secret.get_secret_value(), user_info)


def receiver(settings: Settings) -> "APIRouter":
    """What takes WeCom's callbacks."""
    from api.receivers.tencent import aes_key
    from api.receivers.wecom import Callback, router

    key = aes_key(settings.encoding_aes_key.get_secret_value())
    return router(Callback(settings.corp_id, settings.token.get_secret_value(), key))


def _client(settings: Settings, db: Database, clock: Clock) -> "WecomClient":
    from activities.adapters.wecom.client import WecomClient

    return WecomClient(
        db,
        clock,
        corp_id=settings.corp_id,
        secret=settings.secret.get_secret_value(),
        agent_id=settings.agent_id,
        base_url=str(settings.base_url),
        timeout=settings.timeout,
    )
