"""The way to Temporal, as the SDK's standard environment variables say."""

import asyncio
import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.failure.v1 import Failure
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from runtime.platform.embedded import SEARCH_ATTRIBUTES
from runtime.platform.telemetry import interceptors


class ScrubbingFailureConverter(DefaultFailureConverter):
    """Failures enter Temporal as the name of the error alone: a message may quote a customer's data."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        link: Failure = failure
        while True:
            kind = link.application_failure_info.type
            if kind:
                link.message, link.stack_trace = kind, ""
                link.application_failure_info.ClearField("details")
            if not link.HasField("cause"):
                return
            link = link.cause


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=ScrubbingFailureConverter)
TASK_QUEUE = "aftershow"
RECENTLY = timedelta(seconds=90)
"""A worker asks again at least once a minute."""

DEFAULT_ADDRESS = "localhost:7233"
KINDS = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


def temporal_address() -> str:
    """Where this process looks for Temporal."""
    return ClientConfig.load_client_connect_config().get("target_host", DEFAULT_ADDRESS)


async def temporal_client() -> Client:
    """A connected client. Raises RuntimeError if Temporal is away."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    return await Client.connect(**config, data_converter=DATA_CONVERTER, interceptors=interceptors())


async def is_healthy() -> bool:
    """Whether Temporal answers within two seconds."""
    try:
        async with asyncio.timeout(2):
            client = await temporal_client()
            return await client.service_client.check_health()
    except (RPCError, RuntimeError, TimeoutError):
        return False


async def pollers(client: Client, task_queue: str = TASK_QUEUE) -> set[str]:
    """The identities of the workers that asked for activities and for workflows within the last minutes."""
    found = []
    since = datetime.now(UTC) - RECENTLY
    for kind in (TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW):
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind
        )
        answer = await client.workflow_service.describe_task_queue(request)
        asked = ((poller.identity, poller.last_access_time.ToDatetime(UTC)) for poller in answer.pollers)
        found.append({identity for identity, at in asked if at > since})
    return set.intersection(*found)


async def count_workers() -> int | None:
    """How many workers ask this cluster for work; None if it doesn't answer within two seconds."""
    try:
        async with asyncio.timeout(2):
            return len(await pollers(await temporal_client()))
    except (RPCError, RuntimeError, TimeoutError):
        return None


async def known_search_attributes(client: Client) -> set[str]:
    """The names of those that the cluster has beside its own."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return set((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def register_search_attributes(client: Client) -> list[str]:
    """Make the cluster know the search attributes of our runs; returns the new ones."""
    known = await known_search_attributes(client)
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known]
    if missing:
        await add_search_attributes(client, missing)
    return missing


async def add_search_attributes(client: Client, names: Iterable[str] = tuple(SEARCH_ATTRIBUTES)) -> None:
    """Register search attributes that the cluster does not have yet."""
    kinds = {name: KINDS[SEARCH_ATTRIBUTES[name]] for name in names}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
    )
