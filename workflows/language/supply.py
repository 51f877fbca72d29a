"""Suppliers, what they bring and on which terms, and how they work with the shop: `_supply.yaml`."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from workflows.language.reading import validate
from workflows.language.stock_rules import Pack, Who
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Source, TooManyError, read_source
from workflows.terms.limits import Percent
from workflows.terms.quantities import NONE, ONE, Quantity
from workflows.terms.values import Duration, Frozen

Way = Literal["order", "vmi", "quick"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Amount = Annotated[Quantity, Field(ge=0, le=1_000_000_000)]
Fen = Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]
Level = Annotated[Percent, Field(ge=50, le=99.99)]


class PriceBreak(Frozen):
    """From so many units on, a unit costs this."""

    at_least: Annotated[Quantity, Field(gt=0, le=1_000_000_000)]
    price: Fen


class ProductTerms(Frozen):
    """What a supplier brings of a product: in whole `pack`s, `shelf_life` from the day it comes, at a `price` in fen.

    `min` and `max` are units that are kept: the position never falls to less by plan, nor rises above. `minimum` is the
    least of it in an order that has any; `service_level` how often stock should last until the next delivery.
    """

    pack: Pack = ONE
    minimum: Amount | None = None
    shelf_life: Duration | None = None
    service_level: Level | None = None
    min: Amount | None = None
    max: Amount | None = None
    price: Fen | None = None
    breaks: tuple[PriceBreak, ...] = ()

    def price_of(self, quantity: Decimal) -> int | None:
        """What a unit costs of so many, in fen; None if no price is known."""
        return next((each.price for each in reversed(self.breaks) if quantity >= each.at_least), self.price)


class Supplier(Frozen):
    """A supplier, by the `way` of working: `order`, we order and they confirm; `vmi`, they plan within min and max and
    we look at exceptions only; `quick`, small batches within a framework, every day.

    A delivery takes `lead_time`, give or take `lead_time_spread`, comes on `delivery_days` (any day), and has `minimum`
    units in all. They answer within `answer_within`, are reminded at half of it, then `escalate_to` is asked; what they
    change by more than `change_limit` is for `buyer` to decide. `city` is whose stock it is, everywhere if not said.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    way: Way = "order"
    city: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    lead_time: Duration = Duration(amount=2, unit="d")
    lead_time_spread: Duration | None = None
    delivery_days: tuple[Weekday, ...] = ()
    minimum: Amount = NONE
    service_level: Level = 95.0
    answer_within: Duration = Duration(amount=24, unit="h")
    change_limit: Annotated[Percent, Field(ge=0, le=100)] = 20.0
    buyer: Who | None = None
    escalate_to: Who | None = None
    products: dict[str, ProductTerms] = Field(default_factory=dict)

    def delivers_on(self, weekday: int) -> bool:
        """Whether goods come on this weekday (0: Monday)."""
        return not self.delivery_days or WEEKDAYS[weekday] in self.delivery_days

    def between(self) -> int:
        """The most days from one delivery to the next."""
        if self.way == "quick" or not self.delivery_days:
            return 1
        days = sorted({WEEKDAYS.index(day) for day in self.delivery_days})
        return max((after - before) % 7 or 7 for before, after in zip(days, [*days[1:], days[0]], strict=True))


class Supply(Frozen):
    """The suppliers, by the names that the shop's systems have for them."""

    suppliers: dict[str, Supplier] = Field(default_factory=dict)

    def of(self, sku: str) -> tuple[str, Supplier, ProductTerms] | None:
        """Who brings a product, and on which terms."""
        for name, supplier in self.suppliers.items():
            if sku in supplier.products:
                return name, supplier, supplier.products[sku]
        return None


def read_supply(text: str, path: str) -> tuple[Supply | None, list[Diagnostic]]:
    """Read `_supply.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    supply = validate(Supply, source)
    if supply is not None:
        with suppress(TooManyError):
            _check(supply, source)
    return None if source.broken else supply, source.sorted()


def _check(supply: Supply, source: Source) -> None:
    """What the shapes don't say: a product is brought once, and its numbers fit each other."""
    suppliers = source.root.get("suppliers") if source.root is not None else None
    brought: dict[str, str] = {}
    for name, supplier in supply.suppliers.items():
        written = suppliers.get(name) if suppliers is not None else None
        products = written.get("products") if written is not None else None
        for sku, terms in supplier.products.items():
            node = products.get(sku) if products is not None else None
            for fault in _faults(supplier, terms, brought.get(sku)):
                source.report(node, "E080", fault)
            brought.setdefault(sku, name)


def _faults(supplier: Supplier, terms: ProductTerms, brought_by: str | None) -> Iterator[str]:
    if brought_by is not None:
        yield f"{brought_by} brings it already; a product has one supplier"
    if supplier.way == "vmi" and (terms.min is None or terms.max is None):
        yield "a supplier of the way vmi plans between `min` and `max`; write both"
    if terms.min is not None and terms.max is not None and terms.min > terms.max:
        yield "`min` is more than `max`"
    asks = [(NONE, terms.price), *((each.at_least, each.price) for each in terms.breaks)]
    if terms.breaks and (
        terms.price is None
        or any(more <= few or (lower or 0) >= (higher or 0) for (few, higher), (more, lower) in pairwise(asks))
    ):
        yield "`breaks` need a `price`, and each more units at a lower price than the one before"
    if terms.max is not None and max(terms.pack, terms.minimum or NONE) > terms.max:
        yield "a single pack, or the minimum, is more than `max`"
