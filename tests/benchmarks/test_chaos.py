"""The real stack under kills, in a minute: nothing is lost, sent twice or wrongly sent."""

import pytest

from benchmarks.chaos.__main__ import run


@pytest.mark.timeout(300)
def test_kills_and_lost_answers_lose_double_and_missend_nothing() -> None:
    found = run(customers=40, kills=8, seed=7, patience=100, looks=2)
    assert found.wrong == 0, found
    assert found.messages > 80
    assert sum(found.kills.values()) == 8
    assert found.between_start_and_commit > 0
    assert found.still_asked_about <= found.answers_dropped
