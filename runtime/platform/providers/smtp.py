"""A mail server as the environment tells of it. What it needs is imported only where it is configured."""

import ssl
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.platform.providers.public import site

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from fastapi import APIRouter

    from activities.adapters.smtp.channel import SmtpMail
    from domain.store.clock import Clock
    from domain.store.work import Database

_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def _is_address(value: str) -> str:
    name, at, domain = parseaddr(value)[1].rpartition("@")
    if not (name and at and domain and value.isprintable()):
        raise ValueError("must be an address, like 绿野 <hi@shop.example>")
    return value


Written = Annotated[str, AfterValidator(_is_address)]


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_SMTP_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_SMTP_", frozen=True, env_ignore_empty=True)

    host: str = Field(min_length=1)
    sender: Written
    security: Literal["tls", "starttls", "none"] = "tls"
    port: int | None = Field(default=None, ge=1, le=65535, description="465 with TLS, 587 with STARTTLS, else 25")
    username: str | None = None
    password: SecretStr | None = None
    bounces: Written | None = Field(default=None, description="where bounces go to; the sender")
    ca: Path | None = Field(default=None, description="certificates to trust, besides those of the system")
    callback_token: SecretStr | None = Field(
        default=None, min_length=16, description="stands in the address that returned mail is posted to"
    )
    per_second: float | None = Field(default=None, gt=0, description="messages; as fast as they come if it isn't set")
    at_once: int = Field(default=5, ge=1, le=50, description="connections")
    timeout: float = Field(default=15, gt=0, le=20, description="seconds to wait for an answer")


def adapter(settings: Settings, _db: "Database | None", clock: "Clock", portal: "BlockingPortal") -> "SmtpMail":
    """What carries email."""
    from activities.adapters.smtp.channel import Server, SmtpMail
    from domain.channels.delivery import Account

    server = Server(
        settings.host,
        settings.port or _PORTS[settings.security],
        settings.sender,
        settings.security,
        settings.username,
        settings.password.get_secret_value() if settings.password else None,
        parseaddr(settings.bounces)[1] if settings.bounces else None,
        settings.timeout,
        ssl.create_default_context(cafile=settings.ca) if settings.ca else None,
    )
    account = Account(f"smtp/{settings.host}", settings.per_second, settings.at_once)
    return SmtpMail(portal, clock, server, site(), account)


def receivers(settings: Settings) -> "list[APIRouter]":
    """What unsubscribes and takes returned mail; none where no links are signed."""
    from api.receivers.mail import router

    signed = site()
    token = settings.callback_token
    return [router(token.get_secret_value() if token else None, signed)] if signed else []
