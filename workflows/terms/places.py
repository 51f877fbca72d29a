"""Where something is, and how far that is from somewhere else. The database reckons alike."""

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from typing import Any

from workflows.terms.comparing import as_number

EARTH_KM = 6371.0088
"""The mean radius of the Earth; https://doi.org/10.1007/s001900050278"""

Place = tuple[float, float]
"""Latitude and longitude, in degrees."""


def as_place(value: Any) -> Place | None:
    """A location from `{lat, lon}` in degrees; None for anything else."""
    if not isinstance(value, Mapping):
        return None
    lat, lon = as_number(value.get("lat")), as_number(value.get("lon"))
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return float(lat), float(lon)


def within_km(value: Any, of: Any, km: float) -> bool:
    """Whether a location, or one of a list of them, is so near to another; false without one."""
    centre = as_place(of)
    places = [as_place(each) for each in (value if isinstance(value, list) else [value])]
    return centre is not None and any(place is not None and distance_km(place, centre) <= km for place in places)


def distance_km(one: Place, other: Place) -> float:
    """Along the great circle, by the haversine formula."""
    (lat, lon), (other_lat, other_lon) = one, other
    across, along = sin(radians(other_lat - lat) / 2), sin(radians(other_lon - lon) / 2)
    half = across * across + cos(radians(lat)) * cos(radians(other_lat)) * along * along
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))
