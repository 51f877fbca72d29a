"""Commands for what customers say."""

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from runtime import StartError
from runtime.cli.shared import SPECS, Specs, existing

app = typer.Typer(help="What customers say.", no_args_is_help=True)

COLUMNS = ("kind", "aspect", "sentiment", "product", "phrase", "confidence")


@app.callback()
def voice() -> None:
    """What customers say."""


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="A CSV with a column `text`.")],
    to: Annotated[Path | None, typer.Option("--csv", help="Write to this file, not to the terminal.")] = None,
    specs: Specs = SPECS,
) -> None:
    """Read comments and write what they say as CSV: a row for each aspect, after the columns of the file."""
    from domain.voice.reading import EmbeddedReader
    from runtime.authoring.reports import diagnostics_text
    from workflows.language.voice import read_voice

    existing(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            sheet = csv.DictReader(lines)
            rows, given = list(sheet), list(sheet.fieldnames or ())
        except (UnicodeDecodeError, csv.Error) as problem:
            raise StartError(f"{file} is no CSV in UTF-8: {problem}") from None
    if "text" not in given:
        raise StartError(f'{file} has no column "text"; its first line names its columns')
    lexicon = None
    if (written := specs / "_voice.yaml").is_file():
        lexicon, diagnostics = read_voice(written.read_text("utf-8", "replace"), str(written))
        if lexicon is None:
            raise StartError(diagnostics_text(diagnostics))
    said = EmbeddedReader(lexicon).read([row["text"] or "" for row in rows])
    kept = [name for name in given if name not in COLUMNS]
    with to.open("w", encoding="utf-8", newline="") if to else nullcontext(sys.stdout) as out:
        writer = csv.DictWriter(out, [*kept, *COLUMNS], lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row, opinions in zip(rows, said, strict=True):
            for each in opinions:
                found = {name: value for name, value in vars(each).items() if value is not None}
                writer.writerow({name: row[name] for name in kept} | found)
