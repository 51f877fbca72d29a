"""The activities of a supplier's run: each is one transaction; only ordering leaves the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.adapters.erp import BusyError, Erp, OrderRefusedError, PurchaseOrder
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from domain.supply import confirming, planning
from domain.supply.tables import SupplyPlan
from workflows.language.supply import Supplier
from workflows.plan.supply import SupplyState
from workflows.terms.quantities import quantity_of


class SupplyActivities:
    """Everything a supplier's workflow can ask for. `erp` takes the orders."""

    def __init__(self, db: Database, clock: Clock, erp: Erp) -> None:
        self._db = db
        self._clock = clock
        self._erp = erp

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [self.look_after_supplier, self.order_delivery]

    @activity.defn
    def look_after_supplier(self, supplier: str) -> SupplyState:
        """Take what the ERP was confirmed, do what is due, and propose the next delivery on its day."""
        with self._db() as session:
            orders = confirming.awaited(session, supplier)
        try:
            confirmations = self._erp.confirmations(orders) if orders else []
        except BusyError:  # what is due doesn't wait for it; it is asked again
            confirmations = []
        with self._db.begin() as work:
            confirming.take_confirmations(work, confirmations or [], self._clock.now())
        with self._db.begin() as work:
            again = confirming.EVERY if confirmations is not None else None
            standing = planning.look_after(work, supplier, self._clock.now(), again)
        seconds = self._clock.seconds_until(standing.due) if standing.due else 0.0
        return standing.model_copy(update={"seconds": seconds})

    @activity.defn
    def order_delivery(self, plan_id: int) -> None:
        """Order each product of a delivery, by keys that make each one order however often this is tried."""
        with self._db() as session:
            plan = session.get_one(SupplyPlan, plan_id)
            supplier = read_library(session).supply.suppliers.get(plan.supplier, Supplier())
        if plan.status != "agreed":
            return
        taken, refused = {}, {}
        for sku, units in sorted(plan.ordered.items()):
            quantity, terms = quantity_of(units), supplier.products.get(sku)
            order = PurchaseOrder(
                confirming.key_of(plan, sku), sku, quantity, supplier.city,
                plan.supplier, plan.promised_on or plan.on, terms.price_of(quantity) if terms else None,
            )  # fmt: skip
            try:
                placed = self._erp.place(order)
            except BusyError as busy:
                wait = timedelta(seconds=busy.retry_after) if busy.retry_after else None
                raise ApplicationError("the ERP is busy", type="ErpBusy", next_retry_delay=wait) from None
            except OrderRefusedError as error:
                refused[sku] = str(error)
            else:
                taken[sku] = (placed.reference, placed.promised_on)
        with self._db.begin() as work:
            confirming.placed(work, plan_id, taken, refused, self._clock.now())
