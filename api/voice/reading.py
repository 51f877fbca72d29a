"""Comments read on demand: `/v1/voice/read`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.library import read_library
from domain.voice.products import spoken_names
from domain.voice.reading import EmbeddedReader, Kind, Sentiment
from workflows.language.voice import Aspect

router = APIRouter(tags=["voice"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("voice.read"))]
MOST_TEXTS = 2_000


class Said(BaseModel):
    """One thing that a comment says. `aspect` and `sentiment` are null for a question, chatter and spam.

    `product` is the product that it names, as the shop calls it; `phrase` the words it was read from.
    """

    kind: Kind
    aspect: Aspect | None
    sentiment: Sentiment | None
    product: str | None
    phrase: str | None
    confidence: float


class Comments(BaseModel):
    """Comments to be read. Of each, 2,000 characters count."""

    model_config = ConfigDict(extra="forbid", strict=True)

    texts: list[Annotated[str, Field(max_length=20_000)]] = Field(max_length=MOST_TEXTS)


@router.post(
    "/v1/voice/read",
    summary="Read comments",
    openapi_extra=described(Comments, {"texts": ["酸菜鱼味道好淡，包装倒是很严实", "几天能到？"]}),
)
async def post_read(request: Request, _: Reader) -> list[list[Said]]:
    """What each of the texts says, in their order: a row for each aspect, or one row without any. Nothing is stored."""
    body = await read_json(request, Comments)
    return await run_in_threadpool(_read, request, body.texts)


def _read(request: Request, texts: list[str]) -> Any:
    with context(request).db() as session:
        reader = EmbeddedReader(read_library(session).voice, spoken_names(session))
    return [[Said(**vars(said)) for said in row] for row in reader.read(texts)]
