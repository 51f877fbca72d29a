"""Who changed what: `/v1/audit`."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor

router = APIRouter(tags=["audit"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Filter = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class Entry(BaseModel):
    """A change, or a refusal. `actor` is `user:7`, `key:3` or `cli:alice`, `address` where the request came from.

    `before` and `after` tell what differs.
    """

    id: int
    at: datetime
    actor: str
    name: str
    address: str | None
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Page(BaseModel):
    """The newest first. `next` is what to give as `after` for the following page; null after the last."""

    entries: list[Entry]
    next: int | None


@router.get("/v1/audit", summary="Read who changed what")
def get_audit(
    request: Request,
    _: Annotated[Actor, Depends(require("audit.read"))],
    actor: Filter = None,
    action: Annotated[Filter, Query(description="whole (`journey.pause`) or its first part (`journey`)")] = None,
    target: Filter = None,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="entries of a page, at most")] = 50,
) -> Page:
    """Every change by API, console or command line, but for what shops send all day (events, and coupons in use), and
    for a draft that is written on, which keeps its revisions with who and when.
    """
    with context(request).db() as session:
        rows = audit.entries(session, actor=actor, action=action, target=target, before=after, limit=limit + 1)
        page = [Entry.model_validate(each, from_attributes=True) for each in rows[:limit]]
    return Page(entries=page, next=page[-1].id if len(rows) > limit else None)
