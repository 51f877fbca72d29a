"""Of whom a part speaks: the entries among which is drawn, and the people who took part, won or lost."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session, col, select

from domain.plays.rounds import Counted, entries_in_order, top_of
from domain.plays.tables import PlayRound, PlayWinner
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect
from workflows.plays.people import ALL, CORRECT, TOP, Among, Days, Whom


def among(session: Session, play: Play, row: PlayRound, who: Among) -> Sequence[Counted]:
    """The entries of a round that are meant, in the order in which they came."""
    entries = entries_in_order(session, row.id)
    part = play.placed[row.step].part
    if isinstance(who, Days):
        days: dict[int, set[date]] = {}
        for entry in entries:
            days.setdefault(entry.entrant, set()).add(date.fromisoformat(entry.day))
        meant = {customer for customer, came in days.items() if longest(came) >= who.days}
        first: dict[int, Counted] = {}
        for entry in entries:
            if entry.entrant in meant:
                first.setdefault(entry.entrant, entry)
        return list(first.values())
    if who == ALL or not isinstance(part, Collect):
        return entries
    wanted = part.correct if who == CORRECT else top_of(part, row.tally) if who == TOP else who
    return [entry for entry in entries if entry.choice == wanted and wanted is not None]


def longest(days: set[date]) -> int:
    """How many days there are one after the other, at most."""
    best = 0
    for day in days:
        if day - timedelta(days=1) not in days:
            length = 1
            while day + timedelta(days=length) in days:
                length += 1
            best = max(best, length)
    return best


def people(session: Session, instance_id: int, row: PlayRound, draw: str | None, whom: Whom) -> list[tuple[int, int]]:
    """One entry of each who is meant, with who that is by now, in the order of the entries.

    `draw` is the draw or rank in which they won or lost.
    """
    won = {
        winner.entry_id: winner.customer_id
        for winner in session.exec(
            select(PlayWinner).where(
                PlayWinner.instance_id == instance_id, PlayWinner.step == draw, col(PlayWinner.place).is_not(None)
            )
        )
    }
    if whom == "winners":
        return sorted(won.items())
    winners = set(won.values())
    found: dict[int, int] = {}
    for entry in entries_in_order(session, row.id):
        if whom == "entrants" or entry.customer_id not in winners:
            found.setdefault(entry.customer_id, entry.id)
    return [(entry, customer) for customer, entry in found.items()]
