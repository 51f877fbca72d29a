"""Calls of outside systems: made once as far as anybody can tell, tried again for a day, and never lost."""

from datetime import timedelta
from typing import Any

import pytest
from shop import Shop
from temporalio.testing import ActivityEnvironment

from domain.journeys.tables import Enrollment, WebhookCall
from domain.journeys.verbs.webhook import FIRST_RETRY, LONGEST_RETRY, PATIENCE, Reply

TELLS = """
    journey: tells
    trigger: {event: form.filled}
    entry: {again: restart}
    exit: [{event: form.withdrawn}]
    steps:
      - {id: tell, webhook: crm, data: {level: gold}}
"""


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A shop in which a customer has entered the journey."""
    shop.publish(TELLS)
    shop.customers("li")
    shop.post("form.filled", "li", form="f1")
    return shop


def tell(shop: Shop) -> tuple[str, str]:
    (answer,) = shop.give("webhook", shop.group("tell"))
    return answer.kind, answer.result


def test_says_who_where_and_why(filled: Shop) -> None:
    assert tell(filled) == ("over", "finished")
    (call,) = filled.outside.called
    enrollment = filled.rows(Enrollment)[0]
    assert call.body == {
        "journey": "tells", "step": "tell", "enrollment": enrollment.id, "customer": enrollment.customer_id,
        "trigger": {"form": "f1"}, "data": {"level": "gold"},
    }  # fmt: skip
    assert filled.timeline() == [("webhook", "crm"), ("ended", "finished")]


def test_a_large_group_is_called_in_parts_with_a_sign_of_life_before_each(shop: Shop) -> None:
    shop.publish(TELLS)
    names = [f"c{number}" for number in range(100)]
    shop.customers(*names)
    shop.take(*(shop.incoming("form.filled", name) for name in names))
    beats, environment = list[int](), ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beats.append(len(shop.outside.called))
    environment.run(shop.activities.webhook, shop.group("tell"))
    assert beats == [0, 40, 80]
    assert len(shop.outside.called) == 100


def test_a_refusal_is_told_with_its_reason_and_the_journey_goes_on(filled: Shop) -> None:
    filled.outside.says = [Reply("failed", "http_404")]
    assert tell(filled) == ("over", "finished")
    assert filled.timeline() == [("webhook", "http_404"), ("ended", "finished")]


def test_a_worker_lost_during_the_call_makes_the_same_call_again(filled: Shop) -> None:
    class LostError(Exception):
        pass

    def lose(*_: Any) -> list[Reply]:
        raise LostError

    real = filled.outside.call_many
    filled.outside.call_many = lambda name, calls: real(name, calls) and lose()  # type: ignore[method-assign]
    with pytest.raises(LostError):
        tell(filled)
    filled.outside.call_many = real  # type: ignore[method-assign]
    assert tell(filled) == ("over", "finished")
    first, second = filled.outside.called
    assert first == second


def test_is_tried_again_when_the_other_side_says_so_but_not_for_ever(filled: Shop) -> None:
    filled.outside.says = [Reply("later", "http_503", timedelta(minutes=7))] + 99 * [Reply("later", "http_503")]
    begun, waits = filled.clock.now(), []
    while not filled.rows(Enrollment)[0].ending:
        (answer,) = filled.give("webhook", filled.group("tell"))
        if answer.due:
            waits.append(answer.due - filled.clock.now())
            filled.clock.set(answer.due)
    assert waits[0] == timedelta(minutes=7)
    assert waits[1] == 2 * FIRST_RETRY
    assert max(waits) == LONGEST_RETRY
    assert PATIENCE - LONGEST_RETRY < filled.clock.now() - begun <= PATIENCE
    assert len({call.key for call in filled.outside.called}) == 1
    assert filled.timeline() == [("webhook", "http_503"), ("ended", "finished")]


def test_is_not_called_before_its_time(filled: Shop) -> None:
    filled.outside.says = [Reply("later", "timeout")]
    assert [tell(filled), tell(filled)] == [("later", ""), ("later", "")]
    assert len(filled.outside.called) == 1


def test_an_exit_ends_the_trying(filled: Shop) -> None:
    filled.outside.says = [Reply("later", "timeout")]
    tell(filled)
    filled.post("form.withdrawn", "li")
    filled.clock.set(filled.clock.now() + LONGEST_RETRY)
    assert tell(filled) == ("over", "exit")
    assert len(filled.outside.called) == 1


def test_a_restart_calls_no_second_time(filled: Shop) -> None:
    filled.outside.says = [Reply("later", "timeout")]
    tell(filled)
    filled.post("form.filled", "li", form="f2")
    filled.clock.set(filled.clock.now() + LONGEST_RETRY)
    assert tell(filled) == ("over", "finished")
    assert {call.key for call in filled.outside.called} == {row.id for row in filled.rows(WebhookCall)}
    assert [call.body["trigger"]["form"] for call in filled.outside.called] == ["f1", "f1"]
