"""The event catalogue: each known event type with the model of its data, and which types are about what."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.catalogue.data import (
    AsnReceived,
    Birthday,
    CartData,
    CartUpdated,
    ConsentData,
    CouponData,
    CouponDiscrepancy,
    CustomerData,
    Data,
    FeedbackAlert,
    LotData,
    LotNearExpiry,
    LotReceived,
    MessageClicked,
    MessageData,
    MessageFailed,
    MessageReplied,
    OrderData,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
    PlayClosed,
    PlayEntered,
    PlayTold,
    PlayWon,
    ProductLaunched,
    ProductUpdated,
    ProductViewed,
    ReviewWritten,
    SegmentChanged,
    SentOnce,
    SpendRecorded,
    StepData,
    StockAlarm,
    StockCounted,
    StockDiscrepancy,
    StoreUpdated,
    StreamCommented,
    StreamData,
    StreamLeft,
    StreamScheduled,
    StreamShowing,
    StreamStarted,
    TagChanged,
    TodoDone,
)


@dataclass(frozen=True)
class EventType:
    """A known event type: the model of its data and, for the page, what it says."""

    model: type[Data]
    meaning: str


CATALOGUE: Mapping[str, EventType] = {
    "customer.registered": EventType(CustomerData, "The customer signed up."),
    "customer.updated": EventType(
        CustomerData, "What is known of the customer changed; only the fields given are set."
    ),
    "customer.birthday": EventType(Birthday, "It is the customer's birthday. Schedules send it."),
    "consent.given": EventType(ConsentData, "The customer agreed to be written to."),
    "consent.withdrawn": EventType(ConsentData, "The customer no longer wants to be written to. Holds at once."),
    "cart.updated": EventType(CartUpdated, "The cart changed."),
    "cart.cleared": EventType(CartData, "The cart was emptied."),
    "order.paid": EventType(OrderPaid, "An order was paid."),
    "order.shipped": EventType(OrderShipped, "An order is on its way to the customer."),
    "order.delivered": EventType(OrderData, "An order reached the customer."),
    "order.refunded": EventType(OrderRefunded, "An order was given back, in whole or in part."),
    "review.written": EventType(ReviewWritten, "The customer reviewed a product or an order."),
    "product.viewed": EventType(ProductViewed, "The customer looked at a product."),
    "stream.scheduled": EventType(StreamScheduled, "A livestream was planned, or its plan changed."),
    "stream.cancelled": EventType(StreamData, "A livestream that was planned is called off."),
    "stream.started": EventType(StreamStarted, "A livestream began."),
    "stream.ended": EventType(StreamData, "A livestream ended."),
    "stream.showing": EventType(StreamShowing, "A livestream shows a product."),
    "stream.joined": EventType(StreamData, "The customer came to a livestream."),
    "stream.left": EventType(StreamLeft, "The customer left a livestream."),
    "stream.commented": EventType(StreamCommented, "The customer wrote in a livestream."),
    "message.delivered": EventType(MessageData, "A message reached the customer."),
    "message.read": EventType(MessageData, "A message was read."),
    "message.clicked": EventType(MessageClicked, "A link in a message was clicked."),
    "message.replied": EventType(MessageReplied, "The customer answered a message."),
    "message.failed": EventType(MessageFailed, "A message could not be delivered."),
    "coupon.issued": EventType(CouponData, "A coupon was given to the customer."),
    "coupon.locked": EventType(CouponData, "An order holds a coupon, and may use it."),
    "coupon.released": EventType(CouponData, "An order let go of a coupon, or held it too long."),
    "coupon.redeemed": EventType(CouponData, "A coupon was used."),
    "coupon.restored": EventType(CouponData, "A coupon may be used again, for its order was given back."),
    "coupon.expired": EventType(CouponData, "A coupon ran out."),
    "coupon.revoked": EventType(CouponData, "A coupon was taken back."),
    "coupon.discrepancy": EventType(
        CouponDiscrepancy, "What a till told of a coupon doesn't fit; it changed nothing. Coupons send it."
    ),
    "lot.received": EventType(LotReceived, "A batch of stock came in."),
    "asn.received": EventType(AsnReceived, "A supplier has shipped what was ordered, and says what and when it comes."),
    "lot.near_expiry": EventType(LotNearExpiry, "A batch is about to expire. Schedules send it."),
    "lot.sold_out": EventType(LotData, "Nothing that can be sold is left of a batch. The stock book sends it, too."),
    "product.updated": EventType(ProductUpdated, "A product is listed, or changed; only the fields given are set."),
    "product.launched": EventType(ProductLaunched, "A new product can be sold; a requirement that it came of goes on."),
    "store.updated": EventType(StoreUpdated, "A store is known, or moved; only the fields given are set."),
    "stock.counted": EventType(StockCounted, "A batch was counted; at that instant its stock was this."),
    "stock.discrepancy": EventType(StockDiscrepancy, "What was told of stock doesn't fit. The stock book sends it."),
    "stock.alarm": EventType(
        StockAlarm, "A product runs short: a livestream sells it too fast, or the warehouse says so."
    ),
    "feedback.alert": EventType(
        FeedbackAlert, "More customers than usual complain of the same thing about a product. Comments send it."
    ),
    "play.entered": EventType(PlayEntered, "The customer entered a play: a lottery, a vote, a quiz. Plays send it."),
    "play.won": EventType(PlayWon, "The customer won in a play. Plays send it."),
    "play.told": EventType(
        PlayTold, "The customer is to be told what came of a play, or a journey is to begin for them. Plays send it."
    ),
    "play.closed": EventType(PlayClosed, "Entries of a play were closed. Plays send it."),
    "tag.added": EventType(TagChanged, "The customer got a tag, from a rule or a journey. Tags send it."),
    "tag.removed": EventType(TagChanged, "The customer lost a tag. Tags send it."),
    "segment.entered": EventType(SegmentChanged, "The customer came into a segment that has a name. Segments send it."),
    "segment.left": EventType(SegmentChanged, "The customer is no longer in a segment that has a name."),
    "send.once": EventType(SentOnce, "A message is to be sent to the customer, once. `send-once` sends it."),
    "spend.recorded": EventType(SpendRecorded, "Money was spent on winning customers."),
    "todo.done": EventType(TodoDone, "The sales guide did a task about this customer."),
}

WHOLESALE = "wholesale"
"""The `channel` of orders that tell nothing of what customers will buy tomorrow."""

_BUSINESS_PREFIXES = ("lot.", "stock.", "spend.", "asn.")
_BUSINESS = frozenset({
    "product.updated", "product.launched", "store.updated", "stream.scheduled", "stream.cancelled", "stream.started",
    "stream.showing", "stream.ended", "feedback.alert", "play.closed",
})  # fmt: skip


_ABOUT_A_STEP = frozenset(type for type, event_type in CATALOGUE.items() if issubclass(event_type.model, StepData))


def is_about_a_step(type: str) -> bool:
    """Whether an event of this type is about a step of an enrollment, which it can name."""
    return type in _ABOUT_A_STEP


def is_business(type: str) -> bool:
    """Whether an event of this type is about the business, so that no customer belongs to it."""
    return type in _BUSINESS or type.startswith(_BUSINESS_PREFIXES)


BUSINESS = frozenset(filter(is_business, CATALOGUE))
"""The known types of events about the business."""
