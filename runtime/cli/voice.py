"""Commands for what customers say."""

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import StartError
from runtime.cli.shared import SPECS, Data, Specs, database, existing, say

if TYPE_CHECKING:
    from domain.voice.papers import Paper

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


@app.command()
def corrections(
    file: Annotated[Path, typer.Argument(help="The CSV to write: text, kind, aspect, sentiment.")], data: Data = None
) -> None:
    """Write what people put right, to train a reader with: `python -m benchmarks.voice.train_reader --corrections`."""
    from domain.voice.opinions import corrections as put_right

    with database(data) as db, db() as session:
        rows = put_right(session)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("text", "kind", "aspect", "sentiment"))
        writer.writerows((row.phrase, row.kind, row.aspect, row.sentiment) for row in rows)
    say(f"{len(rows)} corrections written to {file}")


@app.command()
def report(
    show: Annotated[str | None, typer.Option(help="Of this show, by its id.")] = None,
    product: Annotated[str | None, typer.Option(help="Of this product, by its sku.")] = None,
    week: Annotated[bool, typer.Option("--week", help="Of the last seven days.")] = False,
    manager: Annotated[str | None, typer.Option(help="Only of the products that this employee answers for.")] = None,
    docx: Annotated[Path | None, typer.Option(help="Write a file for a word processor.")] = None,
    data: Data = None,
) -> None:
    """Report what customers said, as Markdown: of a show, of a product, or of the last seven days."""
    from domain.stock.tables import Stream
    from domain.voice.reports import paper_of, week_before
    from domain.voice.reports import report as report_of
    from domain.voice.topics import Scope
    from runtime.platform.stored_clock import clock_of

    if sum((show is not None, product is not None, week)) != 1:
        raise StartError("name one of --show, --product and --week")
    with database(data) as db, db() as session:
        if show is not None and session.get(Stream, show) is None:
            raise StartError(f"there is no show {show}")
        scope = week_before(clock_of(db).now()) if week else Scope(stream_id=show, sku=product)
        paper = paper_of(session, report_of(session, scope, manager=manager))
    _write(paper, docx)


@app.command()
def review(
    show: Annotated[str, typer.Argument(help="The show's id.")],
    docx: Annotated[Path | None, typer.Option(help="Write a file for a word processor.")] = None,
    data: Data = None,
) -> None:
    """Review a show that is over, as Markdown."""
    from domain.stock.tables import Stream
    from domain.voice.lessons import reviews
    from domain.voice.lessons.review_paper import paper_of
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db() as session:
        stream = session.get(Stream, show)
        if stream is None:
            raise StartError(f"there is no show {show}")
        found = reviews.read(session, stream, clock_of(db).now())
        if found is None:
            raise StartError("a show is reviewed ten minutes after its end")
        paper = paper_of(session, found)
    _write(paper, docx)


def _write(paper: "Paper", file: Path | None) -> None:
    from domain.voice.papers import docx, markdown

    if file is None:
        typer.echo(markdown(paper))
    else:
        file.write_bytes(docx(paper))
        say(f"the report is in {file}")
