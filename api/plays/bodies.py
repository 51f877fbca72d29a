"""What is sent to plays, and how they are shown."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.plays.showing import DrawShown, PlayShown
from domain.plays.winning import winning_of
from workflows.plays.model import Play
from workflows.plays.prizes import Winning
from workflows.plays.words import during_words
from workflows.terms.wording import Wording

Key = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Choice = (
    Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] | Annotated[float, Field(ge=0, lt=10**8)]
)


MINUTES = 30
"""How long a token holds, if nothing else is asked for."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEntry(Body):
    """Somebody enters: a `customer`, by identifiers, from the shop's server with its key; or the holder of a `token`.

    `id` is yours: the same for every retry. `choice` is the short name of an option, or the number that is guessed.
    """

    id: Key
    customer: dict[str, Any] | None = None
    token: Annotated[str, StringConstraints(max_length=500)] | None = None
    choice: Choice | None = None


class NewToken(Body):
    """Whose token it is, by identifiers, and for how many minutes it holds."""

    customer: dict[str, Any]
    minutes: Annotated[int, Field(strict=True, ge=1, le=240)] = MINUTES


class PlayToken(BaseModel):
    """A viewer's token: give it to the page of the play."""

    token: str
    expires_at: datetime


class Opening(Body):
    """In which show it is played, where several run."""

    stream_id: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None


class Stopping(Body):
    """Why it is stopped."""

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")
    ]


class EntryAnswer(BaseModel):
    """What became of it. `reason` says why it isn't taken: `not_open`, `closed`, `full`, `again` (the customer has
    entered as often as may be), `not_eligible`, `minor`, `no_such_choice`, `unknown_customer`.
    """

    entry: int | None
    accepted: bool
    reason: str | None = None


class PlayWinner(BaseModel):
    """Who won, masked."""

    place: int
    entry: int
    prize: str | None
    who: str


class PassedOver(BaseModel):
    """An entry that was passed over: its customer has won already as somebody else (`joined`), is forgotten
    (`erased`), wants no messages (`opted_out`), or can't have the coupon (`per_customer`, `campaign_over`).
    """

    entry: int
    reason: str


class DrawState(BaseModel):
    """A draw or rank of the entries that the `collect` took. `commitment` is the SHA-256 of the seed, published before
    the first entry; the rest is there once the result is announced. `left_over` counts prizes that nobody could have.
    `weighted` says that entries had the weights that are listed with them.
    """

    step: str
    kind: Literal["draw", "rank"]
    collect: str | None
    weighted: bool
    commitment: str
    drawn_at: datetime | None
    seed: str | None
    digest: str | None
    entries: int | None
    winners: list[PlayWinner]
    passed: list[PassedOver]
    left_over: int | None


class PlayResult(BaseModel):
    """What came out: of a draw its seed, the digest of its entries and the winners; of a vote what is on `top`."""

    seed: str | None
    digest: str | None
    winners: list[PlayWinner]
    top: str | None


class Odds(BaseModel):
    """How many can win, of how many entries so far: the chance of each, while all weigh the same."""

    step: str
    winners: int
    entries: int
    prizes: list[str]


class PlayState(BaseModel):
    """A play as everybody may see it.

    `instance` is which time it is played, null before the first. `state`: `not_open`, `open` while entries are taken,
    `closed` until all is told, `over`, or `stopped` for a `reason`. `commitment`, `result` are of the newest draw that
    was made, else of the first; all are in `draws`. `tally` has how many chose each of the `options`; `question`,
    `options` and `closes_at` are those of what is collected, or was last, and `correct` is the right answer, once no
    more are taken. Everybody may enter so many `times`, or so often on each `day`, which is then the present one.
    `during` says in words when it is played.
    """

    play: str
    name: str
    rules: str | None
    during: str | None
    times: int
    day: date | None = None
    instance: int | None
    state: Literal["not_open", "open", "closed", "over", "stopped"]
    reason: str | None = None
    step: str | None = None
    kind: str | None = None
    question: str | None = None
    options: dict[str, str] | None = None
    correct: str | None = None
    opened_at: datetime | None = None
    closes_at: datetime | None = None
    ended_at: datetime | None = None
    stream_id: str | None = None
    entries: int = 0
    tally: dict[str, int] | None = None
    commitment: str | None = None
    odds: list[Odds] = Field(default_factory=list)
    result: PlayResult | None = None
    draws: list[DrawState] = Field(default_factory=list)


def about(play: Play, say: Wording, today: date) -> PlayState:
    """A play that was never opened, as it is answered; what follows is added to it."""
    return PlayState(
        play=play.play,
        name=play.title,
        rules=play.rules,
        during=during_words(play, say),
        times=play.entry.times,
        day=today if play.entry.every else None,
        instance=None,
        state="not_open",
        odds=[_odds(each.path, winning_of(play, each.path), 0, say) for each in play.draws],
    )


def _odds(step: str, winning: Winning, entries: int, say: Wording) -> Odds:
    prizes = [f"{prize.words(say)} × {prize.count}" for prize in winning.prizes]
    return Odds(step=step, winners=winning.most, entries=entries, prizes=prizes)


def shown(state: PlayShown, say: Wording, today: date) -> PlayState:
    """An instance, as it is answered on a day."""
    play, instance, row = state.play, state.instance, state.round
    draws = [_draw(each) for each in state.draws]
    newest = next((each for each in reversed(draws) if each.drawn_at is not None), draws[0] if draws else None)
    done = newest is not None and newest.drawn_at is not None
    is_quiz = state.collect is not None and state.collect.correct is not None
    top = None if is_quiz else state.top
    result = None
    if done or (state.announced and top is not None):
        result = PlayResult(
            seed=newest.seed if newest else None,
            digest=newest.digest if newest else row.digest if row else None,
            winners=newest.winners if newest else [],
            top=top,
        )
    entries = row.entries if row else 0
    return about(play, say, today).model_copy(
        update={
            "instance": instance.id,
            "state": instance.state,
            "reason": instance.reason,
            "step": row.step if row else None,
            "kind": state.collect.collect if state.collect else None,
            "question": state.collect.question if state.collect else None,
            "options": dict(state.collect.options) if state.collect and state.collect.options else None,
            "correct": state.collect.correct if state.collect and row and row.closed_at else None,
            "opened_at": instance.opened_at,
            "closes_at": (row.closed_at or row.closes_at) if row else None,
            "ended_at": instance.ended_at,
            "stream_id": instance.stream_id,
            "entries": entries,
            "tally": dict(state.tally) if state.tally is not None else None,
            "commitment": newest.commitment if newest else None,
            "odds": [
                _odds(each.step, winning_of(play, each.step), entries if each.entries is None else each.entries, say)
                for each in draws
            ],
            "result": result,
            "draws": draws,
        }
    )


def _draw(draw: DrawShown) -> DrawState:
    return DrawState(
        step=draw.step,
        kind=draw.kind,
        collect=draw.of,
        weighted=draw.weighted,
        commitment=draw.commitment,
        drawn_at=draw.drawn_at,
        seed=draw.seed,
        digest=draw.digest,
        entries=draw.entries,
        winners=_winners(draw),
        passed=[PassedOver(entry=entry, reason=reason) for entry, reason in draw.passed],
        left_over=draw.left_over,
    )


def _winners(draw: DrawShown) -> list[PlayWinner]:
    won: Sequence[Any] = draw.winners
    return [PlayWinner(place=each.place, entry=each.entry, prize=each.prize, who=each.who) for each in won]
