"""Whether the service runs, whether it can work, and what it has done."""

import logging

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.context import Context, context
from api.http.figures import scraped
from api.http.problems import Forbidden, Unauthorized, Unavailable, documented, respond

router = APIRouter(tags=["health"])
logger = logging.getLogger(__name__)


@router.get("/healthz", summary="Whether the process runs")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="Whether it can work", responses=documented(Unavailable))
async def readyz(request: Request) -> Response:
    """Says of each thing the service needs (Postgres, Temporal) whether it is there; 503 unless all are.

    It looks at most once a second.
    """
    checks = await _parts(context(request))
    if checks and all(checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    away = ", ".join(name for name, there in checks.items() if not there)
    return respond(Unavailable(f"Away: {away or 'unknown'}.", headers={"Retry-After": "2"}, checks=checks), request)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses=documented(Unauthorized, Forbidden, Unavailable),
    dependencies=[Depends(require("metrics.read"))],
)
async def metrics(request: Request) -> Response:
    """What an operator looks at; `docs/alerts.md` says which figure means what."""
    env = context(request)
    parts = await _parts(env)
    workers = await run_in_threadpool(env.count_workers) if env.count_workers and parts.get("temporal") else None
    return Response(await run_in_threadpool(scraped, env.db, env.clock, parts, workers), media_type=CONTENT_TYPE_LATEST)


async def _parts(env: Context) -> dict[str, bool]:
    try:
        return await env.ready.ask()
    except Exception as error:
        logger.warning("readiness could not be told: %s", type(error).__name__)
        return {}
