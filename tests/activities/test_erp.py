"""What every ERP adapter does, by the same tests; and what an ERP over HTTP may answer."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from providers.erp import FakeErp, erp_server
from pydantic import SecretStr

from activities.adapters.erp import BusyError, Erp, HttpErp, Ledger, OrderRefusedError, PurchaseOrder
from domain.supply.confirming import Confirmation

ORDER = PurchaseOrder("replenishment-7", "beans", 24, "杭州")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeErp]:
    with erp_server() as erp:
        yield erp


@pytest.fixture
def erp(server: FakeErp) -> FakeErp:
    server.answers, server.orders, server.promised_on = [], {}, None
    server.confirmed, server.asked = {}, []
    return server


@pytest.fixture(params=["ledger", "http"])
def adapter(request: pytest.FixtureRequest, erp: FakeErp) -> Erp:
    return Ledger() if request.param == "ledger" else HttpErp(erp.url)


def test_the_same_key_is_the_same_order(adapter: Erp) -> None:
    assert adapter.place(ORDER) == adapter.place(ORDER)
    assert (
        adapter.place(PurchaseOrder("replenishment-8", "beans", 24, None)).reference != adapter.place(ORDER).reference
    )


def test_an_order_has_a_name_there(adapter: Erp) -> None:
    assert adapter.place(ORDER).reference


def test_it_is_sent_with_its_key_and_the_token(erp: FakeErp) -> None:
    erp.promised_on = "2026-03-06"
    placed = HttpErp(f"{erp.url}/", SecretStr("t")).place(ORDER)
    assert (placed.reference, placed.promised_on) == ("PO-1", date(2026, 3, 6))
    assert erp.orders == {"replenishment-7": {"sku": "beans", "quantity": 24, "city": "杭州"}}
    assert "Bearer t" in erp.tokens


def test_nothing_is_confirmed_that_nobody_confirmed(adapter: Erp) -> None:
    adapter.place(ORDER)
    assert not adapter.confirmations([ORDER.key])


def test_of_a_delivery_it_says_whose_for_which_day_and_at_which_price(erp: FakeErp) -> None:
    HttpErp(erp.url).place(PurchaseOrder("supply-7-milk", "milk", 48, None, "hengyuan", date(2026, 3, 6), 420))
    more = {"supplier": "hengyuan", "deliver_on": "2026-03-06", "price": 420}
    assert erp.orders == {"supply-7-milk": {"sku": "milk", "quantity": 48, "city": None, **more}}


def test_confirmations_are_read_in_the_orders_order_two_hundred_at_once(erp: FakeErp) -> None:
    erp.confirmed = {"supply-7-b": {"quantity": 0}, "supply-7-a": {"quantity": 2.5, "promised_on": "2026-03-06"}}
    orders = ["supply-7-a", *(f"supply-8-{number}" for number in range(250)), "supply-7-b"]
    found = HttpErp(erp.url).confirmations(orders)
    assert found == [
        Confirmation("supply-7-a", Decimal("2.5"), date(2026, 3, 6)),
        Confirmation("supply-7-b", Decimal(0)),
    ]
    assert [len(asked) for asked in erp.asked] == [200, 52]


def test_an_erp_without_confirmations_never_has_any(erp: FakeErp) -> None:
    erp.confirmed = None
    assert HttpErp(erp.url).confirmations(["supply-7-a"]) is None


@pytest.mark.parametrize("answer", [{"quantity": -1}, {"quantity": "5箱"}, {"quantity": 5, "promised_on": "soon"}, {}])
def test_a_confirmation_that_makes_no_sense_is_asked_for_again(erp: FakeErp, answer: dict[str, object]) -> None:
    erp.confirmed = {"supply-7-a": answer}
    with pytest.raises(BusyError, match="unreadable_answer"):
        HttpErp(erp.url).confirmations(["supply-7-a"])
    erp.answers = [(503, {"retry-after": "7"})]
    with pytest.raises(BusyError, match="http_503"):
        HttpErp(erp.url).confirmations(["supply-7-a"])


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(503, {}, None), (500, {"retry-after": "7"}, 7), (429, {"retry-after": "soon"}, None), (409, {}, None),
     (429, {"retry-after": "999999"}, 3600)],
)  # fmt: skip
def test_what_may_pass_is_tried_again(erp: FakeErp, status: int, headers: dict[str, str], wait: int | None) -> None:
    erp.answers = [(status, headers)]
    with pytest.raises(BusyError) as busy:
        HttpErp(erp.url).place(ORDER)
    assert busy.value.retry_after == wait
    assert HttpErp(erp.url).place(ORDER).reference == "PO-1"


@pytest.mark.parametrize("status", [400, 401, 404, 422, 302])
def test_what_will_not_pass_is_refused(erp: FakeErp, status: int) -> None:
    erp.answers = [(status, {})]
    with pytest.raises(OrderRefusedError, match=f"http_{status}"):
        HttpErp(erp.url).place(ORDER)


def test_an_answer_that_cannot_be_read_is_asked_for_again(erp: FakeErp) -> None:
    erp.promised_on = "soon"
    with pytest.raises(BusyError, match="unreadable_answer"):
        HttpErp(erp.url).place(ORDER)


def test_nobody_is_there() -> None:
    with pytest.raises(BusyError):
        HttpErp("http://127.0.0.1:9").place(ORDER)
