"""Commands for enrollments that a defect has put off."""

from typing import Annotated

import typer

from runtime import CONSOLE
from runtime.cli.shared import Data, database, on_shop_clock, record, say, table

app = typer.Typer()
Journey = Annotated[str | None, typer.Option("--journey", help="Only those of this journey.")]


@app.command("stuck")
def list_stuck(
    journey: Journey = None,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 100,
    data: Data = None,
) -> None:
    """List the enrollments that a defect has put off, and what Temporal could not be told."""
    from domain.journeys.stuck import list_stuck
    from domain.store.outbox import list_given_up

    with database(data) as db, db() as session:
        rows = list_stuck(session, journey=journey, limit=last)
        notices = [] if journey else list_given_up(session, last)
        local = on_shop_clock(session)
    if notices:
        listing = table("notice", "kind", "about", "given up", "attempts", "problem")
        for notice in notices:
            about = ", ".join(f"{name} {value}" for name, value in (notice.payload or {}).items())
            given_up, attempts = local(notice.given_up_at), str(notice.attempts)
            listing.add_row(str(notice.id), notice.kind, about, given_up, attempts, notice.problem)
        CONSOLE.print(listing)
    if not rows:
        say("once it is mended: aftershow retry" if notices else "nobody is stuck")
        return
    listing = table("enrollment", "customer", "journey", "step", "since", "attempts", "again at", "defect")
    for row in rows:
        since, again = map(local, (row.stuck_since, row.due_at))
        cells = (row.id, row.customer_id, row.journey, row.position or "the end", since, row.attempts, again)
        listing.add_row(*map(str, cells), row.stuck_on)
    CONSOLE.print(listing)
    say("the worker's log has a traceback of each; once it is mended: aftershow retry")


@app.command()
def retry(journey: Journey = None, data: Data = None) -> None:
    """Let stuck enrollments try again at once, and have Temporal told what it could not be told."""
    from domain.journeys.stuck import retry
    from domain.store.outbox import tell_again
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        clock = clock_of(db)
        with db.begin() as work:
            count = retry(work, clock.now(), journey=journey)
            notices = 0 if journey else tell_again(work)
            target = f"journey:{journey}" if journey else "journeys"
            record(work, "journey.retry", target, after={"retried": count, "notices": notices})
    if notices:
        say(f"{notices} notices are told again")
    if count or not notices:
        say(f"{count} try again" if count else "nobody is stuck")
