"""What the `data` of events holds: a model for each shape."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.catalogue.wire import (
    Amount,
    Code,
    Codes,
    Count,
    DayOfBirth,
    Days,
    Expiry,
    Fen,
    Instant,
    Latitude,
    Longitude,
    LunarDay,
    Minutes,
    Number,
    Rate,
    RowId,
    Stars,
    Sum,
    Text,
    Words,
    Zone,
)
from workflows.terms.channels import Channel


class Data(BaseModel):
    """The base of every type's `data`. Fields that aren't known are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    binding: ClassVar[frozenset[str]] = frozenset()
    """Optional fields whose absence says something: an event isn't taken without a wrong one."""


class Item(Data):
    sku: Code = Field(description="what was bought")
    category: Code | None = Field(None, description="what conditions ask for")
    name: Text | None = Field(None, description="as people read it")
    quantity: Amount | None = Field(None, description="pieces, or kilograms; 1 if it isn't given")
    price: Fen | None = Field(None, description="of one unit")


class Goods(Data):
    sku: Code = Field(description="what came back")
    quantity: Amount | None = Field(None, description="pieces, or kilograms; 1 if it isn't given")


class Location(Data):
    lat: Latitude = Field(description="degrees, south of the equator below zero")
    lon: Longitude = Field(description="degrees, west of Greenwich below zero")


LocationField = Annotated[Location, Words("`{lat, lon}`")]


class CustomerData(Data):
    name: Text | None = Field(None, description="how messages address the customer")
    birthday: DayOfBirth | None = Field(None, description="starts birthday journeys")
    birthday_lunar: LunarDay | None = Field(None, description="starts them by the lunar calendar")
    city: Code | None = Field(None, description="where the customer lives")
    location: LocationField | None = Field(None, description="for conditions about what is near")
    owner: Code | None = Field(None, description="the sales guide, whom todos go to")
    timezone: Zone | None = Field(None, description="for quiet hours and times of day; else the policy's")


class ConsentData(Data):
    binding = frozenset({"purpose"})

    channel: Channel = Field(description="the channel it is about")
    purpose: Code | None = Field(None, description="what for; `marketing` if it isn't given")
    source: Text | None = Field(None, description="where it was said")
    wording: Text | None = Field(None, description="the version of the text agreed to")


class CartData(Data):
    cart_id: Code = Field(description="names the cart")
    stream_id: Code | None = Field(None, description="the livestream it was filled in")


class CartUpdated(CartData):
    total: Fen = Field(description="what the cart comes to now")
    items: list[Item] | None = Field(None, description="what is in it now")


class OrderData(Data):
    order_id: Code = Field(description="names the order, for ever")


class OrderPaid(OrderData):
    total: Fen = Field(description="what was paid")
    store: Code | None = Field(None, description="the store it is served from")
    city: Code | None = Field(None, description="the city it is served in, if no store is named")
    cart_id: Code | None = Field(None, description="the cart it came from")
    stream_id: Code | None = Field(None, description="the livestream it came from")
    channel: Code | None = Field(
        None, description="where it was sold; `wholesale` is taken from stock, and counts in no rate of sale"
    )
    items: list[Item] | None = Field(None, description="what was bought")


class OrderShipped(OrderData):
    carrier: Code | None = Field(None, description="who brings it")
    tracking_no: Code | None = Field(None, description="by what its parcel is followed")


class OrderRefunded(OrderData):
    binding = frozenset({"total"})

    total: Fen | None = Field(None, description="what was given back; the whole order if it isn't given")
    items: list[Goods] | None = Field(None, description="what came back into stock; with a part of the money, nothing")
    reason: Text | None = Field(None, description="why, in the customer's words")


class ReviewWritten(Data):
    text: Text = Field(description="what was written")
    order_id: Code | None = Field(None, description="the order it is about")
    sku: Code | None = Field(None, description="the product it is about")
    rating: Stars | None = Field(None, description="stars that were given, 1 to 5")


class ProductViewed(Data):
    sku: Code | None = Field(None, description="what was looked at")
    category: Code | None = Field(None, description="its category")
    name: Text | None = Field(None, description="as people read it")
    price: Fen | None = Field(None, description="of one unit")
    stream_id: Code | None = Field(None, description="the livestream it was shown in")


class StreamData(Data):
    stream_id: Code = Field(description="names the livestream")


class Offered(Data):
    sku: Code = Field(description="what will be sold")
    price: Fen | None = Field(None, description="of one unit, in the show")
    reservations: Count | None = Field(None, description="how many want it")


class StreamScheduled(StreamData):
    title: Text | None = Field(None, description="as people read it")
    city: Code | None = Field(None, description="whose customers it is for")
    starts_at: Instant = Field(description="when it is planned to begin")
    minutes: Minutes | None = Field(None, description="how long it is planned to last")
    host: Text | None = Field(None, description="who presents it")
    reservations: Count | None = Field(None, description="how many want to see it")
    products: list[Offered] | None = Field(None, description="what will be sold")


class StreamStarted(StreamData):
    title: Text | None = Field(None, description="as people read it, if it wasn't scheduled")
    city: Code | None = Field(None, description="whose customers it is for, if it wasn't scheduled")


class SpendRecorded(Data):
    amount: Fen = Field(description="what was spent")
    channel: Code | None = Field(None, description="where it was spent, as `douyin`")
    stream_id: Code | None = Field(None, description="the livestream it was spent for")


class StreamLeft(StreamData):
    watched_minutes: Minutes | None = Field(None, description="how long the customer watched")


class StreamShowing(StreamData):
    sku: Code = Field(description="the product that is shown from now on, until the next one is")


class StreamCommented(StreamData):
    text: Text | None = Field(None, description="what was said")
    sku: Code | None = Field(None, description="the product it is about, if the shop knows; else the one being shown")


class StepData(Data):
    """About a step of an enrollment; the newest enrollment of `journey` if none is given."""

    binding = frozenset({"enrollment", "step", "journey", "message", "code"})

    enrollment: RowId | None = Field(None, description="the enrollment it is about")
    step: Code | None = Field(None, description="the id of the step")
    journey: Code | None = Field(None, description="the journey of the step")


class MessageData(StepData):
    message: RowId | None = Field(None, description="the message in the ledger")


class MessageClicked(MessageData):
    url: Text | None = Field(None, description="what was clicked")


class MessageReplied(MessageData):
    text: Text | None = Field(None, description="what was answered")


class MessageFailed(MessageData):
    reason: Text | None = Field(None, description="what the provider said")


class TodoDone(StepData):
    note: Text | None = Field(None, description="what the customer said, in the guide's words")


class CouponData(StepData):
    code: Code | None = Field(None, description="the coupon's code")
    campaign: Code | None = Field(None, description="the coupon campaign")
    order_id: Code | None = Field(None, description="the order it was used on")


class CouponDiscrepancy(Data):
    reason: Literal["not_yours", "used_twice", "held", "revoked", "expired"] = Field(
        description="why a till can't have taken it: it is another customer's, used on or held by another order, taken "
        "back or over"
    )
    code: Code | None = Field(None, description="the coupon's code")
    campaign: Code | None = Field(None, description="the coupon campaign")
    order_id: Code | None = Field(None, description="the order of the till")
    other_order_id: Code | None = Field(None, description="the order that used or holds it")


class LotData(Data):
    lot_id: Code = Field(description="names the batch of stock")


class LotReceived(LotData):
    sku: Code = Field(description="what it is a batch of")
    name: Text | None = Field(None, description="as people read it")
    category: Code | None = Field(None, description="what conditions ask for")
    city: Code | None = Field(None, description="where it is stored")
    store: Code | None = Field(None, description="the store that keeps it")
    quantity: Amount = Field(description="units received, besides those of earlier receipts")
    expires_on: Expiry = Field(description="the last day on which it may be eaten")
    price: Fen | None = Field(None, description="of one unit")


class Shipped(Data):
    sku: Code = Field(description="what is on its way")
    quantity: Amount = Field(description="units of it")
    lot_id: Code | None = Field(None, description="the batch it is of")
    expires_on: Expiry | None = Field(None, description="the last day on which that may be eaten")


class AsnReceived(Data):
    order: Code = Field(description="the order's key (`supply-12`), or the ERP's own name for it")
    supplier: Code | None = Field(None, description="who sent it, as `_supply.yaml` names them")
    arrives_on: Expiry | None = Field(None, description="the day on which the goods come")
    items: list[Shipped] | None = Field(None, description="what is on its way")


class LotNearExpiry(LotData):
    binding = frozenset({"journey"})

    journey: Code | None = Field(None, description="the journey it is for; every journey if it isn't given")
    at_risk: Amount | None = Field(None, description="units that won't sell in time at the present rate of sale")
    rate: Rate | None = Field(None, description="units that sell in a day; missing if none was ever sold")
    days: Count | None = Field(None, description="days that are left to sell it in, today included")
    basis: Code | None = Field(None, description="`forecast`, or `rate` where too few days are known for one")


class StockCounted(LotData):
    quantity: Amount = Field(description="units found on the shelf")
    reserved: Amount | None = Field(None, description="of these, promised to somebody; as before if it isn't given")
    quarantined: Amount | None = Field(None, description="of these, not for sale; as before if it isn't given")


class StockDiscrepancy(Data):
    reason: Literal[
        "oversold",
        "unknown_sku",
        "unknown_place",
        "unknown_lot",
        "expired",
        "expiry_differs",
        "sku_differs",
        "returned_too_many",
    ] = Field(description="what doesn't fit")
    sku: Code | None = Field(None, description="the product it is about")
    lot_id: Code | None = Field(None, description="the batch it is about")
    order_id: Code | None = Field(None, description="the order it is about")
    quantity: Sum | None = Field(None, description="units")


class ProductUpdated(Data):
    sku: Code = Field(description="names the product")
    name: Text | None = Field(None, description="as people read it")
    category: Code | None = Field(None, description="what conditions ask for")
    shelf_days: Days | None = Field(None, description="days it keeps from when it is made")
    min_days: Days | None = Field(None, description="days that it must still keep when it is sold")
    companions: Codes | None = Field(None, description="the `sku`s to offer beside it, the first first")
    aliases: Codes | None = Field(None, description="what customers call it beside its name, in comments")
    manager: Code | None = Field(None, description="the employee who answers for it, and hears of complaints")


class ProductLaunched(Data):
    sku: Code = Field(description="the product that is new")
    requirement: RowId | None = Field(None, description="the requirement that it came of")


class StoreUpdated(Data):
    store: Code = Field(description="names the store, or the city itself of lots that name no store")
    city: Code | None = Field(None, description="where it is")
    location: LocationField | None = Field(None, description="for conditions about what is near")


class StockAlarm(Data):
    lot_id: Code | None = Field(None, description="the batch it is about")
    sku: Code | None = Field(None, description="the product it is about")
    quantity: Amount | None = Field(None, description="units left")
    stream_id: Code | None = Field(None, description="the livestream that sells it")
    kind: Literal["selling_fast", "selling_out"] | None = Field(None, description="what a livestream's sales say")
    sold: Number | None = Field(None, description="units sold in the last `window` minutes")
    window: Count | None = Field(None, description="minutes")
    expected: Number | None = Field(None, description="units expected in them, by past livestreams")
    per_minute: Number | None = Field(None, description="units it sells per minute now")
    left: Number | None = Field(None, description="units that can still be sold")
    sells_out_at: Instant | None = Field(None, description="when nothing is left, at this rate")
    reason: Text | None = Field(None, description="what set it off")


class FeedbackAlert(Data):
    sku: Code = Field(description="the product it is about")
    aspect: Code = Field(description="the aspect, as `taste`")
    topic: Text = Field(description="what is said, in few words")
    stream_id: Code | None = Field(None, description="the livestream in which it is said")
    count: Count | None = Field(None, description="customers who say it")
    speakers: Count | None = Field(None, description="customers who speak of the product")
    share: Number | None = Field(None, description="the first as a part of the second")
    usual: Number | None = Field(None, description="the same of the last livestreams")
    manager: Code | None = Field(None, description="the employee who answers for the product")


class TagChanged(Data):
    tag: Text = Field(description="the tag")
    by: Literal["rule", "journey", "time"] | None = Field(None, description="what changed it; `time` is its end")
    journey: Code | None = Field(None, description="the journey that did")


class SentOnce(Data):
    send: Code = Field(description="the journey of one step that sends it")


class SegmentChanged(Data):
    segment: Text = Field(description="the segment")


class PlayData(Data):
    play: Code = Field(description="the play, by its name")
    instance: RowId = Field(description="which time it was played")


class PlayClosed(PlayData):
    step: Code | None = Field(None, description="the `collect` whose entries were closed")
    entries: Count | None = Field(None, description="entries that count")
    top: Code | None = Field(None, description="the option that is on top")
    stream_id: Code | None = Field(None, description="the livestream it was played in")


class PlayEntered(PlayData):
    step: Code | None = Field(None, description="the `collect` that took it")
    entry: RowId | None = Field(None, description="the entry")
    choice: Code | None = Field(None, description="the option that was chosen")
    guess: Number | None = Field(None, description="the number that was guessed")
    stream_id: Code | None = Field(None, description="the livestream it was played in")


class PlayWon(PlayData):
    step: Code | None = Field(None, description="the draw")
    entry: RowId | None = Field(None, description="the entry that won")
    place: Count | None = Field(None, description="the place, from 1")
    prize: Text | None = Field(None, description="what was won, as people read it")
    campaign: Code | None = Field(None, description="the campaign of the coupon")
    code: Code | None = Field(None, description="the coupon's code")


class PlayTold(PlayWon):
    title: Text | None = Field(None, description="what people call the play")
    whom: Literal["winners", "lost", "entrants"] | None = Field(None, description="as whom the customer is told")
    journey: Code | None = Field(None, description="the journey that it is to begin")


class Birthday(Data):
    binding = frozenset({"journey"})

    journey: Code | None = Field(None, description="the journey it is for; every journey if it isn't given")
