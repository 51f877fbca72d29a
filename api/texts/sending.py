"""A text sent to oneself, by the way that every message takes: `/v1/texts/test`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.texts.preview import TextTry, preview
from domain.access import audit
from domain.access.actors import Actor
from domain.access.tables import User
from domain.customers.identifiers import IdentifierError, normalise
from domain.store.work import UnitOfWork
from workflows.source.chinese import in_chinese
from workflows.terms.channels import ADDRESS, CHANNEL_KINDS, Channel

Writer = Annotated[Actor, Depends(require("journeys.publish"))]
Addresses = Mapping[str, str]
"""Where the shop has tests sent to, by channel."""


@dataclass(frozen=True)
class Tried:
    """What became of a test: the ledger's status, or `not_sent`, and why."""

    status: str
    reason: str | None


SendText = Callable[[Channel, str, str], Tried]
"""Sends a text over a channel to an address, and waits for what becomes of it. Raises ValueError telling why not."""


class TestAddress(BaseModel):
    """Where a test may go: the caller's own phone (`own`), or where the shop has them sent."""

    channel: Channel
    to: str
    own: bool


class TestText(TextTry):
    """A text as it is being written, and where it goes: one of the addresses that a test may go to."""

    template: str = Field(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$")
    to: str = Field(min_length=1, max_length=200)


class TestOutcome(BaseModel):
    """What became of it. Without a `provider` the sandbox kept it, and it didn't leave the machine."""

    text: str
    to: str
    status: str
    reason: str | None
    provider: str | None


_EXAMPLE = {"template": "thanks", "channel": "sms", "body": "{{ shop.sign }}谢谢", "to": "+8613900000009"}


def router(send_text: SendText | None, addresses: Addresses, providers: Mapping[str, str]) -> APIRouter:
    """The routes; nothing is sent without `send_text`. `providers` names what carries each channel."""
    routes = APIRouter(
        prefix="/v1/texts/test", tags=["texts"], responses=documented(Unauthorized, Forbidden, Unavailable)
    )

    @routes.get("", summary="See where tests of texts may go")
    def get_addresses(request: Request, caller: Writer) -> list[TestAddress]:
        return _addresses(context(request), caller, addresses)

    @routes.post(
        "",
        summary="Send a text to oneself",
        responses=documented(NotFound, Conflict, Invalid),
        openapi_extra=described(TestText, _EXAMPLE),
    )
    async def post_test(request: Request, caller: Writer) -> TestOutcome:
        """By the provider that carries every message, with samples or as a `customer` would get it.

        It is in the ledger as of the journey `send_test`, and no number counts it. Only the caller's own phone and the
        shop's addresses for tests are written to.
        """
        asked = await read_json(request, TestText)
        env = context(request)

        def act() -> TestOutcome:
            known = [each for each in _addresses(env, caller, addresses) if each.channel == asked.channel]
            there = next((each for each in known if each.to == _normal(asked.channel, asked.to)), None)
            if there is None:
                raise Invalid(
                    errors=[
                        {
                            "field": "to",
                            "reason": "not_for_tests",
                            "detail": "tests go to your own phone, or to an address in AFTERSHOW_TEST_ADDRESSES",
                        }
                    ]
                )
            seen = preview(env, TextTry(channel=asked.channel, body=asked.body, customer=asked.customer))
            if seen.text is None:
                raise Invalid(errors=[{"field": "body", "reason": "unfit", **vars(each)} for each in seen.problems])
            if send_text is None:
                raise Conflict("Tests can't be sent here.")
            _note(env, caller, asked, own=there.own)
            try:
                tried = send_text(asked.channel, there.to, seen.text)
            except ValueError as problem:
                raise Conflict(in_chinese(str(problem))) from None
            return TestOutcome(
                text=seen.text, to=there.to, status=tried.status, reason=tried.reason,
                provider=providers.get(asked.channel),
            )  # fmt: skip

        return await run_in_threadpool(act)

    return routes


def _addresses(env: Context, caller: Actor, addresses: Addresses) -> list[TestAddress]:
    found = []
    if caller.kind == "user":
        with env.db() as session:
            user = session.get(User, caller.id)
        if user is not None and user.phone:
            found += [
                TestAddress(channel=channel, to=user.phone, own=True)
                for channel, kind in CHANNEL_KINDS.items()
                if kind.address == "phone"
            ]
    return found + [
        TestAddress(channel=channel, to=to, own=False)
        for channel, to in addresses.items()
        if to not in [each.to for each in found]
    ]


def _normal(channel: Channel, to: str) -> str | None:
    try:
        return normalise(ADDRESS[channel], to)
    except IdentifierError:
        return None


def _note(env: Context, caller: Actor, asked: TestText, *, own: bool) -> None:
    def act(work: UnitOfWork) -> None:
        target = f"text:{asked.template}/{asked.channel}"
        audit.record(work, caller, "text.test", target, env.wall.now(), after={"own": own})

    in_transaction(env.db, act)
