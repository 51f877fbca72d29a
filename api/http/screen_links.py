"""Signed links for browsers, which have no API key: each is for one thing, and for a while."""

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from api.http.problems import Problem, Unauthorized

STUDIO = "studio"
"""The salt of links to a show's screen."""

HOURS = 16
"""How long a link to a show's screen holds: from the rehearsal to the end of the evening."""


class NotConfigured(Problem):
    status = 503
    code = "not_configured"
    title = "The service isn't configured for this"


def sign_stream(key: str, stream_id: str) -> str:
    """A token that lets its holder read a show's screen."""
    return URLSafeTimedSerializer(key, salt=STUDIO).dumps(stream_id)


def check_stream(key: str | None, token: str, stream_id: str) -> None:
    """Raises Unauthorized unless the token is for this show and not too old, NotConfigured without a key."""
    if key is None:
        raise NotConfigured(
            "Set AFTERSHOW_SIGNING_KEY to a long secret, the same for the API and for the command line."
        )
    try:
        signed = URLSafeTimedSerializer(key, salt=STUDIO).loads(token, max_age=HOURS * 3600)
    except SignatureExpired:
        raise Unauthorized("The link is too old; make a new one with: aftershow studio-link STREAM") from None
    except BadSignature:
        signed = None
    if signed != stream_id:
        raise Unauthorized("The link isn't one for this show; make one with: aftershow studio-link STREAM")
