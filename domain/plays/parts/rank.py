"""Carries out `rank`."""

from collections import Counter

from sqlmodel import Session

from domain.coupons.reserving import ReservationRequest
from domain.plays import winning
from domain.plays.entrants import among
from domain.plays.running import Came, Run
from domain.plays.tables import PlayDraw, PlayRound
from workflows.plays.model import Play
from workflows.plays.parts.rank import Rank


def carry_out(run: Run, part: Rank) -> Came:
    """Give the prizes in the order of the rank, a page at a time."""
    draw = run.work.get_one(PlayDraw, (run.instance.id, run.path), with_for_update={"key_share": True})
    return winning.win(run, part.rank, draw, order_of(run.work, run.play, part, run.round()))


def coupons_wanted(run: Run, part: Rank) -> list[ReservationRequest]:
    """The coupons of the next winners."""
    draw = run.work.get_one(PlayDraw, (run.instance.id, run.path))
    return winning.coupons_wanted(run, part.rank, draw, order_of(run.work, run.play, part, run.round()))


def order_of(session: Session, play: Play, part: Rank, row: PlayRound) -> list[int]:
    """The ids of the entries in the order in which they win. Of equals, who came first."""
    entries = among(session, play, row, part.rank.among)
    if part.rank.by == "closest":
        goal = part.rank.to or 0
        entries = sorted(entries, key=lambda entry: abs(round((entry.guess or 0) * 100) - round(goal * 100)))
    elif part.rank.by == "most":
        times = Counter(entry.entrant for entry in entries)
        entries = sorted(entries, key=lambda entry: -times[entry.entrant])
    return [entry.id for entry in entries]
