"""What a worker measures of itself: slots, activities, relay and housekeeping; and of the Schedules in Temporal."""

import asyncio
import logging
import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

logger = logging.getLogger(__name__)

SLOTS = Gauge("aftershow_worker_slots", "Activities that this worker can carry out at once, by state.", ["state"])
ACTIVITIES = Histogram(
    "aftershow_activity_seconds",
    "Seconds that activities took, by name and by how they ended.",
    ["activity", "outcome"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120),
)
DUTIES_FAILED = Counter("aftershow_housekeeping_failures", "Duties of the housekeeping that could not be done.")
RELAY_AGE = Gauge("aftershow_relay_age_seconds", "Seconds since the relay last went through the outbox to its end.")
HOUSEKEEPING_AGE = Gauge(
    "aftershow_housekeeping_age_seconds", "Seconds since the housekeeping last did all of its duties."
)
SCHEDULES_EVERY = 30.0
"""Seconds from one look at Temporal's Schedules to the next."""


class Beat:
    """When something that must go on for ever last did; counts from when the process began."""

    def __init__(self, gauge: Gauge) -> None:
        self._at = time.monotonic()
        gauge.set_function(lambda: self.age)

    def beat(self) -> None:
        """It went on just now."""
        self._at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._at


RELAY = Beat(RELAY_AGE)
HOUSEKEEPING = Beat(HOUSEKEEPING_AGE)


class Measuring(Interceptor):
    """Counts the slots that activities take, and times them."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self.in_use = 0
        SLOTS.labels("size").set(slots)
        SLOTS.labels("in_use").set_function(lambda: self.in_use)
        SLOTS.labels("free").set_function(lambda: self._slots - self.in_use)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand before an activity."""
        return _Timed(next, self)


class _Timed(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, measuring: Measuring) -> None:
        super().__init__(next)
        self._measuring = measuring

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        began, outcome = time.perf_counter(), "failed"
        self._measuring.in_use += 1
        try:
            found = await self.next.execute_activity(input)
            outcome = "done"
            return found
        finally:
            self._measuring.in_use -= 1
            name = getattr(input.fn, "__temporal_activity_definition").name
            ACTIVITIES.labels(name, outcome).observe(time.perf_counter() - began)


class Schedules(Collector):
    """What Temporal says of our Schedules, as it said it last."""

    def __init__(self) -> None:
        self._missed: dict[str, int] = {}
        self._paused: dict[str, bool] = {}

    async def watch(self, client: Client) -> None:
        """Look now and then, until cancelled. While Temporal is away, what it said last stands."""
        while True:
            try:
                await self.look(client)
            except (RPCError, RuntimeError) as problem:
                logger.warning("schedules can't be looked at: %s", type(problem).__name__)
            await asyncio.sleep(SCHEDULES_EVERY)

    async def look(self, client: Client) -> None:
        """Ask Temporal of each. Raises RPCError if it is away."""
        missed, paused = dict[str, int](), dict[str, bool]()
        async for listed in await client.list_schedules():
            described = await client.get_schedule_handle(listed.id).describe()
            info = described.info
            missed[listed.id] = info.num_actions_missed_catchup_window + info.num_actions_skipped_overlap
            paused[listed.id] = described.schedule.state.paused
        self._missed, self._paused = missed, paused

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """As metrics."""
        missed = CounterMetricFamily(
            "aftershow_schedule_missed", "Times that a Schedule should have fired and did not.", labels=["schedule"]
        )
        paused = GaugeMetricFamily("aftershow_schedule_paused", "Whether a Schedule is paused.", labels=["schedule"])
        for name, count in self._missed.items():
            missed.add_metric([name], count)
        for name, is_paused in self._paused.items():
            paused.add_metric([name], is_paused)
        return [missed, paused]


SCHEDULES = Schedules()
REGISTRY.register(SCHEDULES)
