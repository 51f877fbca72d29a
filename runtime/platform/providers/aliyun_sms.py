"""Aliyun SMS (阿里云短信), as the environment tells of it. What it needs is imported only where it is configured."""

from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from fastapi import APIRouter

    from activities.adapters.approved_sms.aliyun import Aliyun
    from activities.adapters.approved_sms.channel import ApprovedSms
    from domain.store.clock import Clock
    from domain.store.work import Database


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_ALIYUN_SMS_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_ALIYUN_SMS_", frozen=True, env_ignore_empty=True)

    access_key_id: str = Field(min_length=1)
    access_key_secret: SecretStr = Field(min_length=1)
    callback_token: SecretStr = Field(min_length=16, description="stands in the address of the callbacks")
    base_url: str = Field(default="https://dysmsapi.aliyuncs.com", pattern=r"^https?://[^\s/]+/?$")
    per_second: float | None = Field(default=None, gt=0, description="messages; as fast as they come if it isn't set")
    at_once: int = Field(default=20, ge=1, le=100, description="requests")
    timeout: float = Field(default=10, gt=0, le=15, description="seconds to wait for an answer")


def adapter(settings: Settings, db: "Database", _clock: "Clock", _portal: "BlockingPortal") -> "ApprovedSms":
    """What carries text messages."""
    from activities.adapters.approved_sms.channel import ApprovedSms
    from domain.channels.delivery import Account

    account = Account(f"aliyun_sms/{settings.access_key_id}", settings.per_second, settings.at_once)
    return ApprovedSms(db, account, api(settings))


def api(settings: Settings) -> "Aliyun":
    """What calls the provider."""
    from activities.adapters.approved_sms.aliyun import Aliyun, Keys

    secret = settings.access_key_secret.get_secret_value()
    return Aliyun(Keys(settings.access_key_id, secret, settings.base_url, settings.timeout))


def receiver(settings: Settings) -> "APIRouter":
    """What takes the callbacks."""
    from api.receivers.approved_sms import aliyun

    return aliyun(settings.callback_token.get_secret_value())
