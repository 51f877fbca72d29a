"""Where customers and providers reach us."""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.texts.links import Site
from runtime import StartError


class Public(BaseSettings):
    """AFTERSHOW_PUBLIC_URL, the address of the API from outside."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True)

    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+$", description="where we are reached")


def public_url() -> str | None:
    """The address, if there is one. Raises StartError if it is none."""
    try:
        return Public().public_url
    except ValidationError:
        raise StartError("AFTERSHOW_PUBLIC_URL is no address; it looks like https://shop.example") from None


class Signing(BaseSettings):
    """AFTERSHOW_SIGNING_KEY, which signs links."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True)

    signing_key: SecretStr | None = Field(default=None, min_length=32)


def site() -> Site | None:
    """Where the links in messages lead to, and what signs them; None unless both are set. Raises StartError."""
    url = public_url()
    try:
        key = Signing().signing_key
    except ValidationError:
        raise StartError("AFTERSHOW_SIGNING_KEY must have 32 characters or more") from None
    return Site(url, key.get_secret_value().encode()) if url and key else None
