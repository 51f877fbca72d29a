"""Where fields stand in what others send: JMESPath, the quick way and the whole one alike; times of any writing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workflows.language.mapping import _options, compiled, instant_of, value_of

PATHS = (
    "a", "a.b", "a || b", "a.b || c || a", "fen(a)", "fen(a || b)", "fen(a.b)", "(a || b).c", "a[].{b: b}", "a == 'x'",
    "join('/', [a, b])", "fen(a[0])", "a.b.c || fen(b)", "名称 || a", "$a || b",
)  # fmt: skip
LEAF = some.one_of(
    some.none(), some.booleans(), some.integers(-9, 9), some.floats(-9, 9), some.sampled_from(["", "x", "8.5", "0"])
)
VALUES = some.recursive(
    LEAF, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from("abc"), inner), max_leaves=8
)
RECORDS = some.dictionaries(some.sampled_from(["a", "b", "c", "名称", "$a"]), VALUES, max_size=4)


@given(RECORDS, some.sampled_from(PATHS))
def test_the_quick_way_finds_what_the_whole_one_finds(record: dict[str, Any], path: str) -> None:
    try:
        whole = compiled(path).search(record, _options(None))
    except Exception:
        whole = None
    found = value_of(path, record)
    assert (found, type(found)) == (whole, type(whole))


SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-02T09:05:00+08:00", AT), ("2026-03-02 09:05", AT), ("2026/3/2 9:05", AT),
        ("2026年3月2日 9:05:00", AT),
        ("20260302090500", AT), ("1772413500", AT), (1_772_413_500, AT), (1_772_413_500_000, AT),
        ("1772413500000", AT), ("2026-03-02", AT - timedelta(hours=9, minutes=5)), ("2026-03-02T01:05:00Z", AT),
        (datetime(2026, 3, 2, 9, 5), AT),  # noqa: DTZ001
        (AT, AT), ("soon", None), ("", None), (True, None), (10**30, None), (float("nan"), None), ([], None),
        ("2026-13-02", None), ("0001-01-01", None),
    ],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(written: Any, instant: datetime | None) -> None:
    assert instant_of(written, SHANGHAI) == instant


def test_a_time_without_a_zone_is_none_where_nobody_says_which() -> None:
    assert instant_of("2026-03-02 09:05", None) is None
