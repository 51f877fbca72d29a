"""A supplier's run: it proposes, orders what is agreed, waits, and ends when the terms no longer name the supplier."""

import asyncio
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from sqlmodel import select
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.adapters.erp import Ledger
from activities.supply import SupplyActivities
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.supply.tables import SupplyPlan
from runtime.platform.embedded import time_skipping_server
from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import WORKFLOWS, sandbox
from workflows import runs
from workflows.runs.supply import SupplyWorkflow


def test_the_worker_runs_every_workflow_that_there_is() -> None:
    modules = [import_module(each.name) for each in pkgutil.iter_modules(runs.__path__, "workflows.runs.")]
    classes = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    defined = {each for each in classes if "__temporal_workflow_definition" in vars(each)}
    assert defined == set(WORKFLOWS)


def publish(db: Database, suppliers: dict[str, object]) -> None:
    with db.begin() as work:
        publish_document(work, "_supply", {"suppliers": suppliers})


def test_small_batches_are_ordered_without_being_asked_for_until_the_supplier_is_gone(
    db: Database, clock: VirtualClock
) -> None:
    publish(db, {"a": {"way": "quick", "products": {"milk": {"pack": 6, "min": 10, "max": 60}}}})

    async def story() -> tuple[str, str]:
        with ThreadPoolExecutor(2) as threads:
            async with (
                await WorkflowEnvironment.start_time_skipping(
                    test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER
                ) as env,
                Worker(
                    env.client, task_queue="q", workflows=WORKFLOWS,
                    activities=SupplyActivities(db, clock, Ledger()).all(), activity_executor=threads,
                    workflow_runner=sandbox(),
                ),
            ):  # fmt: skip
                handle = await env.client.start_workflow(
                    SupplyWorkflow.run, args=["a", "zh"], id="supply/a", task_queue="q"
                )
                for _ in range(200):
                    page = (await handle.query("__temporal_workflow_metadata")).current_details
                    if "ordered" in page:
                        break
                    await asyncio.sleep(0.05)
                publish(db, {})
                await handle.signal(SupplyWorkflow.wake)
                return page, await handle.result()

    page, ended = asyncio.run(story())
    assert page.startswith("**供应计划**")
    assert ended == "over"
    with db() as session:
        plan = session.exec(select(SupplyPlan)).one()
    assert (plan.status, plan.ordered, plan.reference) == ("ordered", {"milk": 12}, f"supply-{plan.id}-milk")
