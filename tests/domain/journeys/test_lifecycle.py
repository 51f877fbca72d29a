"""The life cycle of journeys, for enrollments that wait, are held, are being sent to, or have yet to enter."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from shop import Shop
from sqlmodel import Session, col, select

from domain.channels.delivery import Delivery
from domain.channels.tables import SandboxMessage
from domain.journeys import lifecycle
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.fitting import Misfit, misfits
from domain.published.library import read_library
from domain.published.publishing import publish_text
from domain.published.tables import Journey, JourneyAction, PublishedPlan
from domain.sending import claiming
from domain.sending.settling import settle_messages
from runtime.rehearsal.engine import Rehearsal
from workflows.language.compile import read_journey

SPEC = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: always}
steps:
  - wait: 1h
  - {id: first, send: hello, via: [sms], kind: transactional}
  - wait: 2h
  - {id: second, send: bye, via: [sms]}
"""
CHANGED = SPEC.replace("2h", "5h").replace("send: bye", "send: farewell")
BY = "admin"
PEOPLE = ("li", "wang", "zhao", *(f"c{number}" for number in range(12)))


class Stage:
    """A shop whose enrollments a rehearsal walks."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.publish(SPEC)
        self.play = Rehearsal(shop.db, shop.clock)
        self.ids = dict(zip(PEOPLE, shop.customers(*PEOPLE), strict=True))

    def enter(self, *names: str) -> list[int]:
        for name in names:
            self.shop.post("order.paid", name, order_id=f"o-{name}", total=100)
        self.play.settle()
        return [self.ids[name] for name in names]

    def later(self, hours: float) -> None:
        self.shop.clock.set(self.shop.clock.now() + timedelta(hours=hours))
        self.play.settle()

    def act(self, action: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with self.shop.db.begin() as session:
            return action(session, *args, self.shop.clock.now(), BY, **more)

    def pages(self, page: Callable[..., Any]) -> None:
        lifecycle.in_pages(self.shop.db, page, "welcome", self.shop.clock.now())
        self.play.settle()

    def pause(self) -> bool:
        return bool(self.act(lifecycle.pause, "welcome"))

    def resume(self, late: str) -> bool:
        done = self.act(lifecycle.resume, "welcome", late=late)
        self.pages(lifecycle.release_page)
        return bool(done)

    def publish(self, spec: str, running: lifecycle.Running = "finish") -> int:
        plan = read_journey(spec, "a journey", None).plan
        assert plan is not None
        version: int = self.act(
            lambda session, now, by: lifecycle.publish(session, plan, spec, now, by, running=running).version
        )
        self.pages(lifecycle.stop_page)
        return version

    def actions(self) -> list[tuple[str, str, int]]:
        with self.shop.db() as session:
            return [(each.action, each.by, each.version) for each in reversed(lifecycle.actions(session, "welcome"))]


@pytest.fixture
def stage(shop: Shop) -> Stage:
    return Stage(shop)


class TestPublish:
    def test_the_same_text_twice_is_one_version_and_is_recorded_once(self, stage: Stage) -> None:
        assert [stage.publish(CHANGED), stage.publish(CHANGED), stage.publish(SPEC)] == [2, 2, 1]
        assert stage.actions() == [("published", BY, 2), ("published", BY, 1)]

    def test_a_running_enrollment_finishes_its_own_plan(self, stage: Stage) -> None:
        stage.enter("li")
        stage.later(1)
        stage.publish(CHANGED)
        with stage.shop.db.begin() as session:
            publish_text(session, "farewell", "sms", "farewell")
        stage.enter("wang")
        for hours in (1, 1, 5):
            stage.later(hours)
        li, wang = ([each.body for each in _sent(stage) if each.recipient.endswith(place)] for place in "01")
        assert (li, wang) == (["hello", "bye"], ["hello", "farewell"])

    def test_with_stop_older_versions_end_and_the_new_one_goes_on(self, stage: Stage) -> None:
        stage.enter("li", "wang")
        assert stage.publish(CHANGED, "stop") == 2
        stage.enter("zhao")
        stage.later(1)
        assert stage.shop.timeline().count(("ended", lifecycle.REPLACED)) == 2
        assert [each.ending for each in stage.shop.rows(Enrollment)] == ["stopped", "stopped", None]
        assert len(_sent(stage)) == 1

    def test_an_enrollment_that_no_page_reached_ends_at_its_next_step(self, stage: Stage) -> None:
        stage.enter("li")
        plan = read_journey(CHANGED, "a journey", None).plan
        assert plan is not None
        with stage.shop.db.begin() as session:
            lifecycle.publish(session, plan, CHANGED, stage.shop.clock.now(), BY, running="stop")
        stage.later(1)
        assert stage.shop.timeline() == [("ended", lifecycle.REPLACED)]

    def test_many_end_in_pages(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lifecycle, "PAGE", 3)
        stage.enter(*(f"c{number}" for number in range(7)))
        stage.publish(CHANGED, "stop")
        assert stage.shop.timeline() == [("ended", lifecycle.REPLACED)] * 7

    def test_two_admins_at_once_make_two_versions(self, stage: Stage) -> None:
        specs = [SPEC.replace("2h", f"{hours}h") for hours in range(3, 11)]
        plans = [read_journey(spec, "a journey", None).plan for spec in specs]

        def publish(plan: Any) -> int:
            version: int = stage.act(lambda session, now, by: lifecycle.publish(session, plan, "", now, by).version)
            return version

        versions = stage.shop.at_once(*(lambda plan=plan: publish(plan) for plan in plans))
        assert sorted(versions) == list(range(2, 10))
        with stage.shop.db() as session:
            assert read_library(session).journeys["welcome"].version in versions


class TestPause:
    def test_nobody_enters(self, stage: Stage) -> None:
        assert stage.pause()
        stage.enter("li")
        assert stage.shop.timeline() == [("not_entered", "paused")]

    def test_pausing_twice_is_pausing_once(self, stage: Stage) -> None:
        assert sorted(stage.shop.at_once(stage.pause, stage.pause)) == [False, True]
        assert stage.actions() == [("paused", BY, 1)]

    def test_messages_are_held_once_and_sent_when_it_goes_on(self, stage: Stage) -> None:
        stage.enter("li")
        stage.pause()
        for _ in range(3):
            stage.later(1)
        assert stage.shop.timeline() == [("held", "paused")]
        assert stage.shop.rows(Enrollment)[0].due_at is None
        assert stage.resume("send")
        assert stage.shop.timeline() == [("held", "paused"), ("sent", "hello")]
        stage.later(2)
        assert stage.shop.timeline()[2:] == [("sent", "bye"), ("ended", "finished")]

    def test_what_fell_due_is_dropped_and_what_comes_later_is_sent(self, stage: Stage) -> None:
        stage.enter("li")
        stage.pause()
        stage.later(1)
        stage.resume("drop")
        stage.later(2)
        assert stage.shop.timeline() == [
            ("held", "paused"),
            ("suppressed", "expired"),
            ("sent", "bye"),
            ("ended", "finished"),
        ]

    @pytest.mark.parametrize(("late", "told"), [("drop", ("suppressed", "expired")), ("send", ("sent", "hello"))])
    def test_what_fell_due_while_no_worker_looked_is_late_too(
        self, stage: Stage, late: str, told: tuple[str, str]
    ) -> None:
        stage.enter("li")
        stage.pause()
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=2))
        stage.resume(late)
        assert stage.shop.timeline() == [told]
        stage.later(3)
        assert stage.shop.timeline()[1:] == [("sent", "bye"), ("ended", "finished")]

    def test_what_was_held_for_the_night_and_fell_due_in_a_pause_is_late_too(self, stage: Stage) -> None:
        stage.shop.publish(SPEC.replace(", kind: transactional", ""), quiet_hours={"start": "12:30", "end": "14:00"})
        stage.enter("li")
        stage.later(1)
        stage.pause()
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=2))
        stage.resume("drop")
        assert stage.shop.timeline() == [("held", "hello"), ("suppressed", "expired")]

    def test_what_fell_due_before_the_pause_is_not_late(self, stage: Stage) -> None:
        stage.enter("li")
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=1.5))
        stage.pause()
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=0.1))
        stage.resume("drop")
        assert stage.shop.timeline() == [("sent", "hello")]

    def test_one_who_waited_all_through_notices_nothing(self, stage: Stage) -> None:
        stage.enter("li")
        stage.pause()
        stage.later(0.5)
        stage.resume("drop")
        stage.later(0.5)
        assert stage.shop.timeline() == [("sent", "hello")]

    def test_a_message_that_is_with_its_provider_goes_on(self, stage: Stage) -> None:
        stage.enter("li")
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=1))
        group = stage.shop.group("first")
        with stage.shop.db.begin() as session:
            going = claiming.claim(session, group, stage.shop.clock.now(), stage.shop.channels).going
        stage.pause()
        with stage.shop.db.begin() as session:
            settle_messages(session, group, going, [Delivery("sent")], stage.shop.clock.now(), stage.shop.channels)
        assert stage.shop.timeline() == [("sent", "hello")]

    def test_pausing_again_before_the_held_are_told(self, stage: Stage) -> None:
        stage.enter("li")
        stage.pause()
        stage.later(1)
        stage.act(lifecycle.resume, "welcome", late="send")
        stage.pause()
        stage.pages(lifecycle.release_page)
        assert stage.shop.timeline() == [("held", "paused")]
        stage.resume("drop")
        assert stage.shop.timeline() == [("held", "paused"), ("suppressed", "expired")]

    def test_resuming_while_messages_are_being_held_loses_none(self, stage: Stage) -> None:
        names = [f"c{number}" for number in range(12)]
        stage.enter(*names)
        stage.pause()
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=1))
        group = stage.shop.group("first")
        sends = [
            (lambda member=member: stage.shop.give("send", group.model_copy(update={"members": (member,)})))
            for member in group.members
        ]
        stage.shop.at_once(*sends[:6], lambda: stage.act(lifecycle.resume, "welcome", late="send"), *sends[6:])
        stage.pages(lifecycle.release_page)
        stage.play.settle()
        assert sum(what == "sent" for what, _ in stage.shop.timeline()) == len(names)

    def test_resuming_what_was_not_paused_does_nothing(self, stage: Stage) -> None:
        assert not stage.resume("drop")
        assert stage.actions() == []

    def test_publishing_leaves_it_paused(self, stage: Stage) -> None:
        stage.pause()
        stage.publish(CHANGED)
        assert stage.shop.rows(Journey)[0].paused


class TestStop:
    def test_the_waiting_and_the_held_end_and_nobody_enters(self, stage: Stage) -> None:
        stage.enter("li")
        stage.pause()
        stage.later(1)
        assert stage.act(lifecycle.stop, "welcome")
        stage.pages(lifecycle.stop_page)
        stage.enter("wang")
        assert stage.shop.timeline() == [("held", "paused"), ("ended", lifecycle.STOPPED)]
        with stage.shop.db() as session:
            assert lifecycle.journey_status(session, "welcome").state == "stopped"
        assert not stage.act(lifecycle.stop, "welcome")

    def test_what_is_being_sent_is_written_down(self, stage: Stage) -> None:
        stage.enter("li")
        stage.shop.clock.set(stage.shop.clock.now() + timedelta(hours=1))
        group = stage.shop.group("first")
        with stage.shop.db.begin() as session:
            going = claiming.claim(session, group, stage.shop.clock.now(), stage.shop.channels).going
        stage.act(lifecycle.stop, "welcome")
        lifecycle.in_pages(stage.shop.db, lifecycle.stop_page, "welcome", stage.shop.clock.now())
        with stage.shop.db.begin() as session:
            answers = settle_messages(
                session, group, going, [Delivery("sent")], stage.shop.clock.now(), stage.shop.channels
            )
        assert [answer.kind for answer in answers] == ["over"]
        assert sorted(stage.shop.timeline()) == [("ended", lifecycle.STOPPED), ("sent", "hello")]

    def test_publishing_makes_it_live_again(self, stage: Stage) -> None:
        stage.act(lifecycle.stop, "welcome")
        stage.publish(SPEC)
        stage.enter("li")
        stage.later(1)
        assert stage.shop.timeline() == [("sent", "hello")]
        assert [action for action, _, _ in stage.actions()] == ["stopped", "published"]

    def test_one_customer_of_a_journey(self, stage: Stage) -> None:
        li, _ = stage.enter("li", "wang")
        assert stage.act(lambda session, now, by: lifecycle.stop_customer(session, "welcome", li, now, by)) == 1
        stage.later(1)
        assert stage.shop.timeline() == [("ended", lifecycle.BY_OPERATOR), ("sent", "hello")]
        assert stage.shop.rows(JourneyAction)[0].details == {"customer": li}

    def test_a_customer_who_is_not_inside(self, stage: Stage) -> None:
        assert stage.act(lambda session, now, by: lifecycle.stop_customer(session, "welcome", 7, now, by)) == 0
        assert stage.actions() == []


def test_what_was_never_published_is_unknown(stage: Stage) -> None:
    for action in (lifecycle.pause, lifecycle.resume, lifecycle.stop):
        with pytest.raises(lifecycle.UnknownJourneyError):
            stage.act(action, "nothing")


def test_standings_count_each_version(stage: Stage) -> None:
    stage.enter("li", "wang")
    stage.publish(CHANGED)
    stage.enter("zhao")
    with stage.shop.db() as session:
        (found,) = lifecycle.journey_statuses(session)
    assert (found.version, found.state, found.running) == (2, "live", {1: 2, 2: 1})
    assert found.last is not None
    assert found.last.action == "published"


class TestMisfits:
    def found(self, session: Session, texts: dict[tuple[str, str], str], *gone: tuple[str, str]) -> list[Misfit]:
        return misfits(session, texts, gone)

    def test_a_text_that_an_older_version_needs_is_missed_until_nobody_is_inside(self, stage: Stage) -> None:
        stage.enter("li")
        stage.publish(CHANGED)
        with stage.shop.db() as session:
            (misfit,) = self.found(session, {}, ("bye", "sms"))
            assert (misfit.version, misfit.step) == (1, "second")
        stage.publish(CHANGED, "stop")
        with stage.shop.db() as session:
            assert self.found(session, {}, ("bye", "sms")) == []

    def test_a_text_may_only_use_what_the_step_provides(self, stage: Stage) -> None:
        with stage.shop.db() as session:
            assert self.found(session, {("hello", "sms"): "{{ customer.name }} {{ shop.sign }}"}) == []
            (misfit,) = self.found(session, {("hello", "sms"): "{{ coupon.code }}"})
        assert '"coupon"' in str(misfit)

    def test_a_coupon_that_came_before_is_provided(self, shop: Shop) -> None:
        shop.publish(SPEC.replace("  - wait: 2h\n", "  - {coupon: gift}\n"))
        texts = {("hello", "sms"): "{{ coupon.code }}", ("bye", "sms"): "{{ coupon.code }}"}
        with shop.db() as session:
            assert [each.text[0] for each in self.found(session, texts)] == ["hello"]


def _sent(stage: Stage) -> list[Any]:
    with stage.shop.db() as session:
        return list(session.exec(select(SandboxMessage).order_by(col(SandboxMessage.at))))


def test_plans_are_kept_for_ever(stage: Stage) -> None:
    stage.enter("li")
    stage.later(1)
    stage.publish(SPEC.replace("  - {id: first, send: hello, via: [sms], kind: transactional}\n", ""))
    assert len(stage.shop.rows(PublishedPlan)) == 2
    assert [each.step for each in stage.shop.rows(TrailEntry) if each.what == "sent"] == ["first"]
    stage.later(2)
    assert stage.shop.timeline() == [("sent", "hello"), ("sent", "bye"), ("ended", "finished")]
