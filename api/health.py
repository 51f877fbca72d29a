"""Whether the service runs, whether it can work, and what it has done."""

import logging

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.http.auth import require
from api.http.context import context
from api.http.metrics import GIVEN_UP, STUCK
from api.http.problems import Forbidden, Unauthorized, Unavailable, documented, respond
from domain.journeys.stuck import count_stuck
from domain.store.outbox import count_given_up

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
    try:
        checks = await context(request).ready.ask()
    except Exception as error:
        logger.warning("readiness could not be told: %s", type(error).__name__)
        checks = {}
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
def metrics(request: Request) -> Response:
    with context(request).db() as session:
        STUCK.set(count_stuck(session))
        GIVEN_UP.set(count_given_up(session))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
