"""Baskets, and the orders and carts made of them. Amounts are in fen."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from runtime.demo.catalog import BY_SKU, PRODUCTS
from runtime.demo.events import Event, draft
from runtime.demo.people import Person

Basket = dict[str, int]
"""How many of each SKU."""


def pick(rng: Random, person: Person, featured: Iterable[str] = ()) -> str:
    """A SKU that `person` may well want: something of the show's featured goods, of the usual taste, or anything."""
    shown = list(featured)
    dice = rng.random()
    if shown and dice < 0.35:
        return rng.choice(shown)
    liked = [product.sku for product in PRODUCTS if product.category in person.tastes]
    return rng.choice(liked if dice < 0.85 else [product.sku for product in PRODUCTS])


def fill(rng: Random, person: Person, kinds: int, most: int = 2) -> Basket:
    """A basket of up to `kinds` different goods, at most `most` of each."""
    return {pick(rng, person): rng.randint(1, most) for _ in range(kinds)}


def total(basket: Mapping[str, int]) -> int:
    """What the basket costs, in fen."""
    return sum(BY_SKU[sku].price * quantity for sku, quantity in basket.items())


def contents(basket: Mapping[str, int]) -> dict[str, Any]:
    """`total` and `items` as carts and orders carry them."""
    items = [
        {
            "sku": sku,
            "name": BY_SKU[sku].name,
            "category": BY_SKU[sku].category,
            "quantity": quantity,
            "price": BY_SKU[sku].price,
        }
        for sku, quantity in basket.items()
    ]
    return {"total": total(basket), "items": items}


def paid(person: Person, order_id: str, basket: Mapping[str, int], at: datetime, **links: str | None) -> Event:
    """The draft of a paid order; `links` are `cart_id` and `stream_id`, left out where None."""
    linked = {name: value for name, value in links.items() if value is not None}
    return draft("order.paid", at, {"customer": person.buyer, "order_id": order_id} | linked | contents(basket))
