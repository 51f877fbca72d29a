"""Requirements: what customers say becomes a product."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.voice.papers import FormatQuery, written
from domain.access import audit
from domain.access.actors import Actor
from domain.store.work import UnitOfWork
from domain.voice.lessons import requirements as rules
from domain.voice.lessons.requirement_paper import paper_of
from domain.voice.lessons.requirements import RefusedError, Reviewer, Status, Verdict
from domain.voice.tables import Requirement
from workflows.language.voice import Aspect

router = APIRouter(
    tags=["voice"], responses=documented(Unauthorized, Forbidden, NotFound, Conflict, Invalid, Unavailable)
)

Reader = Annotated[Actor, Depends(require("voice.read"))]
Editor = Annotated[Actor, Depends(require("voice.edit"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the requirement's id")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Evidence(BaseModel):
    """What there was in the 90 days before: who said it, of those who spoke of the product, and who of them bought it.

    Orders and units of the product, and orders given back for this reason.
    """

    count: int
    speakers: int
    share: float
    usual: float | None
    buyers: int
    comments: int
    since: datetime
    until: datetime
    orders: int
    units: float
    returns: int


class ReviewGiven(BaseModel):
    """A department's verdict; `round` is how often the proposal was changed before, and one."""

    department: Reviewer
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    round: int


class Result(BaseModel):
    """The first show of the new product beside the usual one: units a minute, and who says the same again."""

    stream_id: str
    per_minute: float
    usual_per_minute: float | None
    usual_shows: int
    share: float
    count: int
    share_before: float


class RequirementState(BaseModel):
    """What is asked of a product because of a topic, from the reviews to the result.

    `waits_for` are the departments that haven't reviewed it; `due_at` is when it reminds them.
    """

    id: int
    sku: str
    aspect: Aspect
    topic: str
    title: str
    status: Status
    proposal: str
    measure: str
    evidence: Evidence
    quotes: list[str]
    reviews: list[ReviewGiven]
    waits_for: list[Reviewer]
    round: int
    reminders: int
    created_by: str
    created_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    new_sku: str | None
    launched_at: datetime | None
    result: Result | None
    closed_at: datetime | None


class RequirementSummary(BaseModel):
    """A requirement in a list."""

    id: int
    sku: str
    title: str
    status: Status
    created_by: str
    created_at: datetime
    waits_for: list[Reviewer]
    new_sku: str | None


class Requirements(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    requirements: list[RequirementSummary]
    next: int | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRequirement(_Body):
    """A topic of a product as `GET /v1/topics` names it, what to change, and how success will be measured."""

    sku: Word
    aspect: Aspect
    topic: Word
    proposal: Text
    measure: Text


class Revision(_Body):
    """What is proposed instead."""

    proposal: Text | None = None
    measure: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Revision":
        if self.proposal is None and self.measure is None:
            raise ValueError("give `proposal` or `measure`")
        return self


class NewReview(_Body):
    """A department's verdict. A change and a refusal need a reason."""

    department: Reviewer
    verdict: Verdict
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000, pattern=r"^[^\x00]*$")] = ""

    @model_validator(mode="after")
    def _has_reason(self) -> "NewReview":
        if self.verdict != "approve" and not self.reason:
            raise ValueError("a change and a refusal need a `reason`")
        return self


@router.get("/v1/requirements", summary="List the requirements")
def get_requirements(
    request: Request,
    _: Reader,
    status: Annotated[Status | None, Query(description="only these")] = None,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Requirements:
    with context(request).db() as session:
        rows = rules.listed(session, status, after=after, limit=limit + 1)
        shown = [
            RequirementSummary.model_validate({**row.model_dump(), "waits_for": rules.waits_for(row)})
            for row in rows[:limit]
        ]
    return Requirements(requirements=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/v1/requirements/{id}", summary="Read a requirement", response_model=RequirementState)
def get_requirement(request: Request, _: Reader, id: Id, form: FormatQuery = "json") -> RequirementState | Response:
    with context(request).db() as session:
        row = _row(session, id)
        if (paper := written(lambda: paper_of(session, row), form, f"requirement-{id}")) is not None:
            return paper
        return _state(session, row)


_EXAMPLE = {
    "sku": "fish-1",
    "aspect": "taste",
    "topic": "口味偏淡",
    "proposal": "加一包盐，出轻盐和原味两版",
    "measure": "首场说淡的不超过 5%",
}


@router.post(
    "/v1/requirements",
    summary="Make a topic a requirement",
    status_code=201,
    openapi_extra=described(NewRequirement, _EXAMPLE),
)
async def post_requirement(request: Request, caller: Editor) -> RequirementState:
    """It is put up for review by product, supply and marketing at once."""
    body = await read_json(request, NewRequirement)
    return await run_in_threadpool(_make, context(request), caller, body)


@router.post(
    "/v1/requirements/{id}",
    summary="Change what is proposed",
    openapi_extra=described(Revision, {"proposal": "只出轻盐版"}),
)
async def post_revision(request: Request, caller: Editor, id: Id) -> RequirementState:
    """It is reviewed anew. `409` once it is decided."""
    body = await read_json(request, Revision)

    def act(work: UnitOfWork, env: Context) -> None:
        row = _row(work, id, for_update=True)
        before = {"status": row.status, "round": row.round}
        rules.revise(work, row, body.model_dump(exclude_none=True), env.clock.now())
        after = {"status": row.status, "round": row.round}
        target = f"requirement:{id}"
        audit.record(work, caller, "requirement.revise", target, env.wall.now(), before=before, after=after)

    return await run_in_threadpool(_change, context(request), id, act)


@router.post(
    "/v1/requirements/{id}/reviews",
    summary="Review a requirement",
    openapi_extra=described(NewReview, {"department": "supply", "verdict": "change", "reason": "小包盐要另找供应商"}),
)
async def post_review(request: Request, caller: Editor, id: Id) -> RequirementState:
    """All approving approves it; one who asks for a change makes it a draft, one refusal ends it. `409` if it isn't up
    for review.
    """
    body = await read_json(request, NewReview)

    def act(work: UnitOfWork, env: Context) -> None:
        row, now = _row(work, id, for_update=True), env.clock.now()
        before = {"status": row.status}
        rules.review(work, row, body.department, body.verdict, body.reason, caller.name, now)
        after = {"status": row.status, "department": body.department, "verdict": body.verdict}
        target = f"requirement:{id}"
        audit.record(work, caller, "requirement.review", target, env.wall.now(), before=before, after=after)

    return await run_in_threadpool(_change, context(request), id, act)


def _make(env: Context, caller: Actor, body: NewRequirement) -> RequirementState:
    def make(work: UnitOfWork) -> int:
        now = env.clock.now()
        known = rules.said_about(work, body.sku, now)
        of_it = [each for each in known if (each.key.aspect, each.key.topic) == (body.aspect, body.topic)]
        if not of_it:
            named = ", ".join(f"{each.key.aspect} {each.key.topic}" for each in known[:10]) or "nothing"
            detail = f"nobody said this of the product in 90 days; what they said: {named}"
            raise Invalid(errors=[{"field": "topic", "reason": "unknown", "detail": detail}])
        row = rules.draft(work, of_it[0], body.proposal, body.measure, caller.name, now)
        after = {"status": row.status, "sku": body.sku, "aspect": body.aspect, "topic": body.topic}
        audit.record(work, caller, "requirement.make", f"requirement:{row.id}", env.wall.now(), after=after)
        return row.id

    id = in_transaction(env.db, make)
    with env.db() as session:
        return _state(session, _row(session, id))


def _change(env: Context, id: int, act: Callable[[UnitOfWork, Context], None]) -> RequirementState:
    try:
        in_transaction(env.db, lambda work: act(work, env))
    except RefusedError as refused:
        with env.db() as session:
            raise Conflict(str(refused), status_now=_row(session, id).status) from None
    with env.db() as session:
        return _state(session, _row(session, id))


def _row(session: Session, id: int, *, for_update: bool = False) -> Requirement:
    row = session.get(Requirement, id, with_for_update=for_update)
    if row is None:
        raise NotFound("There is no such requirement.")
    return row


def _state(session: Session, row: Requirement) -> RequirementState:
    extra = {"waits_for": rules.waits_for(row), "quotes": list(rules.quotes(session, row))}
    return RequirementState.model_validate({**row.model_dump(), **extra})
