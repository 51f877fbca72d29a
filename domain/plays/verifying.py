"""Whether a draw is what was promised: worked out anew from the entries, the seed and the order of the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlmodel import Session, col, select

from domain.plays.draw import commitment_of, digest_of
from domain.plays.parts import draw as drawing
from domain.plays.parts import rank as ranking
from domain.plays.rounds import Counted, entries_in_order
from domain.plays.running import round_of, version_of
from domain.plays.tables import PlayDraw, PlayInstance, PlayRound, PlayWinner
from workflows.plays.base import Path
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank


@dataclass(frozen=True)
class Verified:
    """A draw beside what it should be. `order` are the entries in the order in which they win."""

    step: Path
    kind: str
    commitment: str
    seed: str
    digest: str | None
    entries: Sequence[Counted]
    order: Sequence[int]
    winners: Sequence[PlayWinner]
    problems: Sequence[str]


class NotDrawnError(ValueError):
    """Nothing was drawn yet, and the secret is one still."""


def verify(session: Session, instance: PlayInstance) -> list[Verified]:
    """Work every draw of an instance out anew. Raises NotDrawnError while one is to come."""
    play = version_of(session, instance)
    draws = {row.step: row for row in session.exec(select(PlayDraw).where(PlayDraw.instance_id == instance.id))}
    found = []
    for placed in play.draws:
        draw, before = draws.get(placed.path), play.before(placed.path, Collect)
        row = round_of(session, instance.id, before.path) if before else None
        if draw is None or draw.drawn_at is None or row is None:
            if instance.ended_at is None:
                raise NotDrawnError(placed.path)
            continue
        found.append(_verify(session, play, instance, draw, row))
    return found


def _verify(session: Session, play: Play, instance: PlayInstance, draw: PlayDraw, row: PlayRound) -> Verified:
    part = play.placed[draw.step].part
    entries = entries_in_order(session, row.id)
    if isinstance(part, Draw):
        order = drawing.order_of(session, play, part, row, draw)
    else:
        assert isinstance(part, Rank)
        order = ranking.order_of(session, play, part, row)
    rows = session.exec(
        select(PlayWinner)
        .where(PlayWinner.instance_id == instance.id, PlayWinner.step == draw.step)
        .order_by(col(PlayWinner.rank))
    ).all()
    problems = []
    if commitment_of(draw.seed) != draw.commitment:
        problems.append("the seed is not the one that was promised")
    if digest_of(entry.id for entry in entries) != row.digest:
        problems.append("the entries are not those that there were at the close")
    if [winner.entry_id for winner in rows] != list(order[: len(rows)]):
        problems.append("the winners are not the first of the order")
    if any(winner.place is None and winner.reason is None for winner in rows):
        problems.append("somebody was passed over without a reason")
    return Verified(draw.step, part.part, draw.commitment, draw.seed, row.digest, entries, order, rows, problems)


def told(found: Verified) -> dict[str, Any]:
    """All that it takes to work a draw out, and what it came to, as JSON. Nothing in it says who anybody is."""
    return {
        "step": found.step,
        "kind": found.kind,
        "ok": not found.problems,
        "problems": list(found.problems),
        "commitment": found.commitment,
        "seed": found.seed,
        "digest": found.digest,
        "entries": [
            {
                "entry": entry.id,
                "taken": entry.taken_at.astimezone(UTC).isoformat(timespec="microseconds"),
                "weight": 1 if entry.weight is None else entry.weight,
                **({} if entry.choice is None else {"choice": entry.choice}),
                **({} if entry.guess is None else {"guess": entry.guess}),
            }
            for entry in found.entries
        ],
        "order": list(found.order),
        "winners": [
            {"place": row.place, "entry": row.entry_id, "prize": row.prize}
            for row in sorted(found.winners, key=lambda row: row.rank)
            if row.place is not None
        ],
        "passed": [{"entry": row.entry_id, "reason": row.reason} for row in found.winners if row.place is None],
    }
