"""What holds for every journey and who carries which channel: `/v1/policy`, `/v1/channels`, `/v1/roles`."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.access.permissions import PERMISSIONS, ROLES, Permission
from domain.published.library import read_library
from workflows.terms.channels import CHANNEL_KINDS


class PublishedPolicy(BaseModel):
    """The policy as it is published, each value written as in `_policy.yaml`. `caps` are by channel, and `all`."""

    shop: str
    language: str
    timezone: str
    quiet_hours: list[str]
    caps: dict[str, str]
    holdout: float = Field(description="percent of customers who are never messaged")
    attribution: str = Field(description="how long after a message an order is owed to it")


class ChannelState(BaseModel):
    """A channel. Without a `provider` its messages stay in the sandbox, and nothing leaves the machine."""

    channel: str
    name: str
    address: str = Field(description="the kind of identifier that it writes to")
    provider: str | None


class RoleState(BaseModel):
    """A role, and what it permits."""

    role: str
    permissions: list[Permission]


def router(providers: Mapping[str, str]) -> APIRouter:
    """The routes; `providers` names what carries each channel that is configured."""
    routes = APIRouter(tags=["settings"], responses=documented(Unauthorized, Forbidden, Unavailable))

    @routes.get("/v1/policy", summary="Read the policy that is published")
    def get_policy(request: Request, _: Annotated[Actor, Depends(require("journeys.read"))]) -> PublishedPolicy:
        with context(request).db() as session:
            policy = read_library(session).policy
        return PublishedPolicy(
            shop=policy.shop,
            language=policy.language,
            timezone=policy.timezone,
            quiet_hours=[str(each) for each in policy.quiet_hours],
            caps={name: str(cap) for name, cap in policy.caps.items()},
            holdout=policy.holdout,
            attribution=str(policy.attribution),
        )

    @routes.get("/v1/channels", summary="See who carries which channel")
    def get_channels(_: Annotated[Actor, Depends(require("channels.read"))]) -> list[ChannelState]:
        return [
            ChannelState(channel=channel, name=kind.name, address=kind.address, provider=providers.get(channel))
            for channel, kind in CHANNEL_KINDS.items()
        ]

    @routes.get("/v1/roles", summary="See what each role permits")
    def get_roles(_: Annotated[Actor, Depends(require("users.manage"))]) -> list[RoleState]:
        return [
            RoleState(role=role, permissions=[each for each in PERMISSIONS if each in permitted])
            for role, permitted in ROLES.items()
        ]

    return routes
