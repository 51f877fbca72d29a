"""Where a page of a list ends: an instant and a name, as the text that is given as `after` for the following page."""

import re
from datetime import UTC, datetime, timedelta

from api.http.problems import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(-?\d{1,18})_([^\x00]+)", re.ASCII)


def place(at: datetime, name: str | int) -> str:
    """The text of a place."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}_{name}"


def read_place(text: str | None) -> tuple[datetime, str] | None:
    """The place that `place` wrote; None for no text. Raises Invalid for any other."""
    if not text:
        return None
    match = _PLACE.fullmatch(text)
    try:
        if match:
            return _EPOCH + timedelta(microseconds=int(match[1])), match[2]
    except OverflowError:
        pass
    raise _invalid()


def read_number_place(text: str | None) -> tuple[datetime, int] | None:
    """The same for places that are named by a number."""
    found = read_place(text)
    if found is None:
        return None
    if not (found[1].isascii() and found[1].isdigit()) or int(found[1]) >= 2**63:
        raise _invalid()
    return found[0], int(found[1])


def _invalid() -> Invalid:
    return Invalid("`after` must be what an earlier page gave as `next`.")
