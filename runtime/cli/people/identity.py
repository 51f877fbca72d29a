"""Commands for who a customer is: show, merge, split, conflicts, decide, export, erase."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runtime import CONSOLE, StartError
from runtime.cli.insight import find
from runtime.cli.shared import Data, database, on_shop_clock, operator, record, say, table, told

if TYPE_CHECKING:
    from domain.customers.identifiers import Ident

app = typer.Typer()
Name = Annotated[str, typer.Argument(help="A customer's id, or an identifier like phone:13800000001.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


@app.command()
def show(customer: Name, data: Data = None) -> None:
    """What names a customer, since when and by which source, and what is known of it."""
    from domain.conditions.facts import CustomerFacts
    from domain.identity.describing import consents_of, measures_of, named_by, numbers_of
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db() as session:
        found = find(session, customer)
        merged = f"  ← {', '.join(map(str, found.former))}" if found.former else ""
        say(f"{found.id}{merged}  {found.name or ''}".rstrip())
        local = on_shop_clock(session)
        listing = table("identifier", "since", "source", "last seen")
        for each in named_by(session, found.id):
            since, seen = local(each.since), local(each.last_seen)
            listing.add_row(f"{each.kind}:{each.value}", since, each.source or "", seen)
        CONSOLE.print(listing)
        now = clock_of(db).now()
        orders, spent, _, tags = numbers_of(session, found.id, now)
        listing = table("orders", "spent", "tags")
        listing.add_row(str(orders), f"{spent / 100:.2f}元", ", ".join(tags))
        CONSOLE.print(listing)
        for row in consents_of(session, found.id):
            said = f"{row.channel} {row.purpose}", local(row.at)
            say(f"{said[0]}: agreed, {said[1]}" if row.given else f"{said[0]}: refused, {said[1]}")
        for name, value in found.fields.items():
            say(f"{name}: {value}")
        for name, value in measures_of(CustomerFacts(session, read_library(session), found, now)).items():
            say(f"measure.{name}: {'–' if value is None else value}")


@app.command()
def merge(customer: Name, other: Name, reason: Reason, data: Data = None) -> None:
    """Make two customers one: the one with the lower id goes on, with everything of both."""
    from domain.identity.merging import MergeError, merge
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db.begin() as work:
        one, two = find(work, customer).id, find(work, other).id
        try:
            row = merge(work, one, two, clock_of(db).now(), f"cli:{operator()}", reason)
        except MergeError as problem:
            raise StartError(str(problem)) from None
        after = {"merged": row.loser_id, "join": row.id, "reason": reason}
        record(work, "customer.merge", f"customer:{row.survivor_id}", after=after)
        say(f"{row.loser_id} → {row.survivor_id}")


@app.command()
def split(
    customer: Name,
    identifiers: Annotated[list[str], typer.Argument(help="Those that go, like phone:13800000002.")],
    reason: Reason,
    data: Data = None,
) -> None:
    """Give identifiers back to the customer they came from, with all that the join moved."""
    from domain.identity.splitting import SplitError, split
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db.begin() as work:
        found = find(work, customer).id
        idents = [_read(each) for each in identifiers]
        try:
            id = split(work, found, idents, clock_of(db).now(), f"cli:{operator()}")
        except SplitError as problem:
            raise StartError(str(problem)) from None
        record(work, "customer.split", f"customer:{found}", after={"split_off": id, "reason": reason})
        say(f"{found} → {found}, {id}")


def _read(written: str) -> "Ident":
    from domain.customers.identifiers import IdentifierError, identify

    try:
        return identify(written, None)[0]
    except IdentifierError as problem:
        raise StartError(f"the identifier {written} {problem}") from None


@app.command()
def conflicts(last: Annotated[int, typer.Option(min=1, help="How many.")] = 50, data: Data = None) -> None:
    """List customers who may be one, until somebody decides."""
    from domain.identity.merging import open_conflicts

    with database(data) as db, db() as session:
        rows = open_conflicts(session, before=None, limit=last)
    listing = table("number", "customer", "other", "named by", "why not joined", "events")
    for row in rows:
        named = f"{row.kind}:{row.value}"
        listing.add_row(str(row.number), str(row.customer), str(row.other), named, row.reason, str(row.times))
    CONSOLE.print(listing)
    say("a person decides: aftershow customer decide NUMBER merge, or apart")


@app.command()
def decide(number: int, decision: Literal["merge", "apart"], data: Data = None) -> None:
    """Decide whether the two of a conflict are one."""
    from domain.identity.merging import decide
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db.begin() as work:
        pair = decide(work, number, decision, clock_of(db).now(), f"cli:{operator()}")
        if pair is None:
            raise StartError(f"there is no open conflict {number}; see aftershow customer conflicts")
        record(work, "customer.decide", f"customer:{pair[0]}", after={"decision": decision, "other": pair[1]})
        if decision == "merge":
            say(f"customers {pair[0]} and {pair[1]} are one from now on")
        else:
            say(f"customers {pair[0]} and {pair[1]} stay apart")


@app.command()
def export(
    customer: Name,
    to: Annotated[
        Path | None, typer.Option("--to", help="A file; else the terminal. One that ends in .csv is a table.")
    ] = None,
    data: Data = None,
) -> None:
    """Write everything that is kept about a customer, as JSON or CSV."""
    from domain.identity.describing import as_table, export

    with database(data) as db, db.begin() as work:
        found = find(work, customer)
        record(work, "customer.export", f"customer:{found.id}", after={})
        everything = export(work, found)
    text = json.dumps(everything, ensure_ascii=False, indent=2, default=str)
    if to is None:
        typer.echo(text)
    elif to.suffix == ".csv":
        with to.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(as_table(everything))
        say(str(to))
    else:
        to.write_text(text, encoding="utf-8")
        say(str(to))


@app.command()
def erase(
    customer: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking. It can't be taken back.")] = False,
    data: Data = None,
) -> None:
    """Forget who a customer is: identifiers, fields, texts and what events said are gone for good."""
    from domain.identity.erasing import erase
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db.begin() as work:
        found = find(work, customer).id
        if not yes:
            typer.confirm(told(f"forget customer {found} for good?"), abort=True)
        erase(work, found, clock_of(db).now())
        record(work, "customer.erase", f"customer:{found}", after={})
        say(f"customer {found} is forgotten")
