"""What a process is told by its environment. Temporal's address is in the SDK's own variables (TEMPORAL_ADDRESS …)."""

from typing import Literal

from pydantic import Field, SecretStr

from domain.intake.retention import SHORTEST
from domain.texts.links import Site
from runtime.platform.providers import configured
from runtime.platform.providers.public import Public
from runtime.platform.providers.sms_routes import check_routes
from runtime.platform.providers.webhooks import WebhookSettings, setting_errors
from workflows.terms.channels import CHANNEL_KINDS, Channel


class Settings(WebhookSettings, Public):
    """What a service needs to know."""

    database_url: str = Field(repr=False, min_length=1)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    log: Literal["text", "json"] = Field(default="text", description="how the lines of the log are written")
    worker_port: int | None = Field(
        default=None, ge=1, le=65535, description="of a worker's /healthz, /readyz and /metrics; without, they are off"
    )
    worker_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="where that port is open; it asks for no key",
    )
    signing_key: SecretStr | None = Field(
        default=None, min_length=32, description="signs the links in messages and to screens"
    )
    body_limit: int = Field(default=1_000_000, ge=1, description="bytes of one request")
    batch_limit: int = Field(default=1000, ge=1, description="events of one request")
    rate: int = Field(default=2000, ge=1, description="events per second and key, in each API process")
    keep_events: int | None = Field(
        default=None, ge=SHORTEST.days, description="days for which what events said is kept; else for ever"
    )
    cohort_size: int = Field(default=500, ge=1, le=1000, description="enrollments of one run, at most")
    gather: int = Field(default=100, ge=0, le=10_000, description="ms for which a burst of starts is gathered")
    temporal_ui: str | None = Field(
        default=None, min_length=1, description="the namespace's page in Temporal's UI, for links to runs"
    )
    test_addresses: dict[Channel, str] = Field(
        default_factory=dict, repr=False, description="where tests of texts may go beside one's own phone, by channel"
    )
    four_eyes: bool = Field(
        default=False, description="a draft is published from the console once a second person agrees"
    )
    erp_url: str | None = Field(
        default=None, min_length=1, description="takes orders at /orders; else kept in Postgres"
    )
    erp_token: SecretStr | None = Field(default=None, min_length=1, description="sent to the ERP as a bearer token")
    reader_url: str | None = Field(
        default=None, min_length=1, description="of an OpenAI-compatible API, whose model reads comments"
    )
    reader_model: str = Field(default="gpt-4o-mini", min_length=1, description="the model that reads comments")
    reader_token: SecretStr | None = Field(default=None, min_length=1, description="sent to it as a bearer token")
    reader_limit: int = Field(
        default=20_000,
        ge=0,
        description="comments that it is asked about in a day, by each worker",
    )


def load_settings() -> Settings:
    """The settings of this process. Raises StartError naming every variable that is missing or wrong."""
    check_providers()
    with setting_errors():
        return Settings()


def check_providers() -> None:
    """Raises StartError naming what is missing or wrong for a provider that is configured at all."""
    for channel, kind in CHANNEL_KINDS.items():
        check_routes(channel, list(configured(kind)))


def site_of(settings: Settings) -> Site | None:
    """Where the links in messages lead to; None unless both the address and the key are set."""
    if settings.public_url is None or settings.signing_key is None:
        return None
    return Site(settings.public_url, settings.signing_key.get_secret_value().encode())
