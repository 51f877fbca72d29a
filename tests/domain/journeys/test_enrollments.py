"""Who enters, again or not, however many knock at once."""

from datetime import timedelta

import pytest
from shop import Shop

from domain.conditions.facts import CustomerFacts
from domain.customers.tables import Customer
from domain.journeys.tables import Enrollment
from domain.published.library import mark_published, read_library
from domain.published.tables import Journey

SPEC = """
    journey: forms
    trigger: {event: form.filled}
    entry: {again: AGAIN, per: [customer, trigger.form]}
    steps: [{wait: 1h}, {id: thanks, send: thanks, via: [sms]}, {wait: 1d}]
"""


def spec(again: str) -> str:
    return SPEC.replace("AGAIN", again)


@pytest.mark.parametrize(("again", "entered"), [("never", 1), ("restart", 1), ("after 1d", 1), ("always", 20)])
def test_twenty_at_the_door_at_once(shop: Shop, again: str, entered: int) -> None:
    shop.publish(spec(again))
    shop.customers("li")
    events = [shop.incoming("form.filled", "li", form="a") for _ in range(20)]
    shop.at_once(*(lambda event=event: shop.take(event) for event in events))
    assert len(shop.rows(Enrollment)) == entered


def test_a_key_of_any_length_and_kind_is_a_key(shop: Shop) -> None:
    shop.publish(spec("never"))
    for form in ("x" * 100_000, {"a": 1}, [1, 2], None, "None", "", 1, "1", True, "中" * 5_000):
        for _ in range(2):
            shop.post("form.filled", "li", form=form)
    assert len(shop.rows(Enrollment)) == 10


def test_a_restart_while_the_message_is_being_claimed_is_one_or_the_other(shop: Shop) -> None:
    shop.publish(spec("restart"))
    names = [f"c{number}" for number in range(16)]
    shop.customers(*names)
    shop.take(*(shop.incoming("form.filled", name) for name in names))
    group = shop.group("thanks")
    shop.clock.set(shop.clock.now() + timedelta(hours=1))
    calls = []
    for member, name in zip(group.members, names, strict=True):
        alone, again = group.model_copy(update={"members": (member,)}), shop.incoming("form.filled", name)
        calls += [lambda again=again: shop.take(again), lambda alone=alone: shop.give("send", alone)[0]]
    answers = shop.at_once(*calls)[1::2]
    rows = {row.id: row for row in shop.rows(Enrollment)}
    for answer in answers:
        row = rows[answer.enrollment]
        assert (answer.kind, row.claimed, row.generation) in [("done", True, 0), ("moved", False, 1)]
    assert len(rows) == 16
    assert len(shop.provider.taken) == sum(row.claimed for row in rows.values())


def test_an_older_event_than_the_one_it_stands_on_restarts_nothing(shop: Shop) -> None:
    shop.publish(spec("restart"))
    shop.post("form.filled", "li")
    shop.post("form.filled", "li", time=shop.clock.now() - timedelta(minutes=1))
    (enrollment,) = shop.rows(Enrollment)
    assert (enrollment.generation, enrollment.anchor) == (0, shop.clock.now())


def test_late_knocks_at_an_ended_story_meet_what_ended_it(shop: Shop) -> None:
    shop.publish(spec("restart").replace("    steps:", "    exit: [{event: form.withdrawn}]\n    steps:"))
    start = shop.clock.now()
    shop.post("form.filled", "li")
    shop.clock.set(start + timedelta(minutes=30))
    shop.post("form.withdrawn", "li")
    shop.post("form.filled", "li", time=start + timedelta(minutes=10))
    assert [enrollment.ending for enrollment in shop.rows(Enrollment)] == ["exit", "exit"]


def test_nobody_enters_a_paused_journey(shop: Shop) -> None:
    shop.publish(spec("always"))
    with shop.db.begin() as session:
        session.get_one(Journey, "forms").paused = True
        mark_published(session)
    shop.post("form.filled", "li")
    assert shop.timeline() == [("not_entered", "paused")]


def test_a_published_change_leaves_those_inside_as_they_are(shop: Shop) -> None:
    shop.publish(spec("always"))
    shop.customers("li")
    shop.post("form.filled", "li")
    old = shop.group("thanks")
    shop.publish(spec("always").replace("send: thanks", "send: hello"))
    shop.post("form.filled", "li")
    shop.give("send", old.model_copy(update={"members": old.members[:1]}))
    shop.give("send", shop.group("thanks", [2]))
    assert [text for what, text in shop.timeline() if what == "sent"] == ["thanks", "hello"]


@pytest.mark.parametrize("stream_id", [["s1"], {"a": 1}, 7, True, None])
def test_a_stream_id_that_is_no_text_names_no_show(shop: Shop, stream_id: object) -> None:
    (li,) = shop.customers("li")
    subject = {"stream_id": stream_id}
    with shop.db() as session:
        library, customer = read_library(session), session.get_one(Customer, li)
        assert CustomerFacts(session, library, customer, shop.clock.now(), subject=subject).stream is None
