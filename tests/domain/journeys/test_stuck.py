"""A defect ends nobody: whom it concerns is put off, told to the operator and tried again, and the others go on."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from shop import Shop
from sqlmodel import col, update

from activities.journey import PLAIN
from domain.customers import resolution
from domain.customers.tables import Customer, CustomerTag
from domain.journeys import executors, steps, stuck
from domain.journeys.steps import StepContext
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.store.work import UnitOfWork
from workflows.plan.commands import Answer, EnrollmentState, Group
from workflows.plan.interpreter import Runner

TAGS = """
    journey: tags
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: mark, tag: called}]
"""
WAITS = """
    journey: waits
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{wait: 1d}, {tag: called}]
"""


@contextmanager
def defect(monkeypatch: pytest.MonkeyPatch, verb: str, *enrollments: int) -> Iterator[None]:
    """The verb can't be carried out, or come to, for these enrollments."""
    module, name = import_module(f"domain.journeys.verbs.{verb}"), "arrive" if verb == "wait" else "carry_out"
    working = getattr(module, name)

    def broken(context: StepContext, *arguments: Any) -> Any:
        if context.enrollment.id in enrollments:
            raise KeyError("+8613800000001")
        return working(context, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, broken)
        if verb in PLAIN:
            patch.setitem(PLAIN, verb, broken)
        executors.executor_of.cache_clear()
        executors.arrival_of.cache_clear()
        yield
    executors.executor_of.cache_clear()
    executors.arrival_of.cache_clear()


@pytest.fixture
def three(shop: Shop) -> Shop:
    """A shop three of whose customers stand before a tag."""
    shop.publish(TAGS)
    shop.customers("li", "wang", "zhao")
    for who in ("li", "wang", "zhao"):
        shop.post("form.filled", who)
    return shop


def test_whom_a_defect_concerns_is_put_off_and_the_others_go_on(three: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with defect(monkeypatch, "tag", 2):
        answers = three.give("tag", three.group("mark"))
    assert [(answer.kind, answer.result) for answer in answers] == [
        ("over", "finished"), ("later", "again"), ("over", "finished"),
    ]  # fmt: skip
    assert answers[1].due == three.clock.now() + stuck.PAUSES[0]
    row = next(row for row in three.rows(Enrollment) if row.id == 2)
    assert (row.ending, row.attempts, row.due_at) == (None, 1, answers[1].due)
    assert row.stuck_on.startswith("KeyError at test_stuck.py:")
    (entry,) = [entry for entry in three.rows(TrailEntry) if entry.what == "stuck"]
    assert (entry.enrollment_id, entry.step, entry.reason) == (2, "mark", row.stuck_on)


def test_it_is_tried_again_after_growing_pauses_and_goes_on_when_the_defect_is_gone(
    three: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    with defect(monkeypatch, "tag", 2):
        for _ in range(6):
            (answer,) = three.give("tag", three.group("mark", [2]))
            assert answer.due is not None
            pauses.append(answer.due - three.clock.now())
            three.clock.set(answer.due)
    assert pauses == [*stuck.PAUSES, stuck.PAUSES[-1], stuck.PAUSES[-1]]
    (answer,) = three.give("tag", three.group("mark", [2]))
    assert (answer.kind, answer.result) == ("over", "finished")
    row = next(row for row in three.rows(Enrollment) if row.id == 2)
    assert (row.ending, row.stuck_on, row.stuck_since, row.attempts) == ("finished", None, None, 0)


def test_a_defect_that_all_share_fails_the_activity_and_is_told_once(
    three: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = three.clock.now()
    for _ in range(3):
        with defect(monkeypatch, "tag", 1, 2, 3), pytest.raises(KeyError):
            three.give("tag", three.group("mark"))
        three.clock.set(three.clock.now() + timedelta(minutes=1))
    rows = three.rows(Enrollment)
    assert [(row.ending, row.stuck_since, row.attempts) for row in rows] == [(None, began, 0)] * 3
    assert all(row.stuck_on.startswith("KeyError at test_stuck.py:") for row in rows)
    told = [(entry.enrollment_id, entry.step) for entry in three.rows(TrailEntry) if entry.what == "stuck"]
    assert told == [(1, "mark"), (2, "mark"), (3, "mark")]
    assert [answer.kind for answer in three.give("tag", three.group("mark"))] == ["over"] * 3
    assert [row.stuck_on for row in three.rows(Enrollment)] == [None] * 3


@pytest.mark.parametrize("alone", [False, True])
def test_a_defect_that_all_share_for_long_puts_all_off(
    three: Shop, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    """Also one that keeps the group from being looked at, whoever is in it."""
    members = [1] if alone else [1, 2, 3]

    def broken(*_: object) -> None:
        raise KeyError("+8613800000001")

    monkeypatch.setattr(steps, "_share_facts", broken)
    with pytest.raises(KeyError):
        three.give("tag", three.group("mark", members))
    three.clock.set(three.clock.now() + stuck.SHARED)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_share_facts", lambda _, locked: broken() if locked.contexts else None)
        answers = three.give("tag", three.group("mark", members))
    until = three.clock.now() + stuck.PAUSES[0]
    assert [(answer.kind, answer.result, answer.due) for answer in answers] == [("later", "again", until)] * len(
        members
    )
    rows = [row for row in three.rows(Enrollment) if row.id in members]
    assert [(row.attempts, row.due_at) for row in rows] == [(1, until)] * len(members)


@pytest.mark.parametrize(
    ("column", "value", "reason"), [("timezone", "Mars/Phobos", "bad_timezone"), ("fields", ["杭州"], "bad_fields")]
)
def test_what_is_stored_of_a_customer_and_cannot_be_read_fails_that_one_alone(
    shop: Shop, column: str, value: Any, reason: str
) -> None:
    """It is nobody's defect; nor does it keep events from being taken, or the other customers of their batch."""
    shop.publish("""
        journey: waits
        trigger: {event: form.filled}
        entry: {again: always}
        goal: {event: order.paid, within: 3d}
        steps: [{if: {field: customer.city, is: 杭州}, then: [{stop: here}]}, {wait: 1d}]
    """)
    shop.customers("li", "wang")
    shop.take(*(shop.incoming("form.filled", who) for who in ("li", "wang")))
    with shop.db.begin() as work:
        work.exec(update(Customer).where(col(Customer.id) == 1).values({column: value}))
    shop.take(*(shop.incoming("form.filled", who) for who in ("li", "wang")))
    shop.post("order.paid", "li", order_id="o1", total=1)
    answers = shop.give("decide", shop.group("1"))
    assert [answer.kind for answer in answers] == ["over", "done", "done"]
    rows = {row.id: row for row in shop.rows(Enrollment)}
    assert [(row.ending, row.reason, row.stuck_on) for row in rows.values()] == [
        ("failed", reason, None), (None, None, None), (None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("due", ["9999-12-31T23:00:00+08:00", "0001-01-01T00:00:00+08:00"])
def test_a_wait_until_after_the_end_of_time_fails(shop: Shop, due: str) -> None:
    shop.publish("""
        journey: waits
        trigger: {event: form.filled}
        entry: {again: always}
        steps: [{wait: {until: {field: trigger.due, plus: 1d}}}, {tag: called}]
    """)
    shop.customers("li")
    shop.post("form.filled", "li", due=due)
    assert [answer.kind for answer in shop.give("arrive", shop.group("1"))] == ["over"]
    assert [(row.ending, row.reason) for row in shop.rows(Enrollment)] == [("failed", "no_time")]


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("concerned", [(2,), (1, 2, 3)])
def test_a_defect_after_a_message_went_neither_repeats_it_nor_makes_its_fate_unknown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, repeatable: bool, concerned: tuple[int, ...]
) -> None:
    shop.publish("""
        journey: sends
        trigger: {event: form.filled}
        entry: {again: always}
        steps: [{id: hello, send: hello, via: [sms]}, {wait: 1d}]
    """)
    shop.provider.repeatable = repeatable
    shop.customers("li", "wang", "zhao")
    shop.take(*(shop.incoming("form.filled", who) for who in ("li", "wang", "zhao")))
    with defect(monkeypatch, "wait", *concerned):
        if len(concerned) == 1:
            answers = shop.give("send", shop.group("hello"))
            assert [(each.kind, each.result) for each in answers] == [
                ("done", "sent"), ("later", "again"), ("done", "sent"),
            ]  # fmt: skip
        else:
            with pytest.raises(KeyError):
                shop.give("send", shop.group("hello"))
    assert [row.status for row in shop.rows(Message)] == ["sent"] * 3
    assert [row.id for row in shop.rows(Enrollment) if row.stuck_on] == list(concerned)
    assert [answer.result for answer in shop.give("send", shop.group("hello"))] == ["sent"] * 3
    assert len(shop.provider.taken) == 3


def test_a_defect_after_a_call_does_not_repeat_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish("""
        journey: calls
        trigger: {event: form.filled}
        entry: {again: always}
        steps: [{id: tell, webhook: crm}, {wait: 1d}]
    """)
    shop.customers("li", "wang", "zhao")
    shop.take(*(shop.incoming("form.filled", who) for who in ("li", "wang", "zhao")))
    with defect(monkeypatch, "wait", 2):
        answers = shop.give("webhook", shop.group("tell"))
    assert [(each.kind, each.result) for each in answers] == [("done", "ok"), ("later", "again"), ("done", "ok")]
    assert [row.id for row in shop.rows(Enrollment) if row.stuck_on] == [2]
    assert [answer.result for answer in shop.give("webhook", shop.group("tell"))] == ["ok"] * 3
    assert len(shop.outside.called) == 3


def test_neither_the_log_nor_the_trail_holds_what_the_error_says(
    three: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), defect(monkeypatch, "tag", 2):
        three.give("tag", three.group("mark"))
    assert "enrollment 2 is stuck at mark of tags: KeyError at test_stuck.py" in caplog.text
    assert "in broken" in caplog.text, "the traceback"
    assert "13800000001" not in caplog.text
    assert "13800000001" not in "".join(str(entry.model_dump()) for entry in three.rows(TrailEntry))


def test_operators_list_the_stuck_and_let_them_try_again_at_once(three: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with defect(monkeypatch, "tag", 2, 3):
        three.give("tag", three.group("mark"))
    three.clock.set(three.clock.now() + timedelta(seconds=5))
    with three.db.begin() as work:
        assert [row.id for row in stuck.list_stuck(work)] == [2, 3]
        assert stuck.list_stuck(work, journey="another") == []
        assert stuck.retry(work, three.clock.now(), journey="tags") == 2
    rows = [row for row in three.rows(Enrollment) if row.id != 1]
    assert [row.due_at for row in rows] == [three.clock.now()] * 2
    three.give("tag", three.group("mark", [2, 3]))
    with three.db() as session:
        assert stuck.list_stuck(session) == []


def test_who_went_on_while_the_locks_were_waited_for_is_left_alone(
    three: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with defect(monkeypatch, "tag", 2, 3):
        three.give("tag", three.group("mark"))
    lock = resolution.lock_customers

    def lock_late(work: UnitOfWork, customers: Iterable[int]) -> Any:
        three.give("tag", three.group("mark", [2]))
        return lock(work, customers)

    monkeypatch.setattr("domain.journeys.stuck.lock_customers", lock_late)
    with three.db.begin() as work:
        assert stuck.retry(work, three.clock.now()) == 1
    row = next(row for row in three.rows(Enrollment) if row.id == 2)
    assert (row.ending, row.due_at) == ("finished", None)


def test_a_wait_that_could_not_begin_is_begun_again_and_is_not_over_then(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.publish(WAITS)
    (customer,) = shop.customers("li")
    shop.post("form.filled", "li")
    began = shop.clock.now()
    runner = Runner(shop.plan, EnrollmentState(enrollment=1, customer=customer, generation=0))

    def command() -> Answer:
        members = (runner.command(),)
        assert runner.activity is not None
        (answer,) = shop.give(runner.activity, Group(plan_id=shop.plan_id, path=runner.path, members=members))
        runner.answered(answer)
        return answer

    with defect(monkeypatch, "wait", 1):
        answer = command()
    assert answer.result == "again"
    restored = Runner(shop.plan, runner.state())
    for each in (runner, restored):
        shop.clock.set(answer.due or began)
        each.elapsed()
        assert each.activity == "arrive"
    command()
    assert runner.due == began + timedelta(days=1)
    shop.clock.set(began + timedelta(days=1))
    runner.elapsed()
    command()
    assert [tag.tag for tag in shop.rows(CustomerTag)] == ["called"]
