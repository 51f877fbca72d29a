"""Starts things: settings, the command line, the API and worker processes, the embedded Postgres and Temporal."""

import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from workflows.terms.values import Language

CONSOLE = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 120)
"""The one way to the terminal."""


class StartError(Exception):
    """An expected failure. The text says what is wrong and what to do, in plain words."""


def terminal_language() -> "Language":
    """What the terminal speaks: AFTERSHOW_LANG, else the locale's language if it is Chinese, else English."""
    names = ("AFTERSHOW_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    named = next((value for name in names if (value := os.environ.get(name))), "")
    return "zh" if named.lower().startswith("zh") else "en"
