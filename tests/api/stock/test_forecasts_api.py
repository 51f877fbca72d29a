"""`/v1/forecasts` and `/v1/streams/{id}/forecast`: what will be sold, and what that stands on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from calling import Caller
from shop import Shop

from domain.intake.ingest import Incoming
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BACK = 70


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """Ten weeks: milk sells 10 a day and 30 at weekends in 杭州, pan a week of 4 a day, both in one category."""
    shop = Shop(db, clock)
    now = clock.now()

    def sold(at: datetime, sku: str, units: int, **more: str) -> Incoming:
        items = [{"sku": sku, "quantity": units}]
        return shop.incoming("order.paid", "li", time=at, order_id=f"o{shop.posted}", total=1, items=items, **more)

    where = {"city": "杭州", "category": "早餐", "expires_on": "2027-01-01", "quantity": 9000}
    begins = now - BACK * DAY
    shop.take(shop.incoming("lot.received", time=begins, lot_id="M", sku="milk", name="牛奶", **where))
    shop.take(shop.incoming("lot.received", time=now - 7 * DAY, lot_id="P", sku="pan", **where))
    days = [begins + day * DAY + 5 * MINUTE for day in range(BACK)]
    shop.take(*(sold(at, "milk", 30 if at.weekday() > 4 else 10, city="杭州") for at in days))
    shop.take(*(sold(at, "pan", 4, city="杭州") for at in days[-7:]))
    for number in range(4):
        at = now - (30 - 7 * number) * DAY
        shop.post("stream.scheduled", time=at, stream_id=f"s{number}", starts_at=at.isoformat(), host="甲")
        shop.take(*(sold(at + part * 12 * MINUTE, "tea", 6, stream_id=f"s{number}") for part in range(10)))
        shop.post("stream.ended", time=at + 120 * MINUTE, stream_id=f"s{number}")
    soon = (now + 2 * DAY).isoformat()
    plan = {"minutes": 60, "host": "甲", "products": [{"sku": "tea", "price": 3900}, {"sku": "new"}]}
    shop.post("stream.scheduled", stream_id="next", city="杭州", starts_at=soon, **plan)
    return shop


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("read",))


def test_demand_is_foretold_by_day_with_what_it_stands_on(shop: Shop, caller: Caller) -> None:
    told = caller.get("/v1/forecasts?sku=milk&city=杭州市&days=14").json()
    assert (told["name"], told["basis"]["of"], told["basis"]["days"]) == ("牛奶", "product", BACK)
    assert len(told["days"]) == 14
    for day in told["days"]:
        weekend = datetime.fromisoformat(day["date"]).weekday() > 4
        assert day["expected"] == pytest.approx(30 if weekend else 10, rel=0.3)
        assert day["quantiles"].keys() == {"0.1", "0.5", "0.75", "0.9"}
        assert list(day["quantiles"].values()) == sorted(day["quantiles"].values())
    shows = [day["date"] for day in told["days"] if "直播" in day["special"]]
    assert shows == [(shop.clock.now() + 2 * DAY).date().isoformat()]
    later = told["days"][3]["date"]
    assert caller.get(f"/v1/forecasts?sku=milk&city=杭州&from={later}&days=2").json()["days"] == told["days"][3:5]


def test_the_shops_own_days_are_counted_by_what_they_did_before(shop: Shop, caller: Caller) -> None:
    now = shop.clock.now()
    past = [now - back * DAY for back in (61, 50, 39, 28, 17)]
    ahead = now + 3 * DAY
    with shop.db.begin() as work:
        publish_document(
            work, "_calendar", {"会员日": [f"{day:%Y-%m-%d}" for day in (*past, ahead)], "直播": [f"{now:%m-%d}"]}
        )
    items = [{"sku": "milk", "quantity": 30}]
    more = {"total": 1, "items": items, "city": "杭州"}
    shop.take(*(shop.incoming("order.paid", "wu", time=at, order_id=f"{at}", **more) for at in past))
    told = caller.get("/v1/forecasts?sku=milk&city=杭州&days=11").json()["days"]
    own, usual = told[3], told[10]
    assert (own["special"], usual["special"]) == (["会员日"], [])
    assert own["expected"] > 1.8 * usual["expected"]
    assert [day["special"] for day in told[:1]] == [["直播"]]


@pytest.mark.usefixtures("shop")
def test_a_product_of_few_days_uses_its_category_and_says_so(caller: Caller) -> None:
    told = caller.get("/v1/forecasts?sku=pan&days=7").json()
    assert (told["basis"]["of"], told["basis"]["category"], told["basis"]["products"]) == ("category", "早餐", 2)
    assert all(day["expected"] > 0 for day in told["days"])
    nothing = caller.get("/v1/forecasts?sku=milk&city=北京&days=1").json()
    assert (nothing["basis"]["of"], nothing["days"][0]["expected"]) == ("nothing", 0)


def test_one_sale_and_a_show_where_there_never_was_one_tell_nothing_they_do_not_know(
    db: Database, clock: VirtualClock, caller: Caller
) -> None:
    shop, now = Shop(db, clock), clock.now()
    shop.post("stream.scheduled", stream_id="first", starts_at=(now + 2 * DAY).isoformat())
    items = [{"sku": "once", "quantity": 7}]
    shop.post("order.paid", "li", time=now - 3 * DAY, order_id="o", total=1, items=items)
    told = caller.get("/v1/forecasts?sku=once&days=3").json()
    assert (told["basis"]["days"], told["basis"]["sold"]) == (3, 7)
    assert [day["special"] for day in told["days"]] == [[], [], ["直播"]]
    for day in told["days"]:
        assert list(day["quantiles"].values()) == sorted(day["quantiles"].values())
        assert 0 <= day["expected"] <= 7
    assert told["days"][2]["expected"] == pytest.approx(told["days"][0]["expected"], rel=0.5)


@pytest.mark.usefixtures("shop")
def test_a_festival_is_on_its_own_day_each_year(caller: Caller) -> None:
    """端午节 was on 31 May in 2025, and is on 19 June in 2026."""
    told = caller.get("/v1/forecasts?sku=milk&from=2026-05-28&days=25").json()["days"]
    special = {day["date"][5:]: day["special"] for day in told}
    assert "端午节" in special["06-19"]
    assert "端午节前" in special["06-18"]
    assert [day for day, names in special.items() if "端午节" in names] == ["06-19"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("sku=ghost", 404),
        ("", 422),
        ("sku=milk&days=0", 422),
        ("sku=milk&days=91", 422),
        ("sku=milk&from=2020-01-01", 422),
        ("sku=milk&from=soon", 422),
        ("sku=%00", 422),
    ],
)
def test_what_cannot_be_foretold_is_told(caller: Caller, query: str, status: int) -> None:
    assert caller.get(f"/v1/forecasts?{query}").status_code == status


def test_a_show_is_foretold_by_its_plan_and_from_its_fifteenth_minute_by_its_sales(shop: Shop, caller: Caller) -> None:
    told = caller.get("/v1/streams/next/forecast").json()
    assert (told["minutes"], told["elapsed"], told["shows"], told["state"]) == (60, 0, 4, "planned")
    new, tea = sorted(told["products"], key=lambda product: product["sku"])
    assert (tea["basis"]["of"], new["basis"]["of"]) == ("product", "shows")
    assert tea["expected"] == pytest.approx(30, rel=0.35)
    shop.post("stream.started", stream_id="next")
    shop.clock.set(shop.clock.now() + 20 * MINUTE)
    items = [{"sku": "tea", "quantity": 40}]
    shop.post("order.paid", "li", order_id="rush", total=1, items=items, stream_id="next")
    tea = next(each for each in caller.get("/v1/streams/next/forecast").json()["products"] if each["sku"] == "tea")
    assert tea["basis"]["updated"]
    assert tea["expected"] > 70
    assert tea["quantiles"]["0.1"] >= 40
    assert caller.get("/v1/streams/ghost/forecast").status_code == 404
