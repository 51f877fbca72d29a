"""Where orders for more stock go: `Ledger`, which only records them, or an ERP over HTTP."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Protocol

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError

from activities.adapters.retry_after import seconds_of
from workflows.terms.quantities import number_of

TIMEOUT_SECONDS = 10.0
_BUSY = frozenset({408, 409, 423, 425, 429})
_LONGEST_WAIT = 3600


@dataclass(frozen=True)
class PurchaseOrder:
    """An order for more of a product, in units. The same `key` is the same order, however often it is placed."""

    key: str
    sku: str
    quantity: Decimal
    city: str | None


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
    """Takes purchase orders."""

    def place(self, order: PurchaseOrder) -> Placed:
        """Place an order once. Raises RefusedError or BusyError."""


class Ledger:
    """The default: the order stands in Postgres, and somebody carries it out."""

    def place(self, order: PurchaseOrder) -> Placed:
        return Placed(order.key)


class _Answer(BaseModel):
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    promised_on: date | None = None


class HttpErp:
    """An ERP that takes `POST {url}/orders` with an `Idempotency-Key`, and answers `{reference, promised_on?}`."""

    def __init__(self, url: str, token: SecretStr | None = None) -> None:
        self._url = f"{url.rstrip('/')}/orders"
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}

    def place(self, order: PurchaseOrder) -> Placed:
        body = {"sku": order.sku, "quantity": number_of(order.quantity), "city": order.city}
        headers = {**self._headers, "Idempotency-Key": order.key}
        try:
            response = httpx.post(self._url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise BusyError(type(error).__name__) from None
        if response.is_success:
            try:
                answer = _Answer.model_validate_json(response.content)
            except ValidationError:
                raise BusyError("unreadable_answer") from None
            return Placed(answer.reference, answer.promised_on)
        if response.is_server_error or response.status_code in _BUSY:
            wait = seconds_of(response.headers)
            raise BusyError(f"http_{response.status_code}", None if wait is None else min(wait, _LONGEST_WAIT))
        raise OrderRefusedError(f"http_{response.status_code}")
