"""A lottery under a flood and kills: what was acknowledged is there once, who won stays, and is told once."""

import pytest

from benchmarks.chaos.plays import run


@pytest.mark.timeout(400)
def test_kills_in_a_flood_and_in_the_draw_lose_change_and_send_nothing_twice() -> None:
    found = run(people=300, winners=210, seed=3)
    assert found.wrong == 0, found
    assert (found.acknowledged, found.winners, found.messages, found.kills) == (300, 210, 210, 6)
    assert found.retried > 0
    assert found.in_the_draw >= 2
