"""Starts things: settings, the command line, the API and worker processes, the embedded Postgres and Temporal."""


class StartError(Exception):
    """An expected failure. The text says what is wrong and what to do, in plain words."""
