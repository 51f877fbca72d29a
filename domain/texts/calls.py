"""What each function of texts takes, and what it gives."""

from collections.abc import Sequence

from domain.texts.filters import Problem
from domain.texts.shapes import ANY, COMPANIONS, TEXT, Shape

MOST_COMPANIONS = 20
"""Products that one call may ask for."""

WRITTEN = "companions(trigger.items, 3)"


def called(name: str, arguments: Sequence[tuple[Shape, object]]) -> tuple[Shape, Problem | None]:
    """What a function gives, and what is wrong with its use; of each argument the shape and what is written, if fixed.

    What is wrong is said behind the function's name.
    """
    if name in ("link", "preferences"):
        return TEXT, None
    if name != "companions":
        return ANY, None
    if not 1 <= len(arguments) <= 2:
        return COMPANIONS, ("E052", f"takes products and how many to tell: {WRITTEN}")
    (products, _), *rest = arguments
    if not _are_products(products):
        return COMPANIONS, ("E052", f"takes a list of products, each with its `sku`: {WRITTEN}")
    for number, written in rest:
        if number.kind not in ("number", "any", "json"):
            return COMPANIONS, ("E052", f"takes how many to tell, as a number: {WRITTEN}")
        if isinstance(written, int | float) and (int(written) != written or not 1 <= written <= MOST_COMPANIONS):
            return COMPANIONS, ("E052", f"tells from 1 to {MOST_COMPANIONS} products")
    return COMPANIONS, None


def _are_products(shape: Shape) -> bool:
    match shape.kind:
        case "any" | "json" | "text":
            return True
        case "list":
            return shape.item is None or _are_products(shape.item)
        case "record":
            return "sku" in shape.fields
    return False
