"""The processes: Postgres and its schema, Temporal and its Schedules, workers, the API, and their versions."""

import asyncio
from collections.abc import Iterator
from importlib.metadata import version

import httpx
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.service import RPCError

from domain.published.library import read_library
from domain.store.clock import SystemClock
from runtime.doctor.finding import Cluster, Finding, Shop, Talk
from runtime.platform.database import alembic_config, trouble
from runtime.platform.embedded import SEARCH_ATTRIBUTES
from runtime.platform.schedules import schedules_of
from runtime.platform.temporal import known_search_attributes, pollers, temporal_address, temporal_client

OLDEST_POSTGRES = 15


def postgres(shop: Shop) -> Iterator[Finding]:
    """Whether Postgres answers, and which it is."""
    talk = Talk("postgres", shop.say)
    if why := trouble(shop.engine):
        yield talk.wrong(
            (f"Postgres 连不上：{why}", f"Postgres can't be reached: {why}"),
            ("启动它，或改 AFTERSHOW_DATABASE_URL", "start it, or put AFTERSHOW_DATABASE_URL right"),
        )
        return
    with shop.engine.connect() as connection:
        number = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one() // 10_000
    if number < OLDEST_POSTGRES:
        yield talk.wrong(
            (f"Postgres {number} 太旧", f"Postgres {number} is too old"),
            (f"升级到 {OLDEST_POSTGRES} 以上", f"upgrade it to {OLDEST_POSTGRES} or newer"),
        )
    else:
        yield talk.ok(f"Postgres {number} 答话", f"Postgres {number} answers")


def migrations(shop: Shop) -> Iterator[Finding]:
    """Whether the schema is this release's."""
    talk = Talk("migrations", shop.say)
    with shop.engine.connect() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
        there, head = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if there == head:
        yield talk.ok(f"库在最新的 {head}", f"the schema is at {head}, the newest")
    elif there is None or there in {revision.revision for revision in script.walk_revisions()}:
        yield talk.wrong(
            (
                f"库在 {there or '空'}，程序要 {head}",
                f"the schema is at {there}, {head} is needed",
            ),
            ("aftershow db upgrade", "aftershow db upgrade"),
        )
    else:
        yield talk.wrong(
            (f"库在 {there}，这个程序不认识", f"the schema is at {there}, which this release doesn't know"),
            ("程序比库旧：升级程序", "the program is older than the database: upgrade the program"),
        )


def temporal(shop: Shop) -> Iterator[Finding]:
    """Whether Temporal answers and knows our search attributes, and who asks it for work."""
    talk = Talk("temporal", shop.say)
    if shop.cluster is None:
        where = temporal_address()
        yield talk.wrong(
            (
                f"{where} 的 Temporal 不答话：旅程停着，事件照收",
                f"Temporal at {where} doesn't answer: journeys stand still",
            ),
            ("启动它，或改 TEMPORAL_ADDRESS", "start it, or put TEMPORAL_ADDRESS right"),
        )
        return
    server, workers = shop.cluster.version, shop.cluster.workers
    yield talk.ok(f"Temporal {server} 答话", f"Temporal {server} answers")
    if shop.cluster.missing:
        names = ", ".join(sorted(shop.cluster.missing))
        yield talk.wrong(
            (f"Temporal 不认识搜索属性 {names}", f"Temporal doesn't know the search attributes {names}"),
            ("aftershow db upgrade", "aftershow db upgrade"),
        )
    if not workers:
        yield Talk("worker", shop.say).wrong(
            ("没有 worker 在取活：没人发消息", "no worker asks for work: nobody sends messages"),
            (
                "启动 aftershow worker；它和这里要用同一个 Temporal",
                "start aftershow worker, on the same Temporal",
            ),
        )
    else:
        yield Talk("worker", shop.say).ok(f"{len(workers)} 个 worker 在取活", f"{len(workers)} workers ask for work")


async def ask_temporal() -> Cluster | None:
    """What Temporal says within some seconds; None if it doesn't."""
    try:
        async with asyncio.timeout(5):
            client = await temporal_client()
            info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
            paused = {
                listed.id: listed.schedule.state.paused
                async for listed in await client.list_schedules()
                if listed.schedule is not None
            }
            missing = set(SEARCH_ATTRIBUTES) - await known_search_attributes(client)
            return Cluster(info.server_version, missing, await pollers(client), paused)
    except (RPCError, RuntimeError, TimeoutError):
        return None


def schedules(shop: Shop) -> Iterator[Finding]:
    """Schedules that Temporal lacks, or that somebody paused."""
    talk = Talk("schedules", shop.say)
    if shop.cluster is None:
        return
    with shop.db() as session:
        library = read_library(session)
    demo = not isinstance(shop.clock, SystemClock)
    wanted, there = schedules_of(library, paused=demo), shop.cluster.schedules
    for name in sorted(wanted.keys() - there.keys()):
        yield talk.wrong(
            (f"Temporal 里没有定时 {name}", f"Temporal lacks the Schedule {name}"),
            ("worker 在跑就会在十秒内补上；看它的日志 housekeeping waits",
             "a running worker makes it within ten seconds; look for `housekeeping waits` in its log"),
        )  # fmt: skip
    for name in sorted(name for name, paused in there.items() if paused and name in wanted and not demo):
        yield talk.wrong(
            (f"定时 {name} 被暂停了", f"the Schedule {name} is paused"),
            ("在 Temporal 界面里恢复", "resume it in Temporal's UI"),
        )
    yield talk.ok(f"该有 {len(wanted)} 个定时", f"{len(wanted)} Schedules are wanted")


def api(shop: Shop) -> Iterator[Finding]:
    """Whether the API answers, what it lacks, and whether it is this release."""
    talk = Talk("api", shop.say)
    try:
        ready = httpx.get(f"{shop.api}/readyz", timeout=10)
        theirs = httpx.get(f"{shop.api}/openapi.json", timeout=10).json()["info"]["version"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as problem:
        why = type(problem).__name__
        yield talk.wrong(
            (f"{shop.api} 没有 API 答话：{why}", f"no API answers at {shop.api}: {why}"),
            ("启动 aftershow api；在别处就用 --url", "start aftershow api; if it is elsewhere, say --url"),
        )
        return
    if ready.status_code != 200:
        why = str(ready.json().get("detail", ready.status_code)) if ready.content else str(ready.status_code)
        yield talk.wrong(
            (f"API 做不了事：{why}", f"the API can't work: {why}"), ("恢复它说的那个", "bring back what it names")
        )
    else:
        yield talk.ok(f"{shop.api} 的 API 答话", f"the API at {shop.api} answers")
    if theirs != version("aftershow"):
        ours = version("aftershow")
        yield talk.wrong(
            (f"API 是 {theirs} 版，这里是 {ours} 版", f"the API is release {theirs}, this is {ours}"),
            ("把两边换成同一版", "bring both to one release"),
        )
