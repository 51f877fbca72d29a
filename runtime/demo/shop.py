"""The demo shop as data: everything that happened to it, as the CloudEvents that go in at `POST /v1/events`."""

from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain
from random import Random
from typing import Any

from runtime.demo.aftermath import aftermath
from runtime.demo.catalog import PRODUCTS
from runtime.demo.chorus import encore, listing, sing
from runtime.demo.evening import Evening
from runtime.demo.events import ZONE, Event, seal
from runtime.demo.past import deliveries, history, shows, signups
from runtime.demo.people import make_people

SHOW_STARTS = time(19, 30)


@dataclass(frozen=True)
class Shop:
    """One evening of the shop and what surrounds it.

    Each list of events is in time order; ids are unique over all of them. `products` have `sku`, `name`, `category`,
    `price` (fen). `customers_events`, `streams_events`, `lots_events` and `history_events` come before the evening
    (the newcomers register in it), `evening_events` are of 19:30 to 22:00, `later_events` of the seven days after.
    """

    products: list[dict[str, Any]]
    customers_events: list[Event]
    streams_events: list[Event]
    lots_events: list[Event]
    history_events: list[Event]
    evening_events: list[Event]
    later_events: list[Event]

    @property
    def earlier_events(self) -> list[Event]:
        """All that happened before the evening, in time order: what to post first."""
        parts = (self.customers_events, self.streams_events, self.lots_events, self.history_events)
        return sorted(chain(*parts), key=lambda event: datetime.fromisoformat(event["time"]))

    @property
    def events(self) -> list[Event]:
        """Every event, in time order."""
        return [*self.earlier_events, *self.evening_events, *self.later_events]


def build(evening: datetime, seed: int = 7) -> Shop:
    """The shop around the show that starts at 19:30 in Hangzhou on the local day of `evening`.

    The same day and `seed` give the same events, and ids carry both, so that posting them again changes nothing.
    Raises ValueError if `evening` has no time zone.
    """
    if evening.tzinfo is None:
        raise ValueError("the evening needs a time zone")
    start = datetime.combine(evening.astimezone(ZONE).date(), SHOW_STARTS, ZONE)

    def dice(part: str) -> Random:
        """Each part rolls its own dice, so that a change of one leaves the others as they are."""
        return Random(f"{seed} {part}")

    def numbered(part: str) -> str:
        return f"{start:%Y%m%d}-{seed}-{part}"

    people = make_people(dice("people"), start.date())
    show = Evening(dice("evening"), start)
    show.run(people)
    sing(dice("chorus"), people, show)
    return Shop(
        products=[
            {"sku": item.sku, "name": item.name, "category": item.category, "price": item.price} for item in PRODUCTS
        ],
        customers_events=seal(signups(dice("customers"), people, start), numbered("customer")),
        streams_events=seal(shows(start), numbered("stream")),
        lots_events=seal([*deliveries(dice("lots"), start), *listing(start)], numbered("lot")),
        history_events=seal(history(dice("history"), people, start), numbered("history")),
        evening_events=seal(show.drafts, numbered("evening")),
        later_events=seal(
            [*aftermath(dice("later"), people, show), *encore(dice("encore"), people, start)], numbered("later")
        ),
    )
