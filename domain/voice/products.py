"""How customers call the shop's products."""

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, select

from domain.stock.tables import Lot, Product

SHORTEST = 2
"""A name of one character is in too many words."""


def product_names(session: Session, skus: Iterable[str]) -> Mapping[str, str]:
    """What products are called by the shop; of one that isn't listed, by its newest lot. None where nothing says."""
    asked = list(skus)
    named = col(Lot.sku).in_(asked) & col(Lot.name).is_not(None)
    lots = session.exec(select(Lot.sku, Lot.name).where(named).order_by(col(Lot.received_at).nulls_first()))
    listed = session.exec(select(Product.sku, Product.name).where(col(Product.sku).in_(asked)))
    return {sku: name for sku, name in (*lots, *listed) if name}


def spoken_names(session: Session) -> Mapping[str, str]:
    """The name of each product by what people may write for it: its name, its aliases and its sku."""
    products = {product.sku: product.name or product.sku for product in session.exec(select(Product))}
    return {written: products[sku] for written, sku in spoken_skus(session).items()}


def spoken_skus(session: Session) -> Mapping[str, str]:
    """The sku of each product by what people may write for it; of two products of one name, the first's."""
    found: dict[str, str] = {}
    for product in session.exec(select(Product).order_by(col(Product.sku))):
        for written in (product.sku, product.name or product.sku, *(product.aliases or ())):
            if len(written) >= SHORTEST:
                found.setdefault(written, product.sku)
    return found
