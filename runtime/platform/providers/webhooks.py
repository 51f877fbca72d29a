"""What journeys may call, as the environment tells of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from activities.adapters.webhook_target import Target
from runtime import StartError


class WebhookSettings(BaseSettings):
    """AFTERSHOW_WEBHOOKS: a JSON object of targets by the names that journeys know them by."""

    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_", frozen=True)

    webhooks: dict[str, Target] = Field(default_factory=dict, repr=False)


def webhook_targets() -> dict[str, Target]:
    """The webhooks that are configured, by name. Raises StartError."""
    with setting_errors():
        return WebhookSettings().webhooks


@contextmanager
def setting_errors() -> Iterator[None]:
    """Raises StartError naming every variable that is missing or wrong, and nobody's secret."""
    try:
        yield
    except SettingsError:
        raise StartError("AFTERSHOW_WEBHOOKS: not a JSON object") from None
    except ValidationError as problem:
        errors = problem.errors(include_input=False, include_context=False, include_url=False)
        lines = [f"{_variable(error['loc'])}: {error['msg'].lower()}" for error in errors]
        raise StartError("\n".join([*lines, "`aftershow up` needs none of these; see README.md"])) from None


def _variable(place: tuple[int | str, ...]) -> str:
    return " ".join([f"AFTERSHOW_{str(place[0]).upper()}", *map(str, place[1:])])
