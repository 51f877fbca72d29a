"""A play's instance on its way: opened, carried on part by part, and over. The database decides; a run only asks.

Locks: the instance's row first, then rounds, customers in id order, budgets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from domain.catalogue.sources import PLAYS
from domain.coupons.issuing import issue_to
from domain.coupons.reserving import Gift, ReservationRequest
from domain.plays import parts, telling
from domain.plays.draw import commitment_of, new_seed
from domain.plays.tables import LivePlay, PlayDraw, PlayInstance, PlayRound, PlayVersion
from domain.published.library import Library, read_library
from domain.stock.shows import state_of
from domain.stock.tables import Stream
from domain.store.outbox import LookAtPlay
from domain.store.work import EventGiven, UnitOfWork
from workflows.plays.base import Path
from workflows.plays.model import DuringStream, Placed, Play
from workflows.plays.parts.collect import Collect
from workflows.plays.standing import PlayStanding
from workflows.terms.values import local_day


class PlayError(ValueError):
    """What can't be done with a play as it stands; the message says why."""


@dataclass(frozen=True)
class Came:
    """What a part came to: it is done, by a branch where it has some; or not yet, and goes on at once or `at`."""

    done: bool
    branch: str | None = None
    at: datetime | None = None


DONE = Came(done=True)
GO_ON = Came(done=False)


@dataclass(frozen=True)
class Run:
    """An instance whose row is locked, and the part that it stands at; `gift` is what coupons are won by."""

    work: UnitOfWork
    library: Library
    play: Play
    instance: PlayInstance
    placed: Placed
    now: datetime
    gift: Gift = issue_to

    @property
    def path(self) -> Path:
        """Where the part stands."""
        return self.placed.path

    def round(self) -> PlayRound:
        """The entries that were collected last before this part. Raises LookupError if nothing was."""
        before = self.play.before(self.path, Collect)
        row = round_of(self.work, self.instance.id, before.path) if before else None
        if row is None:
            raise LookupError(f"nothing was collected before {self.path} of {self.play.play}")
        return row

    def note(self, **progress: Any) -> None:
        """Keep how far the part is."""
        self.instance.progress = {**self.instance.progress, **progress}

    def tell(self, type: str, id: str, customer: int | None = None, **data: Any) -> None:
        """Give rise to an event of the play; `id` names it for ever."""
        known = {"play": self.play.play, "instance": self.instance.id, **data}
        self.work.give_rise_to(
            EventGiven(
                PLAYS, f"{self.instance.id}/{id}", type, self.now,
                {name: value for name, value in known.items() if value is not None}, customer,
            )
        )  # fmt: skip


Executor = Callable[[Run, Any], Came]


@cache
def _module_of(part: str) -> ModuleType:
    """Its `carry_out` carries a part out; `coupons_wanted`, if it gives any, tells which it may give next."""
    return import_module(f"{parts.__name__}.{part}{'_' if part == 'if' else ''}")


def live_play(session: Session, name: str) -> tuple[PlayVersion, Play] | None:
    """A play's live version."""
    query = select(PlayVersion).join(LivePlay, col(LivePlay.version_id) == col(PlayVersion.id))
    version = session.exec(query.where(LivePlay.play == name)).first()
    return (version, play_of(version)) if version else None


def version_of(session: Session, instance: PlayInstance) -> Play:
    """What an instance plays: the version that it was opened with."""
    return play_of(session.get_one(PlayVersion, instance.version_id))


_plays: dict[str, Play] = {}


def play_of(version: PlayVersion) -> Play:
    """The play of a version, which never changes."""
    play = _plays.get(version.id)
    if play is None:
        if len(_plays) >= 256:
            _plays.clear()
        play = _plays[version.id] = Play.model_validate(version.body)
    return play


def present_instance(session: Session, name: str, *, locked: bool = False) -> PlayInstance | None:
    """The newest instance of a play; with `locked`, nobody else changes it, and entries may yet refer to it."""
    query = select(PlayInstance).where(PlayInstance.play == name).order_by(col(PlayInstance.id).desc()).limit(1)
    query = query.execution_options(populate_existing=True)
    return session.exec(query.with_for_update(key_share=True) if locked else query).first()


def round_of(session: Session, instance_id: int, step: Path, *, locked: bool = False) -> PlayRound | None:
    """The entries that a `collect` of an instance takes or took; with `locked`, none come until the caller's end."""
    query = select(PlayRound).where(PlayRound.instance_id == instance_id, PlayRound.step == step)
    query = query.execution_options(populate_existing=True)
    return session.exec(query.with_for_update(key_share=True) if locked else query).first()


def open_play(work: UnitOfWork, name: str, now: datetime, by: str, stream: str | None = None) -> PlayInstance:
    """Open a play: its secrets are made and their commitments fixed, and the first part begins at once.

    Raises PlayError: there is no such play, it is open already, or not to be now.
    """
    live = live_play(work, name)
    if live is None:
        raise PlayError("unknown_play")
    version, play = live
    stream_id = _stream_for(work, play, now, stream)
    instance = PlayInstance(
        play=name, version_id=version.id, stream_id=stream_id, state="open", position=play.first, opened_by=by,
        opened_at=now, due_at=now,
    )  # fmt: skip
    try:
        with work.savepoint():
            work.add(instance)
            work.flush()
    except IntegrityError:
        raise PlayError("open_already") from None
    for placed in play.draws:
        seed = new_seed()
        work.add(PlayDraw(instance_id=instance.id, step=placed.path, seed=seed, commitment=commitment_of(seed)))
    work.flush()
    carry_on(work, instance.id, now)
    work.enqueue(LookAtPlay(instance.id))
    return instance


def _stream_for(session: Session, play: Play, now: datetime, named: str | None) -> str | None:
    """The show that it is played in. Raises PlayError if none runs, or the day isn't one on which it is played."""
    wanted = named
    if isinstance(play.during, DuringStream):
        wanted = named if play.during.stream == "any" else play.during.stream
        running = [
            each.stream_id
            for each in session.exec(select(Stream).where(Stream.starts_at <= now, col(Stream.ended_at).is_(None)))
            if state_of(each, now) == "running" and wanted in (None, each.stream_id)
        ]
        if not running:
            raise PlayError("no_stream")
        return running[-1]
    if play.during is not None:
        today = local_day(now, read_library(session).policy_zone)
        start, until = play.during.start, play.during.until
        if (start and today < start) or (until and today > until):
            raise PlayError("not_its_time")
    return wanted


def close_entries(work: UnitOfWork, name: str, now: datetime) -> PlayInstance:
    """Close the entries that are being taken, ahead of time. Raises PlayError if none are."""
    instance = _going_on(work, name)
    if instance.state != "open" or instance.position is None:
        raise PlayError("not_open")
    row = round_of(work, instance.id, instance.position, locked=True)
    if row is None or row.closed_at is not None:
        raise PlayError("not_open")
    row.closes_at = min(row.closes_at, now)
    work.flush()
    carry_on(work, instance.id, now)
    stir(work, instance)
    return instance


def stop_play(work: UnitOfWork, name: str, now: datetime, reason: str) -> PlayInstance:
    """End a play for good: no more entries, and nobody wins what hasn't been drawn. Raises PlayError."""
    instance = _going_on(work, name)
    end(work, instance, "stopped", now, reason)
    stir(work, instance)
    return instance


def end(work: UnitOfWork, instance: PlayInstance, state: str, now: datetime, reason: str | None = None) -> None:
    """The instance is over; entries that were still being taken are closed."""
    for row in work.exec(
        select(PlayRound)
        .where(PlayRound.instance_id == instance.id, col(PlayRound.closed_at).is_(None))
        .with_for_update(key_share=True)
    ):
        row.closed_at = now
    instance.state, instance.reason = state, reason
    instance.ended_at, instance.due_at, instance.position = now, None, None
    work.flush()


def _going_on(work: UnitOfWork, name: str) -> PlayInstance:
    instance = present_instance(work, name, locked=True)
    if instance is None:
        raise PlayError("unknown_play" if live_play(work, name) is None else "not_open")
    if instance.ended_at is not None:
        raise PlayError("over")
    return instance


def stir(work: UnitOfWork, instance: PlayInstance) -> None:
    """Have its run look at it."""
    work.enqueue(LookAtPlay(instance.id))


def coupons_wanted(work: UnitOfWork, instance_id: int, now: datetime) -> list[ReservationRequest]:
    """The coupons that the next page may give; who gives them may be asked for them before."""
    instance = work.get(PlayInstance, instance_id)
    if instance is None or instance.position is None:
        return []
    play = version_of(work, instance)
    placed = play.placed[instance.position]
    wants = getattr(_module_of(placed.part.part), "coupons_wanted", None)
    run = Run(work, read_library(work), play, instance, placed, now)
    wanted: list[ReservationRequest] = wants(run, placed.part) if wants else []
    return wanted


def carry_on(work: UnitOfWork, instance_id: int, now: datetime, gift: Gift = issue_to) -> PlayStanding:
    """Do what can be done now of the part that the instance stands at, a page at most; say where it stands then.

    Once it is over, entries whose events weren't told yet are, page by page.
    """
    instance = work.get(PlayInstance, instance_id, with_for_update={"key_share": True}, populate_existing=True)
    if instance is None:
        return PlayStanding(over=True, state="unknown")
    play = version_of(work, instance)
    if instance.position is not None:
        placed = play.placed[instance.position]
        run = Run(work, read_library(work), play, instance, placed, now, gift)
        executor: Executor = _module_of(placed.part.part).carry_out
        came = executor(run, placed.part)
        if instance.ended_at is None:
            _take_up(work, instance, placed, came, now)
    else:
        telling.tell_entries(work, play, instance)
    work.flush()
    return PlayStanding(
        over=instance.ended_at is not None and not telling.is_behind(work, instance.id),
        state=instance.state,
        part=play.placed[instance.position].part if instance.position else None,
        due_at=instance.due_at if instance.due_at is not None and instance.due_at > now else None,
    )


def _take_up(work: UnitOfWork, instance: PlayInstance, placed: Placed, came: Came, now: datetime) -> None:
    if not came.done:
        instance.due_at = came.at or now
        return
    instance.position = placed.firsts[came.branch] if came.branch else placed.next
    instance.progress, instance.due_at = {}, now
    if instance.position is None:
        end(work, instance, "over", now)


def overdue_plays(session: Session, before: datetime, limit: int) -> Sequence[int]:
    """The instances that go on and should have done something before an instant."""
    is_late = col(PlayInstance.ended_at).is_(None) & (col(PlayInstance.due_at) < before)
    return session.exec(select(PlayInstance.id).where(is_late).order_by(col(PlayInstance.id)).limit(limit)).all()


def instances(session: Session, name: str, limit: int) -> Sequence[PlayInstance]:
    """The newest instances of a play, the newest first."""
    query = select(PlayInstance).where(PlayInstance.play == name).order_by(col(PlayInstance.id).desc())
    return session.exec(query.limit(limit)).all()
