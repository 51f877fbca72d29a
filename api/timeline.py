"""A customer's life, what happened and what was decided: `GET /v1/customers/{id}/timeline`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from api.http.auth import require
from api.http.context import context
from api.http.customers import CustomerName, find_customer
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.catalogue.types import is_about_a_step
from domain.intake.life import called, life
from domain.intake.tables import Event
from domain.intake.timeline import TimelineCursor, timeline
from domain.published.library import Library, read_library
from domain.voice.masking import masked
from workflows.terms.because import worded
from workflows.terms.values import Language
from workflows.verbs.base import Decision
from workflows.words.happening import Called, happening_words
from workflows.words.telling import render

router = APIRouter(tags=["customers"])

Limit = Annotated[int, Query(ge=1, le=200, description="entries of a page, at most")]


class TimelineEntry(BaseModel):
    """An `event` that happened, a `decision`, or an `identity` that was joined or split; `words` say it plainly.

    `title` is the journey's that decided, or that a receipt is about, "" if there is none. Of an event, `what` is its
    type and `value` the source that told it. The rest is for programs.
    """

    at: datetime
    kind: Literal["event", "decision", "identity"]
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
    summary="Read what happened to a customer, what was decided, and why",
    responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
)
def get_timeline(
    request: Request,
    _: Annotated[Actor, Depends(require("customers.read"))],
    name: CustomerName,
    journey: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="only what this one decided")
    ] = None,
    lang: Annotated[Language, Query(description="of the words")] = "zh",
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Timeline:
    """The events of the customer over all identities, and among them each decision with its reason, oldest first.

    Of events the facts are told that matter: amounts, products, livestreams, channels, and what the customer wrote,
    with `***` in the place of numbers and addresses. What an event said that was erased
    is gone. An event that could have begun a journey but didn't meet its trigger's condition is told as `not_entered`,
    `where`, too.
    """
    place = _place(after)
    with context(request).db() as session:
        customer = find_customer(session, name)
        library, customer_id = read_library(session), customer.id
        page: Sequence[tuple[TimelineCursor, Decision | Event]] = (
            timeline(session, customer, journey=journey, after=place, limit=limit + 1)
            if journey
            else life(session, customer, after=place, limit=limit + 1)
        )
        names = replace(called(session, [entry for _, entry in page if isinstance(entry, Event)]), hide=masked)
        say, zone = library.wording(lang), library.zone(customer)
        entries = [
            _happened(entry, library, lang, names) if isinstance(entry, Event)
            else TimelineEntry.model_validate({
                **vars(entry),
                "kind": "identity" if entry.what in ("joined", "split") else "decision",
                "title": library.title(entry.journey),
                "because": entry.because and worded(entry.because, lang),
                "words": render(entry, say, zone),
            })
            for _, entry in page[:limit]
        ]  # fmt: skip
    return Timeline(customer=customer_id, entries=entries, next=str(page[limit - 1][0]) if len(page) > limit else None)


def _happened(event: Event, library: Library, lang: Language, names: Called) -> TimelineEntry:
    about = event.data if is_about_a_step(event.type) else {}
    journey = str(about.get("journey") or "")
    return TimelineEntry(
        at=event.time, kind="event", journey=journey, title=library.title(journey), what=event.type, value=event.source,
        words=happening_words(event.type, event.data, library.wording(lang), names, forgotten=event.forgotten),
        enrollment=about.get("enrollment"), step=about.get("step"), via=None, reason=None, until=None, because=None,
        event=event.type,
    )  # fmt: skip


def _place(text: str | None) -> TimelineCursor | None:
    try:
        return TimelineCursor.of(text) if text else None
    except ValueError:
        raise Invalid("`after` must be what an earlier page gave as `next`.") from None
