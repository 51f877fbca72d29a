"""An identity provider on 127.0.0.1, as OpenID Connect Core 1.0 tells: discovery, authorization, token, keys."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

KEY, FORGED = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


@dataclass
class OidcServer:
    """Whoever comes is signed in as `person`. `claims` are put over those of a token, None takes one away."""

    client_id: str = "aftershow"
    client_secret: str = "s3cret"
    person: dict[str, Any] = field(default_factory=lambda: {"email": "li@shop.cn", "email_verified": True})
    claims: dict[str, Any] = field(default_factory=dict)
    forged: bool = False
    unsigned: bool = False
    away: set[str] = field(default_factory=set)
    url: str = ""

    def __post_init__(self) -> None:
        self._codes: dict[str, dict[str, str]] = {}

    @contextmanager
    def running(self) -> Iterator["OidcServer"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, path: str, query: dict[str, str], form: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        """The status, and a document or the address of a redirect."""
        if path in self.away:
            return 503, {}
        match path:
            case "/.well-known/openid-configuration":
                ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                return 200, {"issuer": self.url} | {name: f"{self.url}/{end}" for name, end in ends.items()}
            case "/authorize":
                return self._authorize(query)
            case "/token":
                return self._token(form)
            case "/keys":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
                return 200, {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]}
        return 404, {}

    def _authorize(self, query: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        asked = {"response_type": "code", "client_id": self.client_id, "code_challenge_method": "S256"}
        if not asked.items() <= query.items() or "openid" not in query["scope"].split():
            return 400, {"error": "invalid_request"}
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return 302, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or (form["client_id"], form["client_secret"]) != (self.client_id, self.client_secret)
            or (form["redirect_uri"], challenge) != (asked["redirect_uri"], asked["code_challenge"])
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.client_id, "sub": "1", "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"]} | self.person | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.unsigned:
            return 200, {"id_token": jwt.encode(claims, None, algorithm="none")}
        key = FORGED if self.forged else KEY
        return 200, {"id_token": jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})}


def _handler(oidc: OidcServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            status, said = oidc.answer(url.path, dict(parse_qsl(url.query)), dict(parse_qsl(body)))
            content = b"" if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            if isinstance(said, str):
                self.send_header("location", said)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 the names that the base class asks for

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    return Handler
