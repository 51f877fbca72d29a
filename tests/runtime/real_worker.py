"""For tests of the worker on a real Temporal server and in real time."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlmodel import func, select
from temporalio.client import Client

from domain.channels.tables import SandboxMessage
from domain.store.work import Database
from runtime.platform.temporal import DATA_CONVERTER

THANKS = """
journey: thanks
name: 感谢
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: thank, send: thank_you, via: [sms], kind: transactional}
  - wait: 1d
"""


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 180) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.05)


async def connected(address: str) -> Client:
    return await Client.connect(address, data_converter=DATA_CONVERTER)


def texts_sent(db: Database) -> int:
    with db() as session:
        return session.exec(select(func.count()).select_from(SandboxMessage)).one()
