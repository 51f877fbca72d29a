"""The worker process: workflows, activities, the relay and the housekeeping, on one connection to Temporal."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from anyio.from_thread import start_blocking_portal
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.adapters.coupons import CouponAdapter
from activities.adapters.erp import Erp, HttpErp, Ledger
from activities.adapters.model_reader import Model
from activities.adapters.webhook import HttpWebhooks, NobodyCalled
from activities.adapters.webhook_target import Target
from activities.connect import ConnectActivities
from activities.deliver import DeliverActivities
from activities.journey import JourneyActivities
from activities.nightly import NightlyActivities
from activities.plays import PlayActivities
from activities.replenishment import ReplenishmentActivities
from activities.supply import SupplyActivities
from activities.tracking import FollowUpActivities
from activities.voice import VoiceActivities
from domain.channels.staff import TellsStaff
from domain.store.clock import Clock
from domain.store.work import Database
from domain.texts.links import Site
from runtime.platform.channels import channels, coupon_source
from runtime.platform.database import WORKER, connect
from runtime.platform.heap import settle_heap
from runtime.platform.housekeeping import keep_house
from runtime.platform.measures import SCHEDULES, Measuring
from runtime.platform.outbox.gathering import CohortPolicy
from runtime.platform.outbox.relay import Relay
from runtime.platform.providers.connect import surroundings
from runtime.platform.providers.wms import warehouse
from runtime.platform.settings import Settings, site_of
from runtime.platform.stored_clock import clock_of
from runtime.platform.telemetry import log_as, trace_to_environment
from runtime.platform.temporal import TASK_QUEUE, temporal_client
from runtime.platform.worker_door import Condition, door, open_door
from workflows.runs.connect import ConnectWorkflow
from workflows.runs.journey import CohortWorkflow, JourneyWorkflow
from workflows.runs.nightly import NightlyWorkflow
from workflows.runs.paging import FanOutWorkflow, ScheduleWorkflow
from workflows.runs.play import PlayWorkflow
from workflows.runs.replenishment import ReplenishmentWorkflow
from workflows.runs.requirement import RequirementWorkflow
from workflows.runs.supply import SupplyWorkflow
from workflows.runs.tracking import FollowUpWorkflow
from workflows.runs.voice import ReadCommentsWorkflow, ShowReviewWorkflow, WeeklyReportWorkflow

THREADS = 16
WORKFLOWS = (
    JourneyWorkflow, CohortWorkflow, ConnectWorkflow, FanOutWorkflow, FollowUpWorkflow, NightlyWorkflow, PlayWorkflow,
    ReadCommentsWorkflow, ReplenishmentWorkflow, RequirementWorkflow, ScheduleWorkflow, ShowReviewWorkflow,
    SupplyWorkflow, WeeklyReportWorkflow,
)  # fmt: skip


def sandbox() -> SandboxedWorkflowRunner:
    """Workflows run sandboxed; their own room is pure and need not be imported anew for each."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows", "pydantic")
    )


@asynccontextmanager
async def working(
    client: Client,
    db: Database,
    clock: Clock,
    task_queue: str = TASK_QUEUE,
    *,
    site: Site | None = None,
    coupons: CouponAdapter | None = None,
    targets: Mapping[str, Target] | None = None,
    gathering: CohortPolicy | None = None,
    erp: Erp | None = None,
    model: Model | None = None,
    public_url: str | None = None,
) -> AsyncIterator[Relay]:
    """A worker that runs while the block does; yields a relay to its task queue.

    `targets` are the webhooks that it calls; without them, none is really called. With `public_url`, runs lead to the
    console there.
    """
    with ThreadPoolExecutor(THREADS) as threads, start_blocking_portal() as portal:
        carriers = channels(db, clock, portal)
        staff = [carrier for carrier in carriers.values() if isinstance(carrier, TellsStaff)]
        around = surroundings(clock)
        webhooks = NobodyCalled() if targets is None else HttpWebhooks(targets, portal)
        worker = Worker(
            client,
            task_queue=task_queue,
            workflows=WORKFLOWS,
            activities=[
                *JourneyActivities(
                    db, clock, carriers, site=site, coupons=coupons, webhooks=webhooks, warehouse=warehouse(db)
                ).all(),
                *ReplenishmentActivities(db, clock, erp or Ledger(), staff).all(),
                *SupplyActivities(db, clock, erp or Ledger()).all(),
                FollowUpActivities(db, clock, carriers).follow_up,
                *NightlyActivities(db, clock).all(),
                *VoiceActivities(db, clock, model).all(),
                *PlayActivities(db, clock, coupons).all(),
                ConnectActivities(db, around).pull,
                DeliverActivities(db, around, webhooks).deliver,
            ],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            workflow_runner=sandbox(),
            interceptors=[Measuring(THREADS)],
        )
        async with worker:
            yield Relay(db, client, task_queue, gathering, public_url, staff)


async def work(engine: Engine, db: Database, clock: Clock, settings: Settings) -> None:
    """Work until the process is told to stop."""
    client = await temporal_client()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    coupons = coupon_source(db, clock)
    site, targets = site_of(settings), settings.webhooks
    gathering = CohortPolicy(size=settings.cohort_size, seconds=settings.gather / 1000)
    erp = HttpErp(settings.erp_url, settings.erp_token) if settings.erp_url else None
    model = None
    if settings.reader_url:
        model = Model(settings.reader_url, settings.reader_model, settings.reader_token, settings.reader_limit)
    async with working(
        client,
        db,
        clock,
        site=site,
        coupons=coupons,
        targets=targets,
        gathering=gathering,
        erp=erp,
        model=model,
        public_url=settings.public_url,
    ) as relay:
        house = keep_house(client, db, clock, coupons, settings.keep_events)
        parts = (relay.run(engine), house, SCHEDULES.watch(client), stop.wait())
        probe, figures = connect(settings.database_url, WORKER, pool_size=1)
        condition = Condition(client, probe, asyncio.get_running_loop())
        routes = door(condition, figures, clock, engine.pool)
        with open_door(routes, settings.worker_host, settings.worker_port):
            tasks = [asyncio.create_task(part) for part in parts]
            ended, going_on = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        probe.dispose()
        while going_on:  # a call to Temporal may turn a cancellation into an error of its own, and be tried again
            for task in going_on:
                task.cancel()
            _, going_on = await asyncio.wait(going_on, timeout=1)
        for task in ended:
            task.result()


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop."""
    log_as(settings.log)
    trace_to_environment("aftershow-worker")
    engine, db = connect(settings.database_url, WORKER, pool_size=THREADS + 4)
    settle_heap()
    try:
        asyncio.run(work(engine, db, clock_of(db), settings))
    finally:
        engine.dispose()
