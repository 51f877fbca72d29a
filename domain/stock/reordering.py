"""How much to order: the textbook's formulas, in whole packs. Pure: figures in and out.

Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed.: the reorder point s and its safety
stock are 6.7 with 6.10 (demand and lead time both vary), ordering up to S is the (s, S) system of 6.2, and the ceiling
of goods that perish is 9.9 in words: no more than will be sold while it may be. Days sold out show no demand: the rate
is sales over the time that there was something to sell, as in domain/stock/selling.py, and the variance is taken, as in
6.7, to grow with that time.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import NormalDist

from domain.stock.selling import Day
from workflows.language.stock_rules import StockRule
from workflows.terms.quantities import NONE
from workflows.terms.values import Duration

LEAST_DAYS = 7
"""Of what was there to be sold for less, nothing was sold in the rest: a single rush is not what every day brings."""

_DAY_SECONDS = 86_400
_MOST = Decimal(1_000_000_000)


@dataclass(frozen=True)
class Proposal:
    """What to order, in units: 0 while more than `reorder_point` are left, never more than `ceiling`."""

    quantity: Decimal
    reorder_point: int
    safety_stock: int
    ceiling: Decimal | None


@dataclass(frozen=True)
class Demand:
    """Units a day, and their standard deviation.

    `by_day` is what is expected of each of the next days, if that is known; after those, `per_day` is of each.
    """

    per_day: float = 0.0
    deviation: float = 0.0
    by_day: Sequence[float] = ()

    def over(self, days: float) -> float:
        """Units expected in the next so many days."""
        whole = min(int(days), len(self.by_day))
        part = min(days - whole, 1.0) * self.by_day[whole] if whole < len(self.by_day) else 0.0
        return sum(self.by_day[:whole]) + part + self.per_day * max(0.0, days - len(self.by_day))

    def __add__(self, other: "Demand") -> "Demand":
        """That of both, which vary independently."""
        return Demand(self.per_day + other.per_day, math.hypot(self.deviation, other.deviation))


def demand_of(days: Iterable[Day]) -> Demand:
    """The demand that the days of one place show. With x units sold on a day and e the part of it that could sell:

    - mean of a day d = Σx / Σe
    - variance of a day σ² = Σ(x - d·e)² / Σe, which for whole days is the usual one

    A day that sold though nothing is known to have been there wasn't short, and counts whole.
    """
    seen = [(day.sold, day.stocked or float(day.sold > 0)) for day in days]
    missing = LEAST_DAYS - sum(part for _, part in seen)
    seen += [(0.0, min(1.0, missing - day)) for day in range(math.ceil(missing))]
    stocked = sum(part for _, part in seen)
    mean = max(0.0, sum(sold for sold, _ in seen) / stocked)
    return Demand(mean, math.sqrt(sum((sold - mean * part) ** 2 for sold, part in seen) / stocked))


def propose(demand: Demand, left: Decimal, rule: StockRule, *, rush: int = 0) -> Proposal:
    """The order for a product of this demand, with `left` units that can still be sold.

    A running show will sell `rush` of them before anything can come: they count as gone.
    With d the demand of a day and σ its deviation, L the lead time in days and σL its own, and z the normal quantile of
    the service level:

    - safety stock = z · √(L·σ² + d²·σL²)
    - reorder point s = D(L) + safety stock, D(n) being the demand of the next n days: n·d, or what is forecast
    - order up to S = s + D(L + cover) - D(L); order and ceiling in whole packs
    - ceiling = D(L + shelf life) - D(L) less what of the present stock is still there when the goods come
    """
    left = max(NONE, left - rush)
    per_day, deviation = demand.per_day, demand.deviation
    lead, lead_spread = _days(rule.lead_time), _days(rule.lead_time_spread) if rule.lead_time_spread else 0.0
    z = NormalDist().inv_cdf(rule.service_level / 100)
    safety = z * math.hypot(math.sqrt(lead) * deviation, per_day * lead_spread)
    awaited = demand.over(lead)
    point = math.ceil(awaited + safety)
    wanted = point + math.ceil(demand.over(lead + _days(rule.cover)) - awaited) - left if left <= point else NONE
    quantity = in_packs(max(NONE, wanted), rule.pack)
    ceiling = None
    if rule.shelf_life is not None:
        still_left = max(0.0, float(left) - awaited)
        sold = max(0, math.floor(demand.over(lead + _days(rule.shelf_life)) - awaited - still_left))
        ceiling = _packs(Decimal(sold), rule.pack, ROUND_FLOOR)
        quantity = min(quantity, ceiling)
    return Proposal(quantity, point, math.ceil(safety), ceiling)


def in_packs(units: Decimal, pack: Decimal, *, up: bool = True) -> Decimal:
    """As many units, or the few more that whole packs have, or the few less."""
    return _packs(min(units, _MOST), pack, ROUND_CEILING if up else ROUND_FLOOR)


def _packs(units: Decimal, pack: Decimal, rounding: str) -> Decimal:
    return (units / pack).to_integral_value(rounding) * pack


def _days(duration: Duration) -> float:
    return duration.nominal.total_seconds() / _DAY_SECONDS
