"""Errors as RFC 9457 problem details. None of them repeats what was sent, for it may be personal."""

import json
import logging
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount

from api.http.chinese import details_in_chinese, in_chinese, is_chinese_wanted

_READING = ("GET", "HEAD")
_METHODS = (*_READING, "POST", "PUT", "PATCH", "DELETE")

MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 it is what RFC 9457 calls it
    """The root of the errors that a caller is told of. A subclass is a kind of problem: its status, code and title."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "unexpected"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"
    title = "A valid API key or a session is needed"


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "The caller lacks a permission"


class Stale(Problem):
    status = 403
    code = "stale"
    title = "The page belongs to another session"


class Forged(Problem):
    status = 403
    code = "forged"
    title = "This can't be told to come from the provider"


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is nothing here"


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "The present state doesn't allow it"


class ChangedMeanwhile(Problem):
    status = 412
    code = "changed_meanwhile"
    title = "Somebody else has changed it since it was read"


class Refused(Problem):
    status = 409
    code = "refused"
    title = "The coupons can't be used on this order"


class Gone(Problem):
    status = 410
    code = "gone"
    title = "The link has ended"


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"
    title = "The body is too large"


class TooSlow(Problem):
    status = 408
    code = "too_slow"
    title = "The body took too long to come"


class TooManyEvents(Problem):
    status = 413
    code = "too_many_events"
    title = "The batch holds too many events"


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "The content type isn't one that is read here"


class Invalid(Problem):
    status = 422
    code = "invalid"
    title = "Nothing of the request could be taken"


class TooFast(Problem):
    status = 429
    code = "too_fast"
    title = "Too many events at once"


class TooManyAttempts(Problem):
    status = 429
    code = "too_many_attempts"
    title = "Too many attempts to sign in"


class Unavailable(Problem):
    status = 503
    code = "unavailable"
    title = "The service can't take this now; try again"


def respond(problem: Problem, request: Request | None = None) -> Response:
    """The answer that tells of a problem, in Chinese to who would rather read that (`Accept-Language`)."""
    title, detail, headers, members = problem.title, problem.detail, problem.headers, problem.members
    if request is not None and is_chinese_wanted(request.headers.get("accept-language", "")):
        title, detail = in_chinese(title), in_chinese(detail)
        headers = {**headers, "Content-Language": "zh"}
        if isinstance(errors := members.get("errors"), list):
            members = {**members, "errors": details_in_chinese(errors)}
    return _response(problem.status, problem.code, title, detail, headers, members)


def unexpected(error: Exception) -> Response:
    """The answer to a fault of ours. The log is told where it happened, not with what: messages may hold data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("unexpected %s\n%s", _name(error), frames)
    return respond(Problem())


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    for kind in (OperationalError, InterfaceError, DBAPIError, PoolTimeoutError):
        app.add_exception_handler(kind, _on_database)


def _response(
    status: int, code: str, title: str, detail: str, headers: Mapping[str, str], members: Mapping[str, Any]
) -> Response:
    body: dict[str, Any] = {"type": f"urn:aftershow:problem:{code}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    content = json.dumps(body | dict(members), ensure_ascii=False).encode(errors="backslashreplace")
    return Response(content, status, dict(headers), MEDIA_TYPE)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return respond(error, request)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NotFound.status:
        return respond(NotFound(headers=error.headers), request)
    if error.status_code == 400:  # what FastAPI says of a body that isn't even text
        return respond(Invalid("The body can't be read."), request)
    if error.status_code == 405:
        headers = {"Allow": ", ".join(_allowed_methods(request))}
        return _response(405, "method_not_allowed", "This method isn't allowed here", "", headers, {})
    return _response(error.status_code, "http_error", "The request can't be served", "", error.headers or {}, {})


def _allowed_methods(request: Request) -> list[str]:
    """What can be asked at this path, of all routes that there are to it. What is mounted are files, to be read."""
    scope = {**request.scope, "root_path": request.app.root_path}
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
            if method in _READING or not isinstance(route, Mount)
        )
    ]


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(map(str, item["loc"])), "reason": item["type"], "detail": item["msg"]}
        for item in error.errors()
    ]
    return respond(Invalid(errors=errors), request)


async def _on_disconnect(_: Request, __: Exception) -> Response:
    return _response(400, "disconnected", "The connection was lost before the body had arrived", "", {}, {})


async def _on_database(request: Request, error: Exception) -> Response:
    if not is_away(error):
        return unexpected(error)
    logger.warning("the database can't take it now: %s", _name(error))
    return respond(Unavailable("The database can't take it now.", headers={"Retry-After": "2"}), request)


def sqlstate(error: BaseException) -> str | None:
    """Postgres' code of an error, if it came from there."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def _name(error: Exception) -> str:
    state = sqlstate(error)
    return f"{type(error).__name__} (SQLSTATE {state})" if state else type(error).__name__


def is_away(error: Exception) -> bool:
    """Whether the error means that the database can't be reached or can't serve now, so that trying again helps."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def documented(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these kinds of problem."""
    documented_answers: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = documented_answers.setdefault(
            kind.status, {"description": kind.title, "content": {MEDIA_TYPE: {"examples": {}}}}
        )
        entry["content"][MEDIA_TYPE]["examples"][kind.code] = {
            "value": {"type": f"urn:aftershow:problem:{kind.code}", "title": kind.title, "status": kind.status}
        }
    return documented_answers
