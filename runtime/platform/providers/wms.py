"""The warehouse system, as the environment tells of it; without it, our own book says what there is."""

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from activities.adapters.stock import HttpWarehouse, Ledger, Warehouse
from domain.store.work import Database
from runtime.platform.providers import settings_of


class WmsSettings(BaseSettings):
    """Each field is read from AFTERSHOW_WMS_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_WMS_", frozen=True)

    url: HttpUrl = Field(description="where `/levels` is")
    token: SecretStr = Field(min_length=1, description="sent as a bearer token")
    timeout: float = Field(default=10, gt=0, le=60, description="seconds")


def warehouse(db: Database) -> Warehouse:
    """Who is asked what there is."""
    settings = settings_of(WmsSettings)
    return HttpWarehouse(str(settings.url), settings.token, settings.timeout) if settings else Ledger(db)
