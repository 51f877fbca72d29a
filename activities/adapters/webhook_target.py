"""Where a webhook leads, as the environment says; apart from what calls it, so that checking a journey stays quick."""

from base64 import b64decode
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, field_validator, model_validator

MIN_SECRET = 24
"""Bytes of a secret, as Standard Webhooks asks."""


class Target(BaseModel):
    """Where a webhook leads. `secret` signs what is sent, as `whsec_` and base64.

    Only with `allow_private` may it be on this machine or in a private network, and be reached without TLS.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl
    secret: SecretStr = Field(repr=False)
    allow_private: bool = False

    @field_validator("secret")
    @classmethod
    def _signs(cls, secret: SecretStr) -> SecretStr:
        prefix, _, encoded = secret.get_secret_value().rpartition("whsec_")
        try:
            key = b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if prefix or len(key) < MIN_SECRET:
            raise ValueError(f"the secret must be whsec_ and at least {MIN_SECRET} random bytes in base64")
        return secret

    @model_validator(mode="after")
    def _private_or_encrypted(self) -> Self:
        if self.url.scheme != "https" and not self.allow_private:
            raise ValueError("the url must be https, or have allow_private")
        return self
