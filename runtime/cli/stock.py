"""Commands about stock."""

from pathlib import Path
from typing import Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import Data, database, record_sheet, say, told

app = typer.Typer(help="What there is to sell.", no_args_is_help=True)


@app.callback()
def stock() -> None:
    """What there is to sell."""


@app.command("import")
def import_lots(
    file: Annotated[Path, typer.Argument(help="An .xlsx or .csv file, one lot a row.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and keep nothing.")] = False,
    data: Data = None,
) -> None:
    """Take lots in from a spreadsheet; good rows are taken, and what is wrong with the others is told."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from runtime.imports import stock
    from runtime.platform.stored_clock import clock_of

    if not file.is_file():
        raise StartError(f"there is no file {file}")
    columns = SpinnerColumn(), TextColumn("{task.description}")
    progress = Progress(*columns, console=CONSOLE, transient=True, disable=not CONSOLE.is_terminal)
    with database(data) as db, progress:
        task = progress.add_task(file.name, total=None)

        def print_above(text: str) -> None:
            progress.console.print(told(text), markup=False, emoji=False)

        def show_rows(rows: int) -> None:
            progress.update(task, description=f"{file.name}: " + told(f"up to row {rows}"))

        tally = stock.import_lots(db, clock_of(db), file, print_above, show_rows, dry_run=dry_run)
        if not dry_run:
            record_sheet(db, "stock.import", file, tally.taken, tally.known, tally.wrong)
    if tally.unread:
        say(f"columns that were not read: {', '.join(tally.unread)}")
    taken = "would be taken" if dry_run else "taken"
    say(f"{tally.taken} lots {taken}, {tally.known} known already, {tally.wrong} rows wrong")
    raise typer.Exit(1 if tally.wrong else 0)
