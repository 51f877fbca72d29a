"""One door: an event is taken once, late or early, and what it means is settled with it."""

from datetime import datetime, timedelta

import pytest
from shop import Shop

from domain.customers.tables import Customer, Order
from domain.intake.settling import HISTORY
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.store.tables import Outbox

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: never}
    exit: [{event: form.withdrawn}]
    goal: {event: order.paid, within: 2d}
    steps: [{wait: 1d}]
"""
HOUR = timedelta(hours=1)


def endings(shop: Shop) -> list[str | None]:
    return [enrollment.ending for enrollment in sorted(shop.rows(Enrollment), key=lambda each: each.id)]


class TestOnce:
    def test_the_same_event_at_once_from_everywhere_is_one(self, shop: Shop) -> None:
        shop.publish(SPEC)
        event = shop.incoming("form.filled", "li")
        taken = shop.at_once(*[lambda: shop.take(event)] * 12)
        assert sum(new for (new,) in taken) == 1
        assert [len(shop.rows(table)) for table in (Event, Customer, Enrollment)] == [1, 1, 1]

    def test_a_number_of_any_size_is_kept_as_it_is(self, shop: Shop) -> None:
        shop.post("form.filled", "li", large=10**30, small=-(2**63), exact=2**53 + 1)
        assert shop.rows(Event)[0].data == {"large": 10**30, "small": -(2**63), "exact": 2**53 + 1}

    def test_the_same_event_twice_in_a_batch_is_one(self, shop: Shop) -> None:
        first, second = shop.incoming("form.filled", "li"), shop.incoming("form.filled", "wang")
        assert shop.take(first, second, first) == [True, True, False]
        assert shop.take(second) == [False]

    def test_customers_in_any_order_do_not_wait_for_each_other_in_a_circle(self, shop: Shop) -> None:
        shop.publish(SPEC)
        names = [f"c{number}" for number in range(12)]
        shop.customers(*names)
        batches = [
            [shop.incoming("form.filled", name) for name in (names if even else names[::-1])] for even in (0, 1) * 8
        ]
        shop.at_once(*(lambda batch=batch: shop.take(*batch) for batch in batches))
        assert len(shop.rows(Enrollment)) == 12

    def test_an_order_is_counted_once_even_if_it_is_told_twice(self, shop: Shop) -> None:
        for _ in range(2):
            shop.post("order.paid", "li", order_id="o1", total=100)
        assert [(order.order_id, order.total) for order in shop.rows(Order)] == [("o1", 100)]


class TestOutOfOrder:
    @pytest.mark.parametrize(
        ("type", "after", "ending"),
        [
            ("order.paid", HOUR, "goal"),
            ("order.paid", timedelta(), "goal"),
            ("order.paid", -HOUR, None),
            ("order.paid", timedelta(days=2, seconds=1), None),
            ("form.withdrawn", HOUR, "exit"),
            ("form.withdrawn", -HOUR, None),
        ],
    )
    def test_what_came_before_its_trigger_counts_by_its_time(
        self, shop: Shop, type: str, after: timedelta, ending: str | None
    ) -> None:
        shop.publish(SPEC)
        began = shop.clock.now() - timedelta(days=3)
        shop.post(type, "li", time=began + after, order_id="o1", total=1)
        shop.post("form.filled", "li", time=began)
        assert endings(shop) == [ending]
        assert [told.kind for told in shop.rows(Outbox)] == ([] if ending else ["start"])

    def test_of_goal_and_exit_the_first_by_time_ends_it(self, shop: Shop) -> None:
        shop.publish(SPEC)
        began = shop.clock.now() - timedelta(days=1)
        shop.post("order.paid", "li", time=began + 2 * HOUR, order_id="o1", total=1)
        shop.post("form.withdrawn", "li", time=began + HOUR)
        shop.post("form.filled", "li", time=began)
        assert endings(shop) == ["exit"]

    def test_an_event_that_is_both_is_the_goal(self, shop: Shop) -> None:
        shop.publish(SPEC.replace("form.withdrawn", "order.paid"))
        shop.post("form.filled", "li")
        shop.post("order.paid", "li", order_id="o1", total=1)
        assert endings(shop) == ["goal"]

    def test_a_goal_from_before_the_entry_does_not_count_when_it_comes_late(self, shop: Shop) -> None:
        shop.publish(SPEC)
        shop.post("form.filled", "li")
        shop.post("order.paid", "li", time=shop.clock.now() - HOUR, order_id="o1", total=1)
        shop.post("form.withdrawn", "li", time=shop.clock.now() - HOUR)
        assert endings(shop) == [None]

    @pytest.mark.parametrize(("age", "enters"), [(HISTORY, True), (HISTORY + timedelta(seconds=1), False)])
    def test_what_is_older_than_seven_days_is_history_only(self, shop: Shop, age: timedelta, enters: bool) -> None:
        shop.publish(SPEC)
        shop.post("form.filled", "li", time=shop.clock.now() - age)
        assert len(shop.rows(Enrollment)) == enters
        assert len(shop.rows(Event)) == 1

    def test_history_ends_nothing_but_is_counted(self, shop: Shop) -> None:
        shop.publish(SPEC)
        shop.post("form.filled", "li", time=shop.clock.now() - HISTORY)
        shop.clock.set(shop.clock.now() + HOUR)
        shop.post("order.paid", "li", time=shop.clock.now() - HISTORY - HOUR / 2, order_id="o1", total=5)
        assert endings(shop) == [None]
        assert [order.total for order in shop.rows(Order)] == [5]

    @pytest.mark.parametrize(
        ("refunds", "left"),
        [([None], 0), ([30], 70), ([30, 30], 40), ([90, 90], 0)],
        ids=["all", "part", "two", "more"],
    )
    @pytest.mark.parametrize("first", ["order", "refund"])
    def test_a_refund_is_taken_off_whenever_it_comes(
        self, shop: Shop, first: str, refunds: list[int | None], left: int
    ) -> None:
        events = [
            shop.incoming("order.refunded", "li", order_id="o1", **({} if part is None else {"total": part}))
            for part in refunds
        ]
        paid = shop.incoming("order.paid", "li", order_id="o1", total=100)
        for event in [paid, *events] if first == "order" else [*events, paid]:
            shop.take(event)
        (order,) = shop.rows(Order)
        assert order.total - order.refunded == left

    def test_what_was_known_later_is_not_overwritten_by_what_was_known_before(self, shop: Shop) -> None:
        now = shop.clock.now()
        shop.post("customer.updated", "li", time=now, city="上海", name="李")
        shop.post("customer.updated", "li", time=now - HOUR, city="北京", owner="guide7")
        (customer,) = shop.rows(Customer)
        assert (customer.name, customer.fields) == ("李", {"city": "上海", "owner": "guide7"})

    def test_a_batch_is_taken_in_the_order_of_its_times(self, shop: Shop) -> None:
        shop.publish(SPEC)
        now = shop.clock.now()
        filled, paid = shop.incoming("form.filled", "li", time=now - HOUR), shop.incoming("order.paid", "li", time=now)
        assert (
            shop.take(paid.__class__(**{**paid.__dict__, "data": {"order_id": "o", "total": 1}}), filled) == [True] * 2
        )
        assert endings(shop) == ["goal"]


class TestWaiting:
    SPEC = """
        journey: answers
        trigger: {event: form.filled}
        entry: {again: never}
        steps:
          - {id: ask, send: ask, via: [sms]}
          - {id: answer, wait_for: {event: order.paid}, within: 2h}
          - wait: 1d
    """

    def test_an_event_of_before_the_last_send_is_no_answer_however_late_it_comes(self, shop: Shop) -> None:
        shop.publish(self.SPEC)
        shop.customers("li")
        shop.post("form.filled", "li", time=shop.clock.now() - 3 * HOUR)
        shop.give("send", shop.group("ask"))
        shop.clock.set(shop.clock.now() + HOUR)
        shop.post("order.paid", "li", time=shop.clock.now() - 2 * HOUR, order_id="o1", total=1)
        (answer,) = shop.give("arrive", shop.group("answer"))
        assert answer.kind == "later"
        shop.post("order.paid", "li", time=shop.clock.now() - HOUR / 2, order_id="o2", total=1)
        (answer,) = shop.give("arrive", shop.group("answer"))
        assert (answer.kind, answer.result) == ("done", "happened")

    def test_a_wait_that_begins_late_does_not_take_what_came_after_its_time(self, shop: Shop) -> None:
        shop.publish(self.SPEC.replace("- {id: ask, send: ask, via: [sms]}", "- wait: 1h"))
        shop.post("form.filled", "li")
        shop.clock.set(shop.clock.now() + 5 * HOUR)  # nobody has worked since
        shop.post("order.paid", "li", order_id="o1", total=1)
        (answer,) = shop.give("arrive", shop.group("answer"))
        assert (answer.result, answer.at) == ("timed_out", shop.clock.now() - 3 * HOUR)

    def test_event_and_timer_race_and_one_wins(self, shop: Shop) -> None:
        shop.publish(self.SPEC)
        names = [f"c{number}" for number in range(16)]
        shop.customers(*names)
        shop.take(*(shop.incoming("form.filled", name) for name in names))
        shop.give("send", shop.group("ask"))
        shop.clock.set(shop.clock.now() + 2 * HOUR)
        group, paid = shop.group("answer"), [shop.incoming("order.paid", name) for name in names]
        calls = []
        for member, event in zip(group.members, paid, strict=True):
            event.data.update(order_id=event.id, total=1)
            alone = group.model_copy(update={"members": (member,)})
            calls += [lambda event=event: shop.take(event), lambda alone=alone: shop.give("arrive", alone)[0]]
        first = [answer.result for answer in shop.at_once(*calls)[1::2]]
        assert set(first) <= {"happened", "timed_out"}
        assert [answer.result for answer in shop.give("arrive", group)] == first


def test_what_the_time_of_an_event_says_it_keeps(shop: Shop) -> None:
    shop.publish(SPEC)
    time = shop.clock.now() - HOUR
    shop.post("form.filled", "li", time=time)
    (enrollment,) = shop.rows(Enrollment)
    assert (enrollment.anchor, enrollment.entered_at) == (time, shop.clock.now())
    assert enrollment.goal_until == time + timedelta(days=2)
    assert isinstance(shop.rows(Event)[0].received_at, datetime)


@pytest.mark.parametrize("type", ["message.bounced", "coupon.lost", "todo.moved"])
def test_what_only_sounds_like_a_receipt_is_taken_as_it_is(shop: Shop, type: str) -> None:
    shop.post(type, "li", step={"odd": []}, enrollment=None)
    assert [event.data for event in shop.rows(Event)] == [{"step": {"odd": []}, "enrollment": None}]
