"""An identity provider (OpenID Connect) as the environment tells of it."""

from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from api.access.oidc import Oidc


class Settings(BaseSettings):
    """Each field is read from AFTERSHOW_OIDC_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_OIDC_", frozen=True)

    issuer: str = Field(pattern=r"^https?://[^\s]+$", description="as the provider writes it")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    label: str = Field(default="企业账号", min_length=1, max_length=30, description="on the button")


def signin_way(settings: Settings) -> "Oidc":
    """How users sign in by it."""
    from api.access.oidc import Oidc

    return Oidc(settings.issuer, settings.client_id, settings.client_secret.get_secret_value(), settings.label)
