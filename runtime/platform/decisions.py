"""Takes buyers' decisions to the runs that wait for them."""

import asyncio
from datetime import timedelta
from typing import get_args

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from domain.stock.replenishment import DecisionRefusedError, UndecidableError
from runtime.platform.outbox.tellers import replenishment_id
from runtime.platform.temporal import temporal_client
from workflows.plan.supply import Decision, Reason
from workflows.runs.replenishment import ReplenishmentWorkflow

PATIENCE = timedelta(seconds=10)


class Decisions:
    """Sends decisions as Updates, whose answer is the run's own. Connects when it is first needed."""

    def __init__(self, client: Client | None = None) -> None:
        self._client = client

    async def decide(self, alarm_id: int, decision: Decision) -> None:
        """Raises DecisionRefusedError with the run's reason, or UndecidableError if no run answers."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                self._client = self._client or await temporal_client()
                run = self._client.get_workflow_handle(replenishment_id(alarm_id))
                await run.execute_update(ReplenishmentWorkflow.decide, decision)
        except WorkflowUpdateFailedError as failure:
            reason = failure.cause.type if isinstance(failure.cause, ApplicationError) else None
            if reason in get_args(Reason):
                raise DecisionRefusedError(reason) from None
            raise UndecidableError from None
        except (RPCError, RuntimeError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise UndecidableError from None
