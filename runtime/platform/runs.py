"""The runs of cohorts, as Temporal knows them."""

from collections.abc import Set
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionStatus

from workflows.plan.commands import Cohort


@dataclass(frozen=True)
class Run:
    """A run, and the enrollments in its input: of one that was continued as new, those that weren't over by then."""

    status: WorkflowExecutionStatus | None
    carries: Set[int]

    @property
    def goes_on(self) -> bool:
        return self.status is WorkflowExecutionStatus.RUNNING


def workflow_id(journey: str, run: int) -> str:
    """The id of the workflow that is named after the enrollment `run`: its own, or that of its cohort."""
    return f"{journey}/{run}"


async def look_up(client: Client, name: str) -> Run:
    """The newest run of a cohort's workflow. Raises RPCError, with NOT_FOUND if Temporal has none."""
    description = await client.get_workflow_handle(name).describe()
    handle = client.get_workflow_handle(name, run_id=description.run_id)
    first = await anext(handle.fetch_history_events(page_size=1))
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    (cohort,) = await client.data_converter.decode(payloads, [Cohort])
    return Run(description.status, frozenset(state.enrollment for state in cohort.enrollments))
