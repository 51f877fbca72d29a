"""API keys: `/v1/keys`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, NotFound, Stale, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.access.keys import create_key, find_key, revoke_key
from domain.access.permissions import of_scopes
from domain.access.tables import ApiKey

router = APIRouter(tags=["keys"], responses=documented(Unauthorized, Forbidden, Stale, Invalid, Unavailable))

Manager = Annotated[Actor, Depends(require("keys.manage"))]


class NewKey(BaseModel):
    """`scopes` are names of sets (`ingest`, `track`, `read`, `admin`) or single permissions.

    `origins` are the sites whose pages may track with it; `events_per_second` is what it may send to one process.
    """

    name: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
    scopes: list[str] = Field(max_length=50)
    origins: list[Annotated[str, StringConstraints(max_length=200)]] = Field(default_factory=list, max_length=50)
    events_per_second: int | None = Field(default=None, ge=1, le=1_000_000)


class KeyState(BaseModel):
    """A key, without its secret."""

    id: int
    name: str
    scopes: list[str]
    origins: list[str]
    events_per_second: int | None
    created_at: datetime
    revoked_at: datetime | None


class CreatedKey(KeyState):
    """`secret` is shown this once."""

    secret: str


@router.get("/v1/keys", summary="List the API keys")
def get_keys(request: Request, _: Manager) -> list[KeyState]:
    with context(request).db() as session:
        return [_shown(each) for each in session.exec(select(ApiKey).order_by(col(ApiKey.id).desc()))]


@router.post(
    "/v1/keys",
    status_code=201,
    summary="Make an API key",
    openapi_extra=described(NewKey, {"name": "mini-program", "scopes": ["ingest"]}),
)
async def post_key(request: Request, caller: Manager) -> CreatedKey:
    """Nobody can give a key more than they may do themselves."""
    return await run_in_threadpool(_create, context(request), caller, await read_json(request, NewKey))


def _create(env: Context, caller: Actor, body: NewKey) -> CreatedKey:
    if not of_scopes(body.scopes) <= caller.permissions:
        raise Forbidden("A key can't be permitted more than who makes it.")
    with env.db.begin() as session:
        try:
            secret = create_key(
                session,
                body.name,
                body.scopes,
                env.clock.now(),
                origins=body.origins,
                events_per_second=body.events_per_second,
            )
        except ValueError as problem:
            raise Invalid(f"{str(problem).capitalize()}.") from None
        key = find_key(session, secret)
        assert key is not None
        after = {"name": key.name, "scopes": key.scopes, "origins": key.origins}
        audit.record(session, caller, "key.create", f"key:{key.id}", env.wall.now(), after=after)
        return CreatedKey(secret=secret, **_shown(key).model_dump())


@router.delete("/v1/keys/{id}", status_code=204, summary="Revoke an API key", responses=documented(NotFound))
def delete_key(
    request: Request, caller: Manager, id: Annotated[int, Path(ge=1, le=2**63 - 1, description="the key's id")]
) -> None:
    """At once, and for ever. Revoking it twice is revoking it once."""
    env = context(request)
    with env.db.begin() as session:
        key = session.get(ApiKey, id)
        if key is None:
            raise NotFound(f"There is no key {id}.")
        if revoke_key(session, id, env.clock.now()):
            audit.record(session, caller, "key.revoke", f"key:{id}", env.wall.now(), before={"name": key.name})


def _shown(key: ApiKey) -> KeyState:
    return KeyState.model_validate(key, from_attributes=True)
