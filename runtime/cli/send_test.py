"""The command that sends one message to oneself."""

from typing import TYPE_CHECKING, Annotated

import typer

from runtime import StartError
from runtime.cli.shared import Data, database, record, say

if TYPE_CHECKING:
    from runtime.authoring.send_test import SendOutcome

app = typer.Typer()

NEXT = {
    "no_consent": "the address has refused messages over this channel; it has to give its consent again",
    "unreachable": "the channel can't carry this to the address now",
    "provider": "the provider is not answering; try again when it does",
}


@app.command("send-test")
def send_test(
    template: Annotated[str, typer.Argument(help="The template, as it is published.")],
    to: Annotated[str, typer.Option(help="Your own address: a phone for sms, else an id.")],
    channel: Annotated[str | None, typer.Option(help="The first there is.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--value", help="A value in place of the sample, like coupon.code=A1.")
    ] = None,
    journey: Annotated[str | None, typer.Option(help="With --step: the coupon and data of that step.")] = None,
    step: Annotated[str | None, typer.Option(help="The id of the step of --journey that sends it.")] = None,
    data: Data = None,
) -> None:
    """Send one real message to yourself, by the same path as every other."""
    from anyio.from_thread import start_blocking_portal

    from domain.published.library import read_library
    from runtime.authoring.send_test import send_test, step_wanted, text_wanted
    from runtime.platform.channels import channels
    from runtime.platform.stored_clock import clock_of

    if (journey is None) != (step is None):
        raise StartError("--journey and --step go together; they name the step whose coupon is shown")
    with database(data) as db, start_blocking_portal() as portal:
        clock = clock_of(db)
        with db() as session:
            wanted = text_wanted(read_library(session), template, channel)
            of = step_wanted(session, journey, step, template) if journey and step else None
        carriers = channels(db, clock, portal)
        outcome = send_test(db, clock, carriers, wanted, to, values or [], of)
        with db.begin() as work:
            after = {"status": outcome.message.status if outcome.message else outcome.reason}
            record(work, "text.test", f"text:{template}/{outcome.channel}", after=after)
    account = carriers[outcome.channel].account
    _report(outcome, account.name if account else "the sandbox, which keeps it: aftershow messages shows it")


def _report(outcome: "SendOutcome", carrier: str) -> None:
    say(outcome.text)
    message = outcome.message
    status = message.status if message else "not sent"
    if message is not None and status in ("sent", "delivered", "read", "pending_staff"):
        say(f"{status} by {outcome.channel}, over {carrier}\nthe provider calls it {message.provider_id}")
    elif status == "unknown":
        say(f"unknown whether it was sent: {outcome.reason}\nlook at the phone before trying again")
        raise typer.Exit(1)
    else:
        reason = outcome.reason or status
        raise StartError(f"it was not sent by {outcome.channel}: {reason}{_next(reason)}")


def _next(reason: str) -> str:
    return f"\n{NEXT[reason]}" if reason in NEXT else ""
