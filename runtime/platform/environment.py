"""The environment of an `aftershow up`, kept in its data directory for the commands that work on the running shop."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from runtime import StartError

DEFAULT_DATA = Path(".aftershow")
_RECORD = "environment.json"


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(f"{text}\n")


def keep_environment(data: Path, environment: Mapping[str, str]) -> None:
    """Record the variables that an `aftershow up` on this directory gives to its parts."""
    write_secret(data / _RECORD, json.dumps(environment, indent=1))


def environment_value(data: Path | None, variable: str) -> str:
    """The value of a variable for a command on a running shop.

    From then on, what the `aftershow up` on `data` has recorded is the environment of this process. Without `data`,
    the environment stays as it is if it has the variable; else the directory is AFTERSHOW_DATA_DIR, or .aftershow.
    Raises StartError if the variable is in none of them.
    """
    if data is None:
        if value := os.environ.get(variable):
            return value
        data = Path(os.environ.get("AFTERSHOW_DATA_DIR") or DEFAULT_DATA)
    try:
        recorded: dict[str, str] = json.loads((data / _RECORD).read_text())
    except OSError:
        raise StartError(
            f"no `aftershow up` has run on {data}; name the directory of one with --data, or set {variable}"
        ) from None
    os.environ.update(recorded)
    return recorded[variable]
