"""Who a customer is: `/v1/customers` and `/v1/identity`."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.customers import CustomerName, find_customer
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.search import masked
from domain.access import audit
from domain.access.actors import Actor
from domain.conditions.facts import CustomerFacts
from domain.customers.identifiers import Ident, IdentifierError, identify
from domain.customers.tables import Customer
from domain.identity import describing, erasing, merging, splitting
from domain.membership.exporting import BOM
from domain.published.library import read_library
from domain.store.work import UnitOfWork

router = APIRouter(tags=["customers"], responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("customers.read"))]
Joiner = Annotated[Actor, Depends(require("customers.join"))]
T = TypeVar("T")


class KnownIdentifier(BaseModel):
    """Something that names the customer; of `value`, those who may not see it in full see the ends."""

    kind: str
    value: str
    since: datetime | None
    source: str | None
    last_seen: datetime | None


class ConsentState(BaseModel):
    """What the customer said last for a channel and purpose."""

    channel: str
    purpose: str
    given: bool
    source: str | None
    at: datetime


class Join(BaseModel):
    """Whom the customer became one with: an event did it by its `evidence`, or somebody for a `reason`.

    Of the evidence, those who may not see it in full see the ends. One that was split again is `undone_at`.
    """

    customer: int
    at: datetime
    evidence: list[str]
    by: str | None
    reason: str | None
    undone_at: datetime | None


class CustomerState(BaseModel):
    """A customer. `merged` are the ids of those it became one with, `joins` how; `spent` is in fen.

    `measures` are what the named measures come to, money in fen, and null where there is nothing to work one out of.
    """

    id: int
    name: str | None
    timezone: str | None
    fields: dict[str, Any]
    created_at: datetime
    identifiers: list[KnownIdentifier]
    merged: list[int]
    joins: list[Join]
    tags: list[str]
    measures: dict[str, Any]
    consents: list[ConsentState]
    orders: int
    spent: int
    last_order_at: datetime | None


class Merged(BaseModel):
    """The customer who goes on, and the one who is nobody any more."""

    customer: int
    merged: int


class SplitOff(BaseModel):
    """The customer who stays, and the `id` of the one to whom the identifiers went."""

    customer: int
    id: int


class OpenConflict(BaseModel):
    """Two customers whom an identifier names together: `number` to decide it by, `times` how many events did so."""

    number: int
    customer: int
    name: str | None
    other: int
    other_name: str | None
    kind: str
    value: str
    reason: str
    times: int


class OpenConflicts(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    conflicts: list[OpenConflict]
    next: int | None


class Decided(BaseModel):
    """What a conflict came to: the customer who was asked about, and the other."""

    decision: Literal["merge", "apart"]
    customer: int
    other: int


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MergeBody(_Body):
    """With whom, by an id or an identifier, and why."""

    other: str | int = Field(alias="with")
    reason: str = Field(min_length=1, max_length=500)


class SplitBody(_Body):
    """Which identifiers go, as `kind:value`, and why."""

    identifiers: list[str] = Field(min_length=1, max_length=50)
    reason: str = Field(min_length=1, max_length=500)


class DecisionBody(_Body):
    """`merge` makes them one, `apart` keeps them two for ever."""

    decision: Literal["merge", "apart"]


@router.get("/v1/customers", summary="Find a customer by an identifier")
def get_customers(
    request: Request,
    caller: Reader,
    identifier: Annotated[str, Query(max_length=300, description="`kind:value`, like phone:13800000001")],
) -> CustomerState:
    """Who an identifier names, whoever they became one with."""
    return get_customer(request, caller, identifier)


@router.get("/v1/customers/{id}", summary="Read who a customer is")
def get_customer(request: Request, caller: Reader, name: CustomerName) -> CustomerState:
    """What names a customer, what is known of it and what it allows."""
    env = context(request)
    with env.db() as session:
        return _state(session, find_customer(session, name), caller, env.clock.now())


@router.post(
    "/v1/customers/{id}/merge",
    summary="Make two customers one",
    responses=documented(Conflict),
    openapi_extra=described(MergeBody, {"with": "phone:13800000002", "reason": "asked at the counter"}),
)
async def post_merge(request: Request, caller: Joiner, name: CustomerName) -> Merged:
    """The one with the lower id goes on, and has everything of both. `409` if they are one already."""
    body = await read_json(request, MergeBody)

    def merge(work: UnitOfWork, env: Context) -> Merged:
        one, other = find_customer(work, name).id, find_customer(work, str(body.other), "with").id
        try:
            row = merging.merge(work, one, other, env.clock.now(), caller.by, body.reason)
        except merging.MergeError as error:
            raise Conflict(f"{error}.") from None
        after = {"merged": row.loser_id, "join": row.id, "reason": body.reason}
        audit.record(work, caller, "customer.merge", f"customer:{row.survivor_id}", env.wall.now(), after=after)
        return Merged(customer=row.survivor_id, merged=row.loser_id)

    return await _act(request, merge)


@router.post(
    "/v1/customers/{id}/split",
    summary="Give identifiers back to whom they came from",
    responses=documented(Conflict),
    openapi_extra=described(SplitBody, {"identifiers": ["phone:13800000002"], "reason": "two people"}),
)
async def post_split(request: Request, caller: Joiner, name: CustomerName) -> SplitOff:
    """Takes a join back with all that it moved; what came since goes by the identifiers of its event.

    Identifiers that no join brought become a new customer's. The two are never joined by an event again. `409` for
    identifiers that aren't the customer's, or are all it has.
    """
    body = await read_json(request, SplitBody)
    idents = [_read(f"identifiers.{number}", written) for number, written in enumerate(body.identifiers)]

    def split(work: UnitOfWork, env: Context) -> SplitOff:
        customer = find_customer(work, name).id
        try:
            id = splitting.split(work, customer, idents, env.clock.now(), caller.by)
        except splitting.SplitError as error:
            raise Conflict(f"{error}.") from None
        after = {"split_off": id, "reason": body.reason}
        audit.record(work, caller, "customer.split", f"customer:{customer}", env.wall.now(), after=after)
        return SplitOff(customer=customer, id=id)

    return await _act(request, split)


@router.get("/v1/identity/conflicts", summary="List customers who may be one")
def get_conflicts(
    request: Request,
    caller: Reader,
    customer: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="only of this one")] = None,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> OpenConflicts:
    """Those whom an event named together without joining them, until somebody decides."""
    with context(request).db() as session:
        rows = merging.open_conflicts(session, customer=customer, before=after, limit=limit + 1)
        names = describing.names_of(session, {each for row in rows for each in (row.customer, row.other)})
    page = [
        OpenConflict.model_validate({
            **vars(row), "value": _shown(row.value, caller),
            "name": names.get(row.customer), "other_name": names.get(row.other),
        })
        for row in rows[:limit]
    ]  # fmt: skip
    return OpenConflicts(conflicts=page, next=page[-1].number if len(rows) > limit else None)


@router.post(
    "/v1/identity/conflicts/{number}",
    summary="Decide whether two customers are one",
    openapi_extra=described(DecisionBody, {"decision": "merge"}),
)
async def post_decision(request: Request, caller: Joiner, number: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Decided:
    """Holds for all conflicts of the same two. `404` if there is no such conflict, or it is decided."""
    body = await read_json(request, DecisionBody)

    def decide(work: UnitOfWork, env: Context) -> Decided:
        pair = merging.decide(work, number, body.decision, env.clock.now(), caller.by)
        if pair is None:
            raise NotFound("There is no such conflict, or it is decided.")
        after = {"decision": body.decision, "other": pair[1]}
        audit.record(work, caller, "customer.decide", f"customer:{pair[0]}", env.wall.now(), after=after)
        return Decided(decision=body.decision, customer=pair[0], other=pair[1])

    return await _act(request, decide)


@router.get("/v1/customers/{id}/export", summary="Read everything that is kept about a customer")
def get_export(
    request: Request, caller: Annotated[Actor, Depends(require("customers.export"))], name: CustomerName
) -> dict[str, Any]:
    """Its own row, and by table every row that is about it."""
    env = context(request)
    with env.db.begin() as work:
        customer = find_customer(work, name)
        audit.record(work, caller, "customer.export", f"customer:{customer.id}", env.wall.now(), after={})
        return dict(describing.export(work, customer))


@router.get(
    "/v1/customers/{id}/export.csv", summary="Read everything that is kept about a customer, as CSV",
    response_class=Response, responses={200: {"content": {"text/csv": {}}}},
)  # fmt: skip
def get_export_table(
    request: Request, caller: Annotated[Actor, Depends(require("customers.export"))], name: CustomerName
) -> Response:
    """A line for each value: the table, the row in it, the field and the value."""
    text = io.StringIO()
    csv.writer(text).writerows(describing.as_table(get_export(request, caller, name)))
    return Response(f"{BOM}{text.getvalue()}", media_type="text/csv; charset=utf-8")


@router.delete("/v1/customers/{id}", summary="Forget who a customer is", status_code=204)
async def delete_customer(
    request: Request, caller: Annotated[Actor, Depends(require("customers.erase"))], name: CustomerName
) -> None:
    """Its journeys end, and identifiers, fields, texts and what events said are gone for good.

    Kept are amounts, counts and the ledger. Whoever comes with one of the identifiers later is somebody new, who has
    agreed to nothing.
    """

    def erase(work: UnitOfWork, env: Context) -> None:
        customer = find_customer(work, name).id
        erasing.erase(work, customer, env.clock.now())
        audit.record(work, caller, "customer.erase", f"customer:{customer}", env.wall.now(), after={})

    await _act(request, erase)


async def _act(request: Request, act: Callable[[UnitOfWork, Context], T]) -> T:
    env = context(request)
    return await run_in_threadpool(in_transaction, env.db, lambda work: act(work, env))


def _state(session: Session, customer: Customer, caller: Actor, now: datetime) -> CustomerState:
    orders, spent, last_order_at, tags = describing.numbers_of(session, customer.id, now)
    return CustomerState(
        id=customer.id, name=customer.name, timezone=customer.timezone, fields=customer.fields,
        created_at=customer.created_at, merged=customer.former, tags=list(tags),
        identifiers=[
            KnownIdentifier.model_validate({**vars(each), "value": _shown(each.value, caller)})
            for each in describing.named_by(session, customer.id)
        ],
        joins=[
            Join(
                customer=each.loser_id if each.loser_id != customer.id else each.survivor_id, at=each.at,
                evidence=[_evidence(written, caller) for written in each.evidence], by=each.by, reason=each.reason,
                undone_at=each.undone_at,
            )
            for each in describing.joins_of(session, customer)
        ],
        consents=[
            ConsentState.model_validate(each, from_attributes=True)
            for each in describing.consents_of(session, customer.id)
        ],
        measures=dict(describing.measures_of(CustomerFacts(session, read_library(session), customer, now))),
        orders=orders, spent=spent, last_order_at=last_order_at,
    )  # fmt: skip


def _shown(value: str, caller: Actor) -> str:
    return value if "pii" in caller.permissions else masked(value)


def _evidence(written: str, caller: Actor) -> str:
    kind, _, value = written.rpartition(":")
    return f"{kind}:{_shown(value, caller)}"


def _read(field: str, written: str) -> Ident:
    try:
        return identify(written, None)[0]
    except IdentifierError as error:
        raise Invalid(errors=[{"field": field, "reason": error.reason, "detail": str(error)}]) from None
