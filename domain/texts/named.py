"""Lists that read by themselves."""

from collections.abc import Mapping
from typing import Any


class Named(list[Mapping[str, Any]]):
    """A list that is written as the names of its items."""

    def __str__(self) -> str:
        return "、".join(str(item["name"]) for item in self)
