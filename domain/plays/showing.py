"""What everybody may see of a play: no secret before its time, and of winners what lets them know themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from domain.customers.resolution import identifiers_of
from domain.customers.tables import Customer
from domain.plays.rounds import top_of
from domain.plays.running import round_of, version_of
from domain.plays.tables import PlayDraw, PlayInstance, PlayRound, PlayWinner
from domain.plays.winning import winning_of
from domain.published.library import Library, read_library
from domain.store.bulk import is_among
from workflows.plays.base import Path
from workflows.plays.model import Play
from workflows.plays.parts.announce import Announce
from workflows.plays.parts.collect import Collect
from workflows.plays.parts.draw import Draw
from workflows.plays.prizes import Winning
from workflows.terms.operands import FieldRef
from workflows.terms.wording import Wording

MOST_WINNERS = 1_000
"""So many winners are listed."""


@dataclass(frozen=True)
class WinnerShown:
    """A winner, masked: `王**`, or the last digits of a phone number."""

    place: int
    entry: int
    prize: str | None
    who: str


@dataclass(frozen=True)
class DrawShown:
    """A draw or rank: what was promised, and, once it is announced or the play is over, what came of it.

    `of` is the `collect` whose entries it is made of, `weighted` says that they have weights. `passed` are entries that
    were passed over, in the order of winning, with the reason; `left_over` counts prizes that nobody could be given.
    """

    step: Path
    kind: str
    of: Path | None
    weighted: bool
    commitment: str
    drawn_at: datetime | None
    seed: str | None = None
    digest: str | None = None
    entries: int | None = None
    winners: Sequence[WinnerShown] = ()
    passed: Sequence[tuple[int, str]] = ()
    left_over: int | None = None


@dataclass(frozen=True)
class PlayShown:
    """An instance of a play, as everybody may see it. `round` is what is being collected, or was last."""

    play: Play
    instance: PlayInstance
    round: PlayRound | None
    collect: Collect | None
    tally: Mapping[str, int] | None
    top: str | None
    draws: Sequence[DrawShown]
    announced: bool


def show(session: Session, instance: PlayInstance) -> PlayShown:
    """What is to be seen of an instance now."""
    play, library = version_of(session, instance), read_library(session)
    row = _last_round(session, play, instance)
    part = play.placed[row.step].part if row else None
    collect = part if isinstance(part, Collect) else None
    tally = dict(row.tally) if row and collect and collect.options else None
    if collect is not None and collect.correct is not None and row is not None and row.closed_at is None:
        tally = None  # it would tell the answer
    if tally is not None and collect is not None:
        tally = {name: tally.get(name, 0) for name in collect.options or ()}
    over = instance.ended_at is not None
    announced = over or any({"screen", "page"}.intersection(each.get("to", ())) for each in instance.shown)
    rows = session.exec(select(PlayDraw).where(PlayDraw.instance_id == instance.id)).all()
    by_step = {draw.step: draw for draw in rows}
    draws = [
        _draw(session, library, play, instance, by_step[placed.path]) for placed in play.draws if placed.path in by_step
    ]
    top = top_of(collect, tally) if collect and tally and row and row.closed_at is not None else None
    return PlayShown(play, instance, row, collect, tally, top, draws, announced)


def _last_round(session: Session, play: Play, instance: PlayInstance) -> PlayRound | None:
    if instance.position is not None and isinstance(play.placed[instance.position].part, Collect):
        return round_of(session, instance.id, instance.position)
    query = select(PlayRound).where(PlayRound.instance_id == instance.id).order_by(col(PlayRound.id).desc())
    return session.exec(query.limit(1).execution_options(populate_existing=True)).first()


def is_revealed(play: Play, instance: PlayInstance, step: Path) -> bool:
    """Whether what came of a draw may be seen: an announcement after it was made, or the play is over."""
    if instance.ended_at is not None:
        return True
    paths = list(play.placed)
    after = paths[paths.index(step) + 1 :]
    shown = {each["announce"] for each in instance.shown if "announce" in each}
    public = [path for path in after if _is_public(play, path)]
    return any(path in shown for path in public)


def _is_public(play: Play, path: Path) -> bool:
    part = play.placed[path].part
    return isinstance(part, Announce) and not {"screen", "page"}.isdisjoint(part.announce)


def _draw(session: Session, library: Library, play: Play, instance: PlayInstance, draw: PlayDraw) -> DrawShown:
    part, before = play.placed[draw.step].part, play.before(draw.step, Collect)
    weighted = isinstance(part, Draw) and isinstance(part.draw.weight, FieldRef)
    if draw.drawn_at is None or not is_revealed(play, instance, draw.step):
        return DrawShown(draw.step, part.part, before.path if before else None, weighted, draw.commitment, None)
    row = round_of(session, instance.id, before.path) if before else None
    of_draw = (col(PlayWinner.instance_id) == instance.id) & (col(PlayWinner.step) == draw.step)
    won = session.exec(
        select(PlayWinner)
        .where(of_draw, col(PlayWinner.place).is_not(None))
        .order_by(col(PlayWinner.place))
        .limit(MOST_WINNERS)
    ).all()
    passed = select(PlayWinner.entry_id, PlayWinner.reason).where(of_draw, col(PlayWinner.place).is_(None))
    names = masked_names(session, [winner.customer_id for winner in won])
    winning = winning_of(play, draw.step)
    return DrawShown(
        draw.step,
        part.part,
        before.path if before else None,
        weighted,
        draw.commitment,
        draw.drawn_at,
        draw.seed,
        row.digest if row else None,
        row.entries if row else None,
        [
            WinnerShown(
                winner.place or 0,
                winner.entry_id,
                prize_name(library, winning, winner.prize),
                names[winner.customer_id],
            )
            for winner in won
        ],
        [
            (entry, reason or "")
            for entry, reason in session.exec(passed.order_by(col(PlayWinner.rank)).limit(MOST_WINNERS))
        ],
        draw.left_over,
    )


def prize_name(library: Library, winning: Winning, number: int | None) -> str | None:
    """What people call a prize."""
    if number is None:
        return None
    prize = winning.prizes[number]
    terms = library.campaigns.get(prize.coupon or "")
    return terms.name if terms else prize.words(Wording(library.policy.language))


def masked_names(session: Session, customers: Sequence[int]) -> Mapping[int, str]:
    """What of each may be shown to everybody: the first sign of the name, else the ends of a phone number."""
    named = dict(session.exec(select(Customer.id, Customer.name).where(is_among(Customer.id, customers))).all())
    known = identifiers_of(session, customers)
    return {id: _masked(named.get(id), known.get(id, {}).get("phone")) for id in customers}


def _masked(name: str | None, phone: str | None) -> str:
    if name:
        return f"{name[0]}**"
    if phone and len(phone) >= 11:
        return f"{phone[-11:-8]}****{phone[-4:]}"
    return "***"
