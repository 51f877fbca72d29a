"""A life of the product in one process, from the shop's order to the provider's receipts, which may end at a commit."""

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text
from temporalio.client import Client

from api.receivers import twilio
from benchmarks.harness.stack import serving
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime.platform.database import connect
from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import working
from tests.providers.twilio_server import NUMBER, SID, TOKEN

WHO = {"phone": "+8613900000001", "external_userid": "wm1"}
PUBLIC_URL = "http://shop.test"
SECONDS = 120
"""How long a life may take: an activity whose worker died is missed after 45 s."""

PRODUCT = tuple(str(Path(__file__).parents[2] / room) for room in ("api", "activities", "domain", "runtime"))


@dataclass(frozen=True)
class Death:
    """A life is killed at its so-manyeth commit, `before` it or after it."""

    commit: int
    before: bool


@dataclass(frozen=True)
class Parts:
    """What a life needs: where Postgres and Temporal are, its task queue, an API key, where the provider is."""

    url: str
    temporal: str
    queue: str
    key: str
    provider: str


def live(parts: Parts, death: Death | None, told: Any) -> None:
    """A process: the shop's order comes in, and all that follows is done; `told` gets the name of each commit.

    In the end it is asked, by None, for what the provider has to say.
    """
    os.environ |= {
        "AFTERSHOW_TWILIO_ACCOUNT_SID": SID,
        "AFTERSHOW_TWILIO_AUTH_TOKEN": TOKEN,
        "AFTERSHOW_TWILIO_FROM_NUMBER": NUMBER,
        "AFTERSHOW_TWILIO_BASE_URL": parts.provider,
        "AFTERSHOW_PUBLIC_URL": PUBLIC_URL,
    }
    engine, db = connect(parts.url)
    _die_at(engine, death, told)
    asyncio.run(_live(parts, engine, db, told))


def _die_at(engine: Engine, death: Death | None, told: Any) -> None:
    commit, turn, count = engine.dialect.do_commit, threading.Lock(), 0

    def counted(connection: Any) -> None:
        nonlocal count
        if connection.execute("SELECT pg_current_xact_id_if_assigned()").fetchone()[0] is None:
            commit(connection)  # nothing was written
            return
        with turn:
            count += 1
            told.send(_place())
            if death == Death(count, before=True):
                os.kill(os.getpid(), signal.SIGKILL)
            commit(connection)
            if death == Death(count, before=False):
                os.kill(os.getpid(), signal.SIGKILL)

    engine.dialect.do_commit = counted  # type: ignore[method-assign]


def _place() -> str:
    """Which function of the product commits, beside the one that opens every transaction."""
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(PRODUCT) and not code.co_filename.endswith("store/work.py"):
            return f"{Path(code.co_filename).stem}.{code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "?"


def _order() -> dict[str, Any]:
    later = datetime.now(UTC) + timedelta(seconds=1)
    data = {"order_id": "o1", "total": 8900, "later": later.isoformat(), "customer": WHO}
    return {"specversion": "1.0", "id": "o1", "source": "shop", "type": "order.paid", "data": data}


async def _live(parts: Parts, engine: Engine, db: Database, told: Any) -> None:
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    receivers = [twilio.router(TOKEN, PUBLIC_URL)]
    with serving(db, SystemClock(), receivers=receivers) as url:
        async with working(client, db, SystemClock(), parts.queue) as relay, httpx.AsyncClient(base_url=url) as http:
            relaying = asyncio.create_task(relay.run(engine))
            answer = await http.post("/v1/events", json=_order(), headers={"Authorization": f"Bearer {parts.key}"})
            answer.raise_for_status()
            async with asyncio.timeout(SECONDS):
                while not _is_over(engine):
                    await asyncio.sleep(0.05)
            told.send(None)
            for address, form, headers in told.recv():
                answer = await http.post(address.removeprefix(PUBLIC_URL), data=form, headers=headers)
                answer.raise_for_status()
            relaying.cancel()
            with suppress(asyncio.CancelledError):
                await relaying


def _is_over(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(_OVER).scalar_one())


_OVER = text("""
SELECT EXISTS (SELECT FROM enrollments) AND NOT EXISTS (SELECT FROM enrollments WHERE ending IS NULL)
    AND NOT EXISTS (SELECT FROM outbox)
""")
