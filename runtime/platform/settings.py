"""What a process is told by its environment. Temporal's address is in the SDK's own variables (TEMPORAL_ADDRESS …)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from activities.adapters.webhook import Target
from domain.intake.retention import SHORTEST
from domain.texts.links import Site
from runtime import StartError
from runtime.platform.embedded import postgres_program
from runtime.platform.providers import provider_of, settings_of
from runtime.platform.providers.public import Public
from workflows.terms.channels import CHANNEL_KINDS


class Outside(BaseSettings):
    """What journeys may call. Each field is read from AFTERSHOW_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True)

    webhooks: dict[str, Target] = Field(default_factory=dict, repr=False)


class Settings(Outside, Public):
    """What a service needs to know."""

    database_url: str = Field(repr=False, min_length=1)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    signing_key: SecretStr | None = Field(
        default=None, min_length=32, description="signs the links in messages and to screens"
    )
    specs: Path = Path("journey_specs")
    templates: Path = Path("templates/messages")
    body_limit: int = Field(default=1_000_000, ge=1, description="bytes of one request")
    batch_limit: int = Field(default=1000, ge=1, description="events of one request")
    rate: int = Field(default=2000, ge=1, description="events per second and key, in each API process")
    keep_events: int | None = Field(
        default=None, ge=SHORTEST.days, description="days for which what events said is kept; else for ever"
    )
    cohort_size: int = Field(default=500, ge=1, le=1000, description="enrollments of one run, at most")
    gather: int = Field(default=100, ge=0, le=10_000, description="ms for which a burst of starts is gathered")
    erp_url: str | None = Field(
        default=None, min_length=1, description="takes orders at /orders; else kept in Postgres"
    )
    erp_token: SecretStr | None = Field(default=None, min_length=1, description="sent to the ERP as a bearer token")


def load_settings() -> Settings:
    """The settings of this process. Raises StartError naming every variable that is missing or wrong."""
    check_providers()
    with _told():
        return Settings()


def webhook_targets() -> dict[str, Target]:
    """The webhooks that are configured, by name. Raises StartError."""
    with _told():
        return Outside().webhooks


@contextmanager
def _told() -> Iterator[None]:
    """Raises StartError naming every variable that is missing or wrong, and nobody's secret."""
    try:
        yield
    except SettingsError:
        raise StartError("AFTERSHOW_WEBHOOKS: not a JSON object") from None
    except ValidationError as problem:
        errors = problem.errors(include_input=False, include_context=False, include_url=False)
        lines = [f"{_variable(error['loc'])}: {error['msg'].lower()}" for error in errors]
        raise StartError("\n".join([*lines, "`aftershow up` needs none of these; see README.md"])) from None


def check_providers() -> None:
    """Raises StartError naming what is missing or wrong for a provider that is configured at all."""
    for kind in CHANNEL_KINDS.values():
        settings_of(provider_of(kind.provider).Settings)


def _variable(place: tuple[int | str, ...]) -> str:
    return " ".join([f"AFTERSHOW_{str(place[0]).upper()}", *map(str, place[1:])])


def database_url(data: Path) -> str:
    """Where Postgres is: as the environment says, else the one of an `aftershow up` on this data directory."""
    if told := os.environ.get("AFTERSHOW_DATABASE_URL"):
        return told
    if not (data / "postgres").is_dir():
        raise StartError(f"there is no data in {data}; name the directory of an `aftershow up` with --data")
    return postgres_program(data)[1]


def signing_key(data: Path) -> str:
    """What signs links: as the environment says, else what an `aftershow up` keeps in this data directory."""
    if told := os.environ.get("AFTERSHOW_SIGNING_KEY"):
        return told
    if not (kept := data / "signing-key").is_file():
        raise StartError(
            "set AFTERSHOW_SIGNING_KEY to the API's, or name the directory of an `aftershow up` with --data"
        )
    return kept.read_text().strip()


def site_of(settings: Settings) -> Site | None:
    """Where the links in messages lead to; None unless both the address and the key are set."""
    if settings.public_url is None or settings.signing_key is None:
        return None
    return Site(settings.public_url, settings.signing_key.get_secret_value().encode())
