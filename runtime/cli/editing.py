"""The command that edits journeys for scripts, as the canvas does for people."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime import StartError
from runtime.cli.shared import LANG, SPECS, Lang, Specs, existing, journey_file, say

app = typer.Typer()


@app.command()
def edit(
    journey: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    edits: Annotated[str, typer.Argument(help="A file with a JSON list of edits; - for what comes in.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    specs: Specs = SPECS,
    lang: Lang = LANG,
) -> None:
    """Edit a journey's file: all edits or none. Bytes that they aren't about, comments included, stay as they are."""
    from runtime.authoring.check import read_text
    from runtime.authoring.editing import changed_lines, read_edits
    from runtime.authoring.reports import diagnostics_text
    from workflows.language.compile import read_journey
    from workflows.language.editing import SpecEditError, edit_spec
    from workflows.source.diagnostics import Diagnostic

    (path,) = existing(journey_file(journey, specs))
    text = read_text(path)
    if isinstance(text, Diagnostic):
        raise StartError(diagnostics_text([text], lang))
    before = path.read_bytes().decode("utf-8")
    asked = read_edits(sys.stdin.read() if edits == "-" else existing(Path(edits))[0].read_text(encoding="utf-8"))
    try:
        after = edit_spec(before, asked)
    except SpecEditError as refused:
        raise StartError(f"edit {refused.number + 1} can't be made, so none was: {refused}") from None
    say(changed_lines(before, after, str(path)))
    if not dry_run:
        path.write_bytes(after.encode("utf-8"))
    if found := read_journey(after, str(path), None).diagnostics:
        say(diagnostics_text(found, lang))
