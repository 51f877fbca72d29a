"""A process that dies at any commit on an order's way: the next one loses nothing, and sends nothing twice."""

import pytest

from benchmarks.chaos.commits import run

PLACES = (
    "transactions.in_transaction", "relay._take", "relay._settle", "journey._settled", "journey._written_down",
    "sandbox.send_many",
)  # fmt: skip
"""Where the product commits: the shop's request and a receipt, the relay, claims and steps, what a provider said."""


@pytest.mark.timeout(900)
def test_death_at_any_commit_loses_nothing_and_doubles_nothing() -> None:
    found = run()
    assert found.wrong == 0, found
    assert set(found.deaths) == {f"{when} {place}" for when in ("before", "after") for place in PLACES}
    assert found.deaths.total() == 2 * found.commits
    assert found.unsure <= found.deaths["after journey._settled"]
