"""The rules of stock: when a show's sales raise an alarm and how products are replenished, and how they are read."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictInt

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source
from workflows.terms.limits import Percent
from workflows.terms.quantities import ONE, Quantity
from workflows.terms.values import Duration, Frozen

Units = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Pack = Annotated[Quantity, Field(gt=0, le=1_000_000)]
Ratio = Annotated[float, Field(strict=True, ge=1, le=100)]
Who = Annotated[str, Field(min_length=1, max_length=100)]


class StockRule(Frozen):
    """What holds for a product.

    A show's alarm: at least `ratio` times and `at_least` units of what was expected, or sold out `sells_out_within`;
    then none for `quiet_for`. An order: it takes `lead_time` to come, give or take `lead_time_spread` (a standard
    deviation), lasts for `cover` and comes in whole `pack`s; `service_level` is how often stock should outlast the
    wait; a unit that comes in can be sold for `shelf_life`, and `capacity` units can be kept. `buyer` is asked, and
    `escalate_to` after `escalate_after`; without a buyer nothing is proposed.
    """

    ratio: Ratio = 2.5
    at_least: Units = 10
    sells_out_within: Duration = Duration(amount=30, unit="m")
    quiet_for: Duration = Duration(amount=30, unit="m")
    lead_time: Duration = Duration(amount=3, unit="d")
    lead_time_spread: Duration | None = None
    service_level: Annotated[Percent, Field(ge=50, le=99.99)] = 95.0
    cover: Duration = Duration(amount=7, unit="d")
    pack: Pack = ONE
    shelf_life: Duration | None = None
    capacity: Pack | None = None
    buyer: Who | None = None
    escalate_after: Duration = Duration(amount=2, unit="h")
    escalate_to: Who | None = None


class StockRules(Frozen):
    """The rules by default, and what differs for a category or a product."""

    defaults: StockRule = StockRule()
    categories: dict[str, StockRule] = Field(default_factory=dict)
    products: dict[str, StockRule] = Field(default_factory=dict)

    def of(self, sku: str, category: str | None) -> StockRule:
        """What holds for a product: its own rules go before its category's, and those before the defaults."""
        found = self.defaults
        for each in (self.categories.get(category or ""), self.products.get(sku)):
            if each is not None:
                found = found.model_copy(update={name: getattr(each, name) for name in each.model_fields_set})
        return found

    def body(self) -> Mapping[str, Any]:
        """As it is published: only what was written, so that the rest still falls back."""
        found: dict[str, Any] = self.model_dump(mode="json", exclude_unset=True)
        return found


def read_stock_rules(text: str, path: str) -> tuple[StockRules | None, list[Diagnostic]]:
    """Read `_stock.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    return validate(StockRules, source), source.sorted()
