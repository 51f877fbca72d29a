"""Plays on the real database: entries are exact, draws fair, prizes given once; whatever happens meanwhile."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.plays.entering import enter
from domain.plays.publishing import publish_play
from domain.plays.rounds import Taken
from domain.plays.running import PlayError, carry_on, close_entries, open_play, stop_play
from domain.plays.showing import show
from domain.plays.tables import PlayEntry, PlayInstance, PlayRound, PlayWinner
from domain.plays.verifying import verify
from domain.published.publishing import publish_document, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.policy import Policy, read_coupons
from workflows.plays.reading import read_play

COUPONS = """
big: {name: 大券, amount_off: 20元, valid: 3d, budget: {count: 3}}
small: {name: 小券, amount_off: 5元, valid: 3d}
"""
LOTTERY = """
play: lottery
steps:
  - {id: collect, collect: entries, for: 10m, at_most: 40}
  - {id: draw, draw: {prizes: [{coupon: big, count: 2}, {coupon: small, count: 3}]}}
  - {id: tell, announce: [screen, winners], send: won, via: [sms]}
"""


class Stage:
    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db = db
        self.clock = clock

    def publish(self, text: str, coupons: str = COUPONS) -> None:
        play = read_play(text, "a play").play
        assert play is not None, read_play(text, "a play").diagnostics
        terms, diagnostics = read_coupons(coupons, "coupons")
        assert terms is not None, diagnostics
        self.name = play.play
        with self.db.begin() as work:
            publish_document(work, "_policy", Policy().model_dump(mode="json"))
            publish_document(work, "_coupons", {name: each.model_dump(mode="json") for name, each in terms.items()})
            publish_text(work, "won", "sms", "won {{ trigger.prize }} {{ trigger.code }}")
            publish_play(work, play, text, self.clock.now())

    def open(self) -> int:
        with self.db.begin() as work:
            self.instance = open_play(work, self.name, self.clock.now(), "test").id
        return self.instance

    def enter(self, who: str, key: str | None = None, choice: Any = None) -> Taken:
        return self.enter_as({"member_no": who}, key or who, choice)

    def enter_as(self, idents: dict[str, str], key: str, choice: Any = None) -> Taken:
        with self.db.begin() as work:
            taken = enter(work, self.name, identify(None, idents), key, choice, self.clock.now())
        assert taken is not None
        return taken

    def event(self, id: str, type: str, who: dict[str, str], **data: Any) -> None:
        with self.db.begin() as work:
            event = Incoming("test", id, type, self.clock.now(), data, identify(None, who))
            ingest(work, [event], now=self.clock.now())

    def pass_time(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))

    def go_on(self, *, until: str | None = None) -> str:
        """As the run would, for as long as something is to be done now."""
        while True:
            with self.db.begin() as work:
                standing = carry_on(work, self.instance, self.clock.now())
            if standing.over or standing.due_at is not None or standing.state == until:
                return standing.state

    def close(self) -> None:
        with self.db.begin() as work:
            close_entries(work, self.name, self.clock.now())

    def rows(self, table: type) -> Sequence[Any]:
        with self.db() as session:
            return session.exec(select(table)).all()

    def winners(self) -> list[tuple[int | None, int, str | None]]:
        with self.db() as session:
            rows = session.exec(select(PlayWinner).order_by(col(PlayWinner.rank))).all()
            return [(row.place, row.entry_id, row.reason) for row in rows]

    def check_fair(self) -> None:
        with self.db() as session:
            (found,) = verify(session, session.get_one(PlayInstance, self.instance))
        assert found.problems == []
        ids = [entry.id for entry in found.entries]
        assert hashlib.sha256(found.seed.encode()).hexdigest() == found.commitment
        assert hashlib.sha256("".join(f"{id}\n" for id in ids).encode()).hexdigest() == found.digest
        order = sorted(ids, key=lambda id: hmac.new(found.seed.encode(), str(id).encode(), "sha256").digest())
        assert [row.entry_id for row in found.winners] == order[: len(found.winners)]


@pytest.fixture
def stage(db: Database, clock: VirtualClock) -> Stage:
    return Stage(db, clock)


def test_a_lottery_gives_each_prize_once_and_can_be_worked_out_by_anybody(stage: Stage) -> None:
    stage.publish(LOTTERY)
    stage.open()
    taken = {f"m{number}": stage.enter(f"m{number}") for number in range(12)}
    again = [stage.enter("m3", "another"), stage.enter("m3")]
    stage.go_on()
    stage.pass_time(minutes=10)
    late = stage.enter("late")
    retried = stage.enter("m5")
    stage.go_on()

    assert again == [Taken(None, "again"), taken["m3"]]
    assert (late, retried) == (Taken(None, "closed"), taken["m5"])
    stage.check_fair()
    coupons = stage.rows(Coupon)
    assert sorted(coupon.campaign for coupon in coupons) == ["big"] * 2 + ["small"] * 3
    with stage.db() as session:
        state = show(session, session.get_one(PlayInstance, stage.instance))
        types = list(session.exec(select(Event.type).order_by(col(Event.id))))
    assert [winner.place for winner in state.draws[0].winners] == [1, 2, 3, 4, 5]
    assert [types.count(type) for type in ("play.entered", "play.won", "play.told", "play.closed")] == [12, 5, 5, 1]


def test_who_cannot_have_a_prize_makes_room_for_the_next_which_is_noted(stage: Stage) -> None:
    stage.publish(LOTTERY)
    stage.open()
    for number in range(8):
        stage.enter_as({"member_no": f"m{number}", "phone": f"+8613900000{number:03}"}, "1")
    stage.close()
    with stage.db() as session:
        entries = list(session.exec(select(PlayEntry)))
    first_two = [entry.customer_id for entry in entries][:2]
    stage.event("out", "consent.withdrawn", {"member_no": "m0"}, channel="sms")
    stage.event("join", "customer.updated", {"member_no": "m2", "phone": "+8613900000003"})
    stage.go_on()
    assert len(first_two) == 2
    won = stage.winners()
    assert [place for place, _, reason in won if reason is None] == [1, 2, 3, 4, 5]
    passed = {entry: reason for _, entry, reason in won if reason}
    if any(entry == entries[0].id for _, entry, _ in won):
        assert passed[entries[0].id] == "opted_out"
    stage.check_fair()


def test_a_budget_that_is_gone_takes_its_prize_and_more_winners_than_entries_leave_some(stage: Stage) -> None:
    stage.publish(LOTTERY, COUPONS.replace("count: 3", "count: 1"))
    stage.open()
    for number in range(3):
        stage.enter(f"m{number}")
    stage.close()
    stage.go_on()
    assert [place for place, _, _ in stage.winners()] == [1, 2, 3]
    assert sorted(coupon.campaign for coupon in stage.rows(Coupon)) == ["big", "small", "small"]
    with stage.db() as session:
        (draw,) = show(session, session.get_one(PlayInstance, stage.instance)).draws
    assert draw.left_over == 2


def test_who_became_one_before_the_close_counts_once(stage: Stage) -> None:
    stage.publish(LOTTERY)
    stage.open()
    stage.enter_as({"phone": "+8613900000001"}, "1")
    stage.enter_as({"unionid": "u1"}, "1")
    stage.event("join", "customer.updated", {"phone": "+8613900000001", "unionid": "u1"})
    assert stage.enter_as({"unionid": "u1"}, "2") == Taken(None, "again")
    stage.close()
    assert [entry.dropped for entry in sorted(stage.rows(PlayEntry), key=lambda entry: entry.id)] == [None, "joined"]
    (row,) = stage.rows(PlayRound)
    assert row.entries == 1


def test_votes_are_counted_and_refused_where_they_choose_nothing(stage: Stage) -> None:
    stage.publish("""
play: vote
who: {field: customer.level, at_least: 2}
minors: out
steps:
  - {id: vote, collect: votes, for: 3m, at_most: 3, options: {a: 茶, b: 米}}
  - {id: count, count: votes}
  - if: {top: b}
    then: [{announce: [screen]}]
    else: [{stop: no}]
""")
    stage.open()
    for number, data in enumerate(
        [{"level": 2}, {"level": 1}, {"level": 3, "birthday": "2010-01-01"}, *[{"level": 2}] * 4]
    ):
        stage.event(f"{number}", "customer.updated", {"member_no": f"m{number}"}, **data)
    asked = [("m0", "b"), ("m1", "b"), ("m2", "b"), ("m3", "c"), ("m3", "b"), ("m4", "a"), ("m5", "b")]
    taken = [stage.enter(who, f"{who}{choice}", choice) for who, choice in asked]
    assert [each.reason for each in taken] == [None, "not_eligible", "minor", "no_such_choice", None, None, "full"]
    assert stage.go_on() == "over"
    with stage.db() as session:
        state = show(session, session.get_one(PlayInstance, stage.instance))
    assert (state.tally, state.top) == ({"a": 1, "b": 2}, "b")


def test_one_instance_goes_on_at_a_time_and_a_stop_gives_nothing(stage: Stage) -> None:
    stage.publish(LOTTERY)
    stage.open()
    stage.enter("m1")
    with pytest.raises(PlayError, match="open_already"), stage.db.begin() as work:
        open_play(work, "lottery", stage.clock.now(), "test")
    with stage.db.begin() as work:
        stop_play(work, "lottery", stage.clock.now(), "断播")
    assert stage.go_on() == "stopped"
    assert stage.enter("m2") == Taken(None, "closed")
    assert stage.rows(Coupon) == []
    first = stage.instance
    assert stage.open() != first
