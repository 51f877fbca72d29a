"""Prizes that an outside coupon service gives: asked for before they are won, kept once, and passed on if refused."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from activities.adapters import coupons as adapters
from activities.adapters.coupons import HttpCoupons, ServiceError
from activities.plays import PlayActivities
from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.plays.entering import enter
from domain.plays.publishing import publish_play
from domain.plays.running import close_entries, open_play
from domain.plays.showing import show
from domain.plays.tables import PlayInstance, PlayWinner
from domain.plays.verifying import verify
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.coupon_service import KEY, CouponService, Fault, coupon_service
from workflows.language.policy import Policy, read_coupons
from workflows.plays.reading import read_play

COUPONS = "{big: {name: 大, amount_off: 20元, valid: 3d}, small: {name: 小, amount_off: 5元, valid: 3d}}"
PLAY = """
play: bag
steps:
  - {id: collect, collect: entries, for: 10m}
  - {id: draw, draw: {prizes: [{coupon: big, count: 2}, {points: 5}, {coupon: small, count: 3}]}}
  - {id: all, reward: {coupon: small}, to: entrants}
  - {id: show, announce: [screen]}
"""


class World:
    """A play in which ten people have entered, and the service that its coupons are from."""

    def __init__(self, db: Database, clock: VirtualClock, service: CouponService, client: httpx.Client) -> None:
        self.db, self.clock, self.service = db, clock, service
        self.activities = PlayActivities(db, clock, HttpCoupons(db, clock, client))
        play = read_play(PLAY, "a play").play
        terms, _ = read_coupons(COUPONS, "coupons")
        assert play is not None
        assert terms is not None
        with db.begin() as work:
            publish_document(work, "_policy", Policy().model_dump(mode="json"))
            publish_document(work, "_coupons", {name: each.model_dump(mode="json") for name, each in terms.items()})
            publish_play(work, play, PLAY, clock.now())
            self.instance = open_play(work, "bag", clock.now(), "test").id
        for number in range(10):
            with db.begin() as work:
                enter(work, "bag", identify(None, {"member_no": f"m{number}"}), "1", None, clock.now())
        with db.begin() as work:
            close_entries(work, "bag", clock.now())

    def go_on(self) -> None:
        while not self.activities.carry_play_on(self.instance).over:
            pass

    def coupons(self, step: str) -> list[Coupon]:
        with self.db() as session:
            of_step = col(Coupon.step).startswith(f"bag/{self.instance}/{step}/")
            return list(session.exec(select(Coupon).where(of_step).order_by(Coupon.code)))

    def won(self) -> list[tuple[int | None, str | None]]:
        """The prize of each winner, or why somebody was passed over, in the order of winning."""
        with self.db() as session:
            (found,) = verify(session, session.get_one(PlayInstance, self.instance))
            assert found.problems == []
            rows = session.exec(select(PlayWinner).order_by(col(PlayWinner.rank))).all()
            return [(row.prize, row.reason) for row in rows]

    def shown(self) -> Any:
        with self.db() as session:
            return show(session, session.get_one(PlayInstance, self.instance))


@pytest.fixture
def world(db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(adapters, "PAUSE", 0.01)
    authorization = {"Authorization": f"Bearer {KEY}"}
    with (
        coupon_service(budgets={"big": 50, "small": 50}) as service,
        httpx.Client(base_url=service.url, headers=authorization, timeout=0.5) as client,
    ):
        yield World(db, clock, service, client)


def kept(world: World) -> Counter[str]:
    return Counter(each["campaign"] for each in world.service.kept.values() if each["state"] == "confirmed")


def test_the_services_codes_are_won_and_confirmed_and_nothing_else_stays_reserved(world: World) -> None:
    world.service.faults = [Fault(lost=True), Fault(status=503), Fault()]
    world.go_on()
    assert [prize for prize, _ in world.won()] == [0, 0, 1, 2, 2, 2]
    codes = {coupon.code for step in ("draw", "all") for coupon in world.coupons(step)}
    assert codes == {each["code"] for each in world.service.kept.values()}
    assert all(code.startswith("OUT-") for code in codes)
    assert world.service.states() == Counter(confirmed=15)
    assert {coupon.outside for coupon in world.coupons("draw")} == {"confirmed"}


def test_what_the_service_refuses_somebody_goes_to_the_next_and_what_it_has_not_to_nobody(world: World) -> None:
    world.service.budgets = {"big": 1, "small": 50}
    world.service.per_customer = 1
    world.go_on()
    assert [prize for prize, _ in world.won()] == [0, 1, 2, 2, 2]
    assert kept(world) == Counter(big=1, small=10)
    assert world.shown().draws[0].left_over == 1
    (rewarded,) = [each for each in world.shown().instance.shown if "reward" in each]
    assert (rewarded["given"], rewarded["refused"]) == (7, {"per_customer": 3})


def test_a_customer_whom_the_service_refuses_is_passed_over_which_is_noted(world: World) -> None:
    world.service.faults = [Fault(status=409, body={"reason": "not_eligible"})]
    world.go_on()
    reasons = Counter(reason for _, reason in world.won())
    assert reasons == {None: 6, "not_eligible": 1}
    assert [prize for prize, reason in world.won() if reason is None] == [0, 0, 1, 2, 2, 2]


def test_while_the_service_is_away_nothing_is_won_and_then_it_is_once(world: World) -> None:
    world.service.faults = [Fault(status=503)] * 100
    with pytest.raises(ServiceError):
        world.go_on()
    with world.db() as session:
        assert session.exec(select(PlayWinner)).all() == []
    world.service.faults = []
    world.go_on()
    assert len(world.won()) == 6
    assert world.service.states() == Counter(confirmed=15)


def test_a_campaign_that_the_service_does_not_know_takes_its_prizes_and_passes_nobody_over(world: World) -> None:
    world.service.budgets = {"small": 50}
    world.go_on()
    assert world.won() == [(1, None), (2, None), (2, None), (2, None)]
    assert world.shown().draws[0].left_over == 2
