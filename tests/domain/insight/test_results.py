"""What a journey brought, against the same worked out by hand over a random shop."""

import random
from collections import defaultdict
from datetime import timedelta
from math import isfinite
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.customers.identifiers import identify
from domain.customers.tables import Identifier, Order
from domain.identity.merging import merge
from domain.identity.splitting import split
from domain.insight import results as insight
from domain.insight import units
from domain.insight.attribution import attribute_again
from domain.insight.metrics import points
from domain.insight.results import (
    Experiment,
    Results,
    Together,
    UnknownMeasureError,
    experiment,
    history,
    lifts,
    of_all_journeys,
    results,
)
from domain.insight.splits import Listed, UnknownSplitError, experiments
from domain.insight.tables import Attribution
from domain.insight.telling import experiment_words
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.published.publishing import publish_document

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 3d}
    policy: {holdout: 40%}
    steps:
      - id: offer
        split:
          - {variant: control, weight: 50, steps: []}
          - {variant: ten, weight: 50, steps: [{id: gift, send: gift, via: [sms]}]}
"""
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def visited(shop: Shop) -> Shop:
    """A shop of 60 customers who visited, some twice; who ordered before, within and after the goal's time."""
    shop.publish(SPEC, caps={}, quiet_hours="none")
    chance = random.Random(4)
    names = [f"c{number:02}" for number in range(60)]
    shop.customers(*names)
    for name in names:
        if chance.random() < 0.6:
            total = chance.randrange(1, 9000)
            shop.post("order.paid", name, time=shop.clock.now() - 20 * DAY, order_id=f"{name}-0", total=total)
    shop.take(*[shop.incoming("form.filled", name) for name in names])
    shop.give("split", shop.group("offer"))
    began = shop.clock.now()
    gifts = [row.enrollment_id for row in shop.rows(TrailEntry) if row.what == "variant" and row.value == "ten"]
    shop.give("send", shop.group("offer.ten.gift", gifts))
    happens = [
        (began + days * DAY, f"{name}-{number}", name, chance.randrange(1, 9000), chance.random() < 0.3)
        for name in names
        for number, days in ((1, 0.5), (2, 2.9), (3, 3.5))
        if chance.random() < 0.4
    ]
    for time, order, name, total, refunded in sorted(happens):
        shop.clock.set(time)
        shop.post("order.paid", name, order_id=order, total=total)
        if refunded:
            shop.post("order.refunded", name, order_id=order, total=total // 2)
    shop.clock.set(began + 10 * DAY)
    return shop


def by_hand(shop: Shop, name_of: dict[int, str]) -> dict[str, tuple[int, int, int, int]]:
    """Of each group: customers, who reached the goal, what all paid within its time, and the squares of that."""
    paid: dict[int, int] = defaultdict(int)
    orders = shop.rows(Order)
    for each in shop.rows(Enrollment):
        within = [o for o in orders if o.customer_id == each.customer_id and each.anchor < o.paid_at <= each.goal_until]
        paid[each.id] = sum(order.total - order.refunded for order in within)
    groups: dict[str, tuple[int, int, int, int]] = {}
    for each in shop.rows(Enrollment):
        if each.id in name_of:
            n, reached, total, squares = groups.get(name_of[each.id], (0, 0, 0, 0))
            money = paid[each.id]
            groups[name_of[each.id]] = (
                n + 1,
                reached + (each.ending == "goal" or each.converted_at is not None),
                total + money,
                squares + money**2,
            )
    return groups


def test_groups_are_those_worked_out_by_hand(visited: Shop) -> None:
    entered = [row for row in visited.rows(TrailEntry) if row.what == "entered"]
    expected = by_hand(visited, {row.enrollment_id: "held out" if row.reason else "treated" for row in entered})
    with visited.db() as session:
        outcome = results(session, "visits", visited.clock.now())
        together = of_all_journeys(session, visited.clock.now()).comparison
    assert (together.group.n, together.control.n) == (60, 0)  # nobody is held out of all journeys
    groups = (outcome.comparison.group, outcome.comparison.control)
    assert {
        group.name: (group.n, group.reached.total, group.plain_revenue.total, group.plain_revenue.squares)
        for group in groups
    } == expected
    assert all(n > 10 for n, *_ in expected.values())
    assert outcome.entered == 60
    day = visited.clock.now().date()
    with visited.db() as session:
        (lift,) = points(session, "lift", day - 20 * DAY, day, visited.clock.now(), UTC_ZONE, by="month")
    rates = {name: reached / n for name, (n, reached, *_) in expected.items()}
    assert lift.denominator == pytest.approx(rates["held out"])
    assert lift.value == pytest.approx(rates["treated"] / rates["held out"] - 1)
    assert [group.still_open for group in groups] == [0, 0]


def test_variants_are_compared_among_those_who_are_not_held_out(visited: Shop) -> None:
    trail = visited.rows(TrailEntry)
    held_out = {row.enrollment_id for row in trail if row.what == "entered" and row.reason}
    given = [row for row in trail if row.what == "variant" and row.enrollment_id not in held_out]
    names = {row.enrollment_id: row.value for row in given}
    with visited.db() as session:
        found = experiment(session, "visits", "offer", visited.clock.now())
    assert [group.name for group in found.groups] == ["control", "ten"]
    assert {
        group.name: (group.n, group.reached.total, group.plain_revenue.total, group.plain_revenue.squares)
        for group in found.groups
    } == by_hand(visited, names)
    assert [(each.group.name, each.control.name) for each in found.comparisons] == [("ten", "control")]
    assert found.comparisons[0].more_days


def test_a_window_begins_with_what_was_entered_on_however_late_that_was_told(shop: Shop) -> None:
    shop.publish(SPEC.replace("40%", "0%"), caps={}, quiet_hours="none")
    now = shop.clock.now()
    shop.post("form.filled", "li", time=now - 2 * DAY)
    shop.post("order.paid", "li", time=now - 1.5 * DAY, order_id="o1", total=700)
    shop.give("split", shop.group("offer"))
    with shop.db() as session:
        group = results(session, "visits", now + DAY).comparison.group
        split_groups = experiment(session, "visits", "offer", now + DAY).groups
    assert (group.n, group.reached.total, group.plain_revenue.total) == (1, 1, 700)
    assert sum(each.plain_revenue.total for each in split_groups) == 700 * sum(each.n for each in split_groups)


def test_where_many_enter_and_the_goal_is_not_told_for_a_week_nothing_is_trusted(
    visited: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubts(days: float) -> tuple[str | None, str | None]:
        with visited.db() as session:
            found = experiment(session, "visits", "offer", visited.clock.now() + days * DAY)
            outcome = results(session, "visits", visited.clock.now() + days * DAY)
        return outcome.comparison.doubt, found.comparisons[0].doubt

    assert doubts(0) == ("few", "few")
    visited.clock.set(visited.clock.now() + 8 * DAY)
    visited.take(*[visited.incoming("form.filled", f"d{number}") for number in range(9)])
    fresh = [each.id for each in visited.rows(Enrollment)][-9:]
    visited.give("split", visited.group("offer", fresh))
    assert doubts(4) == ("few", "few")
    monkeypatch.setattr(insight, "LEAST", 9)
    assert doubts(4) == ("lost", "lost")
    visited.post("order.paid", "somebody else", order_id="any", total=1)
    assert doubts(4) == ("few", "few")


def test_variants_are_compared_by_a_measure_over_the_same_windows(visited: Shop) -> None:
    began = visited.rows(Enrollment)[0].anchor
    chance = random.Random(5)
    minutes: dict[str, int] = defaultdict(int)
    events = []
    for number in range(90):
        who, days, watched = f"c{chance.randrange(60):02}", chance.choice([-1, 0.5, 2, 5]), chance.randrange(1, 60)
        if 0 < days <= 3 and watched >= 10:
            minutes[who] += watched
        time = began + days * DAY + timedelta(seconds=number)
        events.append(visited.incoming("stream.left", who, time=time, stream_id="s1", watched_minutes=watched))
    visited.take(*events)
    measure = {"sum": "event.watched_minutes", "of": "stream.left", "within": "1d",
               "where": {"field": "event.watched_minutes", "at_least": 10}}  # fmt: skip
    of_lists = {"count": True, "of": "trigger.items"}
    with visited.db.begin() as work:
        publish_document(work, "_tags", {"measures": {"minutes": measure, "lines": of_lists}})
    names = {row.customer_id: row.value for row in visited.rows(Identifier) if row.kind == "member_no"}
    with visited.db() as session:
        found = experiment(session, "visits", "offer", visited.clock.now(), measure="minutes")
        trail = session.exec(select(TrailEntry)).all()
        with pytest.raises(UnknownMeasureError, match="no measure of events lines"):
            experiment(session, "visits", "offer", visited.clock.now(), measure="lines")
    held_out = {row.enrollment_id for row in trail if row.what == "entered" and row.reason}
    given = [row for row in trail if row.what == "variant" and row.enrollment_id not in held_out]
    of_each = {
        name: [minutes[names[row.customer_id]] for row in given if row.value == name] for name in ("control", "ten")
    }
    means = {name: sum(values) / len(values) for name, values in of_each.items()}
    (comparison,) = found.comparisons
    assert comparison.measure is not None
    assert comparison.measure.estimate == pytest.approx(means["ten"] - means["control"])
    assert any("minutes" in line for line in experiment_words(found, "en"))


def test_before_the_window_is_over_a_customer_does_not_count(shop: Shop) -> None:
    shop.publish(SPEC, caps={}, quiet_hours="none")
    shop.take(*[shop.incoming("form.filled", name) for name in "abcdef"])
    with shop.db() as session:
        comparison = results(session, "visits", shop.clock.now() + 2 * DAY).comparison
    assert comparison.group.still_open + comparison.control.still_open == 6
    assert (comparison.group.n, comparison.control.n, comparison.doubt) == (0, 0, "few")


def test_of_nobody_and_of_an_unknown_journey_nothing_is_said(shop: Shop) -> None:
    with shop.db() as session:
        outcome = results(session, "nothing", shop.clock.now())
        assert (outcome.entered, outcome.a_month, outcome.comparison.more_days) == (0, None, None)
        assert of_all_journeys(session, shop.clock.now()).comparison.doubt == "few"
        with pytest.raises(UnknownSplitError, match="no journey nothing"):
            experiment(session, "nothing", "x", shop.clock.now())


class TestAttribution:
    def test_an_order_is_owed_to_the_newest_message_within_the_window(self, shop: Shop) -> None:
        spec = SPEC.replace("holdout: 40%", "holdout: 0%").replace("ten, weight: 50", "ten, weight: 100")
        spec = spec.replace("control, weight: 50", "control, weight: 0")
        shop.publish(spec, caps={}, quiet_hours="none", attribution="2d")
        shop.customers("li", "wang")
        began = shop.clock.now()
        for name in ("li", "wang", "li"):
            shop.post("form.filled", name)
        enrollments = [each.id for each in shop.rows(Enrollment)]
        for number, enrollment in enumerate(enrollments):
            shop.clock.set(began + number * timedelta(hours=1))
            shop.give("split", shop.group("offer", [enrollment]))
            shop.give("send", shop.group("offer.ten.gift", [enrollment]))
        for name, days in (("li", -0.1), ("li", 0.06), ("li", 1), ("li", 2.2), ("wang", 2.03)):
            shop.clock.set(max(began + days * DAY, shop.clock.now()))
            shop.post("order.paid", name, time=began + days * DAY, order_id=f"{name}{days}", total=100)
        first, of_wang, second = enrollments
        expected = {"li0.06": first, "li1": second, "wang2.03": of_wang}
        assert {row.order_id: row.enrollment_id for row in shop.rows(Attribution)} == expected
        assert all(row.variants == {"offer": "ten"} for row in shop.rows(Attribution))
        with shop.db.begin() as work:
            assert attribute_again(work, "", timedelta(days=2)) is None
        assert {row.order_id: row.enrollment_id for row in shop.rows(Attribution)} == expected

    def test_what_failed_brings_nothing_and_a_refund_is_taken_off(self, visited: Shop) -> None:
        with visited.db() as session:
            query = select(Order).join(Attribution, col(Attribution.order_id) == col(Order.order_id))
            orders = list(session.exec(query))
            outcome = results(session, "visits", visited.clock.now())
        assert orders
        assert any(order.refunded for order in orders)
        assert outcome.attributed_revenue == sum(order.total - order.refunded for order in orders)
        assert outcome.attributed_orders == len(orders)
        sent = {row.id for row in visited.rows(Message) if row.status == "sent"}
        assert {row.message_id for row in visited.rows(Attribution)} <= sent


def looked_at(shop: Shop, *, kept: bool) -> tuple[Results, Experiment, Together]:
    with shop.db() as session:
        now = shop.clock.now()
        of_one = results(session, "visits", now, kept=kept), experiment(session, "visits", "offer", now, kept=kept)
        return *of_one, of_all_journeys(session, now, kept=kept)


def test_what_is_kept_is_what_is_counted_whatever_came_late(visited: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "KEPT_FROM", 60)

    def keep() -> None:
        with visited.db.begin() as work:
            assert units.keep(work, visited.clock.now()) == ["visits"]

    def late_order() -> None:
        time = visited.clock.now() - 9 * DAY
        visited.post("order.paid", "c05", time=time, order_id="late", total=777)

    def late_refund() -> None:
        (order, *_) = (each for each in visited.rows(Order) if not each.refunded and "-1" in each.order_id)
        visited.post("order.refunded", f"{order.order_id.split('-')[0]}", order_id=order.order_id)

    def joined() -> None:
        entered = {row.customer_id for row in visited.rows(TrailEntry) if row.what == "entered"}
        with visited.db.begin() as work:
            merge(work, *sorted(entered)[:2], visited.clock.now(), "li", "one person")

    def parted() -> None:
        with visited.db.begin() as work:
            split(work, 1, list(identify("member_no:c01", None)), visited.clock.now(), "li")

    keep()
    assert looked_at(visited, kept=True) == (before := looked_at(visited, kept=False))
    for happens in (late_order, late_refund, joined, parted):
        happens()
        assert (changed := looked_at(visited, kept=False)) != before, happens.__name__
        assert looked_at(visited, kept=True) == before
        keep()
        assert looked_at(visited, kept=True) == (before := changed)


def test_the_lift_of_each_journey_is_kept_also_where_few_entered(visited: Shop) -> None:
    with visited.db() as session:
        assert lifts(session) == {}
    with visited.db.begin() as work:
        assert units.keep(work, visited.clock.now()) == []
    with visited.db() as session:
        found = lifts(session)
        counted = results(session, "visits", visited.clock.now(), kept=True).comparison
    assert list(found) == ["visits"]
    assert isfinite(counted.goal.low)
    assert (found["visits"].goal, found["visits"].group) == (counted.goal, counted.group)
    assert found["visits"].doubt == "few"


def test_an_experiment_is_told_day_by_day_as_it_was_then(visited: Shop) -> None:
    with visited.db() as session:
        looks = history(session, "visits", "offer", visited.clock.now())
        found = experiment(session, "visits", "offer", visited.clock.now())
    assert len(looks) == 1  # all entered on one day
    assert looks[-1].comparisons[0].goal == found.comparisons[0].goal
    assert looks[-1].comparisons[0].revenue == found.comparisons[0].revenue
    visited.take(*[visited.incoming("form.filled", f"d{number}") for number in range(9)])
    visited.give("split", visited.group("offer"))
    visited.clock.set(visited.clock.now() + 10 * DAY)
    with visited.db() as session:
        later = history(session, "visits", "offer", visited.clock.now())
    assert [look.day for look in later] == [looks[0].day, looks[0].day + 10 * DAY]
    assert later[0] == looks[0]
    sizes = [sum(group.n for group in (each.group, each.control)) for look in later for each in look.comparisons]
    assert sizes[0] < sizes[1] <= sizes[0] + 9


def test_experiments_are_listed_until_and_after_they_are_over(shop: Shop) -> None:
    shop.publish(SPEC)
    decided = SPEC.replace("control, weight: 50", "control, weight: 0").replace("ten, weight: 50", "ten, weight: 100")
    shop.publish(decided.replace("visits", "others"))
    shop.publish(SPEC.replace("visits", "gone"))
    shop.publish(SPEC.replace("visits", "gone").replace("id: offer", "id: offers"))
    with shop.db() as session:
        found = experiments(session)
        assert history(session, "gone", "offer", shop.clock.now()) == []
    names = ["control", "ten"]
    assert found == [
        Listed("gone", "gone", "offers", names, closed=False),
        Listed("visits", "visits", "offer", names, closed=False),
        Listed("gone", "gone", "offer", names, closed=True),
        Listed("others", "others", "offer", names, closed=True),
    ]
