"""Temporal's Schedules: what journeys, connectors, nights and weeks begin by."""

import asyncio
from datetime import timedelta
from functools import partial

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain.published.library import Library, read_library
from domain.store.work import Database
from runtime.platform.temporal import TASK_QUEUE
from workflows.language.policy import Policy
from workflows.plan.commands import FanOut
from workflows.plan.model import ScheduleTrigger
from workflows.runs.connect import ConnectWorkflow
from workflows.runs.nightly import NightlyWorkflow
from workflows.runs.paging import ScheduleWorkflow
from workflows.runs.voice import WeeklyReportWorkflow
from workflows.terms.values import Duration, Language
from workflows.terms.wording import Wording

CATCH_UP = timedelta(hours=12)
_PREFIX = "schedule/"
NIGHTLY = "nightly"
NIGHT = "30 3 * * *"
"""When the night's work is done, by the shop's time."""

WEEKLY = "weekly-report"
MONDAY = "0 9 * * 1"
"""When managers are told what customers said in the week, by the shop's time."""


class Schedules:
    """Temporal's Schedules, brought in line whenever something was published."""

    def __init__(self, client: Client, db: Database, *, paused: bool) -> None:
        self._client = client
        self._db = db
        self._paused = paused
        self._synced: Library | None = None

    async def sync(self) -> None:
        """Bring them in line, if anything was published since."""
        library = await asyncio.to_thread(_library, self._db)
        if library is not self._synced:
            await sync_schedules(self._client, library, paused=self._paused)
            self._synced = library


def _library(db: Database) -> Library:
    with db() as session:
        return read_library(session)


def schedules_of(library: Library, *, paused: bool) -> dict[str, Schedule]:
    """The Schedules that there are to be by what is published, by their names."""
    wanted = {
        _PREFIX + name: _schedule(name, live.plan.trigger, library.policy, paused=paused)
        for name, live in library.journeys.items()
        if isinstance(live.plan.trigger, ScheduleTrigger)
    }
    language, zone, say = library.policy.language, library.policy.timezone, Wording(library.policy.language)
    night = partial(ScheduleActionStartWorkflow, NightlyWorkflow.run, language, id=NIGHTLY, task_queue=TASK_QUEUE)
    week = partial(ScheduleActionStartWorkflow, WeeklyReportWorkflow.run, language, id=WEEKLY, task_queue=TASK_QUEUE)
    of_night = say.pick("预测、排名和胜出的分组", "forecasts, ranks and winners")
    of_week = say.pick("这一周客户说了什么", "what customers said in the week")
    for activity, name, every in (
        *(("pull", name, each.every) for name, each in library.connectors.items() if each.from_.pulled),
        *(("deliver", name, each.every) for name, each in library.outputs.items()),
    ):
        wanted[f"{_PREFIX}{activity}/{name}"] = _connecting(activity, name, every, language, paused=paused)
    wanted[NIGHTLY] = _regular(night(static_summary=of_night), NIGHT, zone, paused=paused)
    wanted[WEEKLY] = _regular(week(static_summary=of_week), MONDAY, zone, paused=paused)
    return wanted


async def sync_schedules(client: Client, library: Library, *, paused: bool) -> None:
    """Bring Temporal's Schedules in line with what is published. A demo keeps them paused and fires them itself."""
    wanted = schedules_of(library, paused=paused)
    async for listed in await client.list_schedules():
        if listed.id.startswith(_PREFIX) and listed.id not in wanted:
            await client.get_schedule_handle(listed.id).delete()
    for name, schedule in wanted.items():
        try:
            await client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(_Replace(schedule))


class _Replace:
    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def __call__(self, _: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(self._schedule)


def _schedule(journey: str, trigger: ScheduleTrigger, policy: Policy, *, paused: bool) -> Schedule:
    """All but weekly ones fire daily: which day it is, is settled where their events are emitted.

    A demo's Schedules, which it keeps paused, know only the real time.
    """
    hour, minute = trigger.at.split(":")
    weekday = "*" if trigger.weekday is None else str((trigger.weekday + 1) % 7)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ScheduleWorkflow.run,
            FanOut(journey=journey, nominal=not paused, language=policy.language),
            id=_PREFIX + journey,
            task_queue=TASK_QUEUE,
            static_summary=Wording(policy.language).pick(f"旅程 {journey} 轮到谁", f"who is due for {journey}"),
        ),
        spec=ScheduleSpec(
            cron_expressions=[f"{int(minute)} {int(hour)} * * {weekday}"], time_zone_name=policy.timezone
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=ScheduleState(paused=paused),
    )


def _connecting(activity: str, name: str, every: Duration, language: Language, *, paused: bool) -> Schedule:
    """A run that is late is made up for by the next, which takes all that is new."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ConnectWorkflow.run,
            args=[activity, name, language],
            id=f"{activity}/{name}",
            task_queue=TASK_QUEUE,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every.nominal)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=every.nominal),
        state=ScheduleState(paused=paused),
    )


def _regular(action: ScheduleActionStartWorkflow, cron: str, timezone: str, *, paused: bool) -> Schedule:
    return Schedule(
        action=action,
        spec=ScheduleSpec(cron_expressions=[cron], time_zone_name=timezone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=ScheduleState(paused=paused),
    )


async def fire_schedule(client: Client, journey: str) -> None:
    """Let a journey's Schedule fire now."""
    await client.get_schedule_handle(_PREFIX + journey).trigger()
