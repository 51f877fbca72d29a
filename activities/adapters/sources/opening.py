"""Which source a connector has."""

from collections.abc import Callable, Mapping
from typing import Any

from activities.adapters.sources.files import FilesSource
from activities.adapters.sources.jushuitan import JushuitanSource
from activities.adapters.sources.kingdee import KingdeeSource
from activities.adapters.sources.rest import RestSource
from activities.adapters.sources.source import Source, SourceError, Surroundings
from activities.adapters.sources.sql import SqlSource
from activities.adapters.sources.wangdian import WangdianSource
from workflows.language.connectors import Connector

SOURCES: Mapping[str, Callable[[Connector, Any, Surroundings], Source]] = {
    "sql": SqlSource,
    "rest": RestSource,
    "files": FilesSource,
    "jushuitan": JushuitanSource,
    "wangdian": WangdianSource,
    "kingdee": KingdeeSource,
}


def open_source(connector: Connector, surroundings: Surroundings) -> Source:
    """The source of a connector that pulls. Raises SourceError, also for one that is pushed to."""
    kind = connector.from_.kind
    if kind not in SOURCES:
        raise SourceError(f"{connector.connector} isn't pulled: {kind} pushes to /v1/receivers/{connector.connector}")
    return SOURCES[kind](connector, getattr(connector.from_, kind), surroundings)
