"""An outside coupon service, as the environment tells of it."""

from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from activities.adapters.coupons import HttpCoupons
    from domain.store.clock import Clock
    from domain.store.work import Database


class CouponSettings(BaseSettings):
    """Each field is read from AFTERSHOW_COUPONS_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_COUPONS_", frozen=True, env_ignore_empty=True)

    url: str = Field(pattern=r"^https?://\S+$")
    key: SecretStr = Field(min_length=1)
    timeout: float = Field(default=5, gt=0, le=20, description="seconds to wait for an answer")


def adapter(settings: CouponSettings, db: "Database", clock: "Clock") -> "HttpCoupons":
    """What coupons are reserved with."""
    import httpx

    from activities.adapters.coupons import HttpCoupons

    headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"}
    return HttpCoupons(db, clock, httpx.Client(base_url=settings.url, headers=headers, timeout=settings.timeout))
