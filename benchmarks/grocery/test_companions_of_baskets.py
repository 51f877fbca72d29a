"""Real baskets: companions are hit more often than what sells best. Needs the extra `replay`."""

import numpy as np

from benchmarks.grocery.companions import measure, read


def test_companions_of_a_basket_are_bought_more_often_than_what_sells_best() -> None:
    baskets, products = read("type")
    november = int(np.datetime64("2017-11-01").astype("datetime64[s]").astype(int))
    hits = measure(baskets, products, november, asked=1500)
    assert hits.baskets == 1500
    assert hits.companions > 1.3 * hits.popular > 0
