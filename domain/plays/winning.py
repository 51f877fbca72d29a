"""Prizes are given: the order of winning is gone through, and who can't have a prize makes room for the next.

Locks: the instance and its draw are the caller's; then customers, in id order; then budgets, in campaign order.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice, repeat

from sqlmodel import col, select

from domain.catalogue.sources import TAGS
from domain.conditions.facts import CustomerFacts
from domain.conditions.subjects import GroupRefs
from domain.coupons.issuing import IssueRefusedError, lock_budgets
from domain.coupons.reserving import NotAskedError, ReservationRequest
from domain.customers.consent import Consents, read_consents
from domain.customers.resolution import identifiers_of, lock_customers
from domain.customers.tables import CustomerRow, CustomerTag
from domain.plays.running import DONE, GO_ON, Came, Run
from domain.plays.tables import PlayDraw, PlayEntry, PlayWinner
from domain.store.bulk import is_among
from domain.store.work import EventGiven
from workflows.plays.base import Path
from workflows.plays.model import Play
from workflows.plays.parts.announce import Announce
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank
from workflows.plays.prizes import Gift, Winning
from workflows.terms.channels import ADDRESS, Channel
from workflows.terms.wording import Wording

PAGE = 200
"""Entries that are looked at in a transaction."""

ASKED = 50
"""Coupons that an outside service is asked for at a time."""

GONE = frozenset({"budget", "unknown_campaign"})
"""Why nobody can have a coupon of a campaign any more."""

POINTS = "points"
"""The field of a customer that points are added to."""


class CannotHaveError(Exception):
    """Somebody can't have a gift; the message is the reason's code."""


def win(run: Run, winning: Winning, draw: PlayDraw, order: Sequence[int]) -> Came:
    """Go a page on in the order of winning. Each place is given once; passing over is noted with its reason.

    `joined`: has won already, as somebody who became the same person since. `erased`: is forgotten. `opted_out`: has
    refused every channel on which the play tells its winners. The rest are reasons of coupons; where a budget is gone,
    nobody can have this prize any more, and the next one in the file is given. Where an outside service has to be asked
    first, it goes no further for now.
    """
    work = run.work
    left = _left(run, winning)
    page = order[draw.next : draw.next + PAGE]
    rows = work.exec(select(PlayEntry).where(is_among(PlayEntry.id, page))).all()
    entries = {entry.id: entry for entry in rows}
    people = lock_customers(work, {entry.customer_id for entry in rows})
    lock_budgets(work, sorted({prize.coupon for prize in winning.prizes if prize.coupon}))
    has_won = set(
        work.exec(
            select(PlayWinner.customer_id).where(
                PlayWinner.instance_id == run.instance.id,
                PlayWinner.step == run.path,
                col(PlayWinner.place).is_not(None),
            )
        )
    )
    giving = Giving(run, list(people.values()))
    for id in page:
        if not any(left):
            break
        person = people[entries[id].customer_id]
        number: int | None = None
        code = reason = None
        if person.id in has_won:
            reason = "joined"
        else:
            try:
                number, code = _give(giving, winning, left, person, id)
            except CannotHaveError as refusal:
                reason = str(refusal)
            except NotAskedError:
                break
        if reason is None and number is None and winning.prizes:
            break  # every prize that was left has lost its budget
        if reason is None:
            draw.given += 1
            has_won.add(person.id)
            left[number or 0] -= 1
        winner = PlayWinner(
            instance_id=run.instance.id, step=run.path, entry_id=id, customer_id=person.id, rank=draw.next,
            place=draw.given if reason is None else None, prize=number, code=code, reason=reason, at=run.now,
        )  # fmt: skip
        work.add(winner)
        draw.next += 1
        if reason is None:
            _tell(run, winning, winner)
    run.note(left=left)
    if any(left) and draw.next < len(order):
        return GO_ON
    draw.left_over = winning.most - draw.given
    draw.drawn_at = run.now
    return DONE


def coupons_wanted(run: Run, winning: Winning, draw: PlayDraw, order: Sequence[int]) -> list[ReservationRequest]:
    """The coupons that are given next, to who can be told of them, if nobody is refused one."""
    counts = zip(winning.prizes, _left(run, winning), strict=False)
    prizes = islice(chain.from_iterable(repeat(prize, count) for prize, count in counts), ASKED)
    page = order[draw.next : draw.next + PAGE]
    entries = dict(run.work.exec(select(PlayEntry.id, PlayEntry.customer_id).where(is_among(PlayEntry.id, page))).all())
    able = who_can_have(run, entries.values())
    meant = zip((entry for entry in page if entries[entry] in able), prizes, strict=False)
    return [
        ReservationRequest(None, step_of(run, f"{entry}"), prize.coupon, entries[entry])
        for entry, prize in meant
        if prize.coupon
    ]


def who_can_have(run: Run, customers: Iterable[int]) -> set[int]:
    """Which of them nothing stands against but the rules of a coupon."""
    people = lock_customers(run.work, set(customers))
    giving = Giving(run, list(people.values()))
    able = set()
    for customer, person in people.items():
        with suppress(CannotHaveError):
            giving.check(person)
            able.add(customer)
    return able


def step_of(run: Run, key: str) -> str:
    """What a coupon is given for."""
    return f"{run.play.play}/{run.instance.id}/{run.path}/{key}"


def _left(run: Run, winning: Winning) -> list[int]:
    """How many of each prize are left; without prizes, how many places."""
    counts = [prize.count for prize in winning.prizes] or [winning.most]
    return list(run.instance.progress.get("left", counts))


def _give(
    giving: "Giving", winning: Winning, left: list[int], person: CustomerRow, entry: int
) -> tuple[int | None, str | None]:
    """Give the first prize that is left. Returns its number, and the code of its coupon. Raises CannotHaveError."""
    giving.check(person)
    for number, prize in enumerate(winning.prizes):
        if not left[number]:
            continue
        try:
            return number, giving.give(person, prize, f"{entry}")
        except CannotHaveError as refusal:
            if str(refusal) not in GONE:
                raise
            left[number] = 0
    return None, None


def _tell(run: Run, winning: Winning, winner: PlayWinner) -> None:
    run.tell("play.won", f"won/{winner.step}/{winner.entry_id}", winner.customer_id, **told_of(run, winning, winner))


def winning_of(play: Play, step: Path) -> Winning:
    """What a draw or rank gives."""
    part = play.placed[step].part
    if isinstance(part, Draw):
        return part.draw
    assert isinstance(part, Rank)
    return part.rank


def told_of(run: Run, winning: Winning, winner: PlayWinner) -> Mapping[str, object]:
    """What events say of a winner."""
    prize = winning.prizes[winner.prize] if winner.prize is not None else None
    say = Wording(run.library.policy.language)
    name = None
    if prize is not None:
        terms = run.library.campaigns.get(prize.coupon or "")
        name = terms.name if terms else prize.words(say)
    return {
        "step": winner.step, "entry": winner.entry_id, "place": winner.place, "prize": name,
        "campaign": prize.coupon if prize else None, "code": winner.code,
    }  # fmt: skip


class Giving:
    """Gives gifts to customers whose rows are locked."""

    def __init__(self, run: Run, people: Sequence[CustomerRow]) -> None:
        self._run = run
        ids = [person.id for person in people]
        self._refs = GroupRefs(run.work, [], ids)
        self._names = identifiers_of(run.work, ids)
        self._via: Sequence[Channel] = [
            channel
            for _, part in run.play.letters
            if isinstance(part, Announce) and "winners" in part.people
            for channel in part.via or ()
        ]
        addresses = {
            names[ADDRESS[via]] for names in self._names.values() for via in self._via if ADDRESS[via] in names
        }
        self._consents: Consents = read_consents(run.work, ids, addresses)

    def check(self, person: CustomerRow) -> None:
        """Raises CannotHaveError for somebody who is forgotten, or can't be told of what they won as they wish it."""
        names = self._names.get(person.id)
        if not names:
            raise CannotHaveError("erased")
        said = [self._consents.of(person.id, via, names[ADDRESS[via]]) for via in self._via if ADDRESS[via] in names]
        if said and all(False in each.values() for each in said):
            raise CannotHaveError("opted_out")

    def give(self, person: CustomerRow, gift: Gift, key: str) -> str | None:
        """Give one. Returns the code of a coupon. `key` names it within its part, for ever.

        Raises CannotHaveError, and NotAskedError for a coupon that isn't ours.
        """
        run = self._run
        if gift.coupon is not None:
            facts = CustomerFacts(run.work, run.library, person, run.now, subjects=self._refs)
            try:
                return run.gift(run.work, facts, gift.coupon, step_of(run, key)).code
            except IssueRefusedError as refusal:
                raise CannotHaveError(str(refusal)) from None
        if gift.tag is not None:
            self._tag(person, gift.tag, key)
        if gift.points is not None:
            row = run.work.held(CustomerRow, person.id)
            before = row.fields.get(POINTS)
            total = (before if isinstance(before, int) and not isinstance(before, bool) else 0) + gift.points
            times = {**row.field_times, POINTS: run.now.isoformat()}
            run.work.change(row._replace(fields={**row.fields, POINTS: total}, field_times=times))
        return None

    def _tag(self, person: CustomerRow, tag: str, key: str) -> None:
        run = self._run
        if tag in run.library.tags:  # a rule keeps it
            return
        row = run.work.get(CustomerTag, (person.id, tag))
        if row is not None and (row.until is None or row.until > run.now):
            return
        if row is None:
            row = CustomerTag(customer_id=person.id, tag=tag)
            run.work.add(row)
        row.until, row.since = None, run.now
        id = f"tag.added/play/{run.instance.id}/{run.path}/{key}"
        data = {"tag": tag, "by": "journey"}
        run.work.give_rise_to(EventGiven(TAGS, id, "tag.added", run.now, data, person.id))
