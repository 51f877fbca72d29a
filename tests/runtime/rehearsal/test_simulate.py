"""A simulation comes to what then really happens, and leaves the live database alone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rules_shop import publish
from running_shop import CART, WELCOME, arrivals, fingerprint, open_shop, order, plan_of, run
from shop import Shop as Store
from sqlalchemy import Engine
from sqlmodel import col, select, update

from domain.customers.tables import Customer
from domain.journeys import lifecycle
from domain.journeys.tables import TrailEntry
from domain.ledger.tables import Message
from domain.published.publishing import publish_document, publish_journey
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.rehearsal.cases import VISIBLE
from runtime.rehearsal.engine import Rehearsal
from runtime.rehearsal.shelf import Draft, read_draft
from runtime.rehearsal.simulate import GivenEvent, record, simulate
from runtime.rehearsal.trying import DraftTrials
from workflows.source.emitting import Style, entry_lines
from workflows.terms.because import worded
from workflows.terms.wording import Wording
from workflows.words.telling import render

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("one_scratch")
Migrated = tuple[Engine, Database]
Shop = tuple[Database, Rehearsal]
PAID = ("order.paid", {"order_id": "o9", "total": 8900})


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """Two customers, of whom the second has ordered twice."""
    start = clock.now()
    open_shop(db, start, WELCOME, CART)
    events = [*arrivals(2, start), order(start, 2, 1), order(start + timedelta(hours=1), 2, 2)]
    return db, run(db, clock, events, start + timedelta(hours=2))


def test_what_time_takes_while_a_journey_waits_ends_it(migrated: Migrated, db: Database, clock: VirtualClock) -> None:
    shop = Store(db, clock)
    publish(shop, "tags: {新客: {when: {event: order.paid, within: 3d}}}", "刚买过: {event: order.paid, within: 5d}")
    shop.publish("""
        journey: fresh
        trigger: {event: order.paid}
        entry: {again: never}
        exit: [{event: tag.removed, where: {field: event.tag, is: 新客}}]
        steps: [{wait: 30d}]
    """)
    shop.post("customer.updated", "li", city="杭州")
    before = fingerprint(migrated[0])
    paid = GivenEvent("order.paid", {"order_id": "o1", "total": 100})
    found = simulate(migrated[0], "fresh", 1, given_event=paid, at=clock.now())
    assert fingerprint(migrated[0]) == before
    told = [(each.what, each.value, each.at - clock.now()) for each, _ in found.decisions if each.what != "waited"]
    assert ("tag_added", "新客", timedelta()) in told
    assert ("tag_removed", "新客", timedelta(days=3)) in told
    assert [(what, value, after) for what, value, after in told if what == "ended"] == [
        ("ended", "exit", timedelta(days=3))
    ]


class TestSimulate:
    def test_comes_to_what_then_happens(self, migrated: Migrated, shop: Shop, clock: VirtualClock) -> None:
        at = clock.now() + timedelta(hours=12)
        paid = GivenEvent("order.paid", {"order_id": "o9", "total": 8900})
        before = fingerprint(migrated[0])

        found = simulate(migrated[0], "welcome", 1, given_event=paid, at=at)

        assert fingerprint(migrated[0]) == before
        run(shop[0], clock, [(at, 1, paid.type, paid.data)], at + timedelta(days=30), shop[1])
        with shop[0]() as session:
            rows = session.exec(
                select(TrailEntry).where(TrailEntry.customer_id == 1).order_by(col(TrailEntry.at), col(TrailEntry.id))
            ).all()
            texts = session.exec(select(Message.body).where(Message.customer_id == 1).order_by(col(Message.id))).all()
        assert [(each.at, each.what, each.value, each.because) for each, _ in found.decisions] == [
            (row.at, row.what, row.value, row.because) for row in rows
        ]
        assert [text for _, text in found.decisions if text] == list(texts)
        assert [each.what for each, _ in found.decisions] == [
            "entered", "held", "sent", "branch", "coupon", "sent", "waited", "ended",
        ]  # fmt: skip
        (branch,) = (each for each, _ in found.decisions if each.what == "branch")
        assert "customer.city is 上海" in worded(branch.because or "", "en")

    @pytest.mark.usefixtures("shop")
    def test_says_why_the_trigger_does_not_match(self, migrated: Migrated, clock: VirtualClock) -> None:
        found = simulate(migrated[0], "welcome", 2, given_event=None, at=clock.now())
        (decision, _) = found.decisions[0]
        assert (decision.what, decision.value, decision.journey) == ("not_entered", "where", "welcome")
        assert "customer.orders is 2" in worded(decision.because or "", "en")
        assert found.begun_by.data["order_id"] == "o1"  # the newest that fitted then

    @pytest.mark.usefixtures("shop")
    def test_plays_a_draft(self, migrated: Migrated, clock: VirtualClock) -> None:
        plan = plan_of(WELCOME.replace("is: 1", "is: 2"))
        draft = Draft(plan, {("thanks", "wecom"): "新的文案", ("thanks", "sms"): "新的文案"}, {})
        found = simulate(migrated[0], draft, 2, given_event=None, at=clock.now() + timedelta(days=8))
        assert [each.value for each, _ in found.decisions if each.what == "not_entered"] == ["again"]

    @pytest.mark.usefixtures("shop")
    def test_asks_for_an_event_where_there_is_none(self, migrated: Migrated, clock: VirtualClock) -> None:
        with pytest.raises(StartError, match=r"no cart\.updated is stored"):
            simulate(migrated[0], "cart", 1, given_event=None, at=clock.now())
        with pytest.raises(StartError, match=r"cart\.updated: cart_id"):
            simulate(migrated[0], "cart", 1, given_event=GivenEvent("cart.updated", {}), at=clock.now())

    @pytest.mark.usefixtures("shop")
    def test_a_stopped_journey_is_told(self, migrated: Migrated, clock: VirtualClock) -> None:
        with migrated[1].begin() as session:
            lifecycle.stop(session, "cart", clock.now(), "li")
        with pytest.raises(LookupError, match="cart is stopped"):
            simulate(migrated[0], "cart", 1, given_event=None, at=clock.now())


class TestRecord:
    """A simulation is written down as a test that plays alone as the customer's own story does."""

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize(
        ("journey", "customer", "given", "happened"),
        [
            # of a first order nothing need be known; a second is one only after the first
            (WELCOME, 1, PAID, ["sent: thanks", "coupon: five", "sent: thanks", "ended: finished"]),
            (WELCOME.replace("is: 1", "is: 3").replace("never", "always"), 2, PAID, ["sent: thanks"]),
            (CART, 2, ("cart.updated", {"cart_id": "k", "total": 900}), ["coupon: five", "sent: remind"]),
            (CART, 2, ("cart.updated", {"cart_id": "k", "total": 0}), []),
        ],
    )
    def test_plays_as_the_simulation(
        self,
        migrated: Migrated,
        shop: Shop,
        clock: VirtualClock,
        journey: str,
        customer: int,
        given: tuple[str, dict[str, Any]] | None,
        happened: list[str],
    ) -> None:
        draft, event = Draft(plan_of(journey), {}, {}), GivenEvent(*given) if given else None
        before = fingerprint(migrated[0])
        case, same = record(migrated[0], draft, customer, given_event=event, at=clock.now() + timedelta(days=8))
        assert fingerprint(migrated[0]) == before
        told = [f"{what}: {line[what]}" for line in case["expect"] for what in VISIBLE if what in line]
        assert (told[: len(happened)], same) == (happened, True)
        assert "138" not in str(case)  # nobody is named
        text = entry_lines("cases", [{"name": "one", **case}], Style())
        trials = DraftTrials(migrated[0], shop[0], clock)
        text = f"journey: {draft.plan.journey}\n{text}"
        assert trials.read_tests(text, draft.plan.journey) == (1, [])
        (played,) = trials.play_tests(draft.plan, text, "zh")
        assert (played.case, played.passed, played.problem) == ("one", True, None)
        changed = plan_of(
            journey.replace("wait: 1h", "wait: 2h").replace("{id: thanks, send: thanks", "{id: thanks, send: remind")
        )
        (played,) = trials.play_tests(changed, text, "zh")
        assert played.passed == (happened == [])

    def test_that_are_kept_are_about_their_journey_and_need_no_file(
        self, shop: Shop, clock: VirtualClock, migrated: Migrated
    ) -> None:
        trials = DraftTrials(migrated[0], shop[0], clock)
        for text, wrong in (
            ("journey: cart\ncases: []\n", "write `journey: welcome`"),
            ("spec: a.yaml\ncases: []\n", "these are tests of a.yaml"),
            (
                "journey: welcome\ncases: [{name: one, publish: [{at: 2026-03-02, spec: a.yaml}], expect: []}]\n",
                "another version",
            ),
            ("journey: welcome\ncases: [{name: one}]\n", "expect"),
        ):
            count, diagnostics = trials.read_tests(text, "welcome")
            assert (count, wrong in diagnostics[0].message) == (0, True), diagnostics


class TestScheduled:
    """A schedule is asked whether it reaches the customer on the day."""

    @pytest.fixture
    def told(self, migrated: Migrated, shop: Shop, clock: VirtualClock) -> Callable[..., str]:
        """What is told first about a customer on a day."""

        def simulated(trigger: str, customer: int, at: str) -> str:
            spec = f"journey: care\ntrigger: {trigger}\nentry: {{again: always}}\nsteps: [{{stop: done}}]\n"
            with shop[0].begin() as session:
                publish_document(session, "_segments", {"vip": {"field": "customer.orders", "at_least": 2}})
                session.exec(update(Customer).where(col(Customer.id) == 1).values(fields={"birthday": "1990-05-06"}))
                publish_journey(session, plan_of(spec), spec, clock.now())
            start = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
            (decision, _) = simulate(migrated[0], "care", customer, given_event=None, at=start).decisions[0]
            return render(decision, Wording("en"), SHANGHAI)

        return simulated

    @pytest.mark.parametrize(
        ("trigger", "customer", "at", "words"),
        [
            ("{schedule: every monday at 10:00, for_each: 'segment:vip'}", 2, "2026-05-04T12:00", "entered"),
            (
                "{schedule: every monday at 10:00, for_each: 'segment:vip'}", 2, "2026-05-06T12:00",
                "not entered on segment.member: its schedule doesn't fire on this day; "
                "it next fires on 2026-05-11 10:00",
            ),
            (
                "{schedule: every monday at 10:00, for_each: 'segment:vip'}", 1, "2026-05-04T12:00",
                "not entered on segment.member: not in the segment that it is for (because",
            ),
            ("{schedule: every day at 09:00, for_each: birthday}", 1, "2026-05-06T12:00", "entered"),
            (
                "{schedule: every day at 09:00, for_each: birthday}", 1, "2026-05-07T12:00",
                "not entered on customer.birthday: it isn't the customer's birthday",
            ),
            (
                "{schedule: every day at 09:00, for_each: birthday}", 2, "2026-05-06T12:00",
                "not entered on customer.birthday: it isn't the customer's birthday",
            ),
        ],
    )  # fmt: skip
    def test_whom_and_when(self, told: Callable[..., str], trigger: str, customer: int, at: str, words: str) -> None:
        assert told(trigger, customer, at).startswith(words)


class TestDraft:
    def test_a_mistake_is_told_at_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "cart.yaml"
        path.write_text(CART.replace("wait: 1h", "wait: soon"), encoding="utf-8")
        with pytest.raises(StartError, match=r"cart\.yaml:8:"):
            read_draft(path, ROOT / "templates/messages")


def test_the_commands_tell_it_in_words(aftershow: Callable[..., str], shop: Shop) -> None:  # noqa: ARG001
    data = '{"cart_id": "k", "total": 900}'
    options = ["--event", "cart.updated", "--event-data", data, "--at", "2026-03-20T09:00"]
    said = aftershow("simulate", "cart", "--customer", "phone:13800000001", *options)
    assert "2026-03-20 10:00  cart  发送 remind，经企业微信\n                  │ remind 客1" in said
    said = aftershow("why", "--customer", "2", "--lang", "en")
    assert "welcome  not entered on order.paid: the trigger's condition doesn't hold" in said
    assert "(because customer.orders is 2" in said
    assert said.splitlines()[0].startswith("2  ")
    assert "phone:+8613800000001" in aftershow("why", "--customer", "phone:13800000001").splitlines()[0]
    with pytest.raises(StartError, match='there is no journey welcom; did you mean "welcome"'):
        aftershow("why", "--customer", "2", "--journey", "welcom")
    with pytest.raises(StartError, match="there is no such customer"):
        aftershow("why", "--customer", "3")
