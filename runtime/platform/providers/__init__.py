"""The providers outside, each as soon as the environment tells of it."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from runtime import StartError
from workflows.terms.channels import ChannelKind

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from domain.channels.delivery import ChannelAdapter
    from domain.store.clock import Clock
    from domain.store.work import Database

_Settings = TypeVar("_Settings", bound=BaseSettings)


class Provider(Protocol):
    """A module that knows how a channel is carried: its settings, and the adapter that they make."""

    Settings: type[BaseSettings]

    def adapter(
        self, settings: BaseSettings, db: "Database", clock: "Clock", portal: "BlockingPortal"
    ) -> "ChannelAdapter":
        """What carries the channel."""


def provider_of(name: str) -> Provider:
    """A provider by its name: its module here, which joins what calls it and what it calls back, else its adapter."""
    joined = f"{__name__}.{name}"
    return cast(Provider, import_module(joined if find_spec(joined) else f"activities.adapters.{name}"))


def settings_of(kind: type[_Settings]) -> _Settings | None:
    """The settings of a provider, or None if no variable of its prefix is set.

    Raises StartError naming every variable that is missing or wrong.
    """
    prefix = kind.model_config["env_prefix"]
    if not any(name.upper().startswith(prefix) for name in os.environ):
        return None
    try:
        return kind()
    except ValidationError as problem:
        lines = [f"{prefix}{str(error['loc'][0]).upper()}: {error['msg'].lower()}" for error in problem.errors()]
        raise StartError("\n".join([*lines, f"without any {prefix}… what is built in does it"])) from None


def configured(kind: ChannelKind) -> dict[str, BaseSettings]:
    """The settings of the providers that can carry a channel, by name, as far as the environment tells of them.

    Raises StartError naming every variable that is missing or wrong.
    """
    found = {name: settings_of(provider_of(name).Settings) for name in kind.providers}
    return {name: settings for name, settings in found.items() if settings is not None}
