"""Commands for the ledger: what is open, settling it by hand, and how the providers stand."""

from typing import Annotated, Literal

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import Data, database, on_shop_clock, operator, record, say, table

app = typer.Typer()


@app.command("messages")
def list_messages(
    unknown: Annotated[bool, typer.Option("--unknown", help="Those of unknown fate.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Those that staff has yet to confirm.")] = False,
    customer: Annotated[int | None, typer.Option(help="Only those to this customer, by id.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    data: Data = None,
) -> None:
    """Read the messages that were sent, the newest last; or list those whose fate is open."""
    from domain.sending.messages import list_messages
    from runtime.authoring.reports import messages_text

    wanted = [name for name, on in (("unknown", unknown), ("pending_staff", pending)) if on]
    with database(data) as db, db() as session:
        if not wanted:
            say(messages_text(session, customer, last))
            return
        rows = [
            row for status in wanted for row in list_messages(session, status=status, customer=customer, limit=last)
        ]
        local = on_shop_clock(session)
    if not rows:
        say("none is open")
        return
    listing = table("message", "status", "called", "journey", "step", "channel", "customer", "why")
    for row in rows:
        called, why = local(row.called_at), row.reason or ""
        cells = (row.id, row.status, called, row.journey, row.step, row.channel, row.customer_id, why)
        listing.add_row(*map(str, cells))
    CONSOLE.print(listing)
    say("look a message up at its provider, then: aftershow settle MESSAGE sent|failed")


@app.command()
def settle(
    message: Annotated[int, typer.Argument(min=1, help="Its number in the ledger.")],
    status: Annotated[Literal["sent", "failed"], typer.Argument(help="What it was found to be.")],
    data: Data = None,
) -> None:
    """Settle a message whose fate is open, as you found it to be."""
    from domain.ledger.states import MessageStateError
    from domain.sending import messages
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        try:
            with db.begin() as work:
                before = {"status": messages.status_of(work, message)}
                messages.settle_by_hand(work, message, status, clock_of(db).now(), operator())
                record(work, "message.settle", f"message:{message}", before=before, after={"status": status})
        except (messages.UnknownMessageError, MessageStateError) as problem:
            raise StartError(f"{problem}; `aftershow messages --unknown --pending` lists what is open") from None
    say(f"message {message} is {status}")


@app.command()
def accounts(data: Data = None) -> None:
    """Tell how the accounts with providers stand: which are held, since when, and why."""
    from domain.sending import messages

    with database(data) as db, db() as session:
        rows, local = messages.accounts(session), on_shop_clock(session)
    if not rows:
        say("no provider was called yet; messages stay in the sandbox until one is configured")
        return
    listing = table("account", "failures", "since", "held until", "last said")
    for row in rows:
        times = map(local, (row.failing_since, row.held_until))
        listing.add_row(row.name, str(row.failures), *times, row.reason or "")
    CONSOLE.print(listing)
