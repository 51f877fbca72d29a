"""Signed links for browsers, which have no API key: each is to the page of one thing, and holds for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from api.http.problems import Problem, Unauthorized


class NotConfigured(Problem):
    status = 503
    code = "not_configured"
    title = "The service isn't configured for this"


@dataclass(frozen=True)
class PageLinks:
    """Links to the pages of a kind; `salt` keeps them apart from others, `too_old` and `wrong` say how to mend one."""

    salt: str
    holds: timedelta
    too_old: Callable[[], Unauthorized]
    wrong: Callable[[], Unauthorized]

    def sign(self, key: str, name: str) -> str:
        """A token that lets its holder see the page of what is called so."""
        return URLSafeTimedSerializer(key, salt=self.salt).dumps(name)

    def check(self, key: str | None, token: str, name: str) -> None:
        """Raises Unauthorized unless the token is for this and not too old, NotConfigured without a key."""
        if key is None:
            raise NotConfigured(
                "Set AFTERSHOW_SIGNING_KEY to a long secret, the same for the API and for the command line."
            )
        try:
            signed = URLSafeTimedSerializer(key, salt=self.salt).loads(token, max_age=int(self.holds.total_seconds()))
        except SignatureExpired:
            raise self.too_old() from None
        except BadSignature:
            signed = None
        if signed != name:
            raise self.wrong()


SHOWS = PageLinks(
    "studio",
    timedelta(hours=16),  # from the rehearsal to the end of the evening
    lambda: Unauthorized("The link is too old; make a new one with: aftershow studio-link STREAM"),
    lambda: Unauthorized("The link isn't one for this show; make one with: aftershow studio-link STREAM"),
)
"""Links to a show's screen."""

SUPPLIERS = PageLinks(
    "supplier",
    timedelta(days=180),
    lambda: Unauthorized("The link is too old; make a new one with: aftershow supply link SUPPLIER"),
    lambda: Unauthorized("The link isn't one for this supplier; make one with: aftershow supply link SUPPLIER"),
)
"""Links to a supplier's page, whose holder answers for the supplier."""
