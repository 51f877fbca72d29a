"""How customers call the shop's products."""

from collections.abc import Mapping

from sqlmodel import Session, col, select

from domain.stock.tables import Product

SHORTEST = 2
"""A name of one character is in too many words."""


def spoken_names(session: Session) -> Mapping[str, str]:
    """The name of each product by what people may write for it: its name, its aliases and its sku."""
    found: dict[str, str] = {}
    for product in session.exec(select(Product).order_by(col(Product.sku))):
        name = product.name or product.sku
        for written in (product.sku, name, *(product.aliases or ())):
            if len(written) >= SHORTEST:
                found.setdefault(written, name)
    return found
