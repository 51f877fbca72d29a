"""Which adapter carries each channel, and where coupons come from: as configured, else nothing leaves the machine."""

from anyio.from_thread import BlockingPortal
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from activities.adapters.coupons import CouponAdapter, LedgerCoupons
from activities.adapters.sandbox import Sandbox
from domain.channels.delivery import ChannelAdapter, Channels
from domain.store.clock import Clock, SystemClock
from runtime.platform.providers import coupons, settings_of, twilio, wechat, wecom
from workflows.terms.channels import Channel


def channels(db: sessionmaker[Session], clock: Clock, portal: BlockingPortal) -> Channels:
    """The adapters of this process. Those that speak HTTP do it on the portal's event loop.

    Under a clock that isn't the real one, a demo's, the customers are made up, and nothing leaves the machine.
    """
    sandbox = Sandbox(db, clock)
    found: dict[Channel, ChannelAdapter] = {"sms": sandbox, "wecom": sandbox, "wechat": sandbox}
    if not isinstance(clock, SystemClock):
        return found
    if of_twilio := settings_of(twilio.TwilioSettings):
        found["sms"] = twilio.adapter(of_twilio, portal)
    if of_wecom := settings_of(wecom.WecomSettings):
        found["wecom"] = wecom.adapter(of_wecom, db, clock, portal)
    if of_wechat := settings_of(wechat.WechatSettings):
        found["wechat"] = wechat.adapter(of_wechat, db, clock, portal)
    return found


def coupon_source(db: sessionmaker[Session], clock: Clock) -> CouponAdapter:
    """Where coupons come from: an outside service, once that is configured; else the ledger, as always in a demo."""
    told = settings_of(coupons.CouponSettings) if isinstance(clock, SystemClock) else None
    return coupons.adapter(told, db, clock) if told else LedgerCoupons()
