"""Links in messages: short ones that record clicks, and the preferences page of a customer."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from domain.texts.rendering import RenderError

_URL = re.compile(r"https?://[^\s/]+\S*")
LONGEST_URL = 2000
PREFERENCES_DAYS = 180
"""How long the link to the preferences page holds, from when its message was claimed."""

_MAC = 10
"""Characters of a token that sign the rest: 60 bits."""

_LONGEST_TOKEN = 64
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)


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
        if len(token) > _LONGEST_TOKEN:
            return None
        value, mac = token[:-_MAC], token[-_MAC:]
        return value if hmac.compare_digest(mac.encode(), self._mac(purpose, value).encode()) else None

    def _mac(self, purpose: str, value: str) -> str:
        digest = hmac.new(self.key, f"{purpose}/{value}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest)[:_MAC].decode()

    def preferences(self, customer_id: int, made_at: datetime) -> str:
        """The address of one customer's page, which ends PREFERENCES_DAYS later."""
        last_day = (made_at.astimezone(UTC).date() - _FIRST_DAY).days + PREFERENCES_DAYS
        return f"{self.url}/preferences/{self.sign('preferences', f'{customer_id}.{last_day}')}"

    def read_preferences(self, token: str) -> tuple[int, date] | None:
        """The customer whose page a token of ours leads to, and the last day (UTC) on which it does."""
        value = self.read("preferences", token)
        if value is None:
            return None
        customer_id, _, day = value.partition(".")
        return int(customer_id), _FIRST_DAY + timedelta(int(day))


@dataclass
class TextLinks:
    """The functions that one text may call, and the links it made.

    Without a site links stay as they are, and `made_at`, from which the preferences link holds, isn't asked for.
    """

    site: Site | None
    customer_id: int
    made_at: datetime = _LONG_AGO
    short_links: dict[str, str] = field(default_factory=dict)

    def functions(self) -> dict[str, Callable[..., str]]:
        """`link(url)` and `preferences()`: closures, so that a text reaches no attributes."""
        site, customer_id, made_at = self.site, self.customer_id, self.made_at
        short_links = self.short_links

        def link(url: object) -> str:
            if not isinstance(url, str) or len(url) > LONGEST_URL or not _URL.fullmatch(url):
                raise RenderError("link() takes an address that begins with https:// or http://")
            if site is None:
                return url
            token = site.sign("link", secrets.token_urlsafe(6))
            short_links[token] = url
            return f"{site.url}/r/{token}"

        def preferences() -> str:
            return site.preferences(customer_id, made_at) if site else ""

        return {"link": link, "preferences": preferences}
