"""Which provider sends text messages to which country, as the environment tells."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from runtime import StartError
from workflows.terms.channels import Channel

if TYPE_CHECKING:
    from activities.adapters.approved_sms.routes import SmsRoutes
    from domain.channels.delivery import ChannelAdapter
    from domain.store.clock import Clock
    from domain.store.work import Database

EXAMPLE = '{"86": {"aliyun_sms": 3, "tencent_sms": 1}, "*": {"twilio": 1}}'

Country = Annotated[str, Field(pattern=r"^(?:[1-9][0-9]{0,2}|\*)$")]
Weight = Annotated[int, Field(ge=0, le=1000)]


class RouteSettings(BaseSettings):
    """AFTERSHOW_SMS_ROUTES: a JSON object of weights by provider, by country code, and by `*` for the others."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True, env_ignore_empty=True)

    sms_routes: dict[Country, Annotated[dict[str, Weight], Field(min_length=1)]] = Field(default_factory=dict)


def check_routes(channel: Channel, providers: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """The routes, if there are any; those of text messages alone. Raises StartError for what can't be meant."""
    if channel != "sms":
        return {}
    try:
        routes = RouteSettings().sms_routes
    except (SettingsError, ValidationError):
        raise StartError(f"AFTERSHOW_SMS_ROUTES: not a JSON object like {EXAMPLE}") from None
    named = {name for weights in routes.values() for name in weights}
    if missing := sorted(named - set(providers)):
        raise StartError(f"AFTERSHOW_SMS_ROUTES: {missing[0]} is not set up")
    if len(providers) > 1 and not routes:
        both = " and ".join(providers)
        raise StartError(f"AFTERSHOW_SMS_ROUTES: {both} are set up; say which sends what, like {EXAMPLE}")
    return routes


def routed(
    db: "Database", clock: "Clock", providers: "Mapping[str, ChannelAdapter]", routes: Mapping[str, Mapping[str, int]]
) -> "SmsRoutes":
    """What carries text messages by several providers."""
    from activities.adapters.approved_sms.routes import SmsRoutes

    return SmsRoutes(db, clock, providers, routes)
