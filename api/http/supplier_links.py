"""Signed links for suppliers, who have no account: each is for one supplier, and for a while."""

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from api.http.problems import Unauthorized
from api.http.screen_links import NotConfigured

SUPPLIER = "supplier"
"""The salt of links to a supplier's page."""

DAYS = 180
"""How long a link holds."""


def sign_supplier(key: str, supplier: str) -> str:
    """A token that lets its holder read a supplier's page, and answer for the supplier."""
    return URLSafeTimedSerializer(key, salt=SUPPLIER).dumps(supplier)


def check_supplier(key: str | None, token: str, supplier: str) -> None:
    """Raises Unauthorized unless the token is for this supplier and not too old, NotConfigured without a key."""
    if key is None:
        raise NotConfigured(
            "Set AFTERSHOW_SIGNING_KEY to a long secret, the same for the API and for the command line."
        )
    try:
        signed = URLSafeTimedSerializer(key, salt=SUPPLIER).loads(token, max_age=DAYS * 86_400)
    except SignatureExpired:
        raise Unauthorized("The link is too old; make a new one with: aftershow supply link SUPPLIER") from None
    except BadSignature:
        signed = None
    if signed != supplier:
        raise Unauthorized("The link isn't one for this supplier; make one with: aftershow supply link SUPPLIER")
