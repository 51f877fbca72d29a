"""Everything before the evening: shows, stock, sign-ups, and half a year of orders.

Orders and visits lie at least eight days back, where events are history only and start no journey.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from random import Random

from runtime.demo.catalog import BY_SKU, CITY_CODES, HOME_CITY, PRODUCTS, SECOND_CITY
from runtime.demo.events import Event, draft
from runtime.demo.orders import fill, paid
from runtime.demo.people import Person, consent, registration

PAST_SHOWS = (9, 16, 23)
"""How many days before the evening the earlier shows were."""
CLEARANCE_IN = 2
"""How many days after the evening the clearance show is."""
NEAR_EXPIRY = (("milk-950", HOME_CITY, 3, 64), ("blueberry-4", HOME_CITY, 3, 48), ("toast-400", SECOND_CITY, 2, 30))
"""SKU, city, days from the evening to the expiry, units. The second city plans no show and tells nobody."""


def stream_id(start: datetime, days: int = 0) -> str:
    """The show `days` after the one that starts at `start`."""
    return f"live-{start + timedelta(days=days):%Y%m%d}"


def lot_id(sku: str, city: str, start: datetime, batch: str) -> str:
    return f"{CITY_CODES[city]}-{sku}-{start:%y%m%d}{batch}"


def shows(start: datetime) -> Iterator[Event]:
    """The shows as they were announced, two days ahead; tonight's and the clearance show after it among them."""
    titles = {0: "绿野晚市·云南咖啡季", CLEARANCE_IN: "绿野清仓夜·临期好物专场"}
    for days in (*(-days for days in PAST_SHOWS), *titles):
        begins = start + timedelta(days=days)
        announced = min(begins - timedelta(days=2), start - timedelta(days=1)).replace(hour=10, minute=0)
        title = titles.get(days, "绿野晚市")
        facts = {
            "stream_id": stream_id(start, days),
            "title": title,
            "city": HOME_CITY,
            "starts_at": begins.isoformat(),
        }
        yield draft("stream.scheduled", announced, facts)


def deliveries(rng: Random, start: datetime) -> Iterator[Event]:
    """The stock that came in during the last days: all goods in the home city, the quick movers in the second one."""
    for number, product in enumerate(PRODUCTS):
        yield _lot(rng, start, product.sku, HOME_CITY, "B", product.shelf_days, rng.randint(150, 400))
        if number % 2 == 0:
            yield _lot(rng, start, product.sku, SECOND_CITY, "B", product.shelf_days, rng.randint(60, 150))
    for sku, city, days, quantity in NEAR_EXPIRY:
        yield _lot(rng, start, sku, city, "A", days, quantity)


def _lot(rng: Random, start: datetime, sku: str, city: str, batch: str, days: int, quantity: int) -> Event:
    product = BY_SKU[sku]
    received = (start - timedelta(days=rng.randint(1, 6))).replace(hour=rng.randint(5, 9), minute=rng.randrange(60))
    facts = {
        "lot_id": lot_id(sku, city, start, batch),
        "sku": sku,
        "name": product.name,
        "category": product.category,
        "city": city,
        "quantity": quantity,
        "expires_on": (start + timedelta(days=days)).date().isoformat(),
        "price": product.price,
    }
    return draft("lot.received", received, facts)


def signups(rng: Random, people: Sequence[Person], start: datetime) -> Iterator[Event]:
    """Registrations and consents of everybody but the newcomers; every twentieth person later refuses text messages."""
    for person in people:
        if person.kind == "newcomer":
            continue
        days = rng.randint(32, 60) if person.kind == "watcher" else rng.randint(185, 400)
        yield from registration(rng, person, _daytime(rng, start, days))
        if person.number % 20 == 0 and "phone" in person.identifiers:
            yield consent(person, "withdrawn", "sms", "短信回复R", _daytime(rng, start, rng.randint(10, 25)))


def history(rng: Random, people: Sequence[Person], start: datetime) -> Iterator[Event]:
    """Orders of the last six months and visits to the earlier shows."""
    for person in people:
        if person.kind in ("vip", "regular"):
            yield from _orders(rng, person, start)
        if person.kind != "newcomer" and person.online:
            yield from _visits(rng, person, start)


def _orders(rng: Random, person: Person, start: datetime) -> Iterator[Event]:
    """A VIP has at least four large orders within the last 80 days, so that the segment holds through the demo."""
    if person.kind == "vip":
        recent = [rng.randint(8, 80) for _ in range(rng.randint(4, 6))]
        days = recent + [rng.randint(81, 178) for _ in range(rng.randint(1, 4))]
        kinds = (4, 6)
    else:
        days = [rng.randint(8, 178) for _ in range(rng.choices((1, 2, 3, 4), (35, 35, 20, 10))[0])]
        kinds = (1, 3)
    for number, ago in enumerate(sorted(days, reverse=True), 1):
        basket = fill(rng, person, rng.randint(*kinds))
        order_id = f"h{start:%y%m%d}-{person.number:03d}-{number}"
        yield paid(person, order_id, basket, _daytime(rng, start, ago))


def _visits(rng: Random, person: Person, start: datetime) -> Iterator[Event]:
    """A watcher sees each show for over a quarter of an hour; the others drop in now and then."""
    for ago in PAST_SHOWS:
        if person.kind != "watcher" and rng.random() > 0.3:
            continue
        came = start + timedelta(days=-ago, seconds=rng.randint(60, 40 * 60))
        minutes = rng.randint(16, 75) if person.kind == "watcher" else rng.randint(2, 60)
        show = {"stream_id": stream_id(start, -ago)}
        yield draft("stream.joined", came, show, person.subject)
        yield draft(
            "stream.left", came + timedelta(minutes=minutes), show | {"watched_minutes": minutes}, person.subject
        )


def _daytime(rng: Random, start: datetime, ago: int) -> datetime:
    """Some time between 09:00 and 22:00, `ago` days before the show."""
    midnight = datetime.combine((start - timedelta(days=ago)).date(), time(), start.tzinfo)
    return midnight + timedelta(seconds=rng.randint(9 * 3600, 22 * 3600 - 1))
