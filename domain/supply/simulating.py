"""Ninety days of a shop's stock under one rule of ordering or another, day by day. Pure.

In the morning goods that were ordered come in, and rules order; over the day demand is served, first expired first
out; in the evening what has expired is taken off. A rule knows what was sold and whether something ran out, never the
demand.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.random import default_rng

from domain.forecast.history import Floats, History, Truths
from domain.forecast.smoothing import Tracker
from domain.stock.reordering import Demand, propose
from domain.supply.proposing import Position, days_of, propose_delivery
from workflows.language.stock_rules import StockRule
from workflows.language.supply import ProductTerms, Supplier
from workflows.terms.quantities import quantity_of

COVER = "30d"
"""What an order of one product has to last for, so that it reaches the supplier's minimum by itself."""

FIXED = 8, 20
"""Days of the weeks before that a fixed minimum and maximum are."""

_RECENT = 28


@dataclass(frozen=True)
class Scenario:
    """What is simulated: demand by day and product, of which the first `before` days are known history."""

    first: date
    demand: Floats
    before: int
    skus: Sequence[str]
    supplier: Supplier
    flags: Truths | None = None
    flag_names: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a rule: the part of demand that was served, the days that stock turns over in, and what it took.

    `turnover` is the mean stock over the mean sales of a day; `expired` are units, and `orders` deliveries.
    """

    rule: str
    fill: float
    turnover: float
    expired: float
    sold: float
    orders: int

    @property
    def wasted(self) -> float:
        """Units that expired, as a part of those that were sold."""
        return self.expired / self.sold if self.sold else 0.0


@dataclass
class _Shelf:
    """The lots of each product, as [last day, units], in transit as (day, units)."""

    lots: list[list[list[float]]]
    coming: list[list[tuple[int, float]]] = field(default_factory=list)

    def on_hand(self, at: int) -> float:
        return sum(lot[1] for lot in self.lots[at])

    def in_transit(self, at: int) -> float:
        return sum(units for _, units in self.coming[at])


Rule = Callable[[Scenario, _Shelf, Tracker, int], Sequence[float]]
"""What to order on a morning, by product, in units."""


def simulate(scenario: Scenario, days: int, name: str, rule: Rule, seed: int = 1) -> Outcome:
    """Play so many days of a scenario under a rule."""
    random = default_rng(seed)
    products = len(scenario.skus)
    seen = scenario.demand.copy()
    stocked = np.ones(seen.shape)
    tracker = Tracker(History(scenario.first, seen, stocked, None, scenario.flags, scenario.flag_names))
    for day in range(scenario.before):
        tracker.take(day)
    usual = scenario.demand[max(0, scenario.before - _RECENT) : scenario.before].mean(0)
    shelf_days = [_shelf_days(scenario.supplier.products[sku]) for sku in scenario.skus]
    lead, spread = days_of(scenario.supplier.lead_time), days_of(scenario.supplier.lead_time_spread)
    begins = scenario.before
    shelf = _Shelf(
        [[[begins + min(7, shelf_days[at]) - 1, round(usual[at] * 5)]] for at in range(products)],
        [[] for _ in range(products)],
    )
    sold = wanted = held = expired = 0.0
    orders = 0
    for day in range(begins, begins + days):
        for at in range(products):
            shelf.lots[at] += [[day + shelf_days[at] - 1, units] for due, units in shelf.coming[at] if due <= day]
            shelf.coming[at] = [each for each in shelf.coming[at] if each[0] > day]
        asked = rule(scenario, shelf, tracker, day)
        if any(units > 0 for units in asked):
            orders += 1 if name != "today" else sum(units > 0 for units in asked)
        for at, units in enumerate(asked):
            if units > 0:
                late = max(1, round(random.normal(lead, spread)))
                shelf.coming[at].append((day + late, units))
        for at in range(products):
            served = _serve(shelf.lots[at], float(scenario.demand[day, at]))
            seen[day, at] = served
            stocked[day, at] = 1.0 if served >= scenario.demand[day, at] else served / scenario.demand[day, at]
            sold += served
            wanted += float(scenario.demand[day, at])
            gone = sum(lot[1] for lot in shelf.lots[at] if lot[0] <= day)
            expired += gone
            shelf.lots[at] = [lot for lot in shelf.lots[at] if lot[0] > day and lot[1] > 0]
            held += shelf.on_hand(at)
        tracker.take(day)
    return Outcome(
        name,
        sold / wanted if wanted else 1.0,
        held / sold if sold else math.inf,
        round(expired, 3),
        round(sold, 3),
        orders,
    )


def _serve(lots: list[list[float]], demand: float) -> float:
    served = 0.0
    for lot in sorted(lots):
        units = min(lot[1], demand - served)
        lot[1] -= units
        served += units
    return served


def _shelf_days(terms: ProductTerms) -> int:
    return max(1, int(days_of(terms.shelf_life))) if terms.shelf_life else 10_000


def today(scenario: Scenario, shelf: _Shelf, tracker: Tracker, day: int) -> Sequence[float]:
    """The rule that was: each product by itself, from its mean of 28 days, to last for `COVER`."""
    supplier = scenario.supplier
    recent = tracker.history.demand[max(0, day - _RECENT) : day]
    mean, deviation = recent.mean(0), recent.std(0)
    orders = []
    for at, sku in enumerate(scenario.skus):
        terms = supplier.products[sku]
        demand = Demand(float(mean[at]), float(deviation[at]))
        rule = StockRule.model_validate({
            "lead_time": str(supplier.lead_time), "service_level": 95, "pack": terms.pack, "cover": COVER,
            **({"shelf_life": str(terms.shelf_life)} if terms.shelf_life else {}),
            **({"lead_time_spread": str(supplier.lead_time_spread)} if supplier.lead_time_spread else {}),
        })  # fmt: skip
        left = quantity_of(shelf.on_hand(at) + shelf.in_transit(at))
        orders.append(float(propose(demand, left, rule).quantity))
    return orders


def fixed(scenario: Scenario, shelf: _Shelf, tracker: Tracker, day: int) -> Sequence[float]:  # noqa: ARG001 one of rules
    """A fixed minimum and maximum, set once by what the weeks before sold."""
    usual = scenario.demand[max(0, scenario.before - _RECENT) : scenario.before].mean(0)
    orders = []
    for at, sku in enumerate(scenario.skus):
        position = shelf.on_hand(at) + shelf.in_transit(at)
        pack = float(scenario.supplier.products[sku].pack)
        wanted = usual[at] * FIXED[1] - position if position <= usual[at] * FIXED[0] else 0.0
        orders.append(math.ceil(max(0.0, wanted) / pack) * pack)
    return orders


def planned(scenario: Scenario, shelf: _Shelf, tracker: Tracker, day: int) -> Sequence[float]:
    """The plan with the supplier: forecast, base stock, joint deliveries on its days."""
    supplier = scenario.supplier
    lead = days_of(supplier.lead_time)
    arrives = round(lead)
    if not supplier.delivers_on((scenario.first.weekday() + day + arrives) % 7):
        return [0.0] * len(scenario.skus)
    ahead = round(lead) + supplier.between() + 2
    longest = max((_shelf_days(terms) for terms in supplier.products.values() if terms.shelf_life), default=0)
    ahead = max(ahead, min(30, longest + arrives))
    expected = np.array([tracker.expect(day + step) for step in range(ahead)])
    positions = [
        Position(
            sku,
            Demand(
                float(expected[:, at].mean()), float(tracker.deviation[at]), [float(each) for each in expected[:, at]]
            ),
            [(int(lot[0] - day + 1), lot[1]) for lot in shelf.lots[at]],
            shelf.in_transit(at),
        )
        for at, sku in enumerate(scenario.skus)
    ]
    return [float(line.quantity) for line in propose_delivery(positions, supplier).lines]


RULES: Sequence[tuple[str, Rule]] = (("today", today), ("min-max", fixed), ("plan", planned))


def recorded(history: History, skus: Sequence[str], days: int, terms: ProductTerms, supplier: Supplier) -> Scenario:
    """Demand as it was recorded, of which the last `days` are played; what isn't known is taken to be none."""
    brought = supplier.model_copy(update={"products": dict.fromkeys(skus, terms)})
    demand = np.nan_to_num(history.demand)
    return Scenario(history.first, demand, history.days - days, skus, brought, history.flags, history.flag_names)


TERMS = ProductTerms.model_validate({"pack": 6, "shelf_life": "14d"})
"""Of products whose terms nobody wrote."""

SUPPLIER = Supplier.model_validate({
    "way": "vmi", "lead_time": "2d", "lead_time_spread": "12h", "minimum": 400, "service_level": 98,
    "delivery_days": ["monday", "wednesday", "friday"],
})  # fmt: skip
"""Three deliveries a week, within two days give or take half of one, of 400 units at least."""


def shipped(products: int = 60, days: int = 90, seed: int = 7) -> Scenario:
    """Fresh goods: weekdays, drifting levels, a weekly show that triples a fifth of them, 3 weeks' life at least.

    `SUPPLIER` brings them.
    """
    random = default_rng(seed)
    before = 200
    total = before + days
    first = date(2026, 3, 2)
    weekdays = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.4, 0.9])[np.arange(total) % 7][:, None]
    level = random.lognormal(3, 0.7, products) * np.exp(np.cumsum(random.normal(0, 0.01, (total, products)), axis=0))
    shows = (np.arange(total) % 7 == 3)[:, None] & (np.arange(products) % 5 == 0)
    mean = level * weekdays * np.where(shows, 3.0, 1.0)
    demand = random.negative_binomial(8, 8 / (8 + mean)).astype(float)
    skus = [f"sku-{at:03d}" for at in range(products)]
    life = random.choice([21, 30, 45, 60, 90], products)
    packs = random.choice([6, 12], products)
    terms = {
        sku: ProductTerms.model_validate({"pack": int(packs[at]), "shelf_life": f"{int(life[at])}d"})
        for at, sku in enumerate(skus)
    }
    flags = (np.arange(total) % 7 == 3)[:, None]
    return Scenario(first, demand, before, skus, SUPPLIER.model_copy(update={"products": terms}), flags, ("直播",))
