"""The evening of the show, 19:30 to 22:00: who watches, says something, fills a cart, pays, or leaves it standing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from runtime.demo.catalog import COMMENTS, HOME_CITY
from runtime.demo.events import Event, draft
from runtime.demo.orders import Basket, contents, paid, pick
from runtime.demo.past import stream_id
from runtime.demo.people import Kind, Person, registration

SHOW = timedelta(minutes=140)
"""How long the show runs; the last orders come in within the ten minutes after it."""

FEATURED = ("beans-250", "beans-yirga-250", "beans-house-500", "milk-950", "blueberry-4", "salmon-400")


@dataclass(frozen=True)
class Habit:
    """Shares: who watches, who of them fills a cart, which carts are paid or cleared (the rest is left)."""

    watches: float
    fills: float
    pays: float
    clears: float


HABITS: dict[Kind, Habit] = {
    "vip": Habit(watches=0.85, fills=0.75, pays=0.7, clears=0.05),
    "regular": Habit(watches=0.6, fills=0.6, pays=0.5, clears=0.15),
    "watcher": Habit(watches=0.85, fills=0.5, pays=0.1, clears=0.2),
    "newcomer": Habit(watches=1.0, fills=0.95, pays=0.8, clears=0.05),
}


@dataclass(frozen=True)
class Purchase:
    """What somebody put together in the show: a cart that was left, or, with an `order_id`, an order."""

    person: Person
    basket: Basket
    cart_id: str
    order_id: str | None = None


@dataclass
class Evening:
    """Writes the evening down: `drafts` are its events, `bought` and `left` what the following days go on from."""

    rng: Random
    start: datetime
    drafts: list[Event] = field(default_factory=list)
    bought: list[Purchase] = field(default_factory=list)
    left: list[Purchase] = field(default_factory=list)

    @property
    def end(self) -> datetime:
        return self.start + SHOW

    def run(self, people: Sequence[Person]) -> None:
        """Play the show for all `people`."""
        show = {"stream_id": stream_id(self.start)}
        self.drafts.append(draft("stream.started", self.start, show | {"city": HOME_CITY}))
        for person in people:
            if person.online and self.rng.random() < HABITS[person.kind].watches:
                self._watch(person)
        self.drafts.append(draft("stream.ended", self.end, show))

    def _watch(self, person: Person) -> None:
        came = self.start + timedelta(seconds=int(self.rng.triangular(30, 95 * 60, 5 * 60)))
        stayed = timedelta(minutes=self.rng.randint(18, 110) if person.kind != "watcher" else self.rng.randint(12, 80))
        gone = min(came + stayed, self.end - timedelta(seconds=self.rng.randint(1, 50)))
        show = {"stream_id": stream_id(self.start)}
        if person.kind == "newcomer":
            self.drafts += registration(self.rng, person, came - timedelta(seconds=20))
        self.drafts.append(draft("stream.joined", came, show, person.subject))
        for _ in range(self.rng.choices((0, 1, 2, 3), (30, 40, 20, 10))[0]):
            comment = show | {"text": self.rng.choice(COMMENTS)}
            self.drafts.append(draft("stream.commented", self._between(came, gone), comment, person.subject))
        if self.rng.random() < HABITS[person.kind].fills:
            self._shop(person, came, gone)
        minutes = int((gone - came).total_seconds() // 60)
        self.drafts.append(draft("stream.left", gone, show | {"watched_minutes": minutes}, person.subject))

    def _shop(self, person: Person, came: datetime, gone: datetime) -> None:
        """One cart: changed a few times while watching, then paid, cleared or left."""
        cart_id = f"c{self.start:%y%m%d}-{person.number:03d}"
        basket: Basket = {}
        changes = self.rng.choices((1, 2, 3, 4), (30, 35, 25, 10))[0]
        times = sorted(self._between(came, gone) for _ in range(changes))
        for at in times:
            self._change(person, cart_id, basket, at)
        habit = HABITS[person.kind]
        fate = self.rng.random()
        after = times[-1] + timedelta(seconds=self.rng.randint(40, 8 * 60))
        cart = {"customer": person.buyer, "cart_id": cart_id}
        if fate < habit.pays:
            order_id = f"o{self.start:%y%m%d}-{person.number:03d}"
            self.drafts.append(paid(person, order_id, basket, after, cart_id=cart_id, stream_id=stream_id(self.start)))
            self.bought.append(Purchase(person, basket, cart_id, order_id))
        elif fate < habit.pays + habit.clears / 2:
            self.drafts.append(draft("cart.cleared", after, cart))
        elif fate < habit.pays + habit.clears:
            self.drafts.append(draft("cart.updated", after, cart | {"stream_id": stream_id(self.start)} | contents({})))
        else:
            self.left.append(Purchase(person, basket, cart_id))

    def _change(self, person: Person, cart_id: str, basket: Basket, at: datetime) -> None:
        sku = pick(self.rng, person, FEATURED)
        basket[sku] = basket.get(sku, 0) + 1
        cart = {"customer": person.buyer, "cart_id": cart_id, "stream_id": stream_id(self.start)}
        self.drafts.append(draft("cart.updated", at, cart | contents(basket)))

    def _between(self, first: datetime, last: datetime) -> datetime:
        """A whole second between the two instants."""
        return first + timedelta(seconds=self.rng.randint(5, int((last - first).total_seconds()) - 5))


def of_kind(purchases: Sequence[Purchase], kind: Kind) -> Iterator[Purchase]:
    """The purchases of one kind of customer."""
    return (purchase for purchase in purchases if purchase.person.kind == kind)
