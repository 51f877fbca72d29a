"""Commands about connected systems: what comes from them, how far that is, and what was set aside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import LANG, SPECS, Data, Lang, Specs, database, existing, on_shop_clock, record, say, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from domain.connectors.tables import Pull
    from workflows.language.connectors import Connector

app = typer.Typer(help="Systems that are connected: ERP, shops, logistics.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As its file in `connectors` is called.")]
PREVIEWED = 10
_WIDTH = 400


@app.callback()
def connect() -> None:
    """Systems that are connected: ERP, shops, logistics."""


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="One of them; else all.")] = None,
    specs: Specs = SPECS,
    lang: Lang = LANG,
) -> None:
    """Read the files of connectors, and see whether their secrets are set here."""
    from runtime.authoring.reports import diagnostics_text

    files = existing(specs / "connectors" / f"{name}.yaml") if name else sorted((specs / "connectors").glob("*.yaml"))
    wrong = False
    for file in files:
        connector, diagnostics = _read(file)
        if diagnostics:
            say(diagnostics_text(diagnostics, lang))
        missing = _missing(connector) if connector else []
        for each in missing:
            say(f"{file.stem}: {each} is not set where this runs")
        if connector and not missing:
            say(f"{file.stem}: in order")
        wrong = wrong or connector is None or bool(missing)
    raise typer.Exit(1 if wrong or not files else 0)


@app.command()
def preview(
    name: Name,
    body: Annotated[Path | None, typer.Option(help="A file of JSON with what was pushed, in place of asking.")] = None,
    data: Data = None,
    specs: Specs = SPECS,
) -> None:
    """Show ten rows of a system, and the events that they would be. Nothing is taken."""
    from activities.adapters.sources.source import SourceError
    from domain.connectors.mapping import map_rows, plain, zone_of
    from runtime.platform.stored_clock import clock_of

    connector = _of_file(specs, name)
    with database(data) as db:
        clock = clock_of(db)
        if body is not None:
            given = json.loads(existing(body)[0].read_text("utf-8"))
            rows = [plain(row, zone_of(connector)) for row in (given if isinstance(given, list) else [given])]
        else:
            try:
                rows = list(_first_rows(connector, clock))
            except SourceError as error:
                raise StartError(f"{name} gives nothing: {error}") from None
        with db() as session:
            for row in rows[:PREVIEWED]:
                mapped, ignored = map_rows(session, connector, [row], clock.now())
                CONSOLE.print(_short(row), markup=False, emoji=False, soft_wrap=True)
                if ignored:
                    say("    nothing here: no `when` holds")
                for each in mapped:
                    if each.incoming is not None:
                        event = each.incoming
                        who = ", ".join(f"{kind}:{value}" for kind, value in event.identifiers)
                        line = f"  → {event.type} {event.id} {event.time.isoformat()} {who} {_short(event.data)}"
                        CONSOLE.print(line, markup=False, emoji=False, soft_wrap=True)
                    elif each.flaw is not None:
                        say(f"    set aside: {each.flaw.field}: {each.flaw.detail}")
    say(f"{len(rows[:PREVIEWED])} rows")


@app.command()
def run(name: Name, data: Data = None) -> None:
    """Pull now what is new, here and to the end; also what back-fills still ask for."""
    from activities.connect import ConnectActivities
    from domain.connectors.pulls import Taken
    from runtime.platform.providers.connect import surroundings
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        with db() as session:
            connector = _published(session, name)
        if not connector.from_.pulled:
            raise StartError(f"{name} isn't pulled: it pushes to /v1/receivers/{name}")
        pages: list[Taken] = []
        clock = clock_of(db)

        def tell(pull: "Pull", taken: Taken) -> None:
            pages.append(taken)
            if pull.backfill and pull.part is not None:
                say(f"back-fill {pull.id}: {pull.part:.0%}, {pull.rows} rows")

        ConnectActivities(db, surroundings(clock)).run(connector, told=tell)
        events, duplicates, aside = (sum(getattr(page, part) for page in pages) for part in _PARTS)
        say(f"{events} new events, {duplicates} known, {aside} set aside")
        with db.begin() as work:
            record(work, "connector.run", f"connector:{name}", after={"events": events, "set_aside": aside})
            error = _regular(work, name)
        if error:
            raise StartError(f"{name} gives nothing: {error}")


_PARTS = ("events", "duplicates", "set_aside")


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One of them; else all.")] = None,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how far each connected system has come, and what was set aside of it."""
    from pydantic import TypeAdapter

    from domain.connectors.showing import connectors, outputs

    with database(data) as db, db() as session:
        shown = [each for each in connectors(session) if name in (None, each.connector)]
        going = [each for each in outputs(session) if name in (None, each.output)]
        at = on_shop_clock(session)
    if name is not None and not shown and not going:
        raise StartError(f"there is no connector {name} in what is published")
    if as_json:
        told = TypeAdapter(dict[str, Any]).dump_json({"connectors": shown, "outputs": going}, indent=2)
        typer.echo(told.decode())
        return
    rows = table("connector", "kind", "last", "rows", "events", "set aside", "up to", "problem")
    for each in shown:
        rows.add_row(
            each.connector, each.kind, at(each.last_at), str(each.rows), str(each.events), str(each.set_aside),
            each.reached or "", each.error or "",
        )  # fmt: skip
        for fill in each.backfills:
            part = "" if fill.part is None else f"{fill.part:.0%}"
            rows.add_row(
                f"  {fill.since} … {fill.until}", "back-fill", at(fill.last_at), str(fill.rows), str(fill.events),
                str(fill.set_aside), part, fill.error or "",
            )  # fmt: skip
    CONSOLE.print(rows)
    if going:
        out = table("output", "kind", "last", "sent", "waiting", "problem")
        for line in going:
            out.add_row(line.output, line.stream, at(line.last_at), str(line.sent), str(line.waiting), line.error or "")
        CONSOLE.print(out)


@app.command()
def backfill(
    name: Name,
    since: Annotated[str, typer.Option(help="From here on, as the cursor is: 2026-01-01, or a number.")],
    until: Annotated[str, typer.Option(help="To before here.")],
    data: Data = None,
    later: Annotated[bool, typer.Option("--later", help="Leave it to the next run of the worker.")] = False,
) -> None:
    """Fill in a range, with its progress. If it is broken off, the worker goes on with it."""
    from domain.connectors import pulls
    from domain.store.clock import SystemClock

    with database(data) as db, db.begin() as work:
        connector = _published(work, name)
        if not connector.from_.pulled:
            raise StartError(f"{name} isn't pulled: it pushes to /v1/receivers/{name}")
        pull = pulls.backfill(work, name, since, until, SystemClock().now())
        record(work, "connector.backfill", f"connector:{name}", after={"since": since, "until": until})
        number = pull.id
    say(f"back-fill {number} is asked for")
    if not later:
        run(name, data)


@app.command()
def rows(name: Name, data: Data = None) -> None:
    """Show the rows that were set aside, the newest first, each with its reason."""
    from domain.connectors.showing import set_aside

    with database(data) as db, db() as session:
        found, at = set_aside(session, name), on_shop_clock(session)
    for row in found:
        say(f"{at(row.at)} {row.key}")
        say(f"    {row.field}: {row.detail}")
        CONSOLE.print(f"    {_short(row.row)}", markup=False, emoji=False, soft_wrap=True)
    say(f"{len(found)} rows")


@app.command()
def retry(name: Name, data: Data = None) -> None:
    """Take the rows that were set aside once more, by what the map says now."""
    from domain.connectors import pulls
    from runtime.platform.stored_clock import clock_of

    events = aside = after = 0
    with database(data) as db:
        clock = clock_of(db)
        while True:
            with db.begin() as work:
                done = pulls.retry(work, _published(work, name), after, clock.now())
                if done is None:
                    break
                after, taken = done
                events, aside = events + taken.events, aside + taken.set_aside
        with db.begin() as work:
            record(work, "connector.retry", f"connector:{name}", after={"events": events, "set_aside": aside})
    say(f"{events} new events, {aside} set aside")


def _first_rows(connector: "Connector", clock: Any) -> Any:
    """Some rows of a source: those of its first page that has any."""
    from activities.adapters.sources.opening import open_source
    from runtime.platform.providers.connect import surroundings

    source = open_source(connector.model_copy(update={"page": PREVIEWED}), surroundings(clock))
    try:
        page = source.read(source.begin(None))
        while page.more and not page.records:
            page = source.read(page.position)
        return page.records
    finally:
        source.close()


def _published(session: "Session", name: str) -> "Connector":
    from domain.published.library import read_library

    connector = read_library(session).connectors.get(name)
    if connector is None:
        raise StartError(f"there is no connector {name} in what is published")
    return connector


def _regular(session: "Session", name: str) -> str | None:
    from domain.connectors.showing import connectors

    return next((each.error for each in connectors(session) if each.connector == name), None)


def _of_file(specs: Path, name: str) -> "Connector":
    from runtime.authoring.reports import diagnostics_text

    (file,) = existing(specs / "connectors" / f"{name}.yaml")
    connector, diagnostics = _read(file)
    if connector is None:
        raise StartError(diagnostics_text(diagnostics))
    return connector


def _read(file: Path) -> tuple["Connector | None", list[Any]]:
    from runtime.authoring.files import read_text
    from workflows.language.connectors import read_connector

    text = read_text(file)
    return read_connector(text, str(file)) if isinstance(text, str) else (None, [text])


def _missing(connector: "Connector") -> list[str]:
    """The variables that a connector names and that aren't set."""
    import re

    from runtime.platform.providers.connect import secret
    from workflows.language.connectors import SECRET

    named = re.findall(SECRET, connector.from_.model_dump_json())
    return [each for each in dict.fromkeys(named) if not secret(each)]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
