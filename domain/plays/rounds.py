"""The entries that a `collect` takes: opened, taken one transaction after the other, closed for good.

Whoever takes entries or closes locks the round's row before looking at entries, so that what was seen stays true: one
entry per rule however many taps, devices and retries, no more than `at_most`, none after the close.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import and_, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from domain.conditions.sql import matching
from domain.customers.tables import Customer
from domain.plays.draw import digest_of
from domain.plays.running import present_instance, round_of, version_of
from domain.plays.tables import PlayEntry, PlayInstance, PlayRound
from domain.published.library import read_library
from domain.store.bulk import insert_all, is_among
from domain.store.outbox import LookAtPlay
from domain.store.work import UnitOfWork
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect
from workflows.terms.values import local_day

Refusal = Literal["not_open", "closed", "full", "again", "not_eligible", "minor", "no_such_choice", "unknown_customer"]
"""Why an entry isn't taken. `again`: the customer has entered as often as may be."""

ADULT = 18


@dataclass(frozen=True)
class Ask:
    """Somebody wants to enter: `key` is the sender's id of it, the same for every retry; it came in `at` an instant."""

    key: str
    customer: int
    choice: Any
    at: datetime


@dataclass(frozen=True)
class Taken:
    """What became of it: the entry that counts for it, or why there is none."""

    entry: int | None
    reason: Refusal | None = None


def open_round(work: UnitOfWork, instance: PlayInstance, step: str, part: Collect, now: datetime) -> PlayRound:
    """Begin to take entries."""
    zone = read_library(work).policy_zone
    row = PlayRound(
        instance_id=instance.id, step=step, opened_at=now, closes_at=part.for_.after(now, zone), at_most=part.at_most
    )
    work.add(row)
    work.flush()
    return row


def take(work: UnitOfWork, name: str, asks: Sequence[Ask]) -> list[Taken]:
    """Take entries of a play, in the order given; answers them in this order.

    The same key of the same customer is the same entry of an instance, for ever.
    """
    instance = present_instance(work, name)
    if instance is None:
        return [Taken(None, "not_open")] * len(asks)
    play = version_of(work, instance)
    placed = play.placed.get(instance.position or "")
    if placed is None or not isinstance(placed.part, Collect):
        return _told_before(work, instance, asks)
    row = round_of(work, instance.id, placed.path, locked=True)
    if row is None:
        return [Taken(None, "not_open")] * len(asks)
    return _Taking(work, play, placed.part, instance, row, asks).answer()


def _told_before(session: Session, instance: PlayInstance, asks: Sequence[Ask]) -> list[Taken]:
    """Nothing is taken now; a retry of what was taken is told its entry."""
    rows = session.exec(
        select(PlayEntry)
        .join(PlayRound, col(PlayRound.id) == PlayEntry.round_id)
        .where(PlayRound.instance_id == instance.id, is_among(PlayEntry.customer_id, {ask.customer for ask in asks}))
    )
    known = {(row.customer_id, row.key): row.id for row in rows}
    return [Taken(entry) if (entry := known.get((ask.customer, ask.key))) else Taken(None, "closed") for ask in asks]


@dataclass(frozen=True)
class _Person:
    id: int
    birthday: str | None
    eligible: bool


class _Taking:
    """A batch of entries being taken, under the round's lock."""

    def __init__(
        self, work: UnitOfWork, play: Play, part: Collect, instance: PlayInstance, row: PlayRound, asks: Sequence[Ask]
    ) -> None:
        self._work = work
        self._play = play
        self._part = part
        self._instance = instance
        self._row = row
        self._asks = asks
        self._zone = read_library(work).policy_zone
        self._people = self._read_people()
        self._known, self._counts = self._read_entries()
        self._left = row.at_most - row.entries

    def answer(self) -> list[Taken]:
        new: list[dict[str, Any]] = []
        answers: list[Taken | int] = []
        for ask in self._asks:
            outcome = self._decide(ask)
            if isinstance(outcome, dict):
                self._known[outcome["customer_id"], ask.key] = -len(new) - 1
                self._counts[outcome["customer_id"], outcome["day"]] += 1
                self._left -= 1
                answers.append(len(new))
                new.append(outcome)
            else:
                answers.append(outcome)
        ids = self._insert(new)
        return [Taken(ids[answer]) if isinstance(answer, int) else self._settled(answer, ids) for answer in answers]

    @staticmethod
    def _settled(taken: Taken, ids: Sequence[int]) -> Taken:
        """A retry in the same batch names an entry that has its id only now."""
        return Taken(ids[-taken.entry - 1]) if taken.entry is not None and taken.entry < 0 else taken

    def _decide(self, ask: Ask) -> Taken | dict[str, Any]:
        person = self._people.get(ask.customer)
        if person is None:
            return Taken(None, "unknown_customer")
        if (entry := self._known.get((person.id, ask.key))) is not None:
            return Taken(entry)
        if self._row.closed_at is not None or ask.at >= self._row.closes_at:
            return Taken(None, "closed")
        day = str(local_day(ask.at, self._zone))
        period = day if self._play.entry.every else ""
        if self._counts[person.id, period] >= self._play.entry.times:
            return Taken(None, "again")
        if self._play.minors == "out" and is_minor(person.birthday, local_day(ask.at, self._zone)):
            return Taken(None, "minor")
        if not person.eligible:
            return Taken(None, "not_eligible")
        if (choice := self._part.choice_of(ask.choice)) is None:
            return Taken(None, "no_such_choice")
        if self._left <= 0:
            return Taken(None, "full")
        return {
            "round_id": self._row.id, "key": ask.key, "customer_id": person.id, "entrant": person.id, "day": period,
            "taken_at": ask.at, "choice": choice[0], "guess": choice[1],
        }  # fmt: skip

    def _read_people(self) -> Mapping[int, _Person]:
        who = self._play.who
        present = func.coalesce(Customer.merged_into, Customer.id)
        columns = [col(Customer.id), present, func.jsonb_extract_path_text(Customer.fields, "birthday")]
        asked = {ask.customer for ask in self._asks}
        rows = self._work.connection().execute(sa_select(*columns).where(is_among(Customer.id, asked))).all()
        present_ids = {row[1] for row in rows}
        eligible = present_ids
        if who is not None:
            holds = matching(who, read_library(self._work), self._asks[0].at)
            query = sa_select(col(Customer.id)).where(and_(is_among(Customer.id, present_ids), holds))
            eligible = set(self._work.connection().execute(query).scalars())
        return {id: _Person(now, birthday, now in eligible) for id, now, birthday in rows}

    def _read_entries(self) -> tuple[dict[tuple[int, str], int], Counter[tuple[int, str]]]:
        ids = [person.id for person in self._people.values()]
        known: dict[tuple[int, str], int] = {}
        counts: Counter[tuple[int, str]] = Counter()
        rounds = [self._row.id]
        if len(self._play.collects) > 1:  # a retry may come when the next round is open already
            of_instance = select(PlayRound.id).where(PlayRound.instance_id == self._instance.id)
            rounds = list(self._work.exec(of_instance))
        found = self._work.connection().execute(_ENTRIES, {"rounds": rounds, "ids": ids})
        for round_id, customer, key, id, day in found:
            known[customer, key] = id
            if round_id == self._row.id:
                counts[customer, day] += 1
        return known, counts

    def _insert(self, new: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        if not new:
            return ()
        row = self._row
        found = insert_all(self._work, PlayEntry, new, "id", "customer_id", "key")
        ids = {(customer, key): id for id, customer, key in found}
        row.entries += len(new)
        if self._part.options is not None:
            chosen = Counter(each["choice"] for each in new)
            row.tally = {name: row.tally.get(name, 0) + chosen[name] for name in self._part.options}
        if not row.stirred:
            row.stirred = True
            self._work.enqueue(LookAtPlay(self._instance.id))
        return [ids[each["customer_id"], each["key"]] for each in new]


_ENTRIES = text("""
SELECT round_id, customer_id, key, id, day FROM play_entries
WHERE round_id = ANY (CAST(:rounds AS bigint[])) AND customer_id = ANY (CAST(:ids AS bigint[]))
""")


def is_minor(birthday: str | None, today: date) -> bool:
    """Whether somebody is known to be under 18; of a day of any year, nothing is known."""
    try:
        born = date.fromisoformat(birthday or "")
    except ValueError:
        return False
    return (today.year - born.year, (today.month, today.day)) < (ADULT, (born.month, born.day))


def close_round(work: UnitOfWork, play: Play, row: PlayRound, now: datetime) -> None:
    """Close the entries for good, under the lock: who became one counts once, and what there is gets its digest."""
    parameters = {"round": row.id, "times": play.entry.times}
    connection = work.connection()
    connection.execute(_PRESENT, parameters)
    connection.execute(_DROP_SECOND, parameters)
    row.closed_at = now
    row.entries = connection.execute(_COUNT, parameters).scalar_one()
    part = play.placed[row.step].part
    if isinstance(part, Collect) and part.options is not None:
        counted: dict[str, int] = dict(tuple(row) for row in connection.execute(_TALLY, parameters))
        row.tally = {name: counted.get(name, 0) for name in part.options}
    row.digest = digest_of(connection.execute(_ORDERED, parameters).scalars())
    work.flush()


_PRESENT = text("""
UPDATE play_entries SET customer_id = coalesce(merged_into, customers.id), entrant = coalesce(merged_into, customers.id)
FROM customers WHERE round_id = :round AND customers.id = customer_id
    AND (merged_into IS NOT NULL OR entrant <> customer_id)
""")
_DROP_SECOND = text("""
UPDATE play_entries SET dropped = 'joined'
FROM (
    SELECT id, row_number() OVER (PARTITION BY customer_id, day ORDER BY taken_at, id) AS place
    FROM play_entries WHERE round_id = :round AND dropped IS NULL
) AS ranked
WHERE play_entries.id = ranked.id AND place > :times
""")
_COUNT = text("SELECT count(*) FROM play_entries WHERE round_id = :round AND dropped IS NULL")
_TALLY = text("SELECT choice, count(*) FROM play_entries WHERE round_id = :round AND dropped IS NULL GROUP BY choice")
_ORDERED = text("SELECT id FROM play_entries WHERE round_id = :round AND dropped IS NULL ORDER BY taken_at, id")


def top_of(part: Collect, tally: Mapping[str, int]) -> str | None:
    """The option with the most votes, of equals the one written first; None without a vote."""
    best = max(part.options or (), key=lambda name: tally.get(name, 0), default=None)
    return best if best is not None and tally.get(best, 0) else None


class Counted(NamedTuple):
    """An entry that counts, as a draw sees it: one of a hundred thousand."""

    id: int
    customer_id: int
    entrant: int
    day: str
    taken_at: datetime
    choice: str | None
    guess: float | None
    weight: float | None


def entries_in_order(session: Session, round_id: int) -> Sequence[Counted]:
    """The entries that count, in the order of the draw."""
    return [Counted._make(row) for row in session.connection().execute(_IN_ORDER, {"round": round_id})]


_IN_ORDER = text(f"""
SELECT {", ".join(Counted._fields)} FROM play_entries WHERE round_id = :round AND dropped IS NULL ORDER BY taken_at, id
""")
