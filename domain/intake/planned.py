"""What will be sent when: the schedules of live journeys on the days of a year, with festivals and shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import holidays
from sqlmodel import Session, col, select

from domain.intake.schedules import festival_day, fires_on
from domain.membership.listing import sizes_by_day
from domain.published.library import Library, Live
from domain.stock.tables import Stream
from workflows.plan.model import EventTrigger, Plan, ScheduleTrigger
from workflows.terms.calendar import FESTIVALS
from workflows.terms.values import Language, at_local, local_day, parse_time
from workflows.words.describe import trigger_words

LOOKED_BACK = 7
"""Days back in which a segment's size is looked for."""

_WITH_A_SHOW = ("stream.started", "stream.ended")


@dataclass(frozen=True)
class Firing:
    """A journey that begins on a day: by its schedule, or because of the show `stream_id`.

    `customers` is how many are in the segment that it is for, at its last count; None where that isn't known.
    """

    journey: str
    title: str
    at: datetime
    words: str
    customers: int | None
    paused: bool
    stream_id: str | None = None


@dataclass
class PlannedDay:
    """A day of the business. `rest` if nobody works; `holiday` what the calendar calls it, `own` what the shop does."""

    day: date
    rest: bool
    holiday: str | None
    festivals: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)
    shows: list[Stream] = field(default_factory=list)


def planned(
    session: Session, library: Library, first: date, last: date, now: datetime, lang: Language
) -> Sequence[PlannedDay]:
    """Each day from the first to the last, both included, as it stands now."""
    years = range(first.year, last.year + 1)
    calendar = holidays.country_holidays("CN", years=years, language="zh_CN")
    begins = [(name, festival_day(name, year)) for year in years for name in FESTIVALS]
    shows = _shows(session, library, first, last, now)
    sizes = _sizes(session, library, now)
    days = []
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        found = PlannedDay(day, not calendar.is_working_day(day), calendar.get(day))
        found.festivals = [name for name, begin in begins if begin == day]
        found.own = [name for name, own in library.calendar.items() if any(each.is_on(day) for each in own)]
        found.shows = shows.get(day, [])
        for live in library.journeys.values():
            found.firings += _firings(live, library, day, found.shows, sizes, now, lang)
        found.firings.sort(key=lambda each: each.at)
        days.append(found)
    return days


def _firings(
    live: Live,
    library: Library,
    day: date,
    shows: Sequence[Stream],
    sizes: Mapping[str, int],
    now: datetime,
    lang: Language,
) -> Sequence[Firing]:
    plan, zone = live.plan, library.policy_zone
    trigger = plan.trigger
    if not _takes(plan, day):
        return []
    segment = (trigger.for_each or "").partition("segment:")[2]
    told = (plan.journey, plan.name)
    words, customers = trigger_words(trigger, library.wording(lang)), sizes.get(segment)
    if isinstance(trigger, ScheduleTrigger):
        if not fires_on(trigger, day, library.calendar):
            return []
        return [Firing(*told, at_local(day, parse_time(trigger.at), zone, now), words, customers, live.paused)]
    if isinstance(trigger, EventTrigger) and trigger.event in _WITH_A_SHOW:
        return [Firing(*told, each.starts_at, words, customers, live.paused, each.stream_id) for each in shows]
    return []


def _takes(plan: Plan, day: date) -> bool:
    """Whether anybody enters on the day."""
    active = plan.active
    return active is None or ((active.start or day) <= day <= (active.until or day))


def _shows(session: Session, library: Library, first: date, last: date, now: datetime) -> Mapping[date, list[Stream]]:
    zone, midnight = library.policy_zone, time.min
    begin, end = at_local(first, midnight, zone, now), at_local(last + timedelta(days=1), midnight, zone, now)
    query = select(Stream).where(Stream.starts_at >= begin, Stream.starts_at < end, col(Stream.cancelled_at).is_(None))
    found: dict[date, list[Stream]] = defaultdict(list)
    for stream in session.exec(query.order_by(col(Stream.starts_at), col(Stream.stream_id))):
        found[local_day(stream.starts_at, zone)].append(stream)
    return found


def _sizes(session: Session, library: Library, now: datetime) -> Mapping[str, int]:
    """How many were in each segment when it was last counted."""
    today = local_day(now, library.policy_zone)
    by_day = sizes_by_day(session, list(library.segments), today, LOOKED_BACK)
    return {name: sizes[max(sizes)] for name, sizes in by_day.items() if sizes}
