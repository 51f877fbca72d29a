"""Commands for the day after: Temporal's runs from the database, and a database that was restored."""

from collections.abc import Mapping
from typing import Annotated

import typer

from runtime import StartError
from runtime.cli.shared import Data, database, instant, record, say

app = typer.Typer()


@app.command("rebuild-runs")
def rebuild(data: Data = None) -> None:
    """Make Temporal's runs from the database, where Temporal has lost them; what it has goes on undisturbed."""
    from runtime.platform.rebuilding import rebuild_runs
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db.begin() as work:
        counts = rebuild_runs(work, clock_of(db).now())
        record(work, "runs.rebuild", "runs", after=dict(counts))
    _tell(counts)


@app.command()
def restored(
    since: Annotated[str, typer.Option(help="The last instant that the database knows, like 2026-03-02T19:40.")],
    until: Annotated[str, typer.Option(help="When everything was stopped.")],
    data: Data = None,
) -> None:
    """After Postgres was restored, before anything is started: say which time is lost, and begin runs anew.

    What may have been sent in that time isn't sent again: its provider is asked, else it is for a person to settle.
    """
    from domain.published.library import read_library
    from domain.sending.recovery import note_loss
    from runtime.platform.rebuilding import rebuild_runs
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        now = clock_of(db).now()
        with db() as session:
            zone = read_library(session).policy_zone
        span = instant(since, zone), instant(until, zone)
        try:
            with db.begin() as work:
                due = note_loss(work, *span, now)
                counts = rebuild_runs(work, now, anew=True)
                lost = {"since": span[0].isoformat(), "until": span[1].isoformat()}
                record(work, "database.restored", "database", after=lost)
        except ValueError as problem:
            raise StartError(str(problem)) from None
    say(f"{due} customers were due in the time that is lost: their providers are asked before anything goes again")
    _tell(counts)
    say("start the workers now; look at `aftershow messages --unknown` in ten minutes")


def _tell(counts: Mapping[str, int]) -> None:
    runs = counts["run"]
    say(f"{runs} runs of journeys and {sum(counts.values()) - runs} others are started, as fast as the workers can")
