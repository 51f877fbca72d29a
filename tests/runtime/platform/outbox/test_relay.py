"""The relay by itself."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import event
from sqlmodel import Session

from domain.store.work import Database
from runtime.platform.outbox import relay
from runtime.platform.outbox.relay import Relay


def test_one_that_is_stopped_while_it_commits_ends_its_transaction_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, settle = threading.Event(), relay._settle

    def settle_slowly(session: Session, delivered: object) -> None:
        def wait(_: Session) -> None:
            committing.set()
            time.sleep(0.3)

        event.listen(session, "before_commit", wait)
        settle(session, delivered)

    monkeypatch.setattr(relay, "_settle", settle_slowly)

    async def story() -> None:
        draining = asyncio.create_task(Relay(db, None, "queue").drain())
        await asyncio.to_thread(committing.wait)
        draining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await draining

    asyncio.run(story())
