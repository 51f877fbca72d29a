"""Two APIs and two workers, each a process of its own, share one Postgres and one Temporal without a leader."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
from processes import answers, eventually, process
from sqlmodel import select
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from domain.access.keys import create_key
from domain.channels.tables import SandboxMessage
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.publishing import publish_journey, publish_text
from domain.store.work import Database
from runtime.platform.embedded import free_port, temporal_server
from runtime.platform.temporal import TASK_QUEUE
from workflows.language.compile import read_journey

CUSTOMERS = 20
TWICE = """
journey: twice
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: first, send: hello, via: [sms], kind: transactional}
  - {id: second, send: hello, via: [sms], kind: transactional}
"""


def event(number: int) -> dict[str, object]:
    return {
        "specversion": "1.0", "id": str(number), "source": "shop", "type": "order.paid",
        "subject": f"phone:+86139{number:08}", "data": {"order_id": str(number), "total": 100},
    }  # fmt: skip


def post_all(url: str, key: str) -> Counter[str]:
    """How many events an API took, and how many it was told before."""
    told: Counter[str] = Counter()
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for number in range(CUSTOMERS):
            answer = client.post("/v1/events", json=event(number)).json()
            told.update(accepted=answer["accepted"], duplicates=answer["duplicates"])
    return told


async def polling(address: str) -> set[str]:
    """The processes that ask for activities."""
    client = await Client.connect(address)
    queue = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    answer = await client.workflow_service.describe_task_queue(queue)
    return {poller.identity for poller in answer.pollers}


async def identities(address: str, runs: list[int]) -> set[str]:
    """Which processes carried out the activities of these runs."""
    client = await Client.connect(address)
    found: set[str] = set()
    for run in runs:
        history = await client.get_workflow_handle(f"twice/{run}").fetch_history()
        started = (each.activity_task_started_event_attributes.identity for each in history.events)
        found.update(each for each in started if each)
    return found


def test_they_share_the_work_and_send_each_message_once(db: Database, postgres_url: str) -> None:
    plan = read_journey(TWICE, "twice.yaml", None).plan
    assert plan is not None
    with db.begin() as session:
        key = create_key(session, "shop", ["ingest"], datetime.now(UTC))
        publish_journey(session, plan, TWICE, datetime.now(UTC))
        publish_text(session, "hello", "sms", "您好")
    with temporal_server() as address, ExitStack() as processes:
        environment = {
            "AFTERSHOW_DATABASE_URL": postgres_url,
            "TEMPORAL_ADDRESS": address,
            "AFTERSHOW_COHORT_SIZE": "1",
        }
        urls = []
        for _ in range(2):
            port = free_port()
            urls.append(f"http://127.0.0.1:{port}")
            processes.enter_context(process({**environment, "AFTERSHOW_PORT": str(port)}, "api"))
            processes.enter_context(process(environment, "worker"))
        for url in urls:
            eventually(lambda url=url: answers(url))
        eventually(lambda: len(asyncio.run(polling(address))) == 2)
        with ThreadPoolExecutor(2) as threads:
            told = sum(threads.map(lambda url: post_all(url, key), urls), Counter())
        assert told == {"accepted": CUSTOMERS, "duplicates": CUSTOMERS}

        def through() -> bool:
            with db() as session:
                endings = session.exec(select(Enrollment.ending)).all()
            return endings == ["finished"] * CUSTOMERS

        eventually(through)
        with db() as session:
            runs = list(session.exec(select(Enrollment.id)))
            statuses = session.exec(select(Message.status)).all()
            held = session.exec(select(SandboxMessage)).all()
        assert len(asyncio.run(identities(address, runs))) == 2
    assert len(runs) == CUSTOMERS
    assert statuses == ["sent"] * 2 * CUSTOMERS
    assert len(held) == 2 * CUSTOMERS
