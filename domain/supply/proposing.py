"""What a delivery should bring: base stock up to a service level, within what sells before it expires. Pure.

Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed.: periodic review with an
order-up-to level (R, S), 6.10; the quantity of a perishable is that of the newsvendor, whose critical ratio is the
service level (ch. 9), and never more than sells before it would expire; the products of a delivery share its minimum
(ch. 11).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import NormalDist

from domain.stock.reordering import Demand
from workflows.language.supply import ProductTerms, Supplier
from workflows.terms.quantities import NONE, quantity_of
from workflows.terms.values import Duration

CARRYING = 0.24
"""What it costs to keep goods for a year, as a part of their price (Silver, Pyke & Thomas, 1.3 and 4.5)."""

BREAK_DAYS = 28
"""No order is raised to a price break to more than sells in so many days."""

_DAY = 86_400


@dataclass(frozen=True)
class Position:
    """A product before a delivery: its demand, its lots as (days they can still be sold, units), and what is coming.

    `reserved` units of the lots are promised to somebody. Of what never sold the demand isn't `known`: nothing says
    that it won't sell in time.
    """

    sku: str
    demand: Demand
    lots: Sequence[tuple[int, float]] = ()
    in_transit: float = 0.0
    reserved: float = 0.0
    known: bool = True

    def usable(self, days: float) -> float:
        """Units that can serve the demand of so many days, first expired first out; of what expires before, not all."""
        sold, usable = 0.0, 0.0
        for left, units in sorted(self.lots):
            sells = max(0.0, min(units, self.demand.over(left) - sold)) if left < days else units
            sold += sells
            usable += sells
        return max(0.0, usable - self.reserved) + self.in_transit

    @property
    def shelf(self) -> Sequence[tuple[int, float]]:
        """Units by how many days they can still be sold."""
        found: dict[int, float] = {}
        for left, units in sorted(self.lots):
            found[left] = found.get(left, 0.0) + units
        return list(found.items())

    @property
    def wasted(self) -> float:
        """Units that would expire before they are sold."""
        held = sum(units for _, units in self.lots)
        return held - (
            self.usable(max((left for left, _ in self.lots), default=0) + 1) - self.in_transit + self.reserved
        )


@dataclass(frozen=True)
class Line:
    """What a delivery should bring of a product: units, in whole packs, and what that goes by.

    `target` is the order-up-to level S, `safety` the part of it for what can't be foreseen, `usable` what there is
    against it. `ceiling` is what sells before it would expire. `because` names what decided: the level, `shelf_life`,
    `max`, `min`, `minimum`, `break` (of the price), `joint` (the delivery's minimum), or `enough`.
    """

    sku: str
    quantity: Decimal
    target: float
    safety: float
    usable: float
    expected: float
    ceiling: float | None
    because: str
    days_left: float


@dataclass(frozen=True)
class Delivery:
    """A proposal. `postponed` says that its minimum isn't reached, and nothing runs out before the next one."""

    lines: Sequence[Line]
    postponed: bool = False

    @property
    def units(self) -> Decimal:
        return sum((line.quantity for line in self.lines), NONE)


def propose_delivery(positions: Sequence[Position], supplier: Supplier) -> Delivery:
    """What the supplier's next delivery should bring of each product."""
    lead = days_of(supplier.lead_time)
    lines = [_line(each, supplier, supplier.products[each.sku]) for each in positions]
    ordered = [line for line in lines if line.quantity > 0]
    total = sum((line.quantity for line in ordered), NONE)
    if not ordered or total >= supplier.minimum:
        return Delivery(lines)
    demands = {each.sku: each.demand for each in positions}
    runs_out = any(line.usable < demands[line.sku].over(lead + supplier.between()) for line in ordered)
    if not runs_out:
        return Delivery([_without(line) for line in lines], postponed=True)
    return Delivery(_topped_up(lines, supplier, demands, supplier.minimum - total))


def _line(position: Position, supplier: Supplier, terms: ProductTerms) -> Line:
    lead, spread = days_of(supplier.lead_time), days_of(supplier.lead_time_spread)
    span = lead + supplier.between()
    demand = position.demand
    level = NormalDist().inv_cdf((terms.service_level or supplier.service_level) / 100)
    safety = max(0.0, level * math.hypot(math.sqrt(span) * demand.deviation, demand.per_day * spread))
    expected, usable = demand.over(span), position.usable(span)
    target, because = expected + safety, "level"
    if terms.min is not None and target < float(terms.min):
        target, because = float(terms.min), "min"
    if terms.max is not None and target > float(terms.max):
        target, because = float(terms.max), "max"
    wanted = max(0.0, target - usable)
    ceiling = None
    if terms.shelf_life is not None and position.known:
        left_then = max(0.0, usable - demand.over(lead))
        shelf = days_of(terms.shelf_life)
        ceiling = max(0.0, demand.over(lead + shelf) - demand.over(lead) - left_then)
        if wanted > ceiling:
            wanted, because = ceiling, "shelf_life"
    quantity = (
        _packs(wanted, terms.pack, ROUND_CEILING) if wanted >= float(terms.pack) / 2 or usable <= 0 < wanted else NONE
    )
    if 0 < quantity < (terms.minimum or NONE):
        quantity, because = _packs(float(terms.minimum or 0), terms.pack, ROUND_CEILING), "minimum"
    room = min([each for each in (ceiling, _room(terms, usable)) if each is not None], default=None)
    if room is not None and quantity > quantity_of(room):
        quantity = _packs(room, terms.pack, ROUND_FLOOR)
        if quantity < (terms.minimum or NONE):
            quantity = NONE
    if (cheaper := _at_break(quantity, terms, room, demand)) is not None:
        quantity, because = cheaper, "break"
    cover = usable / demand.per_day if demand.per_day > 0 else math.inf
    told = because if quantity > 0 or because in ("shelf_life", "max") else "enough"
    return Line(position.sku, quantity, target, safety, usable, expected, ceiling, told, cover)


def _at_break(quantity: Decimal, terms: ProductTerms, room: float | None, demand: Demand) -> Decimal | None:
    """The units of a price break that an order should be raised to; None if none is worth it.

    What is saved on all of its units must be more than it costs to keep those that weren't needed yet, until the others
    are sold and while they are (Silver, Pyke & Thomas, 4.5, for a single order).
    """
    price = terms.price_of(quantity)
    best, most = None, 0.0
    for each in terms.breaks:
        units = _packs(float(each.at_least), terms.pack, ROUND_CEILING)
        if price is None or not 0 < quantity < units or (room is not None and units > quantity_of(room)):
            continue
        if float(units) > demand.per_day * BREAK_DAYS:
            continue
        extra = float(units - quantity)
        waits = (float(quantity) + extra / 2) / demand.per_day
        saved = (price - each.price) * float(units) - extra * each.price * CARRYING * waits / 365
        if saved > most:
            best, most = units, saved
    return best


def _topped_up(
    lines: Sequence[Line], supplier: Supplier, demands: Mapping[str, Demand], missing: Decimal
) -> Sequence[Line]:
    """The lines with packs added until the delivery has its minimum, to what lasts shortest first."""
    found = {line.sku: line for line in lines}
    while missing > 0:
        best, shortest = None, math.inf
        for sku, line in found.items():
            terms, per_day = supplier.products[sku], demands[sku].per_day
            more = line.quantity + terms.pack
            room = min(
                [each for each in (line.ceiling, _room(terms, line.usable)) if each is not None], default=math.inf
            )
            cover = (line.usable + float(line.quantity)) / per_day if per_day > 0 else math.inf
            if float(more) <= room and more >= (terms.minimum or NONE) and cover < shortest:
                best, shortest = sku, cover
        if best is None:
            break
        line, pack = found[best], supplier.products[best].pack
        found[best] = replace(
            line, quantity=line.quantity + pack, because="joint" if line.quantity == 0 else line.because
        )
        missing -= pack
    return list(found.values())


def _room(terms: ProductTerms, usable: float) -> float | None:
    return None if terms.max is None else max(0.0, float(terms.max) - usable)


def _without(line: Line) -> Line:
    return replace(line, quantity=NONE, because="postponed" if line.quantity > 0 else line.because)


def _packs(units: float, pack: Decimal, rounding: str) -> Decimal:
    return (quantity_of(max(0.0, round(units, 3))) / pack).to_integral_value(rounding) * pack


def days_of(duration: Duration | None) -> float:
    """A span in days; none is 0."""
    return duration.nominal.total_seconds() / _DAY if duration else 0.0
