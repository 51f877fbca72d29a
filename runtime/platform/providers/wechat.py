"""A WeChat Official Account as the environment tells of it. What it needs is imported only where it is configured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from anyio.from_thread import BlockingPortal
from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.store.clock import Clock
from domain.store.work import Database
from runtime.platform.providers import settings_of

if TYPE_CHECKING:
    from fastapi import APIRouter

    from activities.adapters.wechat.channel import Wechat
    from activities.adapters.wechat.client import WechatClient
    from api.plays.wechat import WechatViewers, WhoOf
    from api.receivers.wechat import Callback, Side


BAD_CODES = frozenset({40029, 40163, 41008, 42003})
"""WeChat's codes for a code of a viewer that is none, was used, is missing or ran out."""


def _is_key(value: SecretStr) -> SecretStr:
    from api.receivers.tencent import aes_key

    aes_key(value.get_secret_value())
    return value


SealingKey = Annotated[SecretStr, AfterValidator(_is_key)]
"""An EncodingAESKey, as WeChat's console shows it."""


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_WECHAT_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_WECHAT_", frozen=True)

    app_id: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    token: SecretStr = Field(min_length=1, description="signs the callbacks")
    encoding_aes_key: SealingKey | None = Field(
        default=None, description="seals the callbacks; without it they are plain"
    )
    base_url: HttpUrl = HttpUrl("https://api.weixin.qq.com")
    timeout: float = Field(default=8, gt=0, le=10, description="seconds; four calls must end within a heartbeat")
    per_second: float = Field(default=50, gt=0, description="messages")
    at_once: int = Field(default=20, ge=1, le=100, description="calls in flight")


class MiniSettings(BaseSettings):
    """A mini program (小程序). Each field is read from AFTERSHOW_MINIPROGRAM_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_MINIPROGRAM_", frozen=True)

    app_id: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    base_url: HttpUrl = HttpUrl("https://api.weixin.qq.com")
    timeout: float = Field(default=3, gt=0, le=10, description="seconds")


def viewers() -> "WechatViewers":
    """How those are named who look at plays in WeChat, as far as it is configured."""
    from api.plays.wechat import WechatViewers

    page, mini = settings_of(Settings), settings_of(MiniSettings)
    return WechatViewers(
        page.app_id if page else "",
        _who(page, "oauth2/access_token", "code", "openid") if page else None,
        _who(mini, "jscode2session", "js_code", "openid:mini") if mini else None,
    )


def _who(settings: Settings | MiniSettings, path: str, name: str, kind: str) -> "WhoOf":
    """Redeems codes at WeChat, which answers with an openid, of ours a unionid too, and what we don't keep."""
    import logging

    import httpx

    from api.plays.wechat import AwayError, CodeError

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, which hold the secret

    async def who(code: str) -> Mapping[str, str]:
        account = {"appid": settings.app_id, "secret": settings.secret.get_secret_value()}
        query = {**account, name: code, "grant_type": "authorization_code"}
        try:
            async with httpx.AsyncClient(base_url=str(settings.base_url), timeout=settings.timeout) as http:
                answer = (await http.get(f"/sns/{path}", params=query)).raise_for_status().json()
            known = {kind: answer.get("openid"), "unionid": answer.get("unionid")}
            error = answer.get("errcode", 0)
        except (httpx.HTTPError, ValueError, AttributeError) as problem:
            raise AwayError(type(problem).__name__) from None
        if error in BAD_CODES:
            raise CodeError
        if error or not isinstance(known[kind], str):
            raise AwayError(f"errcode {error}")
        return {name: value for name, value in known.items() if isinstance(value, str) and value}

    return who


def adapter(settings: Settings, db: Database, clock: Clock, portal: BlockingPortal) -> "Wechat":
    """What carries messages."""
    from activities.adapters.wechat.channel import Wechat
    from domain.channels.delivery import Account

    account = Account(f"wechat/{settings.app_id}", settings.per_second, settings.at_once)
    return Wechat(portal, db, clock, client(settings, db, clock), account)


def client(settings: Settings | MiniSettings, db: Database, clock: Clock) -> "WechatClient":
    """What calls WeChat as the account."""
    from activities.adapters.wechat.client import WechatClient

    return WechatClient(
        db,
        clock,
        app_id=settings.app_id,
        secret=settings.secret.get_secret_value(),
        base_url=str(settings.base_url),
        timeout=settings.timeout,
    )


def receiver(settings: Settings) -> "APIRouter":
    """What takes WeChat's callbacks."""
    from api.receivers.wechat import OFFICIAL, router

    return router(callback(settings.app_id, settings.token, settings.encoding_aes_key, OFFICIAL))


def callback(app_id: str, token: SecretStr, sealed: SecretStr | None, side: "Side") -> "Callback":
    """What callbacks are signed and sealed with."""
    from api.receivers.tencent import aes_key
    from api.receivers.wechat import Callback

    return Callback(app_id, token.get_secret_value(), aes_key(sealed.get_secret_value()) if sealed else None, side)
