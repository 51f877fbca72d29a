"""What was decided about a customer: `GET /v1/customers/{id}/timeline`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from api.http.auth import require
from api.http.context import context
from api.http.customers import CustomerName, find_customer
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.intake.timeline import TimelineCursor, timeline
from domain.published.library import read_library
from workflows.terms.because import worded
from workflows.terms.values import Language
from workflows.words.telling import render

router = APIRouter(tags=["customers"])

Limit = Annotated[int, Query(ge=1, le=200, description="entries of a page, at most")]


class TimelineEntry(BaseModel):
    """One decision; `words` and `because` say it plainly, `title` is the journey's; the rest is for programs."""

    at: datetime
    journey: str
    title: str
    what: str
    value: str
    words: str
    enrollment: int | None
    step: str | None
    via: str | None
    reason: str | None
    until: datetime | None
    because: str | None
    event: str | None


class Timeline(BaseModel):
    """A page, oldest first. `next` is what to give as `after` for the following one; null after the last."""

    customer: int
    entries: list[TimelineEntry]
    next: str | None


@router.get(
    "/v1/customers/{id}/timeline",
    summary="Read what was decided about a customer, and why",
    responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
)
def get_timeline(
    request: Request,
    _: Annotated[Actor, Depends(require("customers.read"))],
    name: CustomerName,
    journey: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="only this one")] = None,
    lang: Annotated[Language, Query(description="of the words")] = "zh",
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Timeline:
    """Entered or not, held, suppressed, sent, waited, ended: each decision with its reason, oldest first.

    An event that could have begun a journey but didn't meet its trigger's condition is told as `not_entered`, `where`.
    """
    with context(request).db() as session:
        customer = find_customer(session, name)
        page = timeline(session, customer, journey=journey, after=_place(after), limit=limit + 1)
        library, customer_id = read_library(session), customer.id
        say, zone = library.wording(lang), library.zone(customer)
    entries = [
        TimelineEntry.model_validate(
            {
                **vars(decision),
                "title": library.title(decision.journey),
                "because": decision.because and worded(decision.because, lang),
                "words": render(decision, say, zone),
            }
        )
        for _, decision in page[:limit]
    ]
    return Timeline(customer=customer_id, entries=entries, next=str(page[limit - 1][0]) if len(page) > limit else None)


def _place(text: str | None) -> TimelineCursor | None:
    try:
        return TimelineCursor.of(text) if text else None
    except ValueError:
        raise Invalid("`after` must be what an earlier page gave as `next`.") from None
