"""Which adapter carries each channel, and where coupons come from: as configured, else nothing leaves the machine."""

from anyio.from_thread import BlockingPortal

from activities.adapters.coupons import CouponAdapter, LedgerCoupons
from activities.adapters.sandbox import Sandbox
from domain.channels.delivery import ChannelAdapter, Channels
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database
from runtime.platform.providers import configured, coupons, provider_of, settings_of
from runtime.platform.providers.sms_routes import check_routes, routed
from workflows.terms.channels import CHANNEL_KINDS, Channel


def channels(db: Database, clock: Clock, portal: BlockingPortal) -> Channels:
    """The adapters of this process. Those that speak HTTP do it on the portal's event loop.

    Under a clock that isn't the real one, a demo's, the customers are made up, and nothing leaves the machine.
    """
    sandbox = Sandbox(db, clock)
    carriers: dict[Channel, ChannelAdapter] = dict.fromkeys(CHANNEL_KINDS, sandbox)
    if not isinstance(clock, SystemClock):
        return carriers
    for channel, kind in CHANNEL_KINDS.items():
        adapters = {
            name: provider_of(name).adapter(settings, db, clock, portal) for name, settings in configured(kind).items()
        }
        if channel == "sms" and (routes := check_routes(channel, list(adapters))):
            carriers[channel] = routed(db, clock, adapters, routes)
        elif adapters:
            carriers[channel] = next(iter(adapters.values()))
    return carriers


def coupon_source(db: Database, clock: Clock) -> CouponAdapter:
    """Where coupons come from: an outside service, once that is configured; else the ledger, as always in a demo."""
    settings = settings_of(coupons.CouponSettings) if isinstance(clock, SystemClock) else None
    return coupons.adapter(settings, db, clock) if settings else LedgerCoupons()
