"""Where orders for more stock go: `Ledger`, which only records them, or an ERP over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Protocol

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError

from activities.adapters.retry_after import seconds_of
from domain.supply.confirming import Confirmation
from workflows.terms.quantities import Quantity, number_of

TIMEOUT_SECONDS = 10.0
AT_ONCE = 200
"""Orders whose confirmations are asked for at once."""

_BUSY = frozenset({408, 409, 423, 425, 429})
_LONGEST_WAIT = 3600


@dataclass(frozen=True)
class PurchaseOrder:
    """An order for more of a product, in units. The same `key` is the same order, however often it is placed.

    Of a supplier's delivery it says whose and for which day, and in fen what a unit should cost, if the terms say so.
    """

    key: str
    sku: str
    quantity: Decimal
    city: str | None
    supplier: str | None = None
    deliver_on: date | None = None
    price: int | None = None


@dataclass(frozen=True)
class Placed:
    """What the ERP says: its own name for the order and, if it knows, the day the goods come."""

    reference: str
    promised_on: date | None = None


class OrderRefusedError(Exception):
    """The ERP won't take the order, and wouldn't if it were placed again; the message says why, in a code."""


class BusyError(Exception):
    """The ERP can't take the order now; placing it again is safe, after `retry_after` seconds if it says so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Erp(Protocol):
    """Takes purchase orders, and knows what suppliers confirmed of them."""

    def place(self, order: PurchaseOrder) -> Placed:
        """Place an order once. Raises OrderRefusedError or BusyError."""

    def confirmations(self, orders: Sequence[str]) -> list[Confirmation] | None:
        """What is confirmed of the orders of these keys; None if none ever is, here. Raises BusyError."""


class Ledger:
    """The default: the order stands in Postgres, and somebody carries it out."""

    def place(self, order: PurchaseOrder) -> Placed:
        return Placed(order.key)

    def confirmations(self, orders: Sequence[str]) -> list[Confirmation] | None:  # noqa: ARG002 as of every ERP
        return None


class _Answer(BaseModel):
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    promised_on: date | None = None


class _Confirmed(BaseModel):
    order: Annotated[str, Field(min_length=1, max_length=200)]
    quantity: Annotated[Quantity, Field(ge=0, le=1_000_000_000)]
    promised_on: date | None = None


class _Confirmations(BaseModel):
    confirmations: list[_Confirmed]


class HttpErp:
    """An ERP that takes `POST {url}/orders` with an `Idempotency-Key`, and answers `{reference, promised_on?}`.

    It is asked for confirmations by `POST {url}/confirmations`; one that has no such place (404) confirms nothing.
    """

    def __init__(self, url: str, token: SecretStr | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}

    def place(self, order: PurchaseOrder) -> Placed:
        body = {"sku": order.sku, "quantity": number_of(order.quantity), "city": order.city}
        more = {
            "supplier": order.supplier,
            "deliver_on": order.deliver_on.isoformat() if order.deliver_on else None,
            "price": order.price,
        }
        body |= {name: value for name, value in more.items() if value is not None}
        response = self._post("orders", body, {"Idempotency-Key": order.key})
        if response.is_success:
            try:
                answer = _Answer.model_validate_json(response.content)
            except ValidationError:
                raise BusyError("unreadable_answer") from None
            return Placed(answer.reference, answer.promised_on)
        raise OrderRefusedError(f"http_{response.status_code}")

    def confirmations(self, orders: Sequence[str]) -> list[Confirmation] | None:
        found: dict[str, Confirmation] = {}
        for at in range(0, len(orders), AT_ONCE):
            response = self._post("confirmations", {"orders": list(orders[at : at + AT_ONCE])}, {})
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if not response.is_success:
                raise BusyError(f"http_{response.status_code}")
            try:
                answer = _Confirmations.model_validate_json(response.content)
            except ValidationError:
                raise BusyError("unreadable_answer") from None
            found |= {each.order: Confirmation(**each.model_dump()) for each in answer.confirmations}
        return [found[order] for order in orders if order in found]

    def _post(self, place: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        """The answer, unless asking again may give a better one."""
        try:
            response = httpx.post(
                f"{self._url}/{place}", json=body, headers={**self._headers, **headers}, timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            raise BusyError(type(error).__name__) from None
        if response.is_server_error or response.status_code in _BUSY:
            wait = seconds_of(response.headers)
            raise BusyError(f"http_{response.status_code}", None if wait is None else min(wait, _LONGEST_WAIT))
        return response
