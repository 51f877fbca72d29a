"""The rehearsal: journeys walked in virtual time over the real activities and domain, without Temporal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete
from sqlmodel import col, select

from activities.adapters.sandbox import Sandbox
from activities.journey import JourneyActivities
from domain.channels.delivery import ChannelAdapter, Delivery, Outgoing
from domain.intake.ingest import Incoming, ingest, ingest_given
from domain.intake.schedules import FIRST
from domain.journeys.starting import enrollment_state
from domain.journeys.tables import Enrollment
from domain.plays.running import carry_on, overdue_plays
from domain.published.library import read_plan
from domain.store.clock import Clock
from domain.store.outbox import LookAtPlay, StartRun, TakeToJourney, WakeRun, notice_of
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.rehearsal.cases import Case
from runtime.rehearsal.lanes import Lane, Walking
from runtime.rehearsal.play_world import make_world
from runtime.rehearsal.world import CaseStock, Line, agenda
from workflows.plan.commands import FanOut, Group, Member, unpack
from workflows.plan.interpreter import Runner
from workflows.plays.standing import PlayStanding
from workflows.terms.channels import CHANNELS
from workflows.verbs.base import Path

CHUNK = 500
"""Events that are taken in one transaction."""

_Command = tuple[str, str, Path]
"""The activity, the plan and the step: what equal commands have in common."""


class Silence:
    """A channel over which nothing is sent."""

    account = None
    repeatable = True

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return [Delivery("sent")] * len(messages)


class Rehearsal:
    """Walks every enrollment of a database, as the cohort workflow would.

    Customers move side by side, so that equal commands of many of them are one activity; each is told its own time.
    """

    def __init__(self, db: Database, clock: Clock, channel: ChannelAdapter | None = None) -> None:
        carrier = channel or Sandbox(db, clock)
        self._db = db
        self._clock = clock
        channels = dict.fromkeys(CHANNELS, carrier)
        self._activities = JourneyActivities(db, clock, channels)
        self._lanes: dict[int, Lane] = {}
        self._of: dict[int, int] = {}

    @property
    def is_walking(self) -> bool:
        """Whether anybody is in a journey, or something is yet to happen to them."""
        return bool(self._lanes)

    def settle(self) -> None:
        """Do everything that is to be done at this instant."""
        now = self._clock.now()
        with self._db() as session:
            due = overdue_plays(session, now + timedelta(microseconds=1), CHUNK)
        self._carry_plays_on(due)
        self.play(now)

    def play(self, until: datetime, events: Mapping[int, Sequence[Incoming]] | None = None) -> None:
        """Let the customers' events happen, and their enrollments act, up to `until`.

        An event is one of the customer it is listed under, each customer's in order. What is overdue happens now.
        """
        now = self._clock.now()
        for customer, happening in (events or {}).items():
            self._lane(customer, now).events.extend(happening)
        stirred = self._drain()
        moving = {customer: lane for customer, lane in self._lanes.items() if lane.events or lane.walking}
        while moving or stirred:
            moving.update((customer, self._lanes[customer]) for customer in stirred)
            arriving: list[Incoming] = []
            commands: dict[_Command, list[tuple[Lane, Runner]]] = {}
            for customer, lane in list(moving.items()):
                lane.now = max(lane.now, now)
                match lane.move(until):
                    case None:
                        del moving[customer]
                    case Incoming() as event:
                        arriving.append(event)
                    case Walking(plan_id, runner):
                        commands.setdefault((runner.activity or "", plan_id, runner.path), []).append((lane, runner))
            for (name, plan_id, path), group in commands.items():
                self._carry_out(name, plan_id, path, group)
            for start in range(0, len(arriving), CHUNK):
                with self._db.begin() as work:
                    ingest(work, arriving[start : start + CHUNK], now=now)
            stirred = self._drain() if arriving else set()
        self._lanes = {customer: lane for customer, lane in self._lanes.items() if lane.events or lane.walking}

    def fire(self, journey: str) -> None:
        """Let a journey's schedule fire now."""
        cursor: str | None = ""
        while cursor is not None:
            cursor = self._activities.emit(FanOut(journey=journey, cursor=cursor))

    def _carry_plays_on(self, instances: Iterable[int]) -> None:
        """Let plays go on as far as they come at this instant."""
        for instance in instances:
            standing = PlayStanding(over=False, state="open")
            while not standing.over and standing.due_at is None:
                with self._db.begin() as work:
                    standing = carry_on(work, instance, self._clock.now())

    def _lane(self, customer: int, now: datetime) -> Lane:
        return self._lanes.setdefault(customer, Lane(now))

    def _carry_out(self, name: str, plan_id: str, path: Path, group: Sequence[tuple[Lane, Runner]]) -> None:
        runners = {runner.enrollment: (lane, runner) for lane, runner in group}
        members: tuple[Member, ...] = tuple(replace(runner.command(), now=lane.now) for lane, runner in group)
        for answer in unpack(self._activities.carry_out(name, Group(plan_id=plan_id, path=path, members=members))):
            lane, runner = runners[answer.enrollment]
            if answer.plan_id:
                lane.walking[runner.enrollment].plan_id = answer.plan_id
            runner.answered(answer, self._activities.plan(answer.plan_id) if answer.plan_id else None)
            if runner.over:
                del lane.walking[runner.enrollment]
                del self._of[runner.enrollment]

    def _drain(self) -> set[int]:
        """Do what the outbox says, as the relay would. Returns the customers that something is to be done for."""
        stirred: set[int] = set()
        pages: list[FanOut] = []
        with self._db.begin() as work:
            rows = work.scalars(delete(Outbox).returning(Outbox), execution_options={"synchronize_session": False})
            notices = [notice_of(row) for row in sorted(rows, key=lambda row: row.id)]
            fresh = {notice.enrollment for notice in notices if isinstance(notice, StartRun)} - self._of.keys()
            query = select(Enrollment).where(col(Enrollment.id).in_(fresh), col(Enrollment.ending).is_(None))
            for enrollment in work.exec(query.order_by(col(Enrollment.id))) if fresh else ():
                plan = read_plan(work, enrollment.plan_id)
                last = enrollment.generation, enrollment.outcomes
                runner = Runner(plan, enrollment_state(plan, enrollment.id, enrollment.customer_id, *last))
                lane = self._lane(enrollment.customer_id, self._clock.now())
                lane.walking[enrollment.id] = Walking(enrollment.plan_id, runner)
                self._of[enrollment.id] = enrollment.customer_id
                stirred.add(enrollment.customer_id)
        for notice in notices:
            match notice:
                case TakeToJourney(journey, event):
                    pages.append(FanOut(journey=journey, event=event, cursor=FIRST))
                case StartRun(id) | WakeRun(id) if id in self._of and id not in fresh:
                    customer = self._of[id]
                    self._lanes[customer].walking[id].runner.wake()
                    stirred.add(customer)
        played = {notice.instance for notice in notices if isinstance(notice, LookAtPlay)}
        self._carry_plays_on(sorted(played))
        for page in pages:
            cursor: str | None = page.cursor
            while cursor is not None:
                cursor = self._activities.fan_out(page.model_copy(update={"cursor": cursor}))
        return stirred | self._drain() if pages or played else stirred


def rehearse(engine: Engine, case: Case, shelf: CaseStock) -> list[Line]:
    """Play a case and return its timeline. The database is left as it was."""
    with engine.connect() as connection, connection.begin() as everything:
        db = Database(connection, ingest_given, join_transaction_mode="create_savepoint")
        world = make_world(db, case, shelf)
        play = Rehearsal(db, world.clock, Silence())
        try:
            for instant, numbers, fires in agenda(world):
                world.clock.set(instant)
                if numbers:
                    world.post(numbers)
                if fires:
                    play.fire(shelf.plan.journey)
                play.settle()
            return world.timeline()
        finally:
            everything.rollback()
