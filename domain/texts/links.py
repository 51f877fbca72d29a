"""Links in messages: short ones that record clicks, and the preferences page of a customer."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from domain.texts.rendering import RenderError

_URL = re.compile(r"https?://[^\s/]+\S*")
LONGEST_URL = 2000
_MAC = 10
"""Characters of a token that sign the rest: 60 bits."""


@dataclass(frozen=True)
class Site:
    """Where customers reach us from outside: `https://…` without a slash at its end, and the key that signs links."""

    url: str
    key: bytes = field(repr=False)

    def sign(self, purpose: str, value: str) -> str:
        """A token for the value, signed with the key."""
        return f"{value}{self._mac(purpose, value)}"

    def read(self, purpose: str, token: str) -> str | None:
        """The value of a token of ours; None for any other."""
        value, mac = token[:-_MAC], token[-_MAC:]
        return value if hmac.compare_digest(mac.encode(), self._mac(purpose, value).encode()) else None

    def _mac(self, purpose: str, value: str) -> str:
        digest = hmac.new(self.key, f"{purpose}/{value}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest)[:_MAC].decode()

    def preferences(self, customer_id: int) -> str:
        """The page of one customer."""
        return f"{self.url}/preferences/{self.sign('preferences', str(customer_id))}"


@dataclass
class Linker:
    """The functions that one text may call, and the links it made. Without a site, links stay as they are."""

    site: Site | None
    customer_id: int
    short_links: dict[str, str] = field(default_factory=dict)

    def functions(self) -> dict[str, Callable[..., str]]:
        """`link(url)` and `preferences()`: closures, so that a text reaches no attributes."""
        site, customer_id, short_links = self.site, self.customer_id, self.short_links

        def link(url: object) -> str:
            if not isinstance(url, str) or len(url) > LONGEST_URL or not _URL.fullmatch(url):
                raise RenderError("link() takes an address that begins with https:// or http://")
            if site is None:
                return url
            token = site.sign("link", secrets.token_urlsafe(6))
            short_links[token] = url
            return f"{site.url}/r/{token}"

        def preferences() -> str:
            return site.preferences(customer_id) if site else ""

        return {"link": link, "preferences": preferences}
