"""What every ERP adapter does, by the same tests; and what an ERP over HTTP may answer."""

from collections.abc import Iterator
from datetime import date

import pytest
from providers.erp import FakeErp, erp_server
from pydantic import SecretStr

from activities.adapters.erp import BusyError, Erp, HttpErp, Ledger, OrderRefusedError, PurchaseOrder

ORDER = PurchaseOrder("replenishment-7", "beans", 24, "杭州")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeErp]:
    with erp_server() as erp:
        yield erp


@pytest.fixture
def erp(server: FakeErp) -> FakeErp:
    server.answers, server.orders, server.promised_on = [], {}, None
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
