"""Commands for enrollments that a defect has put off."""

from datetime import UTC
from typing import Annotated

import typer
from rich.table import Table

from runtime import CONSOLE
from runtime.cli.shared import Data, database, record, say

app = typer.Typer()
Journey = Annotated[str | None, typer.Option("--journey", help="Only those of this journey.")]


@app.command("stuck")
def list_stuck(
    journey: Journey = None,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 100,
    data: Data = None,
) -> None:
    """List the enrollments that a defect has put off, those that are stuck for longest first."""
    from domain.journeys.stuck import list_stuck

    with database(data) as db, db() as session:
        rows = list_stuck(session, journey=journey, limit=last)
    if not rows:
        say("nobody is stuck")
        return
    table = Table("enrollment", "customer", "journey", "step", "since (UTC)", "attempts", "again at (UTC)", "defect")
    for row in rows:
        since, again = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "" for at in (row.stuck_since, row.due_at))
        cells = (row.id, row.customer_id, row.journey, row.position or "the end", since, row.attempts, again)
        table.add_row(*map(str, cells), row.stuck_on)
    CONSOLE.print(table)
    say("the worker's log has a traceback of each; once it is mended: aftershow retry")


@app.command()
def retry(journey: Journey = None, data: Data = None) -> None:
    """Let stuck enrollments try again at once."""
    from domain.journeys.stuck import retry
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        clock = clock_of(db)
        with db.begin() as work:
            count = retry(work, clock.now(), journey=journey)
            target = f"journey:{journey}" if journey else "journeys"
            record(work, "journey.retry", target, after={"retried": count})
    say(f"{count} try again" if count else "nobody is stuck")
