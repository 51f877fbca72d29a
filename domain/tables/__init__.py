"""Every table. Times are aware and stored in UTC; money is integer fen."""

from domain.tables.coupons import CampaignUse, Coupon, CouponOrder
from domain.tables.delivery import (
    EarlyReceipt,
    Link,
    Message,
    ProviderAccount,
    ProviderToken,
    SandboxMessage,
    WecomFriend,
    WecomReminder,
)
from domain.tables.events import Event, Outbox
from domain.tables.journeys import (
    Document,
    Enrollment,
    Journey,
    JourneyAction,
    MessageText,
    Publication,
    PublishedPlan,
    Todo,
    TrailEntry,
    Wait,
)
from domain.tables.live import LiveProduct, LiveSale, Replenishment
from domain.tables.people import Consent, Customer, CustomerTag, Identifier, IdentifierConflict, Order
from domain.tables.stock import Lot, Product, StockMove, Store, Stream
from domain.tables.system import ApiKey, ClockState
from domain.tables.webhooks import WebhookCall
from domain.tables.wechat import WechatAllowance

__all__ = [
    "ApiKey",
    "CampaignUse",
    "ClockState",
    "Consent",
    "Coupon",
    "CouponOrder",
    "Customer",
    "CustomerTag",
    "Document",
    "EarlyReceipt",
    "Enrollment",
    "Event",
    "Identifier",
    "IdentifierConflict",
    "Journey",
    "JourneyAction",
    "Link",
    "LiveProduct",
    "LiveSale",
    "Lot",
    "Message",
    "MessageText",
    "Order",
    "Outbox",
    "Product",
    "ProviderAccount",
    "ProviderToken",
    "Publication",
    "PublishedPlan",
    "Replenishment",
    "SandboxMessage",
    "StockMove",
    "Store",
    "Stream",
    "Todo",
    "TrailEntry",
    "Wait",
    "WebhookCall",
    "WechatAllowance",
    "WecomFriend",
    "WecomReminder",
]
