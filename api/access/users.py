"""Users: `/v1/users`."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import (
    ChangedMeanwhile,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    Unauthorized,
    Unavailable,
    documented,
)
from domain.access import audit, sessions, users
from domain.access.actors import Actor
from domain.access.permissions import Role
from domain.access.tables import User

router = APIRouter(tags=["users"], responses=documented(Unauthorized, Forbidden, Stale, Invalid, Unavailable))

Manager = Annotated[Actor, Depends(require("users.manage"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the user's id")]
Text = Annotated[str, StringConstraints(max_length=200)]


class NewUser(BaseModel):
    """Somebody who signs in with an email address or a phone. `staff` is the `owner` of a guide's customers."""

    name: Text
    email: Text | None = None
    phone: Text | None = None
    roles: list[Role]
    staff: Text | None = None


class Change(BaseModel):
    """What is to be another; what isn't given stays."""

    name: Text | None = None
    roles: list[Role] | None = None
    active: bool | None = None
    staff: Text | None = None


class UserState(BaseModel):
    """A user. One who isn't active can't sign in."""

    id: int
    name: str
    email: str | None
    phone: str | None
    roles: list[str]
    active: bool
    staff: str | None
    has_password: bool
    created_at: datetime
    etag: str = Field(description="what to send as `If-Match` with a change, so that it changes what was read")


class Invitation(BaseModel):
    """The secret of a link that signs the user in once, within a day: `/console/enter#…`."""

    token: str


@router.get("/v1/users", summary="List the users")
def get_users(request: Request, _: Manager) -> list[UserState]:
    with context(request).db() as session:
        return [_shown(each) for each in users.users(session)]


@router.post(
    "/v1/users",
    status_code=201,
    summary="Make a user",
    openapi_extra=described(NewUser, {"name": "李雷", "email": "li@shop.cn", "roles": ["marketer"]}),
)
async def post_user(request: Request, caller: Manager) -> UserState:
    """They have no password yet: make them a link."""
    return await run_in_threadpool(_create, context(request), caller, await read_json(request, NewUser))


def _create(env: Context, caller: Actor, body: NewUser) -> UserState:
    now = env.wall.now()
    with _told(), env.db.begin() as session:
        user = users.create_user(
            session, body.name, body.roles, now, email=body.email, phone=body.phone, staff=body.staff
        )
        audit.record(session, caller, "user.create", f"user:{user.id}", now, after=_audited(user))
        return _shown(user)


@router.get("/v1/users/{id}", summary="Read a user", responses=documented(NotFound))
def get_user(request: Request, response: Response, _: Manager, id: Id) -> UserState:
    with context(request).db() as session:
        user = _shown(_user(session, id))
    response.headers["ETag"] = user.etag
    return user


@router.patch(
    "/v1/users/{id}",
    summary="Change a user",
    responses=documented(NotFound, ChangedMeanwhile),
    openapi_extra=described(Change, {"roles": ["marketer", "analyst"]}),
)
async def patch_user(
    request: Request, response: Response, caller: Manager, id: Id, if_match: Annotated[str | None, Header()] = None
) -> UserState:
    """Who is made inactive is signed out everywhere at once. `412` if it isn't any more as `If-Match` says."""
    body = await read_json(request, Change)
    user = await run_in_threadpool(_change, context(request), caller, id, body, if_match)
    response.headers["ETag"] = user.etag
    return user


def _change(env: Context, caller: Actor, id: int, body: Change, if_match: str | None) -> UserState:
    with _told(), env.db.begin() as session:
        user = session.get(User, id, with_for_update=True) or _user(session, id)
        if if_match not in (None, "*", _shown(user).etag):
            raise ChangedMeanwhile("Read it again, and change what it is now.")
        before = _audited(user)
        users.change_user(session, user, name=body.name, roles=body.roles, active=body.active, staff=body.staff)
        audit.record(session, caller, "user.change", f"user:{id}", env.wall.now(), before=before, after=_audited(user))
        return _shown(user)


@router.post(
    "/v1/users/{id}/link", status_code=201, summary="Make a link to sign in by", responses=documented(NotFound)
)
def post_user_link(request: Request, caller: Manager, id: Id) -> Invitation:
    env = context(request)
    now = env.wall.now()
    with env.db.begin() as session:
        user = _user(session, id)
        token = sessions.make_link(session, user, now)
        audit.record(session, caller, "user.link", f"user:{id}", now)
        return Invitation(token=token)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except users.UserError as problem:
        error = {"field": problem.field, "reason": "unfit", "detail": str(problem)}
        raise Invalid(f"{str(problem).capitalize()}.", errors=[error]) from None


def _user(session: Session, id: int) -> User:
    user = session.get(User, id)
    if user is None:
        raise NotFound(f"There is no user {id}.")
    return user


def _audited(user: User) -> dict[str, Any]:
    return {"name": user.name, "roles": list(user.roles), "active": user.active, "staff": user.staff}


def _shown(user: User) -> UserState:
    values = {name: getattr(user, name) for name in UserState.model_fields if name not in ("has_password", "etag")}
    values["has_password"] = user.password is not None
    digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
    return UserState(**values, etag=f'"{digest[:16]}"')
