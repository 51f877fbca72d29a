"""What would come of a play: entries of people who aren't there, taken, drawn and rewarded in a scratch database."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from domain.conditions.sql import matching
from domain.customers.tables import Customer
from domain.plays.publishing import publish_play
from domain.plays.rounds import Ask, is_minor, take
from domain.plays.running import carry_on, open_play, present_instance
from domain.plays.showing import show
from domain.plays.tables import PlayInstance, PlayRound
from domain.plays.winning import winning_of
from domain.published.library import Library, read_library
from domain.published.publishing import publish_documents
from domain.store.work import Database
from runtime.rehearsal.scratch import scratch
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect
from workflows.plays.parts.rank import Rank
from workflows.plays.parts.reward import Reward
from workflows.plays.prizes import Gift
from workflows.terms.values import local_day, money_words
from workflows.terms.wording import Wording

CHUNK = 500
SEED = "simulation"
"""The same entries are drawn in the same order each time."""


@dataclass
class Simulated:
    """What came of it. Money is fen; `cost` is None where something of it has no limit. `seconds` are real ones."""

    play: Play
    may_enter: int
    customers: int
    rounds: list[tuple[str, int]] = field(default_factory=list)
    draws: list[tuple[str, int, int, int, float]] = field(default_factory=list)
    """Of each draw or rank: its part, entries, winners, prizes that were left, and the chance of an entry."""
    rewarded: list[tuple[str, int]] = field(default_factory=list)
    cost: int | None = 0
    lasts: timedelta = timedelta()
    seconds: float = 0.0
    state: str = "over"


def simulate_play(live: Session, play: Play, entries: int, now: datetime) -> Simulated:
    """Let so many people enter the play each time that it collects. The live database is only read.

    Who may enter it of the shop's customers is counted there; the campaigns are as they are published.
    """
    library = read_library(live)
    found = Simulated(play, *_may_enter(live, library, play, now))
    anybody = play.model_copy(update={"who": None, "during": None, "minors": "in"})
    with scratch() as (_, db):
        began = time.perf_counter()
        _set_up(db, library, anybody, entries, now)
        _go_through(db, anybody, entries, now, found)
        found.seconds = time.perf_counter() - began
    found.cost = _cost(library, play, found)
    return found


def _may_enter(live: Session, library: Library, play: Play, now: datetime) -> tuple[int, int]:
    everybody = col(Customer.merged_into).is_(None)
    total = live.exec(select(func.count()).select_from(Customer).where(everybody)).one()
    condition = matching(play.who, library, now) if play.who is not None else everybody
    if play.minors == "in":
        return live.exec(select(func.count()).select_from(Customer).where(condition)).one(), total
    today = local_day(now, library.policy_zone)
    birthdays = live.exec(select(func.jsonb_extract_path_text(Customer.fields, "birthday")).where(condition))
    return sum(not is_minor(birthday, today) for birthday in birthdays), total


def _set_up(db: Database, library: Library, play: Play, entries: int, now: datetime) -> None:
    with db.begin() as work:
        coupons = {name: terms.model_dump(mode="json") for name, terms in library.campaigns.items()}
        publish_documents(work, {"_policy": library.policy.model_dump(mode="json"), "_coupons": coupons})
        publish_play(work, play, "", now)
        work.connection().execute(_PEOPLE, {"count": entries, "now": now})
        work.connection().execute(_NAMES)


_PEOPLE = text("""
INSERT INTO customers (fields, field_times, created_at) SELECT '{}', '{}', :now FROM generate_series(1, :count)
""")
_NAMES = text("""
INSERT INTO identifiers (kind, value, customer_id) SELECT 'member_no', CAST(id AS text), id FROM customers
""")


def _go_through(db: Database, play: Play, entries: int, now: datetime, found: Simulated) -> None:
    with db.begin() as work:
        instance_id = open_play(work, play.play, now, SEED).id
    at, entered = now, set[str]()
    while True:
        with db.begin() as work:
            instance = present_instance(work, play.play)
            position = instance.position if instance else None
        part = play.placed[position].part if position else None
        if isinstance(part, Collect) and position not in entered and position:
            entered.add(position)
            for days in range(part.for_.days or 1) if play.entry.every else (0,):
                _enter(db, play, part, entries, at + timedelta(days=days))
        with db.begin() as work:
            standing = carry_on(work, instance_id, at)
        if standing.due_at is not None:
            at = standing.due_at
        elif standing.over or standing.part is None:
            break
    _tell(db, play, instance_id, found)
    found.lasts = at - now


def _enter(db: Database, play: Play, part: Collect, entries: int, at: datetime) -> None:
    for start in range(1, entries + 1, CHUNK):
        people = range(start, min(start + CHUNK, entries + 1))
        asks = [Ask(f"{at}/{person}", person, _choice(play, part, person), at) for person in people]
        with db.begin() as work:
            take(work, play.play, asks)
            work.connection().execute(_TOLD)


_TOLD = text("UPDATE play_entries SET told = true WHERE NOT told")
"""Nobody listens here to who entered."""


def _choice(play: Play, part: Collect, person: int) -> object:
    """Each option as often as the others; guesses spread around what is right."""
    if part.options:
        return list(part.options)[person % len(part.options)]
    if part.collect == "guesses":
        goals = [rank.to for rank in _ranks(play) if rank.to]
        return round((goals[0] if goals else 100) * (0.5 + person % 101 / 100), 2)
    return None


def _ranks(play: Play) -> Iterator[Any]:
    return (placed.part.rank for placed in play.draws if isinstance(placed.part, Rank))


def _tell(db: Database, play: Play, instance_id: int, found: Simulated) -> None:
    with db() as session:
        instance = session.get_one(PlayInstance, instance_id)
        found.state = instance.state
        for row in session.exec(select(PlayRound).order_by(col(PlayRound.id))):
            found.rounds.append((row.step, row.entries))
        for draw in show(session, instance).draws:
            if draw.drawn_at is not None and draw.entries is not None:
                most, left = winning_of(play, draw.step).most, draw.left_over or 0
                chance = min(1.0, most / draw.entries) if draw.entries else 0.0
                found.draws.append((draw.step, draw.entries, most - left, left, chance))
        found.rewarded += [(each["reward"], each["given"]) for each in instance.shown if "reward" in each]


def _cost(library: Library, play: Play, found: Simulated) -> int | None:
    """What it can cost at most: every prize, and what was given to many."""
    given: list[tuple[Gift, int]] = [
        (prize, prize.count) for placed in play.draws for prize in winning_of(play, placed.path).prizes
    ]
    for path, count in found.rewarded:
        part = play.placed[path].part
        given += [(part.reward, count)] if isinstance(part, Reward) else []
    total = 0
    for gift, count in given:
        worth = gift.worth(library.campaigns.get(gift.coupon or ""))
        if worth is None:
            return None
        total += worth * count
    return total


def simulated_text(found: Simulated, say: Wording) -> Sequence[str]:
    """It in plain words, a line each."""
    play = found.play
    lines = [
        say.pick(
            f"{play.title}：店里 {found.customers:,} 位客户，现在能参加的有 {found.may_enter:,} 位",
            f"{play.title}: of {found.customers:,} customers, {found.may_enter:,} may enter now",
        )
    ]
    for step, count in found.rounds:
        lines.append(say.pick(f"{step}：收下 {count:,} 份参与", f"{step}: {count:,} entries taken"))
    for step, entries, winners, left, chance in found.draws:
        odds = f"{chance:.2%}"
        zh = f"{step}：{entries:,} 份里 {winners:,} 名中奖，机会 {odds}" + (f"，{left:,} 份奖品没人得" if left else "")
        en = f"{step}: {winners:,} of {entries:,} win, a chance of {odds}"
        en += f"; {left:,} prizes are left" if left else ""
        lines.append(say.pick(zh, en))
    for step, count in found.rewarded:
        lines.append(say.pick(f"{step}：奖励 {count:,} 位", f"{step}: {count:,} rewarded"))
    unlimited = say.pick("没有上限（有券不封顶）", "without a limit, for a coupon has none")
    cost = unlimited if found.cost is None else money_words(found.cost)
    lines.append(say.pick(f"最多花费：{cost}", f"cost, at most: {cost}"))
    ended = say.pick(*(("中止", "stopped") if found.state == "stopped" else ("走完", "over")))
    minutes = round(found.lasts.total_seconds() / 60)
    zh = f"从开到{ended}：{minutes} 分钟；在这台机器上算了 {found.seconds:.1f} 秒"
    lines.append(say.pick(zh, f"{ended} after {minutes} minutes; {found.seconds:.1f} s to work out here"))
    return lines
