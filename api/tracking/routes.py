"""Where the SDKs of 神策, Segment, RudderStack and Snowplow send to: `/sa`, `/v1/batch` …, `/com.snowplowanalytics…`.

These paths and their answers are those SDKs', so they aren't in the OpenAPI document; docs/tracking.md describes them.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.console.files import read_files
from api.events.cloudevents import unpack
from api.http.context import Taken, context
from api.http.metrics import EVENTS
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable
from api.tracking import segment, sensors, snowplow
from api.tracking.tracked import Tracked, as_item
from domain.access.permissions import of_scopes
from domain.access.tables import ApiKey
from domain.catalogue import types
from domain.intake.ingest import in_trace
from domain.intake.reading import Item
from domain.published.library import read_library
from workflows.language.tracking import Tracking

router = APIRouter(include_in_schema=False)

BUILT = Path(__file__).parent / "built"
"""Where `make setup` puts our own script."""

SNOWPLOW = "/com.snowplowanalytics.snowplow/tp2"

_GZIP = b"\x1f\x8b"
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PREFLIGHT_SECONDS = 600

Read = Callable[[bytes], Sequence[Tracked]]


@router.post("/sa")
@router.post("/debug")
async def post_sensors(request: Request) -> Response:
    key = await _key(request, request.query_params.get("token", ""))
    body = await request.body()
    taken = await _take(request, key, "sensors", body, _sensors(request))
    return _answer(request, key, JSONResponse({"taken": len(taken)}))


@router.get("/sa.gif")
async def get_sensors(request: Request) -> Response:
    key = await _key(request, request.query_params.get("token", ""))
    await _take(request, key, "sensors", request.scope["query_string"], _sensors(request))
    return _answer(request, key, Response(_PIXEL, media_type="image/gif", headers={"Cache-Control": "no-store"}))


async def post_segment(request: Request) -> Response:
    call = request.url.path.rpartition("/")[2]
    key = await _key(request, secret) if (secret := _basic(request)) else None
    body = await _unpacked(request, await request.body())
    parsed = segment.parse(body)
    key = key or await _key(request, str(parsed.get("writeKey") or ""))
    most = context(request).limits.max_batch
    await _take(request, key, "segment", b"", lambda _: segment.read(call, parsed, most))
    return _answer(request, key, JSONResponse({"success": True}))


@router.post(SNOWPLOW)
async def post_snowplow(request: Request) -> Response:
    body = await _unpacked(request, await request.body())
    app, tracked = snowplow.read(body, context(request).limits.max_batch)
    key = await _key(request, app)
    await _take(request, key, "snowplow", b"", lambda _: tracked)
    return _answer(request, key, Response("ok", media_type="text/plain"))


@router.get("/aftershow.js")
@router.get("/aftershow.mini.js")
def get_script(request: Request) -> Response:
    """Our own script, for pages of any site, and the one that mini-programs take in."""
    file = read_files(BUILT).get(request.url.path[1:])
    if file is None:
        raise NotFound("The script isn't built; `make setup` builds it.")
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(file.plain, 200, headers, "text/javascript")


@router.options("/sa")
@router.options("/debug")
@router.options(SNOWPLOW)
def preflight(request: Request) -> Response:
    """Any page may ask whether it may ask: what it then sends says by which key, and that knows its pages."""
    headers = {
        "Access-Control-Allow-Methods": "POST, GET",
        "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "content-type")[:500],
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers | _allowing(request.headers.get("origin")))


for _call in sorted(segment.CALLS):
    router.add_api_route(f"/v1/{_call}", post_segment, methods=["POST"])
    router.add_api_route(f"/v1/{_call}", preflight, methods=["OPTIONS"])


def _sensors(request: Request) -> Read:
    def inflate(packed: bytes) -> bytes:
        return _inflate(request, packed)

    return partial(sensors.read, unpack=inflate, most=context(request).limits.max_batch)


def _basic(request: Request) -> str:
    """The write key in an `Authorization` of the kind Basic."""
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed).decode("latin-1").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


async def _key(request: Request, secret: str) -> ApiKey:
    """The key by which pages send. Raises Unauthorized without one, and Forbidden to a page of another site."""
    (key,) = await context(request).keys.ask([secret])
    if key is None:
        raise Unauthorized("Send the write key, as docs/tracking.md says for each SDK; this one is unknown or revoked.")
    if "events.track" not in of_scopes(key.scopes):
        raise Forbidden("The key is for programs; make one with the scope track.")
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in key.origins:
        raise Forbidden("The key isn't for pages of this origin; `aftershow key create --origin` names them.")
    request.state.caller = f"key:{key.id}"
    return key


async def _unpacked(request: Request, body: bytes) -> bytes:
    """What was sent, also if it is gzip that no header tells of."""
    return body if not body.startswith(_GZIP) else await run_in_threadpool(_inflate, request, body)


def _inflate(request: Request, body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    body = unpack(body, context(request).limits.max_body_bytes)
    request.state.unpack(len(body))
    return body


async def _take(request: Request, key: ApiKey, format: str, body: bytes, read: Read) -> Sequence[Taken]:
    """Take what was tracked, each record by itself; those that can't be taken are counted, and gone.

    Raises Unavailable if one is to be sent again, as an SDK then does with all of them; those that were taken are
    duplicates then.
    """
    env = context(request)
    env.rate.check(f"key:{key.id}", key.events_per_second)
    try:
        reading = partial(_items, request, key, format, body, read)
        items = await run_in_threadpool(reading)
    except Invalid:
        env.rate.charge(f"key:{key.id}", 1, key.events_per_second)
        raise
    env.rate.charge(f"key:{key.id}", len(items), key.events_per_second)
    incoming = [item.incoming for item in items if item.incoming is not None]
    taken = await env.intake.ask(in_trace(incoming))
    for event, outcome in zip(incoming, taken, strict=True):
        EVENTS.labels(event.type if event.type in types.CATALOGUE else "other", outcome.status).inc()
    if refused := len(items) - len(incoming):
        EVENTS.labels("other", "rejected").inc(refused)
    if any(outcome.status == "busy" for outcome in taken):
        raise Unavailable("Another change to its customer takes long; send it again.", headers={"Retry-After": "2"})
    return taken


def _items(request: Request, key: ApiKey, format: str, body: bytes, read: Read) -> list[Item]:
    env = context(request)
    records, arrived = read(body), env.clock.now()
    with env.db() as session:
        tracking: Tracking = read_library(session).tracking
    made = (as_item(record, tracking, f"{format}/{key.name}", arrived) for record in records)
    return [item for item in made if item is not None]


def _answer(request: Request, key: ApiKey, response: Response) -> Response:
    origin = request.headers.get("origin")
    response.headers.update(_allowing(origin if origin and origin.lower() in key.origins else None))
    return response


def _allowing(origin: str | None) -> dict[str, str]:
    if not origin:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}
