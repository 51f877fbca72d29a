"""The providers outside, each as soon as the environment tells of it."""

import os
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from runtime import StartError

_Settings = TypeVar("_Settings", bound=BaseSettings)


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
