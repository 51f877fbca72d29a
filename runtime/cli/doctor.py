"""What is wrong with the running shop."""

import json
from typing import Annotated

import typer

from runtime import CONSOLE
from runtime.cli.shared import LANG, SPECS, TEMPLATES, Data, Lang, Specs, Templates

app = typer.Typer()

MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}


@app.command()
def doctor(
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="Where the API is asked.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Tell what is wrong now, why, and what to do. The exit code is 1 if something is."""
    from runtime.doctor.examining import examine
    from runtime.platform.environment import environment_value

    database_url = environment_value(data, "AFTERSHOW_DATABASE_URL")
    findings = list(examine(database_url, lang, specs, templates, data, url))
    if as_json:
        shown = [{"check": each.check, "level": each.level, "what": each.what, "do": each.mend} for each in findings]
        CONSOLE.print(json.dumps({"findings": shown}, ensure_ascii=False, indent=1), markup=False, emoji=False)
    else:
        for each in sorted(findings, key=lambda each: ("wrong", "warning", "ok").index(each.level)):
            mend = f"\n    → {each.mend}" if each.mend else ""
            CONSOLE.print(f"{MARKS[each.level]} {each.check}: {each.what}{mend}", markup=False, emoji=False)
    raise typer.Exit(int(any(each.level == "wrong" for each in findings)))
