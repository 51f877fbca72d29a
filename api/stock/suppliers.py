"""Suppliers: what is planned with them, what they answer, how good they are; and the page that they have."""

import secrets
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from api.http.auth import Cookie, Credentials, authorized, require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.page_links import SUPPLIERS, NotConfigured
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.stock.plans import Plan, all_shown, names_of, shown
from domain.access import audit
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.store.outbox import LookAtSupplier
from domain.store.work import UnitOfWork
from domain.supply.answers import AnswerError, Verdict
from domain.supply.arrivals import scorecard
from domain.supply.planning import ClosedError, Decision, decide, plan_delivery, take_answer
from domain.supply.tables import SupplyPlan
from workflows.terms.quantities import Quantity, quantity_of, written

router = APIRouter(
    tags=["suppliers"],
    responses=documented(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable, NotConfigured),
)

Reader = Annotated[Actor, Depends(require("replenishments.read"))]
Buyer = Annotated[Actor, Depends(require("replenishments.decide"))]
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="as `_supply.yaml` has it")]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the plan's id")]
Token = Annotated[str | None, Query(max_length=1000, description="of a link from `aftershow supply link`")]
Text = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
SHOWN = 30
_pages = Environment(loader=PackageLoader("api", "pages"), autoescape=True, undefined=StrictUndefined)
_pages.filters["units"] = lambda units: written(quantity_of(units))

_WORDS = {
    "needed": "a change needs the products that change",
    "not_asked": "wasn't asked for in this plan",
    "below_zero": "must be 0 or more",
    "not_whole_packs": "must be whole packs",
    "confirm_needed": (
        "is more than sells before it expires, than `max` leaves room for, or than ten times what was proposed; "
        "send `confirm: true` if it is meant"
    ),
    "bad_day": "must be a day from today on, at most 60 days after the one that was asked for",
}


class Card(BaseModel):
    """How good a supplier has been, of deliveries that are over: parts of 1, null without any.

    `answered` in time, `on_time` of the promised day, `filled` of the units ordered; lots that came with too short a
    life, or weren't those of the notice.
    """

    deliveries: int
    answered: float | None
    on_time: float | None
    filled: float | None
    short_life: int
    wrong_lot: int


class SupplierState(BaseModel):
    """A supplier of the published terms."""

    supplier: str
    name: str | None
    way: str
    products: int
    scorecard: Card


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Answer(_Body):
    """What the supplier says to a plan. `lines` are the products that change, in units; `promised_on` another day."""

    verdict: Verdict
    lines: Annotated[dict[str, Quantity], Field(max_length=1000)] = Field(default_factory=dict)
    reason: Text | None = None
    promised_on: date | None = None


class BuyersDecision(_Body):
    """`accept` orders what the supplier offers, or what was proposed where nobody answered; `refuse` orders nothing.

    `change` orders that with other units of the products in `lines`; `confirm` says that an extreme change is meant.
    The supplier is told the `reason`.
    """

    verdict: Decision
    lines: Annotated[dict[str, Quantity], Field(max_length=1000)] = Field(default_factory=dict)
    reason: Text | None = None
    confirm: Annotated[bool, Field(strict=True)] = False


@router.get("/v1/suppliers", summary="List the suppliers, and how good they are")
def get_suppliers(request: Request, _: Reader) -> list[SupplierState]:
    with context(request).db() as session:
        suppliers = read_library(session).supply.suppliers
        plans: dict[str, list[SupplyPlan]] = {}
        for plan in session.exec(select(SupplyPlan).where(col(SupplyPlan.supplier).in_(suppliers))):
            plans.setdefault(plan.supplier, []).append(plan)
        return [
            SupplierState(
                supplier=name,
                name=each.name,
                way=each.way,
                products=len(each.products),
                scorecard=Card(**vars(scorecard(plans.get(name, [])))),
            )
            for name, each in suppliers.items()
        ]


@router.get("/v1/supply/plans", summary="List the deliveries that are planned")
def get_plans(
    request: Request,
    _: Reader,
    supplier: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    status: Annotated[str | None, Query(max_length=20, pattern=r"^[a-z]*$", description="only these")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Plan]:
    """The newest first."""
    query = select(SupplyPlan).order_by(col(SupplyPlan.id).desc()).limit(limit)
    if supplier:
        query = query.where(SupplyPlan.supplier == supplier)
    if status:
        query = query.where(SupplyPlan.status == status)
    with context(request).db() as session:
        return all_shown(session, session.exec(query).all())


@router.get("/v1/supply/plans/{id}", summary="Read a delivery that is planned")
def get_plan(request: Request, _: Reader, id: Id) -> Plan:
    with context(request).db() as session:
        return shown(session, _plan(session, id))


@router.post("/v1/suppliers/{name}/plans", status_code=201, summary="Plan a supplier's next delivery now")
def post_plan(request: Request, caller: Buyer, name: Name) -> Plan:
    """In place of waiting for the morning of its day. `409` if that delivery is planned already."""
    env = context(request)

    def act(work: UnitOfWork) -> Plan:
        library, now = read_library(work), env.clock.now()
        supplier = library.supply.suppliers.get(name)
        if supplier is None:
            raise NotFound("There is no such supplier in the published terms.")
        plan = plan_delivery(work, name, supplier, now, library.policy_zone)
        if plan is None:
            raise Conflict("The supplier's next delivery is planned already.")
        work.enqueue(LookAtSupplier(name))
        audit.record(work, caller, "supply.plan", f"supply_plan:{plan.id}", env.wall.now(), after={"supplier": name})
        return shown(work, plan)

    return in_transaction(env.db, act)


_ANSWER = {"verdict": "change", "lines": {"milk-1l": 48}, "reason": "产能不足", "promised_on": "2026-03-06"}


@router.post(
    "/v1/supply/plans/{id}/answer",
    summary="Answer a plan for its supplier",
    openapi_extra=described(Answer, _ANSWER),
)
async def post_answer(request: Request, id: Id, _: Credentials, __: Cookie, token: Token = None) -> Plan:
    """By the token of the supplier's link, or by who may decide. The same answer twice is one; another is `409`.

    What is changed by no more than the agreed part, and by a vmi supplier within min and max, is agreed; the rest is
    for the buyer. An answer after the deadline counts while nobody has decided, and is marked late.
    """
    env = context(request)
    plan = await run_in_threadpool(_read, env, id) if token is not None else None
    if token is not None:
        SUPPLIERS.check(env.signing_key, token, plan.supplier if plan else "")
        actor = None
    else:
        actor = await authorized(request, "replenishments.decide")
    answer = await read_json(request, Answer)

    def act(work: UnitOfWork) -> Plan:
        _plan(work, id)
        now = env.clock.now()
        try:
            taken = take_answer(
                work, id, answer.verdict, answer.lines, now, reason=answer.reason, promised_on=answer.promised_on
            )
        except AnswerError as wrong:
            raise _invalid(wrong) from None
        except ClosedError as closed:
            raise _closed(closed) from None
        if actor is not None:
            audit.record(
                work, actor, "supply.answer", f"supply_plan:{id}", env.wall.now(), after={"status": taken.status}
            )
        return shown(work, taken)

    return await run_in_threadpool(in_transaction, env.db, act)


@router.post(
    "/v1/supply/plans/{id}/decide",
    summary="Decide on a supplier's answer",
    openapi_extra=described(BuyersDecision, {"verdict": "accept"}),
)
async def post_decide(request: Request, caller: Buyer, id: Id) -> Plan:
    """`409` where nothing is to be decided.

    A change to more than sells before it expires, than `max` leaves room for, or than ten times what was proposed is
    refused as `confirm_needed` unless `confirm` is true.
    """
    env = context(request)
    decision = await read_json(request, BuyersDecision)

    def act(work: UnitOfWork) -> Plan:
        _plan(work, id)
        by = f"{caller.kind} {caller.id}"
        try:
            plan = decide(
                work, id, decision.verdict, by, env.clock.now(),
                changes=decision.lines, reason=decision.reason, confirmed=decision.confirm,
            )  # fmt: skip
        except AnswerError as wrong:
            raise _invalid(wrong) from None
        except ClosedError as closed:
            raise _closed(closed) from None
        audit.record(work, caller, f"supply.{decision.verdict}", f"supply_plan:{id}", env.wall.now())
        return shown(work, plan)

    return await run_in_threadpool(in_transaction, env.db, act)


@router.get("/supplier/{name}", summary="A supplier's page", response_class=HTMLResponse)
def get_page(request: Request, name: Name, token: Token = None) -> HTMLResponse:
    """Opened by a link from `aftershow supply link`: what sells, what is there, the plan to answer, and what was."""
    env = context(request)
    SUPPLIERS.check(env.signing_key, token or "", name)
    with env.db() as session:
        library = read_library(session)
        supplier = library.supply.suppliers.get(name)
        if supplier is None:
            raise NotFound("There is no such supplier in the published terms.")
        query = select(SupplyPlan).where(SupplyPlan.supplier == name).order_by(col(SupplyPlan.id).desc()).limit(SHOWN)
        plans = [each.model_dump(mode="json") for each in all_shown(session, session.exec(query).all())]
        names = names_of(session, supplier.products)
    packs = {sku: float(terms.pack) for sku, terms in supplier.products.items()}
    nonce = secrets.token_urlsafe(16)
    page = _pages.get_template("supplier.html").render(
        title=supplier.name or name, plans=plans, names=names, packs=packs, token=quote(token or ""), nonce=nonce,
        way=supplier.way,
    )  # fmt: skip
    policy = (
        f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return HTMLResponse(
        page,
        headers={
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


_CLOSED: dict[str, str] = {"answered_already": "The plan was answered already, and otherwise."}


def _closed(closed: ClosedError) -> Conflict:
    status = str(closed)
    return Conflict(_CLOSED.get(status, "The plan isn't open for this any more."), status_now=status)


def _invalid(wrong: AnswerError) -> Invalid:
    return Invalid(errors=[{"field": wrong.field, "reason": wrong.reason, "detail": _WORDS[wrong.reason]}])


def _read(env: Context, id: int) -> SupplyPlan | None:
    with env.db() as session:
        return session.get(SupplyPlan, id)


def _plan(session: Session, id: int) -> SupplyPlan:
    plan = session.get(SupplyPlan, id)
    if plan is None:
        raise NotFound("There is no such plan.")
    return plan
