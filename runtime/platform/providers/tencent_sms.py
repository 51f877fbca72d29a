"""Tencent Cloud SMS (腾讯云短信) as the environment tells of it. What it needs is imported where it is configured."""

from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from fastapi import APIRouter

    from activities.adapters.approved_sms.channel import ApprovedSms
    from activities.adapters.approved_sms.tencent import Tencent
    from domain.store.clock import Clock
    from domain.store.work import Database


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_TENCENT_SMS_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_TENCENT_SMS_", frozen=True, env_ignore_empty=True)

    secret_id: str = Field(min_length=1)
    secret_key: SecretStr = Field(min_length=1)
    app_id: str = Field(pattern=r"^[0-9]+$", description="of the application that sends, SdkAppId")
    region: str = "ap-guangzhou"
    callback_token: SecretStr = Field(min_length=16, description="stands in the address of the callbacks")
    base_url: str = Field(default="https://sms.tencentcloudapi.com", pattern=r"^https?://[^\s/]+/?$")
    per_second: float | None = Field(default=None, gt=0, description="messages; as fast as they come if it isn't set")
    at_once: int = Field(default=20, ge=1, le=100, description="requests")
    timeout: float = Field(default=10, gt=0, le=15, description="seconds to wait for an answer")


def adapter(settings: Settings, db: "Database", _clock: "Clock", _portal: "BlockingPortal") -> "ApprovedSms":
    """What carries text messages."""
    from activities.adapters.approved_sms.channel import ApprovedSms
    from domain.channels.delivery import Account

    account = Account(f"tencent_sms/{settings.app_id}", settings.per_second, settings.at_once)
    return ApprovedSms(db, account, api(settings))


def api(settings: Settings) -> "Tencent":
    """What calls the provider."""
    from activities.adapters.approved_sms.tencent import Keys, Tencent

    secret = settings.secret_key.get_secret_value()
    keys = Keys(settings.secret_id, secret, settings.app_id, settings.region, settings.base_url, settings.timeout)
    return Tencent(keys)


def receiver(settings: Settings) -> "APIRouter":
    """What takes the callbacks."""
    from api.receivers.approved_sms import tencent

    return tencent(settings.callback_token.get_secret_value())
