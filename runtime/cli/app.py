"""The `aftershow` command. Each command imports what it needs, so that none of them starts slowly."""

import atexit
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from runtime import StartError
from runtime.cli import (
    connect,
    doctor,
    forecast,
    insight,
    journeys,
    keys,
    mcp,
    messages,
    plays,
    recovery,
    results,
    send_test,
    stock,
    stuck,
    supply,
    todos,
    users,
    voice,
)
from runtime.cli.people import customers, identity, segments
from runtime.cli.shared import (
    LANG,
    SPECS,
    TEMPLATES,
    TESTS,
    Data,
    Lang,
    Specs,
    Templates,
    existing,
    journey_file,
    say,
    told,
)

app = typer.Typer(
    help="What happens after a livestream ends.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db_app, name="db")
app.add_typer(keys.app, name="key")
app.add_typer(users.app, name="user")
app.add_typer(insight.app)
app.add_typer(results.app)
app.add_typer(segments.app)
app.add_typer(journeys.app)
app.add_typer(messages.app)
app.add_typer(stuck.app)
app.add_typer(recovery.app)
app.add_typer(doctor.app)
app.add_typer(todos.app)
app.add_typer(send_test.app)
app.add_typer(mcp.app)
app.add_typer(stock.app, name="stock")
app.add_typer(forecast.app, name="forecast")
app.add_typer(supply.app, name="supply")
app.add_typer(connect.app, name="connect")
app.add_typer(voice.app, name="voice")
app.add_typer(plays.app, name="play")
customers.app.add_typer(identity.app)
app.add_typer(customers.app, name="customer")

Engine = Literal["rehearsal", "temporal", "both"]
ENGINES: dict[Engine, list[Literal["rehearsal", "temporal"]]] = {
    "rehearsal": ["rehearsal"],
    "temporal": ["temporal"],
    "both": ["rehearsal", "temporal"],
}


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="With the demo shop's customers and their evening.")] = False,
    data: Annotated[Path | None, typer.Option(envvar="AFTERSHOW_DATA_DIR", help="Where everything is kept.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The API's port.")] = 8000,
    temporal_port: Annotated[int, typer.Option(min=1, max=65535)] = 7233,
    ui_port: Annotated[int, typer.Option(min=1, max=65535, help="The Temporal UI's port.")] = 8233,
    watch: Annotated[bool, typer.Option("--watch", help="Publish specs and texts as they are saved.")] = False,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
) -> None:
    """Run everything on this machine, in this terminal: Postgres, Temporal, the API and a worker."""
    from runtime.local.up import Options
    from runtime.local.up import up as run
    from runtime.platform.environment import DEFAULT_DATA

    existing(specs, templates)
    directory = data or (DEFAULT_DATA / "demo" if demo else DEFAULT_DATA)
    run(Options(directory, specs, templates, port, temporal_port, ui_port, watch or demo, demo), say)


@app.command()
def api() -> None:
    """Run the API as one process; configured by the environment."""
    from runtime.authoring.recipes import recipes_for
    from runtime.authoring.send_test import TextTests
    from runtime.platform.serve import serve
    from runtime.platform.settings import load_settings
    from runtime.rehearsal.trying import DraftTrials

    serve(load_settings(), say, DraftTrials, recipes_for, TextTests)


@app.command()
def worker() -> None:
    """Run one worker; configured by the environment."""
    from runtime.platform.serve import wait_for_postgres, wait_for_temporal
    from runtime.platform.settings import load_settings
    from runtime.platform.worker import run

    settings = load_settings()
    wait_for_postgres(settings.database_url, say)
    wait_for_temporal(say)
    run(settings)


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Journeys, or directories of them.")] = None,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Validate journeys, policy and texts, and tell every mistake."""
    from runtime.authoring.check import check
    from runtime.platform.providers.webhooks import webhook_targets

    report = check(existing(*(paths or [specs])), templates, webhook_targets(), now=datetime.now(UTC))
    say(report.text(lang))
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def explain(
    journey: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    lang: Lang = LANG,
    specs: Specs = SPECS,
) -> None:
    """Tell a journey or a play in plain words, with a graph."""
    from runtime.authoring.files import home_of, is_play, read_text
    from runtime.authoring.reports import diagnostics_text
    from runtime.authoring.shared import wording_of
    from workflows.language.compile import read_journey
    from workflows.plays.reading import read_play
    from workflows.plays.words import describe_play, play_graph
    from workflows.source.diagnostics import Diagnostic
    from workflows.words.describe import describe, mermaid

    (path,) = existing(journey_file(journey, specs))
    text = read_text(path)
    if isinstance(text, Diagnostic):
        raise StartError(diagnostics_text([text], lang))
    if is_play(path):
        found = read_play(text, str(path))
        if found.play is None:
            raise StartError(f"{path} has mistakes\n{diagnostics_text(found.diagnostics, lang)}")
        wording = wording_of(home_of(path), lang)
        say(f"{describe_play(found.play, wording)}\n\n```mermaid\n{play_graph(found.play, wording)}\n```")
        return
    compiled = read_journey(text, str(path), None)
    if compiled.plan is None:
        raise StartError(f"{path} has mistakes\n{diagnostics_text(compiled.diagnostics, lang)}")
    wording = wording_of(path.parent, lang)
    say(f"{describe(compiled.plan, wording)}\n\n```mermaid\n{mermaid(compiled.plan, wording)}\n```")


@app.command("test")
def run_tests(
    paths: Annotated[list[Path] | None, typer.Argument(help="Journey tests, or directories of them.")] = None,
    engine: Annotated[Engine, typer.Option(help="What runs them; both must agree.")] = "rehearsal",
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Run journey tests."""
    from runtime.rehearsal.journey_tests import run_cli

    failed = run_cli(existing(*(paths or [TESTS])), ENGINES[engine], specs, templates, lang)
    raise typer.Exit(1 if failed else 0)


@app.command()
def new(
    name: Annotated[str | None, typer.Argument(help="How the journey is to be called.")] = None,
    recipe: Annotated[str | None, typer.Option("--from", help="What to begin with; --list lists them.")] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the recipes.")] = False,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    tests: Annotated[Path, typer.Option(help="Where the journey tests are.")] = TESTS,
    lang: Lang = LANG,
) -> None:
    """Make a new journey from a recipe, with its texts and its journey test."""
    from runtime.authoring.recipes import make_journey, recipes_text

    if list_them:
        say(recipes_text(lang))
        return
    if name is None or recipe is None:
        raise StartError("name the journey and its recipe: aftershow new NAME --from RECIPE; --list lists them")
    made = make_journey(name, recipe, specs, templates, tests)
    for path in made.written:
        say(f"{'新建' if lang == 'zh' else 'new'}  {path}")
    for path in made.extended:
        say(f"{'补充' if lang == 'zh' else 'with more'}  {path}")
    todo = "下一步：改成您要的样子，再" if lang == "zh" else "next: make it yours, then"
    say(f"{todo}  aftershow check && aftershow test {tests / name}.yaml")


@app.command("studio-link")
def studio_link(
    stream: Annotated[str, typer.Argument(help="The show's id.")],
    data: Data = None,
    url: Annotated[str, typer.Option(help="Where the API is reached from the studio.")] = "http://127.0.0.1:8000",
) -> None:
    """Make a link to a show's stock for the screen in the studio. Whoever has it can read that, for some hours."""
    from urllib.parse import quote

    from api.http.page_links import SHOWS
    from runtime.platform.environment import environment_value

    key = environment_value(data, "AFTERSHOW_SIGNING_KEY")
    say(f"{url.rstrip('/')}/studio/{quote(stream, safe='')}?token={SHOWS.sign(key, stream)}")


@db_app.command("upgrade")
def db_upgrade(
    grant_to: Annotated[str | None, typer.Option(help="A role that may read and write, and own nothing.")] = None,
    data: Data = None,
) -> None:
    """Bring the schema up to date, and Temporal's search attributes."""
    import asyncio

    from runtime.platform.database import grant, upgrade
    from runtime.platform.environment import environment_value
    from runtime.platform.serve import wait_for_postgres, wait_for_temporal
    from runtime.platform.temporal import register_search_attributes, temporal_client

    async def register() -> list[str]:
        return await register_search_attributes(await temporal_client())

    url = environment_value(data, "AFTERSHOW_DATABASE_URL")
    wait_for_postgres(url, say)
    upgrade(url)
    if grant_to:
        grant(url, grant_to)
    say("the schema is up to date")
    wait_for_temporal(say)
    say(f"new search attributes: {', '.join(asyncio.run(register())) or 'none'}")


def main() -> None:
    """The command's process, which ends before the interpreter is torn down.

    A thread of Temporal's client that touches Python during that aborts a command that has done its work
    (temporalio/sdk-python#300; one `db upgrade` in ten on a busy machine).
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some takes a tenth of a command's time
    status = 1

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the other end is gone, or the command closed it
                stream.flush()
        os._exit(status)

    atexit.register(end)  # the first to be registered is the last to be called
    try:
        run()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise


def run() -> None:
    """Run the command; an expected failure is told in plain words. Raises SystemExit with the command's code."""
    try:
        app()
    except Exception as problem:
        words = _in_plain_words(problem)
        if words is None:
            raise
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(
            f"aftershow: {told(words)}"
        )
        sys.exit(1)


def _in_plain_words(problem: Exception) -> str | None:
    """An expected failure, and what mends it; None for any other."""
    if isinstance(problem, StartError):
        return str(problem)
    from psycopg.errors import UndefinedColumn, UndefinedTable
    from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

    match problem:
        case ArgumentError():
            return "AFTERSHOW_DATABASE_URL is no address; it looks like postgresql+psycopg://user@host/database"
        case OperationalError():
            mend = "Start it, or put its address right in AFTERSHOW_DATABASE_URL"
            return f"Postgres cannot be reached: {problem.orig}\n{mend}"
        case ProgrammingError(orig=UndefinedTable() | UndefinedColumn()):
            return "the database's schema is not up to date; run: aftershow db upgrade"
    return None


if __name__ == "__main__":
    main()
