"""Secrets of connected systems, and where these may be, as the environment tells."""

import os
import re

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from activities.adapters.sources.source import Surroundings
from domain.store.clock import Clock
from runtime.platform.providers.webhooks import setting_errors
from workflows.language.connectors import SECRET


class ConnectSettings(BaseSettings):
    """AFTERSHOW_PRIVATE_HOSTS: a JSON list of the hosts that connectors may ask in private networks, and by http."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True)

    private_hosts: frozenset[str] = Field(default=frozenset())


def secret(name: str) -> str | None:
    """A secret of the environment; only those that connectors may have."""
    return os.environ.get(name) if re.fullmatch(SECRET, name) else None


def surroundings(clock: Clock) -> Surroundings:
    """What connectors need of this process. Raises StartError."""
    with setting_errors():
        hosts = ConnectSettings().private_hosts
    return Surroundings(secret, clock, hosts)
