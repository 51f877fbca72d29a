"""OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636)."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from pydantic import BaseModel, ValidationError

from api.access.outside import Ask, Known, SigninFailedError

LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Only signatures that the provider alone can make."""


class _Discovered(BaseModel):
    """What is used of the provider's metadata (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Oidc:
    """An identity provider. Users are known by the email address, or else the phone, that it has verified."""

    name = "oidc"

    def __init__(self, issuer: str, client_id: str, client_secret: str, label: str, timeout: float = 8) -> None:
        self.label = label
        self.secret = client_secret
        self._issuer = issuer
        self._client_id = client_id
        self._timeout = timeout

    async def address(self, ask: Ask, agent: str) -> str:  # noqa: ARG002 it is the same for every browser
        """The provider's page to sign in at."""
        found = await self._discover()
        digest = hashlib.sha256(ask.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": ask.back,
            "scope": "openid email phone",
            "state": ask.state,
            "nonce": ask.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(query)}"

    async def identify(self, ask: Ask, code: str) -> Known:
        """Who the provider's signed token says that came back."""
        found = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ask.back,
            "client_id": self._client_id,
            "client_secret": self.secret,
            "code_verifier": ask.verifier,
        }
        token = (await self._call("POST", found.token_endpoint, form)).get("id_token")
        keys = await self._call("GET", found.jwks_uri)
        try:
            claims = self._checked(str(token), keys)
        except (jwt.PyJWTError, LookupError, TypeError, ValueError) as problem:
            raise SigninFailedError(f"the token doesn't hold: {type(problem).__name__}") from None
        if claims.get("nonce") != ask.nonce:
            raise SigninFailedError("the token is of another attempt")
        for login, verified in (("email", "email_verified"), ("phone_number", "phone_number_verified")):
            if isinstance(claims.get(login), str) and claims.get(verified) is True:
                return Known(login=claims[login])
        return Known()

    def _checked(self, token: str, keys: dict[str, Any]) -> dict[str, Any]:
        """The token's claims. Raises if it isn't signed by the provider, for us, and fresh."""
        header = jwt.get_unverified_header(token)
        named = [key for key in jwt.PyJWKSet.from_dict(keys).keys if header.get("kid") in (None, key.key_id)]
        if len(named) != 1:
            raise LookupError("no such key")
        claims: dict[str, Any] = jwt.decode(
            token,
            named[0],
            algorithms=ALGORITHMS,
            audience=self._client_id,
            issuer=self._issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client_id:
            raise ValueError("it is for somebody else, too")
        return claims

    async def _discover(self) -> _Discovered:
        answer = await self._call("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = _Discovered.model_validate(answer)
        except ValidationError:
            raise SigninFailedError("the metadata can't be read") from None
        if found.issuer != self._issuer:
            raise SigninFailedError("the metadata is of another issuer")
        return found

    async def _call(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=self._timeout) as http:
                response = await http.request(method, url, data=form, headers={"accept": "application/json"})
                answer = response.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
            raise SigninFailedError(f"no answer: {type(problem).__name__}") from None
        if not isinstance(answer, dict):
            raise SigninFailedError("an answer that can't be read")
        return answer
