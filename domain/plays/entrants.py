"""Of whom a part speaks: the entries among which is drawn, and the people who took part, won or lost."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, timedelta

from sqlmodel import Session, col, select

from domain.plays.rounds import Counted, entries_in_order, top_of
from domain.plays.running import round_of, version_of
from domain.plays.tables import PlayInstance, PlayRound, PlayWinner
from domain.plays.winning import winning_of
from workflows.plays.base import Path
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
    """One entry of each who is meant, with who that is by now, in an order that stays as it is.

    `draw` is the draw or rank in which they won or lost. Who became one since the close is in it more than once.
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
    entries = entries_in_order(session, row.id)
    winners = {entry.entrant for entry in entries if entry.id in won}
    return first_of_each(entry for entry in entries if whom == "entrants" or entry.entrant not in winners)


def first_of_each(entries: Iterable[Counted]) -> list[tuple[int, int]]:
    """The first entry of each entrant, with who that is by now."""
    found: dict[int, tuple[int, int]] = {}
    for entry in entries:
        found.setdefault(entry.entrant, (entry.id, entry.customer_id))
    return list(found.values())


def ordered_lines(session: Session, instance: PlayInstance, step: Path) -> list[str] | None:
    """The entries that count of a `collect` that was closed, a line for each, with nothing of whose they are.

    The id, when it was taken, its weight, what was chosen or guessed, and the draws and ranks that it is in.
    """
    row = round_of(session, instance.id, step)
    if row is None or row.closed_at is None:
        return None
    play = version_of(session, instance)
    taking_part = {
        each.path: {entry.id for entry in among(session, play, row, winning_of(play, each.path).among)}
        for each in play.draws
        if (before := play.before(each.path, Collect)) and before.path == step
    }
    return [
        "\t".join(
            (
                str(entry.id), entry.taken_at.astimezone(UTC).isoformat(timespec="microseconds"),
                f"{1.0 if entry.weight is None else entry.weight!r}",
                entry.choice or ("" if entry.guess is None else f"{entry.guess:g}"),
                ",".join(path for path, ids in taking_part.items() if entry.id in ids),
            )
        )
        for entry in entries_in_order(session, row.id)
    ]  # fmt: skip
