"""Says things about people, and looks up who they are."""

from typing import Any

from shop import Shop

from domain.customers.identifiers import identify
from domain.customers.resolution import find_ids
from domain.intake.ingest import Incoming
from domain.published.publishing import publish_document


def event(shop: Shop, who: dict[str, str], type: str = "product.viewed", **data: Any) -> Incoming:
    """An event that names somebody by these identifiers, now."""
    shop.posted += 1
    return Incoming("test", f"e{shop.posted}", type, shop.clock.now(), data, identify(None, who))


def say(shop: Shop, type: str = "product.viewed", /, data: dict[str, Any] | None = None, **who: str) -> None:
    """Take such an event; `openid:mini` is written as `mini`."""
    idents = {{"mini": "openid:mini"}.get(kind, kind): value for kind, value in who.items()}
    shop.take(event(shop, idents, type, **(data or {})))


def who(shop: Shop, **ident: str) -> int:
    """The customer of an identifier, who may change from event to event."""
    (named,) = identify(None, {{"mini": "openid:mini"}.get(kind, kind): value for kind, value in ident.items()})
    with shop.db() as session:
        return find_ids(session, [named])[named]


def rules(shop: Shop, **values: Any) -> None:
    """Publish `_identity.yaml`."""
    with shop.db.begin() as work:
        publish_document(work, "_identity", values)
