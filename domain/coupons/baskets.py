"""What coupons take off a basket. Pure, and in whole fen throughout.

- The lines that a coupon holds for make its eligible subtotal, which must reach the threshold.
- `amount_off` takes off its amount; `percent_off` its percentage, rounded down to the fen, at most its ceiling. Neither
  takes off more than the eligible subtotal.
- What it takes off is spread over those lines by largest remainder: each gets the whole fen of its proportional share,
  and what is left goes, fen by fen, to the largest fractions; of equal ones, to the earlier line.
- Several coupons apply one after the other, in the order given, each to what those before it left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

from workflows.language.policy import CouponTerms
from workflows.terms.quantities import cost_of, number_of, quantity_of

Reason = Literal[
    "unknown", "not_yours", "expired", "locked", "not_eligible", "below_threshold", "budget", "per_customer"
]
"""Why a coupon is refused. `locked`: an order holds it or has used it. `unknown`: there is no such code."""

MAX_LINES = 500
MAX_QUANTITY = 10_000
MAX_PRICE = 10**9
"""Fen; a basket at all three limits stays below 2**53."""


@dataclass(frozen=True)
class Line:
    """A line of a basket: pieces, or kilograms of what is sold by weight; `price` is of one, in fen."""

    sku: str
    quantity: Decimal
    price: int
    category: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Line":
        """A line as an order keeps it."""
        return cls(**{**stored, "quantity": quantity_of(stored["quantity"])})

    def stored(self) -> dict[str, Any]:
        """As an order keeps it, in JSON."""
        return {**asdict(self), "quantity": number_of(self.quantity)}

    @property
    def total(self) -> int:
        """What it costs, in fen."""
        return cost_of(self.quantity, self.price)


def holds_for(terms: CouponTerms, line: Line) -> bool:
    """Whether a coupon holds for a line: for its lot's product, for the products or categories named, or for all.

    Those that went with what was bought are named since it was issued.
    """
    if terms.products == "lot":
        return terms.sku is not None and line.sku == terms.sku
    if terms.skus or terms.categories:
        return line.sku in terms.skus or line.category in terms.categories
    return True


def worst_case(terms: CouponTerms) -> int:
    """The most that one coupon can cost, in fen; 0 where nothing limits it."""
    return terms.amount_off or terms.ceiling or 0


def discounts(terms: CouponTerms, lines: Sequence[Line], left: Sequence[int]) -> list[int] | Reason:
    """What a coupon takes off each line, of which `left` fen are still to be paid; or why it takes off nothing."""
    eligible = [unpaid if holds_for(terms, line) else 0 for line, unpaid in zip(lines, left, strict=True)]
    subtotal = sum(eligible)
    if not any(holds_for(terms, line) for line in lines):
        return "not_eligible"
    if subtotal < terms.threshold:
        return "below_threshold"
    amount = min(_amount(terms, subtotal), subtotal)
    return spread(amount, eligible) if amount else "not_eligible"


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount`, at most the sum of the weights, in proportion to them; no part exceeds its weight."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda index: (-(amount * weights[index] % total), index))
    for index in by_fraction[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def returned_share(share: int, quantity: Decimal, before: Decimal, now: Decimal) -> int:
    """What of a line's share belongs to `now` units given back, after `before` of its `quantity`.

    Rounded down over all that came back so far, so that the parts add up to the share when the last unit is back.
    """
    return int(share * (before + now) // quantity) - int(share * before // quantity)


def _amount(terms: CouponTerms, subtotal: int) -> int:
    if terms.amount_off is not None:
        return terms.amount_off
    amount = subtotal * (terms.percent_off or 0) // 100
    return amount if terms.ceiling is None else min(amount, terms.ceiling)
