"""The seven days after the evening: parcels arrive, people come back, return things or want no more messages."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import islice
from random import Random

from runtime.demo.catalog import BY_SKU, HOME_CITY
from runtime.demo.evening import Evening, Purchase, of_kind
from runtime.demo.events import Event, draft
from runtime.demo.orders import Basket, fill, paid, total
from runtime.demo.past import CLEARANCE_IN, NEAR_EXPIRY, lot_id, stream_id
from runtime.demo.people import BIRTHDAYS_AHEAD, Person, consent


def aftermath(rng: Random, people: Sequence[Person], evening: Evening) -> Iterator[Event]:
    """What `people` do until the seventh day, going on from what `evening` left behind."""
    start = evening.start
    yield from _parcels(rng, evening.bought, start)
    yield from _returns(evening.bought, start)
    yield from _late_payments(rng, evening.left, start)
    yield from _comebacks(rng, people, evening.bought, start)
    yield from _refusals(evening.left, start)
    yield from _clearance(rng, people, start)


def _on_day(start: datetime, day: int, clock: time) -> datetime:
    """The wall-clock time `clock`, `day` days after the evening of the show."""
    return datetime.combine((start + timedelta(days=day)).date(), clock, start.tzinfo)


def _sometime(rng: Random, start: datetime, day: int, first: int = 9, last: int = 21) -> datetime:
    """Some second between two full hours of a day after the show."""
    return _on_day(start, day, time(first)) + timedelta(seconds=rng.randrange((last - first) * 3600))


def _parcels(rng: Random, bought: Sequence[Purchase], start: datetime) -> Iterator[Event]:
    """The home city is delivered on the first day, the others on the second."""
    for purchase in bought:
        at = _sometime(rng, start, 1 if purchase.person.city == HOME_CITY else 2, 9, 19)
        yield draft("order.delivered", at, {"customer": purchase.person.buyer, "order_id": purchase.order_id})


def _returns(bought: Sequence[Purchase], start: datetime) -> Iterator[Event]:
    """Two newcomers and one regular get their money back in full."""
    returned = [*islice(of_kind(bought, "newcomer"), 2), *islice(of_kind(bought, "regular"), 1)]
    for day, purchase in enumerate(returned, 1):
        facts = {"customer": purchase.person.buyer, "order_id": purchase.order_id, "total": total(purchase.basket)}
        yield draft("order.refunded", _on_day(start, day, time(20, 40)), facts)


def _late_payments(rng: Random, left: Sequence[Purchase], start: datetime) -> Iterator[Event]:
    """Every fourth cart that was left is paid on the next day."""
    for purchase in left[::4]:
        order_id = f"o{start:%y%m%d}-{purchase.person.number:03d}"
        yield paid(
            purchase.person, order_id, purchase.basket, _sometime(rng, start, 1, 8, 14), cart_id=purchase.cart_id
        )


def _comebacks(rng: Random, people: Sequence[Person], bought: Sequence[Purchase], start: datetime) -> Iterator[Event]:
    """New customers buy again, bean buyers get their pour-over things, and a VIP celebrates with an order."""
    for number, purchase in enumerate(islice(of_kind(bought, "newcomer"), 2, 10)):
        yield _order(purchase.person, fill(rng, purchase.person, 2), _sometime(rng, start, 2 + number % 5))
    brewers = [
        purchase.person
        for purchase in bought
        if purchase.person.kind != "newcomer" and any(BY_SKU[sku].category == "咖啡豆" for sku in purchase.basket)
    ]
    for number, person in enumerate(brewers[:4]):
        basket: Basket = {"filter-paper-02": 1, "server-600": 1} if number % 2 else {"dripper-02": 1}
        yield _order(person, basket, _sometime(rng, start, 4 + number % 3))
    celebrating = people[BIRTHDAYS_AHEAD - 1]
    yield _order(celebrating, fill(rng, celebrating, 4), _on_day(start, BIRTHDAYS_AHEAD, time(12, 30)))


def _refusals(left: Sequence[Purchase], start: datetime) -> Iterator[Event]:
    """Two of those who left a cart want no more text messages, just before one would have gone out to them."""
    reachable = (purchase.person for purchase in left[1::4] if "phone" in purchase.person.identifiers)
    for person in islice(reachable, 2):
        yield consent(person, "withdrawn", "sms", "短信回复R", _on_day(start, 1, time(19, 5)))


def _clearance(rng: Random, people: Sequence[Person], start: datetime) -> Iterator[Event]:
    """The clearance show; one of its lots is gone before it begins."""
    begins = start + timedelta(days=CLEARANCE_IN)
    show = {"stream_id": stream_id(start, CLEARANCE_IN)}
    lots = [(sku, lot_id(sku, city, start, "A")) for sku, city, *_ in NEAR_EXPIRY if city == HOME_CITY]
    (lot, _), (gone, gone_lot) = lots
    yield draft("lot.sold_out", begins - timedelta(minutes=50), {"lot_id": gone_lot, "sku": gone, "city": HOME_CITY})
    yield draft("stream.started", begins, show | {"city": HOME_CITY})
    neighbours = [person for person in people if person.kind in ("vip", "regular") and person.city == HOME_CITY]
    for person in rng.sample(neighbours, 8):
        at = begins + timedelta(seconds=rng.randint(120, 3000))
        yield _order(person, {lot: rng.randint(1, 3)}, at, show["stream_id"])
    yield draft("stream.ended", begins + timedelta(minutes=60), show)


def _order(person: Person, basket: Basket, at: datetime, show: str | None = None) -> Event:
    """An order without a cart, named by who paid and when."""
    return paid(person, f"r{at:%y%m%d%H%M%S}-{person.number:03d}", basket, at, stream_id=show)
