"""Which adapter carries each channel: its provider's, once that is configured; else the sandbox."""

from anyio.from_thread import BlockingPortal
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from activities.adapters import ChannelAdapter, Channels
from activities.adapters.sandbox import Sandbox
from domain.clock import Clock
from runtime.providers import settings_of, wechat, wecom
from workflows.plan import Channel


def channels(db: sessionmaker[Session], clock: Clock, portal: BlockingPortal) -> Channels:
    """The adapters of this process. Those that speak HTTP do it on the portal's event loop."""
    sandbox = Sandbox(db, clock)
    found: dict[Channel, ChannelAdapter] = {"sms": sandbox, "wecom": sandbox, "wechat": sandbox}
    if of_wecom := settings_of(wecom.WecomSettings):
        found["wecom"] = wecom.adapter(of_wecom, db, clock, portal)
    if of_wechat := settings_of(wechat.WechatSettings):
        found["wechat"] = wechat.adapter(of_wechat, db, clock, portal)
    return found
