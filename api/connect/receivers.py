"""Where platforms push to: `/v1/receivers/{name}`, the connector's name.

The paths' answers are those platforms', so they aren't in the OpenAPI document; docs/connect.md describes them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from api.connect import platforms
from api.connect.platforms import ANSWERS, OPEN, Push, rows_of
from api.http.context import Context, context
from api.http.problems import NotFound, Unavailable
from api.http.transactions import in_transaction
from domain.connectors import pulls
from domain.published.library import read_library
from domain.store.work import UnitOfWork
from workflows.language.connectors import Connector, WechatShop

FindSecret = Callable[[str], str | None]
FetchOrder = Callable[[WechatShop, str], Mapping[str, Any]]
"""The order of a WeChat shop by its id. Raises LookupError if it can't be had now."""

_ORDERS = "channels_ec_order_"
"""What a push about an order begins with; it tells of little but the order's id."""


def router(find_secret: FindSecret, fetch_order: FetchOrder | None) -> APIRouter:
    """The routes, which find their secrets by name."""
    routes = APIRouter(include_in_schema=False)

    def secret(name: str) -> str:
        value = find_secret(name)
        if not value:
            raise Unavailable("The secret of this receiver isn't set where this runs.")
        return value

    @routes.get("/v1/receivers/{name}")
    async def get_receiver(request: Request, name: str) -> Response:
        env = context(request)
        connector = await run_in_threadpool(_connector, env, name)
        shop = connector.from_.wechat_shop
        if shop is None:
            raise NotFound("This receiver takes what is posted.")
        echo = platforms.is_wechat(shop, secret, request.query_params, env.clock.now())
        return PlainTextResponse(echo)

    @routes.post("/v1/receivers/{name}")
    async def post_receiver(request: Request, name: str) -> Response:
        """Take what a platform pushes; the same twice is one, and what can't be taken is set aside."""
        env = context(request)
        connector = await run_in_threadpool(_connector, env, name)
        kind, body = connector.from_.kind, await request.body()
        push = Push(body, request.headers, request.query_params, env.clock.now())
        opened = OPEN[kind](getattr(connector.from_, kind), secret, push)
        rows = rows_of(opened, request.query_params)

        def take() -> None:
            shop = connector.from_.wechat_shop
            if shop is not None and shop.secret is not None and fetch_order is not None:
                _fetch_orders(rows, shop, fetch_order)
            in_transaction(env.db, lambda work: _take(work, env, connector, rows))

        if rows:
            await run_in_threadpool(take)
        answer = ANSWERS[kind]
        return PlainTextResponse(answer) if isinstance(answer, str) else JSONResponse(answer)

    return routes


def _connector(env: Context, name: str) -> Connector:
    """Raises NotFound."""
    with env.db() as session:
        connector = read_library(session).connectors.get(name)
    if connector is None or connector.from_.pulled:
        raise NotFound("There is no receiver of this name in what is published.")
    return connector


def _take(work: UnitOfWork, env: Context, connector: Connector, rows: list[dict[str, Any]]) -> None:
    now = env.clock.now()
    taken = pulls.take_rows(work, connector, rows, now)
    pulls.count_pushed(work, connector.connector, len(rows), taken, now)


def _fetch_orders(rows: list[dict[str, Any]], shop: WechatShop, fetch_order: FetchOrder) -> None:
    """Put the order that a push is about into its row. Raises Unavailable, so that it is pushed again."""
    for row in rows:
        info = row.get("order_info")
        order = info.get("order_id") if isinstance(info, dict) else None
        if order is not None and str(row.get("Event", "")).startswith(_ORDERS):
            try:
                row["order"] = fetch_order(shop, str(order))
            except LookupError:
                raise Unavailable("The order can't be fetched now; push it again.") from None
