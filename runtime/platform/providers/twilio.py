"""Twilio, as the environment tells of it."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.platform.providers.public import public_url

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from fastapi import APIRouter

    from activities.adapters.twilio.channel import TwilioSms
    from domain.store.clock import Clock
    from domain.store.work import Database


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_TWILIO_ and its name in capitals. The sender is a number or a service."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_TWILIO_", frozen=True, env_ignore_empty=True)

    account_sid: str = Field(pattern=r"^AC[0-9A-Za-z]+$")
    auth_token: SecretStr = Field(min_length=1)
    from_number: str | None = None
    messaging_service_sid: Annotated[str | None, Field(pattern=r"^MG[0-9A-Za-z]+$", validate_default=True)] = None
    base_url: str = Field(default="https://api.twilio.com", pattern=r"^https?://[^\s/]+/?$")
    per_second: float | None = Field(default=None, gt=0, description="messages; as fast as they come if it isn't set")
    at_once: int = Field(default=50, ge=1, le=100, description="requests; Twilio refuses more than a hundred")
    timeout: float = Field(default=15, gt=0, le=20, description="seconds to wait for an answer")

    @field_validator("messaging_service_sid")
    @classmethod
    def _one_sender(cls, service: str | None, info: ValidationInfo) -> str | None:
        if (service is None) == (info.data.get("from_number") is None):
            raise PydanticCustomError("one_sender", "set either this or ..._from_number")
        return service


def adapter(settings: Settings, _db: "Database", _clock: "Clock", portal: "BlockingPortal") -> "TwilioSms":
    """What carries text messages."""
    from activities.adapters.twilio.channel import Access, TwilioSms
    from domain.channels.delivery import Account

    access = Access(
        settings.account_sid,
        settings.auth_token.get_secret_value(),
        settings.from_number or settings.messaging_service_sid or "",
        base_url=settings.base_url,
        public_url=public_url(),
        timeout=settings.timeout,
    )
    return TwilioSms(access, Account(f"twilio/{settings.account_sid}", settings.per_second, settings.at_once), portal)


def receivers(settings: Settings, public_url: str | None) -> "list[APIRouter]":
    """What takes Twilio's callbacks; none without a public address, which their signature is made over."""
    from api.receivers.twilio import router

    return [router(settings.auth_token.get_secret_value(), public_url)] if public_url else []
