"""What a supplier's answer means: agreed, or why our buyer has to look at it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from workflows.language.supply import Supplier
from workflows.terms.quantities import NONE, quantity_of

Verdict = Literal["confirm", "change", "refuse"]

EXTREME = 10
"""A buyer's change to more than so many times what was proposed must be confirmed."""


class AnswerError(Exception):
    """An answer that can't be taken: the `field` and the `reason`, a code."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


def asked_of(lines: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """The units that were proposed of each product."""
    return {line["sku"]: quantity_of(line["quantity"]) for line in lines}


def answered(
    lines: Sequence[Mapping[str, Any]], verdict: Verdict, changes: Mapping[str, Decimal], supplier: Supplier
) -> dict[str, Decimal]:
    """The units of each product that the supplier would bring. Raises AnswerError for what nobody could mean."""
    asked = asked_of(lines)
    if verdict == "refuse":
        return dict.fromkeys(asked, NONE)
    return asked if verdict == "confirm" else changed(asked, changes, supplier)


def changed(asked: Mapping[str, Decimal], changes: Mapping[str, Decimal], supplier: Supplier) -> dict[str, Decimal]:
    """The units of each product with these changes, in whole packs. Raises AnswerError for what nobody could mean."""
    if not changes:
        raise AnswerError("lines", "needed")
    for sku, quantity in changes.items():
        terms = supplier.products.get(sku)
        if sku not in asked or terms is None:
            raise AnswerError(f"lines.{sku}", "not_asked")
        if quantity < 0:
            raise AnswerError(f"lines.{sku}", "below_zero")
        if quantity % terms.pack:
            raise AnswerError(f"lines.{sku}", "not_whole_packs")
    return {**asked, **changes}


def extremes(lines: Sequence[Mapping[str, Any]], changes: Mapping[str, Decimal], supplier: Supplier) -> Sequence[str]:
    """The products of which a change is hardly meant: it wouldn't sell in time, `max` is exceeded, or it is tenfold."""
    found = []
    for line in lines:
        sku, terms = line["sku"], supplier.products.get(line["sku"])
        units = changes.get(sku)
        if units is None or terms is None:
            continue
        proposed, usable = quantity_of(line["quantity"]), quantity_of(line["usable"])
        ceiling = line.get("ceiling")
        if (
            (ceiling is not None and units > max(proposed, quantity_of(ceiling)))
            or (terms.max is not None and units > proposed and usable + units > terms.max)
            or units > EXTREME * max(proposed, terms.pack)
        ):
            found.append(sku)
    return found


def exceptions_of(
    lines: Sequence[Mapping[str, Any]],
    brings: Mapping[str, Decimal],
    on: date,
    promised_on: date | None,
    supplier: Supplier,
) -> list[str]:
    """Why the buyer has to look: `more:SKU`, `less:SKU`, `expires:SKU`, `later`, `refused`; nothing if it is agreed.

    What a vmi supplier changes within `min` and `max` is theirs to plan, as are changes within `change_limit`.
    """
    asked = asked_of(lines)
    if any(asked.values()) and not any(brings.values()):
        return ["refused"]
    found = []
    for line in lines:
        sku, wanted, comes = line["sku"], asked[line["sku"]], brings[line["sku"]]
        terms = supplier.products.get(sku)
        if terms is None or wanted == comes:
            continue
        if line.get("ceiling") is not None and comes > max(wanted, quantity_of(line["ceiling"])):
            found.append(f"expires:{sku}")
            continue
        position = quantity_of(line["usable"]) + comes
        if supplier.way == "vmi" and (terms.min or NONE) <= position <= (terms.max or position):
            continue
        if abs(comes - wanted) > wanted * Decimal(str(supplier.change_limit)) / 100:
            found.append(f"{'more' if comes > wanted else 'less'}:{sku}")
    if promised_on is not None and promised_on > on:
        found.append("later")
    return found
