"""Every table. Times are aware and stored in UTC; money is integer fen."""

from domain.tables.coupons import CampaignUse, Coupon
from domain.tables.delivery import Message, ProviderAccount, SandboxMessage
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
from domain.tables.people import Consent, Customer, CustomerTag, Identifier, IdentifierConflict, Order
from domain.tables.stock import Lot, Stream
from domain.tables.system import ApiKey, ClockState
from domain.tables.webhooks import WebhookCall

__all__ = [
    "ApiKey",
    "CampaignUse",
    "ClockState",
    "Consent",
    "Coupon",
    "Customer",
    "CustomerTag",
    "Document",
    "Enrollment",
    "Event",
    "Identifier",
    "IdentifierConflict",
    "Journey",
    "JourneyAction",
    "Lot",
    "Message",
    "MessageText",
    "Order",
    "Outbox",
    "ProviderAccount",
    "Publication",
    "PublishedPlan",
    "SandboxMessage",
    "Stream",
    "Todo",
    "TrailEntry",
    "Wait",
    "WebhookCall",
]
