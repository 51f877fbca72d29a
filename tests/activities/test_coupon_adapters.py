"""Where coupons come from: the same contract for the ledger and for an outside service, through the real activities."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.adapters import coupons as adapters
from activities.adapters.coupons import CouponAdapter, HttpCoupons, LedgerCoupons, ServiceError
from activities.journey import JourneyActivities
from domain.channels.delivery import Delivery, Outgoing
from domain.conditions.facts import CustomerFacts
from domain.coupons import checkout, redeeming
from domain.coupons.baskets import Line
from domain.coupons.issuing import IssueRefusedError
from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Consent, Customer
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from tests.providers.coupon_service import KEY, CouponService, Fault, coupon_service
from workflows.language.compile import read_journey
from workflows.language.policy import Policy
from workflows.plan.commands import Answer, Group, Member, unpack

ALONE = "[{id: gift, coupon: five}, {wait: 1d}]"
SENT = "[{id: gift, send: gift, via: [sms], coupon: five}, {wait: 1d}]"


class Carrier:
    """A channel that takes every message, unless it `refuses`."""

    account = None
    repeatable = True

    def __init__(self) -> None:
        self.refuses = False
        self.bodies: list[str] = []

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        self.bodies += [message.body for message in messages]
        return [Delivery("failed" if self.refuses else "sent")] * len(messages)


class World:
    """Customers at the step of a journey that gives them a coupon."""

    def __init__(self, db: Database, clock: VirtualClock, source: CouponAdapter) -> None:
        self.db, self.clock, self.source = db, clock, source
        self.carrier = Carrier()
        channels: Any = dict.fromkeys(("sms", "wecom", "wechat"), self.carrier)
        self.activities = JourneyActivities(db, clock, channels, coupons=source)
        self.service: CouponService | None = None

    def begin(self, names: str, steps: str = ALONE, *, count: int = 3, limit: int | None = None, **policy: Any) -> None:
        spec = f"journey: gifts\ntrigger: {{event: form.filled}}\nentry: {{again: always}}\nsteps: {steps}\n"
        plan = read_journey(spec, "", None).plan
        assert plan is not None
        self.ours = isinstance(self.source, LedgerCoupons)
        terms: dict[str, Any] = {"name": "减5", "amount_off": 500, "valid": "2d"}
        if self.ours:
            terms |= {"budget_count": count} | ({"per_customer": limit} if limit else {})
        if self.service:
            self.service.budgets, self.service.per_customer = {"five": count}, limit
        with self.db.begin() as session:
            self.plan_id = publish_journey(session, plan, spec, self.clock.now()).id
            publish_document(session, "_coupons", {"five": terms})
            publish_document(session, "_policy", Policy.model_validate(policy).model_dump(mode="json"))
            publish_text(session, "gift", "sms", "{{ coupon.code }}")
        for number, name in enumerate(names):
            with self.db.begin() as session:
                who = identify(None, {"member_no": name, "phone": f"+8613800{ord(name):06}"})
                (found,) = resolve(session, [who], self.clock.now())
                at = self.clock.now()
                session.add(
                    Consent(customer_id=found.customer_id, channel="sms", purpose="marketing", given=True, at=at)
                )
                ingest(session, [Incoming("test", str(number), "form.filled", at, {}, who)], now=at)

    def members(self) -> list[Member]:
        with self.db() as session:
            rows = session.exec(select(Enrollment).order_by(col(Enrollment.id)))
            return [Member(enrollment=row.id, generation=row.generation, at=row.anchor) for row in rows]

    def give(self, activity: str = "coupon", members: Sequence[Member] | None = None) -> list[Answer]:
        group = Group(plan_id=self.plan_id, path="gift", members=tuple(members or self.members()))
        return unpack(self.activities.carry_out(activity, group))

    def coupons(self) -> list[Coupon]:
        with self.db() as session:
            return list(session.exec(select(Coupon).order_by(col(Coupon.issued_at), col(Coupon.enrollment_id))))

    def told(self) -> list[str]:
        with self.db() as session:
            rows = session.exec(select(Event.type).where(col(Event.type).startswith("coupon.")))
            return sorted(rows)


@contextmanager
def served(db: Database, clock: VirtualClock, *, timeout: float) -> Iterator[World]:
    """A world whose coupons are an outside service's."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with coupon_service() as service, httpx.Client(base_url=service.url, headers=headers, timeout=timeout) as client:
        found = World(db, clock, HttpCoupons(db, clock, client))
        found.service = service
        yield found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "PAUSE", 0.01)


@pytest.fixture(params=["ledger", "http"])
def world(request: pytest.FixtureRequest, db: Database, clock: VirtualClock) -> Iterator[World]:
    with ExitStack() as parts:
        if request.param == "ledger":
            yield World(db, clock, LedgerCoupons())
        else:
            yield parts.enter_context(served(db, clock, timeout=5))


@pytest.fixture
def outside(db: Database, clock: VirtualClock) -> Iterator[World]:
    with served(db, clock, timeout=0.3) as found:
        yield found


class TestTheContract:
    def test_as_many_as_there_are(self, world: World) -> None:
        world.begin("abcde")
        answers = world.give()
        assert Counter(answer.result for answer in answers) == {"issued": 3, "refused": 2}
        assert len({coupon.code for coupon in world.coupons()}) == 3
        assert world.told() == ["coupon.issued"] * 3

    def test_each_customer_as_many_as_one_may(self, world: World) -> None:
        world.begin("aaab", count=9, limit=2)
        assert Counter(answer.result for answer in world.give()) == {"issued": 3, "refused": 1}

    def test_however_many_ask_at_once(self, world: World) -> None:
        world.begin("abcdefghijkl", count=7)
        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(lambda member: world.give(members=[member])[0].result, world.members()))
        assert Counter(found) == {"issued": 7, "refused": 5}

    def test_the_same_step_again_has_the_same_coupon(self, world: World) -> None:
        world.begin("ab")
        first = world.give()
        before = [coupon.code for coupon in world.coupons()]
        assert world.give() == first
        assert [coupon.code for coupon in world.coupons()] == before

    def test_the_message_carries_it(self, world: World) -> None:
        world.begin("ab", SENT)
        assert [answer.result for answer in world.give("send")] == ["sent", "sent"]
        assert sorted(world.carrier.bodies) == sorted(coupon.code for coupon in world.coupons())

    def test_without_one_the_message_is_not_sent(self, world: World) -> None:
        world.begin("ab", SENT, count=1)
        assert sorted(answer.result for answer in world.give("send")) == ["sent", "suppressed"]

    def test_what_reached_nobody_goes_back(self, world: World) -> None:
        world.begin("ab", SENT, count=1)
        world.carrier.refuses = True
        members = world.members()
        assert world.give("send", members[:1])[0].result == "failed"
        world.source.catch_up()
        world.carrier.refuses = False
        assert world.give("send", members[1:])[0].result == "sent"
        assert [coupon.status for coupon in world.coupons()] == ["revoked", "issued"]

    def test_a_held_message_takes_none(self, world: World) -> None:
        world.begin("ab", SENT, count=1, quiet_hours="11:00-13:00")
        assert [answer.kind for answer in world.give("send")] == ["later", "later"]
        assert world.coupons() == []
        if world.service:
            assert world.service.kept == {}


class TestAnOutsideService:
    def test_it_is_asked_then_told(self, outside: World) -> None:
        assert outside.service is not None
        outside.begin("ab")
        outside.give()
        assert outside.service.states() == {"confirmed": 2}
        assert outside.service.requests == {"reserve": 2, "confirm": 2}
        assert {coupon.outside for coupon in outside.coupons()} == {"confirmed"}
        assert [coupon.expires_at - coupon.issued_at for coupon in outside.coupons()] == [timedelta(days=2)] * 2

    @pytest.mark.parametrize("fault", [Fault(503), Fault(429), Fault(lost=True), Fault(latency=0.5)])
    @pytest.mark.parametrize("place", [0, 1])
    def test_a_bad_moment_is_no_loss(self, outside: World, fault: Fault, place: int) -> None:
        assert outside.service is not None
        outside.begin("a")
        outside.service.faults = [Fault()] * place + [fault]
        assert outside.give()[0].result == "issued"
        assert outside.service.states() == {"confirmed": 1}

    @pytest.mark.parametrize(
        "fault", [Fault(503), Fault(401), Fault(400), Fault(200, body=[1]), Fault(200, body={"code": 5})]
    )
    def test_while_it_is_away_nothing_is_claimed(self, outside: World, fault: Fault) -> None:
        assert outside.service is not None
        outside.begin("ab", SENT)
        outside.service.faults = [fault] * 6
        with pytest.raises(ServiceError) as error:
            outside.give("send")
        assert KEY not in str(error.value)
        assert (outside.coupons(), outside.carrier.bodies) == ([], [])
        outside.service.faults = []
        assert [answer.result for answer in outside.give("send")] == ["sent", "sent"]
        assert outside.service.states() == {"confirmed": 2}

    def test_it_is_told_once_the_messages_are_written_down_as_sent(
        self, outside: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker that is lost while the service is told leaves no message whose fate is unknown."""
        outside.begin("ab", SENT)
        post, statuses = HttpCoupons._post, list[set[str]]()

        def told(self: HttpCoupons, what: str, body: dict[str, str]) -> httpx.Response:
            if what == "confirm":
                with outside.db() as session:
                    statuses.append(set(session.exec(select(Message.status))))
            return post(self, what, body)

        monkeypatch.setattr(HttpCoupons, "_post", told)
        outside.give("send")
        assert statuses == [{"sent"}, {"sent"}]

    def test_an_activity_that_waits_for_it_gives_signs_of_life(
        self, outside: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert outside.service is not None
        outside.begin("ab", SENT)
        monkeypatch.setattr(adapters, "BEAT", 0.02)
        outside.service.faults = [Fault(latency=0.2), Fault(latency=0.2), Fault(), Fault()]
        requests, beats = outside.service.requests, list[Counter[str]]()
        environment = ActivityEnvironment()
        environment.on_heartbeat = lambda *_: beats.append(Counter(requests))
        group = Group(plan_id=outside.plan_id, path="gift", members=tuple(outside.members()))
        environment.run(outside.activities.send, group)
        assert len([beat for beat in beats if not beat["confirm"]]) > 3, "while it is waited for"
        assert any(beat["confirm"] == 1 for beat in beats), "between two that are told"

    def test_what_could_not_be_told_is_told_later(self, outside: World) -> None:
        assert outside.service is not None
        outside.begin("a")
        outside.service.faults = [Fault(), *[Fault(503)] * 3]
        assert outside.give()[0].result == "issued"
        assert outside.service.states() == {"reserved": 1}
        outside.source.catch_up()
        outside.source.catch_up()
        assert outside.service.states() == {"confirmed": 1}
        assert outside.service.requests["confirm"] == 1

    def test_what_it_does_not_keep_is_taken_back(self, outside: World) -> None:
        assert outside.service is not None
        outside.begin("a")
        outside.service.faults = [Fault(), Fault(409)]
        outside.give()
        assert [(coupon.status, coupon.outside) for coupon in outside.coupons()] == [("revoked", "released")]
        assert outside.told() == ["coupon.issued", "coupon.revoked"]

    @pytest.mark.parametrize(
        ("said", "reason"),
        [({"reason": "not_eligible"}, "not_eligible"), ({"reason": "moon"}, "not_eligible"), ([], "not_eligible")],
    )
    def test_why_not(self, outside: World, said: Any, reason: str) -> None:
        assert outside.service is not None
        outside.begin("a")
        outside.service.faults = [Fault(409, body=said)]
        with outside.source.ready(
            Group(plan_id=outside.plan_id, path="gift", members=tuple(outside.members()))
        ) as issue:
            assert reason == _refusal(outside, issue)

    def test_its_coupons_are_redeemed_at_its_own_till(self, outside: World) -> None:
        outside.begin("a")
        outside.give()
        (coupon,) = outside.coupons()
        with outside.db() as session:
            basket = checkout.Basket(coupon.customer_id, [Line("x", 1, 900)], [coupon.code])
            (found,) = redeeming.quote(session, [basket], outside.clock.now())
        assert [refusal.reason for refusal in found.refusals] == ["not_eligible"]


def _refusal(world: World, issue: Callable[..., Coupon]) -> str:
    with world.db.begin() as session:
        enrollment = session.exec(select(Enrollment)).one()
        customer = session.get_one(Customer, enrollment.customer_id)
        facts = CustomerFacts(session, read_library(session), customer, world.clock.now())
        with pytest.raises(IssueRefusedError) as refused:
            issue(session, facts, enrollment, "gift", "five")
        return str(refused.value)
