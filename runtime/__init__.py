"""Starts things: settings, the command line, the API and worker processes, the embedded Postgres and Temporal."""

import sys

from rich.console import Console

CONSOLE = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 120)
"""The one way to the terminal."""


class StartError(Exception):
    """An expected failure. The text says what is wrong and what to do, in plain words."""
