"""When a provider wants to be asked again."""

import pytest

from activities.adapters.retry_after import seconds_of

NOON, LATER = "Mon, 02 Mar 2026 12:00:00 GMT", "Mon, 02 Mar 2026 12:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": LATER, "Date": NOON}, 30),
        ({"Retry-After": NOON, "Date": LATER}, 0),
        ({"Retry-After": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0),
        ({"Retry-After": LATER, "Date": "noon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({}, None),
    ],
)
def test_is_told_in_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_of(headers) == seconds
