"""The activities of a replenishment: each is one transaction; only placing the order leaves the database."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.adapters.erp import BusyError, Erp, OrderRefusedError, PurchaseOrder
from domain.channels.staff import TellsStaff
from domain.stock import replenishment
from domain.store.clock import Clock
from domain.store.work import Database
from workflows.plan.supply import AlarmRaised, Decided, ReplenishmentState


class ReplenishmentActivities:
    """Everything a replenishment's workflow can ask for. `erp` takes the orders, `staff` reaches buyers."""

    def __init__(self, db: Database, clock: Clock, erp: Erp, staff: Sequence[TellsStaff] = ()) -> None:
        self._db = db
        self._clock = clock
        self._erp = erp
        self._staff = staff

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [self.propose_order, self.look_after_order, self.decide_order, self.place_order]

    @activity.defn
    def propose_order(self, alarm: AlarmRaised) -> ReplenishmentState:
        """Work out how much to order, and ask the buyer."""
        with self._db.begin() as work:
            standing = replenishment.begin(work, alarm.event, self._clock.now())
        return self._announced(standing)

    @activity.defn
    def look_after_order(self, alarm: AlarmRaised) -> ReplenishmentState:
        """Escalate, let lapse or remind, if that is due."""
        with self._db.begin() as work:
            standing = replenishment.act_on_due(work, alarm.event, self._clock.now())
        return self._announced(standing)

    @activity.defn
    def decide_order(self, decided: Decided) -> ReplenishmentState | None:
        """Settle the buyer's decision; None if another was taken before."""
        with self._db.begin() as work:
            standing = replenishment.decide(work, decided.event, decided.decision, self._clock.now())
            return self._timed(standing) if standing else None

    @activity.defn
    def place_order(self, alarm: AlarmRaised) -> ReplenishmentState:
        """Order from the ERP, by a key that makes it one order however often this is tried."""
        with self._db() as session:
            row = replenishment.of_alarm(session, alarm.event)
        if row.status != "approved" or row.quantity is None:
            return self._timed(replenishment.state_of(row))
        order = PurchaseOrder(f"replenishment-{row.id}", row.sku, row.quantity, row.city or None)
        try:
            placed = self._erp.place(order)
        except BusyError as busy:
            wait = timedelta(seconds=busy.retry_after) if busy.retry_after else None
            raise ApplicationError("the ERP is busy", type="ErpBusy", next_retry_delay=wait) from None
        except OrderRefusedError as refused:
            with self._db.begin() as work:
                return self._timed(replenishment.failed(work, alarm.event, str(refused), self._clock.now()))
        with self._db.begin() as work:
            now = self._clock.now()
            return self._timed(replenishment.ordered(work, alarm.event, placed.reference, placed.promised_on, now))

    def _announced(self, standing: ReplenishmentState) -> ReplenishmentState:
        """The standing, once whoever has to act was told of it; saying the same again is harmless."""
        if self._staff and standing.status != "duplicate":
            with self._db() as session:
                notice = replenishment.notice_of(session, standing.event)
            if notice:
                for channel in self._staff:
                    channel.tell_staff([notice])
        return self._timed(standing)

    def _timed(self, standing: ReplenishmentState) -> ReplenishmentState:
        seconds = self._clock.seconds_until(standing.due) if standing.due else 0.0
        return standing.model_copy(update={"seconds": seconds})
