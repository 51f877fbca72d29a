"""Carries out `draw`."""

from sqlalchemy import text
from sqlmodel import Session

from domain.coupons.reserving import ReservationRequest
from domain.plays import winning
from domain.plays.draw import Ticket, shuffled
from domain.plays.entrants import among
from domain.plays.running import Came, Run
from domain.plays.tables import PlayDraw, PlayRound
from workflows.plays.model import Play
from workflows.plays.parts.draw import HEAVIEST, Draw
from workflows.terms.operands import FieldRef


def carry_out(run: Run, part: Draw) -> Came:
    """Give the prizes in the order of the shuffle, a page at a time."""
    weight = part.draw.weight
    row = run.round()
    draw = run.work.get_one(PlayDraw, (run.instance.id, run.path), with_for_update={"key_share": True})
    if isinstance(weight, FieldRef) and not run.instance.progress:
        run.note(weighed=True)
        run.work.connection().execute(_WEIGH, {"round": row.id, "path": weight.field.split(".")[1:], "most": HEAVIEST})
    return winning.win(run, part.draw, draw, order_of(run.work, run.play, part, row, draw))


def coupons_wanted(run: Run, part: Draw) -> list[ReservationRequest]:
    """The coupons of the next winners; none before the entries are weighed."""
    if isinstance(part.draw.weight, FieldRef) and not run.instance.progress:
        return []
    draw = run.work.get_one(PlayDraw, (run.instance.id, run.path))
    return winning.coupons_wanted(run, part.draw, draw, order_of(run.work, run.play, part, run.round(), draw))


def order_of(session: Session, play: Play, part: Draw, row: PlayRound, draw: PlayDraw) -> list[int]:
    """The ids of the entries in the order in which they win: the same whenever it is asked."""
    weighted = isinstance(part.draw.weight, FieldRef)
    tickets = [
        Ticket(entry.id, entry.weight or 0 if weighted else 1) for entry in among(session, play, row, part.draw.among)
    ]
    return shuffled(draw.seed, tickets, weighted=weighted)


_WEIGH = text("""
UPDATE play_entries
SET weight = least(:most, CASE WHEN jsonb_typeof(fields #> CAST(:path AS text[])) = 'number'
    THEN greatest(0, CAST(fields #>> CAST(:path AS text[]) AS double precision)) ELSE 1 END)
FROM customers WHERE round_id = :round AND customers.id = customer_id
""")
"""Who has no number there weighs 1; nobody weighs less than 0. It is kept, so that the draw can be worked out anew."""
