"""The rehearsal: journeys walked in virtual time over the real activities and domain, without Temporal."""

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from activities.adapters.sandbox import Sandbox
from activities.journey import JourneyActivities
from domain.clock import Clock
from domain.outbox import start_of, take
from domain.schedules import FIRST
from runtime.cases import Case
from runtime.world import Line, Shelf, World, agenda
from workflows.commands import FanOut, Group
from workflows.interpreter import Walker

BATCH = 1000


class Rehearsal:
    """Walks every enrollment of a database, as the cohort workflow would."""

    def __init__(self, db: sessionmaker[Session], clock: Clock) -> None:
        sandbox = Sandbox(db, clock)
        self._db = db
        self._clock = clock
        self._activities = JourneyActivities(db, clock, dict.fromkeys(("sms", "wecom", "wechat"), sandbox))
        self._walkers: dict[int, tuple[str, Walker]] = {}

    def settle(self) -> None:
        """Do everything that is to be done at this instant."""
        now = self._clock.now()
        busy = True
        while busy:
            busy = self._drain()
            for plan_id, walker in list(self._walkers.values()):
                if walker.due is not None and walker.due <= now:
                    walker.elapsed()
                while not walker.over and walker.activity is not None:
                    self._command(plan_id, walker)
                    busy = True
                    if walker.due is not None and walker.due <= now:
                        walker.elapsed()
                if walker.over:
                    del self._walkers[walker.enrollment]

    def fire(self, journey: str) -> None:
        """Let a journey's schedule fire now."""
        cursor: str | None = ""
        while cursor is not None:
            cursor = self._activities.emit(FanOut(journey=journey, cursor=cursor))

    def _command(self, plan_id: str, walker: Walker) -> None:
        carry_out = getattr(self._activities, walker.activity or "")
        (answer,) = carry_out(Group(plan_id=plan_id, path=walker.path, members=(walker.command(),)))
        walker.answered(answer)

    def _drain(self) -> bool:
        """Do what the outbox says, as the relay would."""
        pages: list[FanOut] = []
        with self._db.begin() as session:
            rows = take(session, BATCH)
            for row in rows:
                if row.kind == "fan_out":
                    pages.append(FanOut(journey=row.journey, event=row.event_id, cursor=FIRST))
                elif row.enrollment_id in self._walkers:
                    self._walkers[row.enrollment_id][1].wake()
                elif row.kind == "start" and row.enrollment_id is not None:
                    self._start(session, row.enrollment_id)
                session.delete(row)
        for page in pages:
            cursor: str | None = page.cursor
            while cursor is not None:
                cursor = self._activities.fan_out(page.model_copy(update={"cursor": cursor}))
        return bool(rows)

    def _start(self, session: Session, enrollment_id: int) -> None:
        start = start_of(session, enrollment_id)
        if start:
            cohort, _ = start
            self._walkers[enrollment_id] = (cohort.plan_id, Walker(cohort.plan, cohort.travellers[0]))


def rehearse(engine: Engine, case: Case, shelf: Shelf) -> list[Line]:
    """Play a case and return its timeline. The database is left as it was."""
    with engine.connect() as connection, connection.begin() as everything:
        db = sessionmaker(connection, class_=Session, expire_on_commit=False, join_transaction_mode="create_savepoint")
        world = World(db, case, shelf)
        play = Rehearsal(db, world.clock)
        try:
            for instant, numbers, fires in agenda(world):
                world.clock.set(instant)
                for number in numbers:
                    world.post(number)
                if fires:
                    play.fire(shelf.plan.journey)
                play.settle()
            return world.timeline()
        finally:
            everything.rollback()
