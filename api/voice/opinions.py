"""What comments were read to say: listed, and put right."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.places import place, read_number_place
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from domain.access import audit
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from domain.voice.opinions import READ, Asked, Listed, correct, listed, one
from domain.voice.products import spoken_skus
from domain.voice.reading import Kind, Sentiment
from domain.voice.tables import StoredOpinion
from domain.voice.themes import Themes
from workflows.language.voice import Aspect

router = APIRouter(tags=["voice"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("voice.read"))]
Editor = Annotated[Actor, Depends(require("voice.edit"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the opinion's id")]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^\x00]*$")]
Sku = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class OpinionState(BaseModel):
    """One thing that a customer said, `at` an instant, in an event of the type `said_in`.

    `phrase` has no telephone numbers; it is empty where the person was forgotten. `reader` is what was read, where a
    person corrected it.
    """

    id: int
    at: datetime
    said_in: str
    stream_id: str | None
    sku: str | None
    product: str | None
    kind: Kind
    aspect: Aspect | None
    sentiment: Sentiment | None
    topic: str | None
    phrase: str
    confidence: float
    reader: dict[str, str | None] | None
    corrected_by: str | None
    corrected_at: datetime | None


class Opinions(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    opinions: list[OpinionState]
    next: str | None


class Correction(BaseModel):
    """What is right instead; what isn't given stays. Questions, chatter and spam have no aspect and no sentiment."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind | None = None
    aspect: Aspect | None = None
    sentiment: Sentiment | None = None
    topic: Word | None = None
    sku: Sku | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Correction":
        if not any(getattr(self, name) is not None for name in READ):
            raise ValueError("give at least one of kind, aspect, sentiment, topic and sku")
        return self


@router.get("/v1/opinions", summary="List what customers said")
def get_opinions(
    request: Request,
    _: Reader,
    sku: Annotated[Name, Query(description="only about this product")] = None,
    stream: Annotated[Name, Query(description="only in this show")] = None,
    kind: Annotated[Kind | None, Query(description="only of this kind")] = None,
    aspect: Annotated[Aspect | None, Query(description="only about this")] = None,
    sentiment: Annotated[Sentiment | None, Query(description="only with this sentiment")] = None,
    topic: Annotated[Name, Query(description="only of this topic")] = None,
    corrected: Annotated[bool | None, Query(description="only those that people put right, or only others")] = None,
    since: Annotated[AwareDatetime | None, Query(description="only said at this instant or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="only said before this instant")] = None,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Opinions:
    """Comments are read within seconds of their events."""
    asked = Asked(sku, stream, kind, aspect, sentiment, topic, corrected, since, until)
    begins = read_number_place(after)
    with context(request).db() as session:
        rows = listed(session, asked, after=begins, limit=limit + 1)
        shown = [_state(each) for each in rows[:limit]]
    return Opinions(opinions=shown, next=place(shown[-1].at, shown[-1].id) if len(rows) > limit else None)


@router.post(
    "/v1/opinions/{id}",
    summary="Put an opinion right",
    responses=documented(NotFound),
    openapi_extra=described(Correction, {"aspect": "taste", "sentiment": "negative"}),
)
async def post_opinion(request: Request, caller: Editor, id: Id) -> OpinionState:
    """It is kept beside what was read, and counts wherever the same phrase comes again.

    `aftershow voice corrections` writes all of them, to train a reader with.
    """
    body = await read_json(request, Correction)
    return await run_in_threadpool(_correct, context(request), caller, id, body)


def _correct(env: Context, caller: Actor, id: int, body: Correction) -> OpinionState:
    changes = body.model_dump(exclude_none=True)

    def put_right(work: UnitOfWork) -> None:
        opinion = work.get(StoredOpinion, id, with_for_update=True)
        if opinion is None:
            raise NotFound("There is no such opinion.")
        kind = changes.get("kind", opinion.kind)
        if kind in ("opinion", "wish") and not changes.get("aspect", opinion.aspect):
            raise _wrong("aspect", "an opinion or a wish is about one of the aspects")
        if kind == "opinion" and changes.get("sentiment", opinion.sentiment) in (None, "wish"):
            raise _wrong("sentiment", "an opinion is positive, negative or neutral")
        before = {name: getattr(opinion, name) for name in changes}
        themes = Themes(read_library(work).voice, spoken_skus(work))
        correct(work, themes, opinion, changes, caller.name, env.clock.now())
        target, now = f"opinion:{id}", env.wall.now()
        audit.record(work, caller, "voice.correct", target, now, before=before, after=dict(changes))

    in_transaction(env.db, put_right)
    with env.db() as session:
        found = one(session, id)
    if found is None:
        raise NotFound("There is no such opinion.")
    return _state(found)


def _wrong(field: str, detail: str) -> Invalid:
    return Invalid(errors=[{"field": field, "reason": "missing", "detail": detail}])


def _state(found: Listed) -> OpinionState:
    extra: dict[str, Any] = {"said_in": found.said_in, "product": found.product}
    return OpinionState.model_validate(found.opinion.model_dump() | extra)
