"""What journeys brought, over HTTP and at the command line."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from emptying import Kept
from shop import Shop

from domain.insight import statistics, units
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.cli.app import run

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 3d}
    policy: {holdout: 40%}
    steps:
      - id: offer
        split: [{variant: control, weight: 50, steps: []}, {variant: ten, weight: 50, steps: [{wait: 1h}]}]
"""


@pytest.fixture
def visited(db: Database, clock: VirtualClock, kept: Kept) -> None:
    """A shop where forty visited, and half of them bought the day after."""
    began = clock.now()

    def visit() -> None:
        shop = Shop(db, clock)
        shop.publish(SPEC)
        names = [f"c{number}" for number in range(40)]
        shop.take(*[shop.incoming("form.filled", name) for name in names])
        shop.give("split", shop.group("offer"))
        clock.set(began + timedelta(days=1))
        for name in names[::2]:
            shop.post("order.paid", name, order_id=name, total=5000)

    kept.once(visit)
    clock.set(began + timedelta(days=8))


@pytest.mark.usefixtures("visited")
def test_results_are_read(call_with: Callable[..., Caller]) -> None:
    caller = call_with(scopes=("read",))
    found = caller.get("/v1/journeys/visits/results").json()
    assert found["entered"] == 40
    assert sum(group["customers"] for group in found["groups"]) == 40
    assert sum(group["reached"] for group in found["groups"]) == 20
    assert (found["comparison"]["verdict"], found["comparison"]["doubt"]) == ("can't be trusted", "few")
    assert found["words"][0] == "进入 40 人次，发出 0 条，点击 0 条；归因订单 0 笔，共 0元"
    assert "each group needs 100 customers" in caller.get("/v1/journeys/visits/results?lang=en").json()["words"][3]
    together = caller.get("/v1/results").json()
    assert together["a_month"] is None
    assert [group["name"] for group in together["groups"]] == ["treated", "held out"]
    assert together["groups"][1]["customers"] == 0


@pytest.mark.parametrize(("least", "is_told"), [(1, True), (100, False)])
@pytest.mark.usefixtures("visited")
def test_the_list_of_journeys_has_the_lift_of_the_last_night(
    least: int, *, is_told: bool, call_with: Callable[..., Caller], db: Database, clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caller = call_with(scopes=("read",))
    monkeypatch.setattr(statistics, "LEAST", least)
    (listed,) = caller.get("/v1/journeys").json()
    assert (listed["lift"], listed["holdout"]) == (None, 40)
    with db.begin() as work:
        units.keep(work, clock.now())
    (listed,) = caller.get("/v1/journeys").json()
    results = caller.get("/v1/journeys/visits/results").json()
    assert listed["lift"] == (results["comparison"]["goal"] if is_told else None)


@pytest.mark.usefixtures("visited")
def test_an_experiment_is_read(call_with: Callable[..., Caller]) -> None:
    caller = call_with(scopes=("read",))
    found = caller.get("/v1/journeys/visits/experiments/offer").json()
    assert [group["name"] for group in found["groups"]] == ["control", "ten"]
    assert found["comparisons"][0]["group"] == "ten"
    assert 0 < found["chance_of_sizes"] <= 1


@pytest.mark.parametrize(
    ("visitors", "orders", "refund", "reached", "revenue"),
    [
        (0, [], None, 0, 0.0),
        (1, [5000], None, 1, 5000.0),
        (40, [], None, 0, 0.0),
        (40, [100] * 40, None, 40, 100.0),
        (40, [10**11], None, 1, 10**11 / 40),
        (40, [5000, 5000], 5000, 2, 5000 / 40),
        (40, [5000, 5000], 9000, 2, 5000 / 40),
    ],
    ids=["none", "one", "none reached", "all reached", "a huge order", "refunded late", "refunded more than was paid"],
)
def test_odd_shops_are_answered(
    db: Database,
    clock: VirtualClock,
    call_with: Callable[..., Caller],
    visitors: int,
    orders: list[int],
    refund: int | None,
    reached: int,
    revenue: float,
) -> None:
    shop = Shop(db, clock)
    shop.publish(SPEC.replace("40%", "0%"))
    names = [f"c{number}" for number in range(visitors)]
    if names:
        shop.take(*[shop.incoming("form.filled", name) for name in names])
        shop.give("split", shop.group("offer"))
    clock.set(clock.now() + timedelta(days=1))
    for name, total in zip(names, orders, strict=False):
        shop.post("order.paid", name, order_id=name, total=total)
    clock.set(clock.now() + timedelta(days=7))
    if refund:
        shop.post("order.refunded", "c0", order_id="c0", total=refund)
    caller = call_with(scopes=("read",))
    found = caller.get("/v1/journeys/visits/results").json()
    assert sum(group["reached"] for group in found["groups"]) == reached
    assert sum(group["revenue"] for group in found["groups"]) == pytest.approx(revenue)
    of_split = caller.get("/v1/journeys/visits/experiments/offer").json()
    assert sum(group["customers"] for group in of_split["groups"]) == visitors
    assert (found["comparison"]["doubt"], of_split["comparisons"][0]["doubt"]) == ("few", "few")
    for path in ("experiments/offer/history", "experiments/offer?lang=en", "results?lang=en"):
        assert caller.get(f"/v1/journeys/visits/{path}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/journeys/nothing/results", 404),
        ("/v1/journeys/visits/experiments/nothing", 404),
        ("/v1/journeys/nothing/experiments/offer", 404),
        ("/v1/journeys/visits/results?since=yesterday", 422),
        ("/v1/metrics", 200),
        ("/v1/metrics/orders", 200),
        ("/v1/metrics/repurchase?days=7&by=month&from=2026-01-01&to=2026-03-01", 200),
        ("/v1/metrics/sales", 422),
        ("/v1/metrics/show_revenue?by=show", 200),
        ("/v1/metrics/sent?where=journey:visits", 200),
        ("/v1/metrics/sent?where=show:s1", 422),
        ("/v1/metrics/sent?where=visits", 422),
        ("/v1/metrics/sent?where=journey:%00", 422),
        ("/v1/metrics/lift?where=journey:visits", 200),
        ("/v1/metrics/turnover_days/products", 200),
        ("/v1/metrics/alarms/products?where=show:s1", 200),
        ("/v1/metrics/orders/products", 422),
        ("/v1/journeys/visits/experiments/offer?measure=nothing", 422),
        ("/v1/cohorts", 200),
        ("/v1/cohorts?months=61", 422),
        ("/v1/metrics/orders?by=year", 422),
        ("/v1/metrics/orders?from=2026-03-01&to=2026-01-01", 422),
        ("/v1/metrics/orders?to=0001-01-05", 422),
        ("/v1/metrics/orders?to=9999-12-31", 200),
        ("/v1/journeys/visits/results?since=2026-03-01T00:00:00", 422),
        ("/v1/journeys/visits/results?since=9999-12-31T23:59:59Z", 200),
        ("/v1/journeys/visits/results?since=0001-01-01T00:00:00%2B14:00", 200),
    ],
)
@pytest.mark.usefixtures("visited")
def test_what_cannot_be_read_is_told(path: str, status: int, call_with: Callable[..., Caller]) -> None:
    assert call_with(scopes=("read",)).get(path).status_code == status


@pytest.mark.usefixtures("visited")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["results", "visits", "--lang", "zh"], "进入 40 人次"),
        (["results", "--lang", "zh"], "发送组 比 对照组"),
        (["results", "nothing"], "nobody ever entered a journey nothing"),
        (["experiment", "visits", "offer", "--lang", "en"], "ten beside control"),
        (["experiment", "visits", "offer", "--measure", "minutes"], "no measure of events minutes in _tags.yaml"),
        (["experiment", "visits", "other"], "visits has no split other; it has offer"),
        (["experiment", "visits"], "name the split"),
        (["experiment", "plan", "--base", "10%", "--lift", "20%", "--lang", "zh"], "每组需要 8,595 人"),
        (["metric", "orders", "--lang", "zh"], "订单数：付款的订单"),
        (["metric", "repurchase", "--days", "7", "--lang", "en"], "repurchase rate"),
        (["metric", "--lang", "zh"], "复购率"),
        (["metric", "entered", "--where", "journey:visits", "--by", "month", "--lang", "zh"], "进入旅程的人次"),
        (["metric", "show_revenue", "--by", "show", "--lang", "en"], "revenue of shows"),
        (["metric", "orders", "--by", "show"], "orders isn't counted by show; by day only"),
        (["metric", "sent", "--where", "sms"], "where is written like journey:NAME"),
        (["cohorts", "--lang", "zh"], "已付与预期（今后 12 个月）是人均"),
        (["metric", "rebuild", "--lang", "zh"], "重新计算 20 笔订单，其中 0 笔归因到消息或券"),
        (["metric", "sales"], "there is no metric sales; there are new_customers"),
        (["ltv", "fit"], "0 customers ordered again"),
        (["experiment", "plan", "--base", "ten"], "--base must be a percentage"),
        (["experiment", "plan", "--base", "10%", "--lift", "0"], "between 0 and 1"),
    ],
)
def test_the_command_line_tells_the_same(
    arguments: list[str],
    words: str,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
    monkeypatch.setattr("sys.argv", ["aftershow", *arguments])
    with pytest.raises(SystemExit):
        run()
    printed = capsys.readouterr()
    assert words in printed.out + printed.err
