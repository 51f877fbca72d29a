"""Cities, which are written with their 市 and without it."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col

_CITY = "市"


def plain(place: str) -> str:
    """A place without its 市: 杭州 for 杭州市. A name of two characters, like 沙市, is whole."""
    return place.removesuffix(_CITY) if len(place) > 2 else place


def spellings(place: str) -> tuple[str, str]:
    """How the place may be written."""
    return plain(place), plain(place) + _CITY


def is_in(column: Any, city: str) -> ColumnElement[bool]:
    """SQL of whether a column names the city."""
    return col(column).in_(spellings(city))
