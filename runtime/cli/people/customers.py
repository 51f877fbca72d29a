"""Commands about customers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime import StartError
from runtime.cli.shared import Data, database, record_sheet, say

app = typer.Typer(help="Who buys.", no_args_is_help=True)
Columns = Annotated[
    list[str] | None, typer.Option("--map", help="What a heading is, like 实收=total; may be given again.")
]


@app.callback()
def customer() -> None:
    """Who buys."""


@app.command("import")
def import_customers(
    file: Annotated[Path, typer.Argument(help="An .xlsx or .csv file, one customer a row.")],
    columns: Columns = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and keep nothing.")] = False,
    data: Data = None,
) -> None:
    """Take customers and their consents in from a spreadsheet; good rows are taken, what is wrong with others is told.

    A file that was cut short is read on when it is given again.
    """
    from runtime.imports.customers import import_customers
    from runtime.platform.stored_clock import clock_of

    if not file.is_file():
        raise StartError(f"there is no file {file}")
    with database(data) as db:
        tally = import_customers(
            db, clock_of(db), file, say, mapping=_mapping(columns), dry_run=dry_run,
            progress=lambda row: say(f"up to row {row}"),
        )  # fmt: skip
        if not dry_run:
            record_sheet(db, "customer.import", file, tally.taken, tally.known, tally.wrong)
    if tally.unread:
        say(f"columns that were not read: {', '.join(tally.unread)}")
    taken = "would be taken" if dry_run else "taken"
    say(f"{tally.taken} customers {taken}, {tally.known} known already, {tally.wrong} rows wrong")
    raise typer.Exit(1 if tally.wrong else 0)


@app.command("import-history")
def import_history(
    file: Annotated[Path, typer.Argument(help="An .xlsx or .csv file.")],
    kind: Annotated[Literal["orders", "views"], typer.Option("--kind", help="What its rows are.")],
    columns: Columns = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, and keep nothing.")] = False,
    data: Data = None,
) -> None:
    """Take orders or views of before in; a file that was cut short is read on when it is given again."""
    from runtime.imports.history import import_history
    from runtime.platform.stored_clock import clock_of

    if not file.is_file():
        raise StartError(f"there is no file {file}")
    with database(data) as db:
        tally = import_history(
            db, clock_of(db), file, kind, say, mapping=_mapping(columns), dry_run=dry_run,
            progress=lambda row: say(f"up to row {row}"),
        )  # fmt: skip
        if not dry_run:
            record_sheet(db, f"{kind}.import", file, tally.taken, tally.known, tally.wrong)
    if tally.unread:
        say(f"columns that were not read: {', '.join(tally.unread)}")
    taken = "would be taken" if dry_run else "taken"
    say(f"{tally.taken} events {taken}, {tally.known} known already, {tally.wrong} rows wrong")
    raise typer.Exit(1 if tally.wrong else 0)


def _mapping(columns: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in columns or ()]
    if wrong := next((title for title, sign, name in pairs if not title or not sign or not name), None):
        raise StartError(f"--map {wrong} says nothing; write it like --map 实收=total")
    return {title: name for title, _, name in pairs}
