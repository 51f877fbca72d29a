"""Every command may be given twice: the answer is the same and nothing happens twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Engine, text
from statements import counting

from activities.journey import JourneyActivities
from domain.coupons.tables import Coupon
from domain.customers.tables import CustomerTag
from domain.journeys import lifecycle
from domain.journeys.tables import Enrollment, Todo, Wait
from domain.journeys.waits import end_of_wait
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.store.work import Database
from runtime.platform.database import Patience, connect
from workflows.plan.commands import Answer, EnrollmentState, Group
from workflows.plan.interpreter import Runner
from workflows.verbs.wait import Wait as WaitStep

EVERY_VERB = """
    journey: everything
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 30d}
    steps:
      - {id: hello, send: hello, via: [sms], coupon: five}
      - wait: 1h
      - {id: answer, wait_for: {event: form.answered}, within: 2h, then: [{stop: answered}]}
      - wait: until 10:00
      - {coupon: five}
      - {id: call, todo: call, assign: owner, due: 8h}
      - {tag: called, for: 3d}
      - if: {tag: called}
        then: [{id: colour, split: [{variant: red, weight: 50, steps: []}, {variant: blue, weight: 50, steps: []}]}]
      - {id: tell, webhook: crm, data: {level: gold}}
      - {id: bye, send: bye, via: [sms], kind: transactional}
      - wait: {until: {field: trigger.due, plus: 1d}}
      - untag: called
"""
FIVE = {"five": {"name": "5", "amount_off": 500, "valid": "2d"}}


def walked(shop: Shop, times: int) -> list[tuple[str, str]]:
    """The timeline of one customer to whom every command is given so many times."""
    shop.publish(EVERY_VERB, coupons=FIVE, quiet_hours={"start": "12:00", "end": "13:00"})
    (customer,) = shop.customers("li")
    shop.post("form.filled", "li", due="2026-03-08T10:00:00+08:00")
    enrollment = shop.rows(Enrollment)[-1].id
    runner = Runner(shop.plan, EnrollmentState(enrollment=enrollment, customer=customer, generation=0))
    for answers in _commands(shop, runner, times):
        assert {(answer.kind, answer.result, answer.at, answer.due) for answer in answers} == {
            (answers[0].kind, answers[0].result, answers[0].at, answers[0].due)
        }
    return shop.timeline()


def _commands(shop: Shop, runner: Runner, times: int) -> Iterator[list[Answer]]:
    while not runner.over:
        if runner.activity is None:
            assert runner.due is not None
            shop.clock.set(max(runner.due, shop.clock.now()))
            runner.elapsed()
            continue
        activity = runner.activity
        group = Group(plan_id=shop.plan_id, path=runner.path, members=(runner.command(),))
        answers = [shop.give(activity, group)[0] for _ in range(times)]
        yield answers
        runner.answered(answers[0])


def test_every_command_given_three_times_is_carried_out_once(shop: Shop) -> None:
    timeline = walked(shop, 3)
    assert timeline == [
        ("held", "hello"), ("coupon", "five"), ("sent", "hello"), ("coupon", "five"), ("todo", "call"),
        ("tag", "called"), ("webhook", "crm"), ("sent", "bye"), ("untag", "called"), ("ended", "finished"),
    ]  # fmt: skip
    assert [len(shop.rows(table)) for table in (Message, Coupon, Todo, Wait, CustomerTag)] == [2, 2, 1, 1, 0]
    assert len(shop.provider.taken) == 2
    assert len(shop.outside.called) == 1


def test_an_event_during_a_wait_for_that_follows_a_wait_wakes_it(shop: Shop) -> None:
    shop.publish(EVERY_VERB, coupons=FIVE)
    shop.customers("li")
    shop.post("form.filled", "li")
    shop.give("send", shop.group("hello"))
    shop.clock.set(shop.clock.now() + timedelta(hours=1))
    shop.give("arrive", shop.group("2"))
    shop.clock.set(shop.clock.now() + timedelta(seconds=1))
    shop.give("arrive", shop.group("answer"))
    shop.post("form.answered", "li")
    assert [wait.result for wait in shop.rows(Wait)] == ["happened"]


def test_a_command_for_one_that_is_over_says_how_it_ended(shop: Shop) -> None:
    shop.publish(EVERY_VERB, coupons=FIVE)
    shop.customers("li", "wang")
    shop.take(*(shop.incoming("form.filled", name) for name in ("li", "wang")))
    shop.post("order.paid", "li", order_id="o1", total=1)
    answers = {answer.enrollment: (answer.kind, answer.result) for answer in shop.give("send", shop.group("hello"))}
    assert answers == {1: ("over", "goal"), 2: ("done", "sent")}


def test_whose_customer_is_held_for_long_begins_to_wait_later_and_the_others_now(shop: Shop, postgres_url: str) -> None:
    engine, hasty = connect(postgres_url, Patience(lock=1, statement=30, idle=30))
    shop.activities = JourneyActivities(hasty, shop.clock, shop.channels)
    shop.publish("""
        journey: one
        trigger: {event: form.filled}
        entry: {again: always}
        steps: [{wait: 1d}]
    """)
    shop.customers("a", "b", "c")
    shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
    with shop.db() as other:
        other.connection().execute(text("SELECT FROM customers WHERE id = 2 FOR UPDATE"))
        answers = shop.give("arrive", shop.group("1"))
    assert [(each.kind, each.result, each.seconds) for each in answers] == [
        ("later", "", 86400), ("later", "again", 5), ("later", "", 86400),
    ]  # fmt: skip
    assert shop.give("arrive", shop.group("1", [2]))[0].seconds == 86400
    engine.dispose()


VERBS = {
    "wait_for": ("arrive", "answer", "{id: answer, wait_for: {event: form.answered}, within: 2h}"),
    "todo": ("todo", "call", "{id: call, todo: call, assign: owner, due: 8h}"),
    "tag": ("tag", "1", "{tag: called, for: 3d}"),
    "untag": ("tag", "1", "{untag: called}"),
    "held": ("send", "hello", "{id: hello, send: hello, via: [sms]}"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_twenty_members_cost_as_many_statements_as_two(
    shop: Shop, migrated: tuple[Engine, Database], verb: str
) -> None:
    activity, path, step = VERBS[verb]
    shop.publish(
        f"""
        journey: one
        trigger: {{event: form.filled}}
        entry: {{again: never}}
        steps:
          - {step}
        """
    )
    names = [f"c{number}" for number in range(22)]
    customers = shop.customers(*names)
    shop.take(*(shop.incoming("form.filled", name) for name in names))
    if verb == "untag":
        with shop.db.begin() as work:
            work.add_all(CustomerTag(customer_id=customer, tag="called") for customer in customers)
    if verb == "held":
        with shop.db.begin() as work:
            lifecycle.pause(work, "one", shop.clock.now(), "li")
    with shop.db() as session:
        read_library(session)  # which is kept
    enrollments = [row.id for row in shop.rows(Enrollment)]
    costs = []
    for some in (enrollments[:2], enrollments[2:]):
        with counting(migrated[0]) as statements:
            assert len(shop.give(activity, shop.group(path, some))) == len(some)
        costs.append(statements)
    assert costs[0] == costs[1]


def test_a_tag_is_not_lost_with_the_same_customers_other_enrollment_that_is_put_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(step: WaitStep, enrollment: Enrollment, *rest: Any) -> Any:
        if enrollment.id == 1:
            raise KeyError(1)
        return end_of_wait(step, enrollment, *rest)

    monkeypatch.setattr("domain.journeys.verbs.wait.end_of_wait", broken)
    shop.publish("""
        journey: one
        trigger: {event: form.filled}
        entry: {again: always}
        steps:
          - {tag: called, for: 3d}
          - wait: {until: {field: trigger.due, plus: 1d}}
    """)
    shop.customers("li")
    shop.post("form.filled", "li", due="2026-03-08T10:00:00+08:00")
    shop.post("form.filled", "li", due="2026-03-08T10:00:00+08:00")
    assert [answer.kind for answer in shop.give("tag", shop.group("1"))] == ["later", "done"]
    assert [row.tag for row in shop.rows(CustomerTag)] == ["called"]
