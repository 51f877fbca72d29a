"""Where customers and providers reach us."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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
