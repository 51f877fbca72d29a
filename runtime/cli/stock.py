"""Commands about stock."""

from pathlib import Path
from typing import Annotated

import typer

from runtime import CONSOLE, StartError

app = typer.Typer(help="What there is to sell.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(envvar="AFTERSHOW_DATA_DIR", help="The data of an `aftershow up`.")]
DATA = Path(".aftershow")


@app.callback()
def stock() -> None:
    """What there is to sell."""


@app.command("import")
def import_lots(
    file: Annotated[Path, typer.Argument(help="An .xlsx or .csv file, one lot a row.")], data: Data = DATA
) -> None:
    """Take lots in from a spreadsheet; good rows are taken, and what is wrong with the others is told."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from runtime.imports import stock
    from runtime.platform.database import connect
    from runtime.platform.settings import database_url
    from runtime.platform.stored_clock import clock_of

    if not file.is_file():
        raise StartError(f"there is no file {file}")
    engine, db = connect(database_url(data), pool_size=1)
    try:
        columns = SpinnerColumn(), TextColumn("{task.description}")
        with Progress(*columns, console=CONSOLE, transient=True, disable=not CONSOLE.is_terminal) as progress:
            task = progress.add_task(file.name, total=None)

            def say(text: str) -> None:
                progress.console.print(text, markup=False, emoji=False)

            def watch(rows: int) -> None:
                progress.update(task, description=f"{file.name}: {rows} rows")

            tally = stock.import_lots(db, clock_of(db), file, say, watch)
    finally:
        engine.dispose()
    if tally.unread:
        CONSOLE.print(f"columns that were not read: {', '.join(tally.unread)}", markup=False, emoji=False)
    CONSOLE.print(f"{tally.taken} lots taken, {tally.known} known already, {tally.wrong} rows wrong")
    raise typer.Exit(1 if tally.wrong else 0)
