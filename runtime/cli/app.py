"""The `aftershow` command. Each command imports what it needs, so that none of them starts slowly."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from psycopg.errors import UndefinedColumn, UndefinedTable
from rich.console import Console
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from runtime import CONSOLE, StartError
from runtime.cli import insight, journeys, messages, send_test, stock

app = typer.Typer(
    help="What happens after a livestream ends.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(db_app, name="db")
app.add_typer(key_app, name="key")
app.add_typer(insight.app)
app.add_typer(journeys.app)
app.add_typer(messages.app)
app.add_typer(send_test.app)
app.add_typer(stock.app, name="stock")

Specs = Annotated[Path, typer.Option(envvar="AFTERSHOW_SPECS", help="Where the journeys are.")]
Templates = Annotated[Path, typer.Option(envvar="AFTERSHOW_TEMPLATES", help="Where the texts are.")]
SPECS = Path("journey_specs")
TEMPLATES = Path("templates/messages")
DATA = Path(".aftershow")
DEMO_DATA = Path(".aftershow/demo")
Engine = Literal["rehearsal", "temporal", "both"]
ENGINES: dict[Engine, list[Literal["rehearsal", "temporal"]]] = {
    "rehearsal": ["rehearsal"],
    "temporal": ["temporal"],
    "both": ["rehearsal", "temporal"],
}


def say(text: str) -> None:
    """Print it as it is: never wrapped, coloured or read as markup."""
    CONSOLE.print(text, markup=False, emoji=False)


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

    _existing([specs, templates])
    place = data or (DEMO_DATA if demo else DATA)
    run(Options(place, specs, templates, port, temporal_port, ui_port, watch or demo, demo), say)


@app.command()
def api() -> None:
    """Run the API as one process; configured by the environment."""
    from runtime.platform.serve import serve
    from runtime.platform.settings import load_settings

    serve(load_settings(), say)


@app.command()
def worker() -> None:
    """Run one worker; configured by the environment."""
    from runtime.platform.serve import wait_for_postgres, wait_for_temporal
    from runtime.platform.settings import load_settings
    from runtime.platform.worker import run

    settings = load_settings()
    wait_for_postgres(settings, say)
    wait_for_temporal(say)
    run(settings)


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Journeys, or directories of them.")] = None,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
) -> None:
    """Validate journeys, policy and texts, and tell every mistake."""
    from runtime.authoring.check import check
    from runtime.platform.settings import webhook_targets

    report = check(_existing(paths or [specs]), templates, webhook_targets())
    say(str(report))
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def explain(
    journey: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    lang: Annotated[Literal["zh", "en"], typer.Option(help="The language.")] = "zh",
    specs: Specs = SPECS,
) -> None:
    """Tell a journey in plain words, with a graph."""
    from runtime.authoring.check import read_text
    from runtime.authoring.reports import diagnostics_text
    from workflows.language.compile import read_journey
    from workflows.source.diagnostics import Diagnostic
    from workflows.words.describe import describe, mermaid

    path = Path(journey) if journey.endswith(".yaml") else specs / f"{journey}.yaml"
    text = read_text(_existing([path])[0])
    if isinstance(text, Diagnostic):
        raise StartError(diagnostics_text([text]))
    compiled = read_journey(text, str(path), None)
    if compiled.plan is None:
        raise StartError(f"{path} has mistakes\n{diagnostics_text(compiled.diagnostics)}")
    say(f"{describe(compiled.plan, lang)}\n\n```mermaid\n{mermaid(compiled.plan, lang)}\n```")


@app.command("test")
def run_tests(
    paths: Annotated[list[Path] | None, typer.Argument(help="Journey tests, or directories of them.")] = None,
    engine: Annotated[Engine, typer.Option(help="What runs them; both must agree.")] = "rehearsal",
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
) -> None:
    """Run journey tests."""
    from runtime.rehearsal.journey_tests import run_cli

    failed = run_cli(_existing(paths or [Path("tests/journeys")]), ENGINES[engine], specs, templates)
    raise typer.Exit(1 if failed else 0)


@app.command("studio-link")
def studio_link(
    stream: Annotated[str, typer.Argument(help="The show's id.")],
    data: Annotated[Path, typer.Option(envvar="AFTERSHOW_DATA_DIR", help="The data of an `aftershow up`.")] = DATA,
    url: Annotated[str, typer.Option(help="Where the API is reached from the studio.")] = "http://127.0.0.1:8000",
) -> None:
    """Make a link to a show's stock for the screen in the studio. Whoever has it can read that, for some hours."""
    from urllib.parse import quote

    from api.http.screen_links import sign_stream
    from runtime.platform.settings import signing_key

    say(f"{url.rstrip('/')}/studio/{quote(stream, safe='')}?token={sign_stream(signing_key(data), stream)}")


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema up to date, and Temporal's search attributes."""
    import asyncio

    from runtime.platform.database import upgrade
    from runtime.platform.serve import wait_for_postgres, wait_for_temporal
    from runtime.platform.settings import load_settings
    from runtime.platform.temporal import register_search_attributes, temporal_client

    async def register() -> list[str]:
        return await register_search_attributes(await temporal_client())

    settings = load_settings()
    wait_for_postgres(settings, say)
    upgrade(settings.database_url)
    say("the schema is up to date")
    wait_for_temporal(say)
    say(f"new search attributes: {', '.join(asyncio.run(register())) or 'none'}")


@key_app.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(help="ingest, read or admin; may be given more than once.")],
) -> None:
    """Make an API key and print it; it is shown this once."""
    from domain.access.keys import create_key
    from domain.store.clock import SystemClock
    from runtime.platform.database import connect
    from runtime.platform.settings import load_settings

    engine, db = connect(load_settings().database_url, pool_size=1)
    try:
        with db.begin() as session:
            say(create_key(session, name, scope, SystemClock().now()))
    except ValueError as problem:
        raise StartError(str(problem)) from None
    finally:
        engine.dispose()


def _existing(paths: list[Path]) -> list[Path]:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise StartError(
            f"there is no {', '.join(missing)}; run this in the project's directory, or name the right path"
        )
    return paths


def main() -> None:
    """Run the command; an expected failure is told in plain words."""
    try:
        app()
    except StartError as problem:
        words = str(problem)
    except ArgumentError:
        words = "AFTERSHOW_DATABASE_URL is no address; it looks like postgresql+psycopg://user@host/database"
    except OperationalError as problem:
        words = (
            f"Postgres cannot be reached: {problem.orig}\nStart it, or put its address right in AFTERSHOW_DATABASE_URL"
        )
    except ProgrammingError as problem:
        if not isinstance(problem.orig, UndefinedTable | UndefinedColumn):
            raise
        words = "the database's schema is not up to date; run: aftershow db upgrade"
    else:
        return
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(f"aftershow: {words}")
    sys.exit(1)


if __name__ == "__main__":
    main()
