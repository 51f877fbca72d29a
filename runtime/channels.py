"""Which adapter carries each channel: its provider's, once that is configured; else the sandbox."""

from anyio.from_thread import BlockingPortal
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from activities.adapters import Channels
from activities.adapters.sandbox import Sandbox
from domain.clock import Clock


def channels(db: sessionmaker[Session], clock: Clock, portal: BlockingPortal) -> Channels:  # noqa: ARG001
    """The adapters of this process. Those that speak HTTP do it on the portal's event loop."""
    sandbox = Sandbox(db, clock)
    return {"sms": sandbox, "wecom": sandbox, "wechat": sandbox}
