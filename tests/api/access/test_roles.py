"""Every route × every role: who gets past the door is what this table says."""

from collections.abc import Callable

import pytest
from browsing import Browser
from fastapi import FastAPI

from domain.access.permissions import ROLES

OPEN = {
    "GET /v1/session", "POST /v1/session", "POST /v1/session/link", "DELETE /v1/session", "PUT /v1/session/password",
    "GET /v1/session/ways", "GET /v1/session/{way}", "GET /v1/session/{way}/callback",
    "GET /v1/search", "GET /v1/today", "GET /v1/clock", "GET /healthz", "GET /readyz", "GET /studio/{id}",
    "GET /v1/plays/{play}", "GET /v1/plays/{play}/entries", "GET /v1/plays/{play}/events",
    "GET /play/{play}", "GET /play/{play}/screen", "GET /supplier/{name}",
}  # fmt: skip
"""What asks for no permission: it serves everybody, or checks by itself who calls."""

EVERYBODY_BUT_GUIDES = "marketer buyer operator analyst product admin"
TABLE = {
    "GET /v1/journeys": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/actions": "marketer operator analyst product admin",
    "GET /v1/experiments": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/experiments/{step}/history": "marketer operator analyst product admin",
    "GET /v1/metrics/{name}/customers": "marketer operator analyst admin",
    "GET /v1/suppliers": "buyer operator analyst admin",
    "GET /v1/supply/plans": "buyer operator analyst admin",
    "GET /v1/supply/plans/{id}": "buyer operator analyst admin",
    "POST /v1/suppliers/{name}/plans": "buyer admin",
    "POST /v1/supply/plans/{id}/answer": "buyer admin",
    "POST /v1/supply/plans/{id}/decide": "buyer admin",
    "GET /v1/forecasts": "marketer buyer operator analyst admin",
    "GET /v1/forecasts/customers": "marketer operator analyst product admin",
    "GET /v1/streams/{id}/forecast": EVERYBODY_BUT_GUIDES,
    "GET /v1/companions": "marketer operator analyst product admin",
    "GET /v1/cohorts": "marketer operator analyst product admin",
    "GET /v1/metrics": "marketer operator analyst product admin",
    "GET /v1/metrics/{name}": "marketer operator analyst product admin",
    "GET /v1/metrics/{name}/products": "marketer operator analyst product admin",
    "GET /v1/results": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/results": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/experiments/{step}": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/graph": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/counts": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/counts/events": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/inside": "marketer operator analyst admin",
    "GET /v1/journeys/{name}/diff": "marketer operator analyst product admin",
    "POST /v1/journeys/{name}/versions": "marketer admin",
    "POST /v1/journeys/{name}/diff": "marketer admin",
    "POST /v1/specs/outline": "marketer admin",
    "POST /v1/specs/edit": "marketer admin",
    "GET /v1/specs/vocabulary": "marketer operator analyst product admin",
    "GET /v1/specs/events/{type}/examples": "marketer admin",
    "POST /v1/specs/condition": "marketer operator analyst product admin",
    "GET /v1/recipes": "marketer admin",
    "GET /v1/documents": "marketer operator analyst product admin",
    "GET /v1/documents/{name}": "marketer operator analyst product admin",
    "GET /v1/documents/{name}/versions": "marketer operator analyst product admin",
    "GET /v1/documents/{name}/versions/{version}": "marketer operator analyst product admin",
    "POST /v1/documents/{name}/outline": "marketer admin",
    "POST /v1/documents/{name}/edit": "marketer admin",
    "GET /v1/documents/{name}/draft": "marketer admin",
    "PUT /v1/documents/{name}/draft": "marketer admin",
    "DELETE /v1/documents/{name}/draft": "marketer admin",
    "GET /v1/documents/{name}/draft/revisions": "marketer admin",
    "GET /v1/documents/{name}/draft/revisions/{revision}": "marketer admin",
    "POST /v1/documents/{name}/draft/merge": "marketer admin",
    "POST /v1/documents/{name}/draft/presence": "marketer admin",
    "DELETE /v1/documents/{name}/draft/presence": "marketer admin",
    "GET /v1/documents/{name}/draft/review": "marketer admin",
    "POST /v1/documents/{name}/draft/publish": "marketer admin",
    "GET /v1/calendar": "marketer operator analyst product admin",
    "GET /v1/drafts": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/versions/{version}": "marketer operator analyst product admin",
    "GET /v1/journeys/{name}/draft": "marketer admin",
    "PUT /v1/journeys/{name}/draft": "marketer admin",
    "DELETE /v1/journeys/{name}/draft": "marketer admin",
    "GET /v1/journeys/{name}/draft/revisions": "marketer admin",
    "GET /v1/journeys/{name}/draft/revisions/{revision}": "marketer admin",
    "POST /v1/journeys/{name}/draft/merge": "marketer admin",
    "POST /v1/journeys/{name}/draft/presence": "marketer admin",
    "DELETE /v1/journeys/{name}/draft/presence": "marketer admin",
    "GET /v1/journeys/{name}/draft/review": "marketer admin",
    "POST /v1/journeys/{name}/draft/publish": "marketer admin",
    "POST /v1/journeys/{name}/draft/simulate": "marketer admin",
    "POST /v1/journeys/{name}/draft/backtest": "marketer admin",
    "POST /v1/journeys/{name}/draft/record": "marketer admin",
    "POST /v1/journeys/{name}/draft/tests": "marketer admin",
    "GET /v1/journeys/{name}/tests": "marketer admin",
    "PUT /v1/journeys/{name}/tests": "marketer admin",
    "POST /v1/journeys/{name}/pause": "marketer operator admin",
    "POST /v1/journeys/{name}/resume": "marketer operator admin",
    "POST /v1/journeys/{name}/stop": "marketer operator admin",
    "POST /v1/voice/read": "marketer operator analyst product admin",
    "GET /v1/opinions": "marketer operator analyst product admin",
    "POST /v1/opinions/{id}": "marketer operator product admin",
    "GET /v1/topics": "marketer operator analyst product admin",
    "GET /v1/alerts": "marketer operator analyst product admin",
    "GET /v1/voice/report": "marketer operator analyst product admin",
    "GET /v1/streams/{id}/review": "marketer operator analyst product admin",
    "POST /v1/streams/{id}/review/decisions": "marketer operator product admin",
    "POST /v1/tasks": "marketer operator product admin",
    "GET /v1/requirements": "marketer operator analyst product admin",
    "GET /v1/requirements/{id}": "marketer operator analyst product admin",
    "POST /v1/requirements": "marketer operator product admin",
    "POST /v1/requirements/{id}": "marketer operator product admin",
    "POST /v1/requirements/{id}/reviews": "marketer operator product admin",
    "GET /v1/plays": "marketer operator analyst admin",
    "POST /v1/plays/{play}/open": "marketer operator admin",
    "POST /v1/plays/{play}/close": "marketer operator admin",
    "POST /v1/plays/{play}/stop": "marketer operator admin",
    "POST /v1/plays/{play}/entries": "admin",
    "POST /v1/plays/{play}/tokens": "admin",
    "GET /v1/tasks": "marketer operator analyst product admin",
    "POST /v1/tasks/{id}/finish": "marketer operator product admin",
    "GET /v1/customers/{id}/timeline": "marketer operator analyst admin",
    "GET /v1/customers/{id}/coupons": "marketer operator analyst admin",
    "GET /v1/customers/{id}/enrollments": "marketer operator analyst admin",
    "GET /v1/customers/{id}/messages": "marketer operator analyst admin",
    "GET /v1/customers/{id}/orders": "marketer operator analyst admin",
    "GET /v1/customers/{id}/measures": "marketer operator analyst admin",
    "GET /v1/customers": "marketer operator analyst admin",
    "GET /v1/customers/{id}": "marketer operator analyst admin",
    "POST /v1/customers/{id}/merge": "operator admin",
    "POST /v1/customers/{id}/split": "operator admin",
    "GET /v1/customers/{id}/export": "admin",
    "GET /v1/customers/{id}/export.csv": "admin",
    "DELETE /v1/customers/{id}": "admin",
    "GET /v1/identity/conflicts": "marketer operator analyst admin",
    "POST /v1/identity/conflicts/{number}": "operator admin",
    "GET /v1/tags": "marketer operator analyst admin",
    "GET /v1/tags/{name}/customers": "marketer operator analyst admin",
    "GET /v1/tags/{name}": "marketer operator analyst admin",
    "PUT /v1/tags/{name}": "marketer admin",
    "GET /v1/segments": "marketer operator analyst admin",
    "GET /v1/segments/{name}": "marketer operator analyst admin",
    "PUT /v1/segments/{name}": "marketer admin",
    "GET /v1/segments/overlap": "marketer operator analyst admin",
    "GET /v1/segments/{name}/customers": "marketer operator analyst admin",
    "GET /v1/segments/{name}/export": "operator admin",
    "POST /v1/segments/preview": "marketer operator analyst admin",
    "GET /v1/messages": "marketer operator analyst admin",
    "POST /v1/messages/{id}/settle": "operator admin",
    "GET /v1/accounts": "marketer operator analyst admin",
    "GET /v1/coupons/{code}": "marketer operator analyst admin",
    "GET /v1/coupons/{code}/life": "marketer operator analyst admin",
    "GET /v1/campaigns": "marketer operator analyst admin",
    "GET /v1/campaigns/{name}": "marketer operator analyst admin",
    "GET /v1/campaigns/{name}/coupons": "marketer operator analyst admin",
    "POST /v1/coupons/{code}/revoke": "operator admin",
    "POST /v1/coupons/quote": "admin",
    "POST /v1/coupons/lock": "admin",
    "POST /v1/coupons/redeem": "admin",
    "POST /v1/coupons/cancel": "admin",
    "POST /v1/coupons/refund": "admin",
    "GET /v1/streams": EVERYBODY_BUT_GUIDES,
    "GET /v1/streams/{id}": EVERYBODY_BUT_GUIDES,
    "POST /v1/streams": "marketer operator admin",
    "POST /v1/streams/{id}/move": "marketer operator admin",
    "POST /v1/streams/{id}/cancel": "marketer operator admin",
    "GET /v1/streams/{id}/stock": EVERYBODY_BUT_GUIDES,
    "GET /v1/streams/{id}/stock/events": EVERYBODY_BUT_GUIDES,
    "GET /v1/stock": "marketer buyer operator analyst admin",
    "GET /v1/stock/discrepancies": "marketer buyer operator analyst admin",
    "GET /v1/lots": "marketer buyer operator analyst admin",
    "GET /v1/lots/{id}/moves": "marketer buyer operator analyst admin",
    "POST /v1/stock/import": "buyer operator admin",
    "GET /v1/replenishments": "buyer operator analyst admin",
    "GET /v1/replenishments/{id}": "buyer operator analyst admin",
    "POST /v1/replenishments/{id}/approve": "buyer admin",
    "POST /v1/replenishments/{id}/change": "buyer admin",
    "POST /v1/replenishments/{id}/refuse": "buyer admin",
    "POST /v1/events": "admin",
    "GET /v1/users": "admin",
    "GET /v1/users/{id}": "admin",
    "GET /v1/roles": "admin",
    "GET /v1/policy": "marketer operator analyst product admin",
    "GET /v1/channels": "marketer operator analyst admin",
    "POST /v1/users": "admin",
    "PATCH /v1/users/{id}": "admin",
    "POST /v1/users/{id}/link": "admin",
    "GET /v1/keys": "admin",
    "POST /v1/keys": "admin",
    "DELETE /v1/keys/{id}": "admin",
    "GET /v1/audit": "admin",
    "GET /v1/desk/todos": "guide admin",
    "POST /v1/desk/todos/{id}/finish": "guide admin",
    "POST /v1/desk/todos/{id}/later": "guide admin",
    "GET /v1/desk/customers/{id}": "guide admin",
    "GET /v1/todos": "marketer operator analyst admin",
    "GET /v1/notices": "buyer operator analyst admin",
    "GET /v1/stuck": "marketer operator analyst product admin",
    "GET /v1/texts": "marketer operator analyst product admin",
    "GET /v1/texts/{template}/{channel}": "marketer operator analyst product admin",
    "PUT /v1/texts/{template}/{channel}": "marketer admin",
    "POST /v1/texts/preview": "marketer admin",
    "GET /v1/held": "marketer operator analyst admin",
    "POST /v1/stuck/retry": "marketer operator admin",
    "GET /metrics": "operator admin",
}
VALUES = {
    "{name}": "welcome", "{id}": "1", "{code}": "ABCD2345", "{number}": "1", "{version}": "1", "{revision}": "1",
    "{type}": "order.paid",
}  # fmt: skip


def test_the_table_has_every_route(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == TABLE.keys() | OPEN


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_past_its_doors_only(signed_in: Callable[[str], Browser], role: str) -> None:
    browser = signed_in(role)
    allowed = {}
    for name in TABLE:
        method, path = name.split()
        for part, value in VALUES.items():
            path = path.replace(part, value)
        response = browser.request(method, path)
        allowed[name] = response.status_code not in (401, 403)
    assert allowed == {name: role in roles.split() for name, roles in TABLE.items()}


def test_nobody_gets_past_any(app: FastAPI) -> None:
    browser = Browser(app)
    for name in TABLE:
        method, path = name.split()
        for part, value in VALUES.items():
            path = path.replace(part, value)
        assert browser.request(method, path).status_code == 401, name
