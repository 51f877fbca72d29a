"""Durations: exact below a day, by the wall clock from a day on; money and times of day as they are written."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workflows.terms.values import Duration, at_local, local_day, parse_money, parse_time

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(0, 2_104_000).map(lambda minute: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
exact = st.builds(lambda amount, unit: Duration(amount=amount, unit=unit), st.integers(1, 999), st.sampled_from("mh"))
calendar = st.builds(lambda amount, unit: Duration(amount=amount, unit=unit), st.integers(1, 99), st.sampled_from("dw"))


@given(exact, instants, zones)
def test_minutes_and_hours_are_exact(span: Duration, start: datetime, zone: ZoneInfo) -> None:
    assert span.after(start, zone) - start == span.nominal
    assert span.before(span.after(start, zone), zone) == start


@given(calendar, instants, zones)
def test_days_and_weeks_keep_the_wall_clock(span: Duration, start: datetime, zone: ZoneInfo) -> None:
    local, then = start.astimezone(zone), span.after(start, zone).astimezone(zone)
    assert abs((then - local) - span.nominal) <= timedelta(hours=1)
    wall = datetime.combine(local.date() + timedelta(days=span.days or 0), local.time().replace(fold=0))
    skipped = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
    if not skipped:
        assert then.replace(tzinfo=None) == wall
        assert span.before(then, zone).astimezone(zone).date() == local.date()


@given(calendar, instants, instants, zones)
def test_later_stays_later(span: Duration, one: datetime, other: datetime, zone: ZoneInfo) -> None:
    if one.astimezone(zone).replace(tzinfo=None) <= other.astimezone(zone).replace(tzinfo=None):
        assert span.after(one, zone) <= span.after(other, zone)


@pytest.mark.parametrize(
    ("zone", "start", "span", "end"),
    [
        ("America/New_York", "2026-03-07T18:00-05:00", "1d", "2026-03-08T18:00-04:00"),
        ("America/New_York", "2026-03-07T18:00-05:00", "24h", "2026-03-08T19:00-04:00"),
        ("America/New_York", "2026-03-07T02:30-05:00", "1d", "2026-03-08T03:30-04:00"),
        ("America/New_York", "2026-10-31T01:30-04:00", "1d", "2026-11-01T01:30-04:00"),
        ("Europe/London", "2026-10-24T18:00+01:00", "1d", "2026-10-25T18:00+00:00"),
        ("Europe/London", "2026-03-22T18:00+00:00", "1w", "2026-03-29T18:00+01:00"),
        ("Asia/Shanghai", "2026-02-28T23:59+08:00", "1d", "2026-03-01T23:59+08:00"),
    ],
)
def test_across_the_change_of_the_clocks(zone: str, start: str, span: str, end: str) -> None:
    found = Duration.of(span).after(datetime.fromisoformat(start), ZoneInfo(zone))
    assert found == datetime.fromisoformat(end)


@given(exact | calendar)
def test_a_duration_reads_what_it_writes(span: Duration) -> None:
    assert Duration.of(str(span)) == span


@pytest.mark.parametrize("text", ["", "0d", "-1h", "1.5h", "1 day", "h", "d1", "1s", "1y", "٣d", "1000000m", "1h30m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValidationError):
        Duration.of(text)


@given(instants, zones)
def test_a_local_day_begins_at_its_midnight(instant: datetime, zone: ZoneInfo) -> None:
    day = local_day(instant, zone)
    assert at_local(day, time(0), zone, instant) <= instant
    assert instant < at_local(day + timedelta(days=1), time(0), zone, instant)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("59元", 5900),
        ("59.9元", 5990),
        ("0.05 元", 5),
        ("0元", 0),
        ("59", None),
        ("-1元", None),
        ("1.234元", None),
        ("元", None),
    ],
)
def test_money(text: str, fen: int | None) -> None:
    assert parse_money(text) == fen


@pytest.mark.parametrize(
    ("text", "clock"), [("10:00", time(10)), ("9:05", time(9, 5)), ("00:00", time(0)), ("23:59", time(23, 59))]
)
def test_times_of_day(text: str, clock: time) -> None:
    assert parse_time(text) == clock


@pytest.mark.parametrize("text", ["24:00", "10:60", "600", "10", "１０:00", "10：00", ""])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        parse_time(text)


def test_a_day_is_a_day_in_its_zone() -> None:
    instant = datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert local_day(instant, ZoneInfo("Asia/Shanghai")) == date(2026, 3, 2)
    assert local_day(instant, ZoneInfo("America/New_York")) == date(2026, 3, 1)
