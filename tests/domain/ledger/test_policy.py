"""Quiet hours and caps, in the customer's own days."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import Shop

from domain.journeys.tables import Enrollment
from domain.ledger.policy import Rules, full_caps, open_channel, quiet_until, sent_since, tightened
from domain.ledger.tables import Message
from workflows.language.policy import Policy
from workflows.terms.calendar import WEEKDAYS
from workflows.terms.channels import CHANNELS, Channel
from workflows.terms.limits import Limits, QuietHours, quiet_minutes
from workflows.terms.values import local_day

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]
instants = st.integers(0, 527_040).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))


def quiet(start: str, end: str, *own: str) -> Rules:
    policy = Policy.model_validate({"quiet_hours": {"start": start, "end": end}})
    return tightened(policy, Limits.model_validate({"quiet_hours": own[0]}) if own else None)


@settings(max_examples=500, deadline=None)
@given(instants, clocks, clocks, st.sampled_from(ZONES))
def test_quiet_hours_end_once_and_later(now: datetime, start: str, end: str, name: str) -> None:
    if start == end:
        return
    policy, zone = quiet(start, end), ZoneInfo(name)
    until = quiet_until(policy, now, zone)
    wall = f"{now.astimezone(zone):%H:%M}"
    inside = start <= wall < end if start < end else wall >= start or wall < end
    assert (until is not None) == inside
    if until is not None:
        assert now < until <= now + timedelta(hours=26)


@pytest.mark.parametrize(
    ("clock", "until"), [("21:59", None), ("22:00", "08:00"), ("00:00", "08:00"), ("07:59", "08:00"), ("08:00", None)]
)
def test_quiet_hours_are_half_open(clock: str, until: str | None) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    now = datetime.fromisoformat(f"2026-03-02T{clock}").replace(tzinfo=zone)
    found = quiet_until(quiet("22:00", "08:00"), now, zone)
    assert (found and f"{found.astimezone(zone):%H:%M}") == until


minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@settings(max_examples=300, deadline=None)
@given(instants, st.tuples(minutes, minutes, minutes, minutes))
def test_it_is_quiet_by_the_policy_or_by_the_journey(now: datetime, clocks: tuple[str, str, str, str]) -> None:
    start, end, first, last = clocks
    if start == end or first == last:
        return
    zone = ZoneInfo("Asia/Shanghai")
    both = quiet(start, end, f"{first}-{last}")
    spans = [Rules([span], []) for span in both.quiet]
    until = quiet_until(both, now, zone)
    assert (until is not None) == any(quiet_until(span, now, zone) for span in spans)
    while until is not None and now < until:
        assert any(quiet_until(span, now, zone) for span in spans)
        now += timedelta(minutes=17)


@settings(max_examples=300, deadline=None)
@given(st.tuples(minutes, minutes, minutes, minutes))
def test_a_span_covers_another_if_it_is_quiet_whenever_that_is(clocks: tuple[str, str, str, str]) -> None:
    start, end, first, last = clocks
    if start == end or first == last:
        return
    outer, inner = QuietHours(start=start, end=end), QuietHours(start=first, end=last)
    midnight, zone = datetime(2026, 3, 2, tzinfo=UTC), ZoneInfo("UTC")
    day = [midnight + timedelta(minutes=minute) for minute in range(24 * 60)]
    quiet_by = [{at for at in day if quiet_until(Rules([span], []), at, zone)} for span in (outer, inner)]
    assert (quiet_minutes([outer]) >= quiet_minutes([inner])) == (quiet_by[1] <= quiet_by[0])


@settings(max_examples=300, deadline=None)
@given(instants, st.sets(st.sampled_from(WEEKDAYS), min_size=1, max_size=6), minutes, minutes)
def test_quiet_weekdays_and_hours_follow_each_other(now: datetime, days: set[str], start: str, end: str) -> None:
    """A hold is over at the first minute at which it isn't quiet, be it days away."""
    written = [*sorted(days), *([f"{start}-{end}"] if start != end else [])]
    if len(quiet_minutes(map(QuietHours.model_validate, written))) == 7 * 24 * 60:
        return
    zone = ZoneInfo("Asia/Shanghai")
    rules = tightened(Policy.model_validate({"quiet_hours": written}))
    quiet_by = quiet_minutes(rules.quiet)

    def is_quiet(at: datetime) -> bool:
        local = at.astimezone(zone)
        return local.weekday() * 1440 + local.hour * 60 + local.minute in quiet_by

    until = quiet_until(rules, now, zone)
    assert (until is not None) == is_quiet(now)
    if until is not None:
        assert not is_quiet(until)
        assert all(is_quiet(now + timedelta(minutes=past)) for past in range(int((until - now).total_seconds() // 60)))


def test_a_hold_into_the_doubled_hour_ends() -> None:
    zone = ZoneInfo("America/New_York")
    second = datetime(2026, 11, 1, 1, 10, tzinfo=zone, fold=1)
    until = quiet_until(quiet("22:00", "01:30"), second.astimezone(UTC), zone)
    assert until == datetime(2026, 11, 1, 1, 30, tzinfo=zone, fold=1).astimezone(UTC)


sent_messages = st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 8), st.booleans()), max_size=12)
caps = st.dictionaries(
    st.sampled_from([*CHANNELS, "all"]), st.fixed_dictionaries({"count": st.integers(0, 4), "days": st.integers(1, 9)})
)


def test_caps_count_the_messages_of_their_calendar_days(shop: Shop) -> None:
    shop.publish(
        "{journey: j, trigger: {event: form.filled}, entry: {again: always}, steps: [{id: a, send: a, via: [sms]}]}"
    )
    (customer,) = shop.customers("li")
    shop.post("form.filled", "li")
    (enrollment,) = shop.rows(Enrollment)
    zone, now = ZoneInfo("Asia/Shanghai"), shop.clock.now()
    today = local_day(now, zone)

    @settings(max_examples=60, deadline=None)
    @given(sent_messages, caps)
    def check(sent: list[tuple[str, int, bool]], allowed: dict[str, dict[str, int]]) -> None:
        with shop.db() as session:
            for number, (channel, ago, counts) in enumerate(sent):
                session.add(
                    Message(
                        enrollment_id=enrollment.id, customer_id=customer, journey="j", step=str(number), template="a",
                        kind="marketing", channel=channel, recipient="", body="", status="sent", counts=counts,
                        day=today - timedelta(days=ago), claimed_at=now,
                    )
                )  # fmt: skip
            session.flush()
            policy = tightened(Policy.model_validate({"caps": allowed}))
            full = full_caps(policy, sent_since(session, policy, [customer], now).get(customer, Counter()), today)
        for name, cap in allowed.items():
            place = [ago for channel, ago, counts in sent if counts and name in (channel, "all") and ago < cap["days"]]
            assert (name in full) == (len(place) >= cap["count"])
        assert full <= allowed.keys()

    check()


objections = st.sampled_from([None, "no_consent", "unreachable"])


@given(
    st.lists(st.tuples(st.sampled_from(CHANNELS), objections), min_size=1, unique_by=lambda each: each[0]),
    st.sets(st.sampled_from([*CHANNELS, "all"])),
)
def test_the_first_open_channel_else_capped_before_no_consent_before_unreachable(
    channels: list[tuple[Channel, str | None]], full: set[str]
) -> None:
    allowed = dict(channels)
    via = tuple(allowed)
    channel, reason = open_channel(via, allowed, full)
    willing = [each for each in via if allowed[each] is None]
    going = [each for each in willing if each not in full and "all" not in full]
    assert channel == next(iter(going), None)
    if channel is None:
        assert reason == ("capped" if willing else "no_consent" if "no_consent" in allowed.values() else "unreachable")
