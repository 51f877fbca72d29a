"""The draw, beside the few lines that its docstring promises; and its chances."""

import hashlib
import hmac
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from domain.plays.draw import Ticket, commitment_of, digest_of, new_seed, shuffled

IDS = st.lists(st.integers(1, 2**62), unique=True, max_size=40)


@given(st.text(min_size=1), IDS)
def test_the_order_is_that_of_the_keys(seed: str, ids: list[int]) -> None:
    key = {id: hmac.new(seed.encode(), str(id).encode(), hashlib.sha256).hexdigest() for id in ids}
    assert shuffled(seed, [Ticket(id) for id in ids]) == sorted(ids, key=key.__getitem__)
    assert commitment_of(seed) == hashlib.sha256(seed.encode()).hexdigest()
    assert digest_of(ids) == hashlib.sha256("".join(f"{id}\n" for id in ids).encode()).hexdigest()


@given(
    st.lists(st.tuples(st.integers(1, 2**62), st.sampled_from([0, 0.5, 1, 3, 1000])), unique_by=lambda each: each[0])
)
def test_who_weighs_nothing_never_wins_and_who_weighs_alike_is_in_the_same_order_as_without(
    tickets: list[tuple[int, float]],
) -> None:
    order = shuffled("seed", [Ticket(*each) for each in tickets], weighted=True)
    assert set(order) == {id for id, weight in tickets if weight}
    weight = dict(tickets)

    def score(id: int) -> float:
        fraction = int(hmac.new(b"seed", str(id).encode(), "sha256").hexdigest()[:14], 16) // 8 / 2**53
        return float(fraction ** (1 / weight[id]))

    assert order == sorted((id for id, each in tickets if each), key=lambda id: -score(id))


def test_everybody_has_the_same_chance_and_a_weight_is_a_multiple_of_it() -> None:
    first: Counter[int] = Counter()
    heavy: Counter[int] = Counter()
    for number in range(10_000):
        seed = hashlib.sha256(str(number).encode()).hexdigest()
        first[shuffled(seed, [Ticket(id) for id in range(1, 9)])[0]] += 1
        heavy[shuffled(seed, [Ticket(1, 3), Ticket(2), Ticket(3)], weighted=True)[0]] += 1
    assert chisquare(list(first.values())).pvalue > 1e-4
    assert chisquare([heavy[1], heavy[2], heavy[3]], [6000, 2000, 2000]).pvalue > 1e-4
    assert len({new_seed() for _ in range(100)}) == 100
