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
from domain.supply import planning
from domain.supply.arrivals import KEY
from domain.supply.tables import SupplyPlan
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
        """Do what is due, and propose the next delivery on its day."""
        with self._db.begin() as work:
            standing = planning.look_after(work, supplier, self._clock.now())
        seconds = self._clock.seconds_until(standing.due) if standing.due else 0.0
        return standing.model_copy(update={"seconds": seconds})

    @activity.defn
    def order_delivery(self, plan_id: int) -> None:
        """Order each product of a delivery, by keys that make each one order however often this is tried."""
        with self._db() as session:
            plan = session.get_one(SupplyPlan, plan_id)
            supplier = read_library(session).supply.suppliers.get(plan.supplier)
        if plan.status != "agreed":
            return
        city = supplier.city if supplier else None
        placed = []
        try:
            for sku, units in sorted(plan.ordered.items()):
                placed.append(self._erp.place(PurchaseOrder(f"{KEY}{plan.id}-{sku}", sku, quantity_of(units), city)))
        except BusyError as busy:
            wait = timedelta(seconds=busy.retry_after) if busy.retry_after else None
            raise ApplicationError("the ERP is busy", type="ErpBusy", next_retry_delay=wait) from None
        except OrderRefusedError as refused:
            with self._db.begin() as work:
                planning.failed(work, plan_id, str(refused), self._clock.now())
            return
        promised = max((each.promised_on for each in placed if each.promised_on), default=None)
        with self._db.begin() as work:
            planning.placed(work, plan_id, placed[0].reference, promised, self._clock.now())
