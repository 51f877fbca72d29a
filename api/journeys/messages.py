"""The ledger for operators: `/v1/messages`, and how the providers stand: `/v1/accounts`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.channels.tables import ProviderAccount
from domain.identity.describing import names_of
from domain.ledger.states import MessageStateError, Status
from domain.ledger.tables import Message, MessageRow
from domain.published.library import read_library
from domain.sending import messages
from workflows.terms.values import Language
from workflows.words.telling import reasons_in_words

router = APIRouter(tags=["messages"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="the message's number in the ledger")]
Reader = Annotated[Actor, Depends(require("messages.read"))]


class LedgerEntry(BaseModel):
    """A message, without its text and its recipient. `refused` tells what the channels before this one said.

    `name` is the customer's, `title` the journey's; `why` is the reason in words.
    """

    id: int
    customer: int
    name: str | None
    enrollment: int
    journey: str
    title: str
    step: str
    template: str
    channel: str
    status: Status
    reason: str | None
    why: str | None
    refused: list[dict[str, Any]]
    called_at: datetime | None
    provider_id: str | None
    looks: int
    look_at: datetime | None


class Ledger(BaseModel):
    """A page, by number. `next` is what to give as `after` for the following one; null after the last."""

    messages: list[LedgerEntry]
    next: int | None


class AccountState(BaseModel):
    """An account with a provider. While it is held nothing is sent through it; `reason` is what it said last."""

    name: str
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    reason: str | None


class Settlement(BaseModel):
    """What somebody found the message to be."""

    status: Literal["sent", "failed"]


@router.get("/v1/messages", summary="List messages, like those whose fate is unknown")
def get_messages(
    request: Request,
    _: Reader,
    status: Annotated[Status | None, Query(description="only those in this state")] = None,
    journey: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$", description="only of this one")] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="entries of a page, at most")] = 50,
    lang: Annotated[Language, Query(description="of the words")] = "zh",
) -> Ledger:
    with context(request).db() as session:
        page = messages.list_messages(session, status=status, journey=journey, after=after, limit=limit + 1)
        shown = _entries(session, page[:limit], lang)
    return Ledger(messages=shown, next=shown[-1].id if len(page) > limit else None)


@router.post(
    "/v1/messages/{id}/settle",
    summary="Settle a message whose fate is open",
    responses=documented(NotFound, Conflict),
    openapi_extra=described(Settlement, {"status": "sent"}),
)
async def post_settle(
    request: Request, caller: Annotated[Actor, Depends(require("messages.settle"))], id: Number
) -> LedgerEntry:
    """For what nobody but a person can find out. A failure takes the message's coupon back. It is recorded with who."""
    body = await read_json(request, Settlement)
    try:
        return await run_in_threadpool(_settle, context(request), caller, id, body)
    except messages.UnknownMessageError:
        raise NotFound(f"There is no message {id}.") from None
    except MessageStateError as problem:
        raise Conflict(f"The {problem}; only unknown and pending_staff messages can be settled.") from None


@router.get("/v1/accounts", summary="See how the providers stand")
def get_accounts(request: Request, _: Annotated[Actor, Depends(require("channels.read"))]) -> list[AccountState]:
    with context(request).db() as session:
        return [_account(account) for account in messages.accounts(session)]


def _settle(env: Context, caller: Actor, id: int, body: Settlement) -> LedgerEntry:
    with env.db.begin() as work:
        before = {"status": messages.status_of(work, id)}
        settled = messages.settle_by_hand(work, id, body.status, env.clock.now(), caller.by)
        (entry,) = _entries(work, [settled], "zh")
        after = {"status": entry.status}
        audit.record(work, caller, "message.settle", f"message:{id}", env.wall.now(), before=before, after=after)
        return entry


def _entries(session: Session, rows: Sequence[Message | MessageRow], lang: Language) -> list[LedgerEntry]:
    names = names_of(session, {row.customer_id for row in rows})
    library = read_library(session)
    reasons = reasons_in_words(library.wording(lang))
    return [
        LedgerEntry(
            id=row.id, customer=row.customer_id, name=names.get(row.customer_id), enrollment=row.enrollment_id,
            journey=row.journey, title=library.title(row.journey), step=row.step, template=row.template,
            channel=row.channel, status=row.status, reason=row.reason, why=reasons.get(row.reason or "", row.reason),
            refused=list(row.refused), called_at=row.called_at, provider_id=row.provider_id, looks=row.looks,
            look_at=row.look_at,
        )
        for row in rows
    ]  # fmt: skip


def _account(account: ProviderAccount) -> AccountState:
    return AccountState.model_validate(account, from_attributes=True)
