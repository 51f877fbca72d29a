"""The world of a test of a play: that of a journey test, in which a play is opened, entered and closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.plays.entering import enter
from domain.plays.publishing import publish_play
from domain.plays.rounds import top_of
from domain.plays.running import PlayError, close_entries, open_play, stop_play
from domain.plays.showing import prize_name
from domain.plays.tables import PlayEntry, PlayInstance, PlayRound, PlayWinner
from domain.plays.telling import is_behind
from domain.plays.winning import winning_of
from domain.published.library import read_library
from domain.published.publishing import publish_journey
from domain.store.work import Database, UnitOfWork
from runtime.rehearsal.cases import Case
from runtime.rehearsal.play_cases import CaseEntry, PlayCase
from runtime.rehearsal.world import CaseStock, Happening, Line, World
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect


@dataclass(frozen=True)
class PlayStock(CaseStock):
    """What is published for a case, of a play if there is one; then `plan` and `versions` are the journeys that it
    makes and that it starts.
    """

    play: Play | None = None


@dataclass(frozen=True)
class _Turn:
    """Somebody opens, closes or stops the play."""

    act: str
    at: datetime


_DONE = {"open": "opened", "close": "closed", "stop": "stopped"}


def make_world(db: Database, case: Case, shelf: CaseStock) -> World:
    """The world that a case is played in."""
    if isinstance(case, PlayCase) and isinstance(shelf, PlayStock):
        return PlayWorld(db, case, shelf)
    return World(db, case, shelf)


class PlayWorld(World):
    """One case of a play, set up on an empty database."""

    case: PlayCase
    shelf: PlayStock

    def __init__(self, db: Database, case: PlayCase, shelf: PlayStock) -> None:
        self._lines: list[Line] = []
        super().__init__(db, case, shelf)
        assert shelf.play is not None
        self.play = shelf.play
        with db.begin() as work:
            for plan in shelf.versions:
                publish_journey(work, plan, "", self.clock.now())
            publish_play(work, self.play, "", self.clock.now())

    def arrival_of(self, happening: Happening) -> datetime:
        if isinstance(happening, _Turn):
            return happening.at
        if isinstance(happening, CaseEntry):
            return happening.at.at(self.zone_of(happening.customer))
        return super().arrival_of(happening)

    def post(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            happening = self.happenings[number]
            if isinstance(happening, _Turn):
                with self.db.begin() as work:
                    self._turn(work, happening)
            elif isinstance(happening, CaseEntry):
                self._enter(number, happening)
            else:
                super().post([number])

    def next_due(self) -> datetime | None:
        times = [time for time in (super().next_due(), self._due()) if time is not None]
        return min(times, default=None)

    def next_act(self) -> datetime | None:
        times = [time for time in (super().next_act(), self._due()) if time is not None]
        return min(times, default=None)

    def timeline(self) -> list[Line]:
        with self.db() as session:
            library = read_library(session)
            lines = list(self._lines)
            steps: dict[int, str] = {}
            for row in session.exec(select(PlayRound).order_by(col(PlayRound.id))):
                steps[row.id] = row.step
                if row.closed_at is not None and row.digest is not None:
                    lines.append(self._line(row.closed_at, "closed", str(row.entries)))
                    part = self.play.placed[row.step].part
                    if isinstance(part, Collect) and (top := top_of(part, row.tally)):
                        lines.append(self._line(row.closed_at, "top", top))
            for entry in session.exec(select(PlayEntry).order_by(col(PlayEntry.id))):
                guess = None if entry.guess is None else f"{entry.guess:g}"
                value = entry.choice or guess or steps[entry.round_id]
                lines.append(self._line(entry.taken_at, "entered", value, entry.entrant))
            for winner in session.exec(select(PlayWinner).order_by(col(PlayWinner.step), col(PlayWinner.rank))):
                prize = prize_name(library, winning_of(self.play, winner.step), winner.prize)
                what, value = ("passed", winner.reason) if winner.reason else ("won", prize or str(winner.place))
                lines.append(self._line(winner.at, what, value or "", winner.customer_id))
            for instance in session.exec(select(PlayInstance)):
                lines += [
                    self._line(datetime.fromisoformat(each["at"]), "rewarded", f"{each['reward']} {each['given']}")
                    for each in instance.shown
                    if "reward" in each
                ]
                if instance.ended_at is not None:
                    lines.append(self._line(instance.ended_at, "over", instance.state))
        return sorted([*lines, *super().timeline()], key=lambda line: line.at)

    def _line(self, at: datetime, what: str, value: str, customer: int | None = None) -> Line:
        who = self.names[customer] if customer is not None else self.case.who(None)
        return Line(at, what, value, None, None, None, who or "", None)

    def _due(self) -> datetime | None:
        """When the play goes on by itself; now, while there are entries that aren't told."""
        with self.db() as session:
            for instance in session.exec(select(PlayInstance)):
                if is_behind(session, instance.id):
                    return self.clock.now()
            ends = col(PlayInstance.ended_at).is_(None)
            return session.exec(select(func.min(PlayInstance.due_at)).where(ends)).one()

    def _happenings(self) -> list[Happening]:
        turns = {"open": self.case.open, "close": self.case.close, "stop": self.case.stop}
        acts = [_Turn(act, time.at(self.zone)) for act, time in turns.items() if time is not None]
        return [*super()._happenings(), *acts, *self.case.entries]

    def _beginning(self) -> datetime:
        return min(super()._beginning(), self.case.open.at(self.zone) - timedelta(minutes=1))

    def _turn(self, work: UnitOfWork, turn: _Turn) -> None:
        now, name = self.clock.now(), self.play.play
        try:
            if turn.act == "open":
                if self.case.stream is not None:
                    started = Incoming("case", "show", "stream.started", now, {"stream_id": self.case.stream})
                    ingest(work, [started], now=now)
                    work.write()
                open_play(work, name, now, "case", self.case.stream)
            elif turn.act == "close":
                close_entries(work, name, now)
            else:
                stop_play(work, name, now, "case")
        except PlayError as refusal:
            raise ValueError(f"the play can't be {_DONE[turn.act]}: {refusal}") from None

    def _enter(self, number: int, entry: CaseEntry) -> None:
        person: Any = self.case.people[entry.customer]
        idents = identify(None, person.identifiers)
        with self.db.begin() as work:
            taken = enter(work, self.play.play, idents, entry.id or str(number), entry.choice, self.clock.now())
        if taken is not None and taken.reason is not None:
            line = Line(self.clock.now(), "not_taken", taken.reason, None, None, None, entry.customer, None)
            self._lines.append(line)
