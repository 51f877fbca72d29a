"""Companions: what goes with products, to be offered beside them.

A product's own list (`product.updated`) comes first, in its order; then what is bought with it more often than chance
would have it, as `domain/insight/companions.py` works out each night. Never what is asked for itself, what is out of
stock, or what is near the last day on which it may be sold. A product whose lots the book has never seen counts as
there; where the customer's city keeps stock, what it has counts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from domain.stock.places import spellings

MOST = 20
"""Companions that are told at once."""

MOST_PRODUCTS = 100
"""Products for which they are asked at once; the others are left out."""

DAYS_LEFT = 3
"""Days from today on which a lot may still be sold, at least, for its product to be offered."""

CANDIDATES = 100

_LEARNT = text("""
SELECT sku, companion, weight, lift, together, name FROM companions WHERE sku = ANY (:skus) ORDER BY sku, place
""")
_PRODUCTS = text("SELECT sku, name, category, companions FROM products WHERE sku = ANY (:skus)")
_LOTS = text("""
SELECT sku, city, max(name) AS name, max(lots.category) AS category, coalesce(sum(on_hand - reserved - quarantined)
    FILTER (WHERE expires_on - coalesce(min_days, 0) >= :least), 0) AS units
FROM lots LEFT JOIN (SELECT sku, min_days FROM products) AS products USING (sku) WHERE sku = ANY (:skus)
GROUP BY sku, city
""")
_KEEPS_STOCK = text("SELECT EXISTS (SELECT FROM lots WHERE city = ANY (:city))")


@dataclass(frozen=True)
class Companion:
    """A product that goes with others. `is_own` says that one of them lists it.

    Else `lift` is how much more often than by chance it is bought with them, of those of them with which it is so most,
    and `together` how often it was.
    """

    sku: str
    name: str | None
    category: str | None
    is_own: bool
    lift: float | None = None
    together: int | None = None


@dataclass
class _Scored:
    weight: float = 0.0
    lift: float = 0.0
    together: int = 0


@dataclass(frozen=True)
class _Learnt:
    companion: str
    weight: float
    lift: float
    together: int


@dataclass(frozen=True)
class _Product:
    name: str | None = None
    category: str | None = None
    companions: Sequence[str] = ()
    units: Mapping[str | None, float] | None = None
    """What can be sold by city; None where no lot was ever seen."""


def skus_in(products: Any) -> Iterator[str]:
    """The products that a value names: a `sku`, an item that has one, or a list of these."""
    match products:
        case str():
            yield products
        case Mapping():
            if isinstance(sku := products.get("sku"), str):
                yield sku
        case list() | tuple():
            for each in products:
                yield from skus_in(each) if not isinstance(each, list | tuple) else ()


class Companions:
    """What goes with products as of a day; what was looked up is kept, so that many ask at little cost."""

    def __init__(self, session: Session, today: date) -> None:
        self._session = session
        self._least = date.fromordinal(today.toordinal() + DAYS_LEFT)
        self._learnt: dict[str, list[_Learnt]] = {}
        self._products: dict[str, _Product] = {}
        self._names: dict[str, str] = {}
        self._cities: dict[str, bool] = {}

    def of(
        self, skus: Sequence[str], number: int, *, city: str | None = None, without: Collection[str] = ()
    ) -> list[Companion]:
        """At most so many companions of products, the best first; `without` are products not to be told."""
        asked = list(dict.fromkeys(skus))[:MOST_PRODUCTS]
        left_out = {*skus, *without}
        self._look_up(asked)
        lists = (self._products[sku].companions for sku in asked)
        own = dict.fromkeys(sku for sku in chain.from_iterable(zip_longest(*lists)) if sku is not None)
        scored: dict[str, _Scored] = {}
        for each in chain.from_iterable(self._learnt[sku] for sku in asked):
            score = scored.setdefault(each.companion, _Scored())
            score.weight += each.weight
            if each.lift > score.lift:
                score.lift, score.together = each.lift, each.together
        learnt = sorted(scored, key=lambda sku: (-scored[sku].weight, sku))[:CANDIDATES]
        candidates = [sku for sku in dict.fromkeys([*own, *learnt]) if sku not in left_out]
        self._look_up_products(candidates)
        found = [sku for sku in candidates if self._is_there(self._products[sku], city)][: min(number, MOST)]
        return [self._companion(sku, scored.get(sku), is_own=sku in own) for sku in found]

    def _companion(self, sku: str, score: _Scored | None, *, is_own: bool) -> Companion:
        product = self._products[sku]
        lift, together = (round(score.lift, 2), score.together) if score else (None, None)
        return Companion(sku, product.name or self._names.get(sku), product.category, is_own, lift, together)

    def _is_there(self, product: _Product, city: str | None) -> bool:
        if product.units is None:
            return True
        if city is not None and self._keeps_stock(city):
            near = [units for place, units in product.units.items() if place is None or place in spellings(city)]
            return sum(near) > 0
        return sum(product.units.values()) > 0

    def _keeps_stock(self, city: str) -> bool:
        if city not in self._cities:
            found = self._session.connection().execute(_KEEPS_STOCK, {"city": list(spellings(city))}).scalar_one()
            self._cities[city] = bool(found)
        return self._cities[city]

    def _look_up(self, skus: Sequence[str]) -> None:
        self._look_up_products(skus)
        missing = [sku for sku in skus if sku not in self._learnt]
        if not missing:
            return
        self._learnt.update((sku, []) for sku in missing)
        for row in self._session.connection().execute(_LEARNT, {"skus": missing}):
            self._learnt[row.sku].append(_Learnt(row.companion, row.weight, row.lift, row.together))
            if row.name:
                self._names[row.companion] = row.name

    def _look_up_products(self, skus: Sequence[str]) -> None:
        missing = [sku for sku in skus if sku not in self._products]
        if not missing:
            return
        self._products.update((sku, _Product()) for sku in missing)
        units: dict[str, dict[str | None, float]] = {}
        parameters = {"skus": missing, "least": self._least}
        for row in self._session.connection().execute(_LOTS, parameters):
            units.setdefault(row.sku, {})[row.city] = max(float(row.units), 0.0)
            self._products[row.sku] = _Product(row.name, row.category, units=units[row.sku])
        for row in self._session.connection().execute(_PRODUCTS, {"skus": missing}):
            seen = self._products[row.sku]
            name, category = row.name or seen.name, row.category or seen.category
            self._products[row.sku] = _Product(name, category, row.companions or (), seen.units)
