"""Commands for plays: what is published and how it stands, and whether a draw was fair."""

import json
from typing import Annotated

import typer

from runtime import StartError
from runtime.cli.shared import (
    LANG,
    SPECS,
    Data,
    Lang,
    Specs,
    database,
    existing,
    journey_file,
    on_shop_clock,
    say,
    table,
)

app = typer.Typer(help="Plays: votes, lotteries and others.", no_args_is_help=True)


@app.command("list")
def list_plays(data: Data = None) -> None:
    """List the plays that are published, and how the newest instance of each stands."""
    from domain.plays.publishing import published_plays
    from domain.plays.running import play_of, present_instance
    from runtime import CONSOLE

    shown = table("play", "name", "version", "instance", "state", "opened")
    with database(data) as db, db() as session:
        tell = on_shop_clock(session)
        for version, name in published_plays(session):
            row = present_instance(session, name)
            state = [str(row.id), row.state, tell(row.opened_at)] if row else ["", "", ""]
            shown.add_row(name, play_of(version).title, str(version.version), *state)
    CONSOLE.print(shown)


@app.command()
def simulate(
    play: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    entries: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many people enter, each time.")] = 10_000,
    specs: Specs = SPECS,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell what would come of a play: who may enter, who could win, what it costs at most and how long it lasts."""
    from domain.published.library import read_library
    from runtime.authoring.files import read_text
    from runtime.authoring.reports import diagnostics_text
    from runtime.platform.stored_clock import clock_of
    from runtime.rehearsal.play_simulation import simulate_play, simulated_text
    from workflows.plays.reading import read_play
    from workflows.source.diagnostics import Diagnostic

    (path,) = existing(journey_file(play, specs))
    text = read_text(path)
    found = read_play(text, str(path)) if isinstance(text, str) else None
    if found is None or found.play is None:
        wrong = [text] if isinstance(text, Diagnostic) else found.diagnostics if found else []
        raise StartError(f"{path} has mistakes\n{diagnostics_text(wrong, lang)}")
    with database(data) as db, db() as session:
        simulated = simulate_play(session, found.play, entries, clock_of(db).now())
        say("\n".join(simulated_text(simulated, read_library(session).wording(lang))))


@app.command()
def verify(
    instance: Annotated[int, typer.Argument(help="Which time a play was played, as the API names it.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the entries and the whole order.")] = False,
    data: Data = None,
) -> None:
    """Work the draws of an instance out anew from its seed and entries. Ends with 1 if one isn't what was promised."""
    from domain.plays.tables import PlayInstance
    from domain.plays.verifying import NotDrawnError, told, verify

    with database(data) as db, db() as session:
        row = session.get(PlayInstance, instance)
        if row is None:
            raise StartError(f"there is no instance {instance}; list them with: aftershow play list")
        try:
            found = verify(session, row)
        except NotDrawnError:
            raise StartError("nothing is drawn yet, and its secret is one still") from None
    if as_json:
        body = {"play": row.play, "instance": row.id, "ok": not any(each.problems for each in found)}
        typer.echo(json.dumps({**body, "draws": [told(each) for each in found]}, ensure_ascii=False))
    else:
        for each in found:
            winners = sum(winner.place is not None for winner in each.winners)
            say(f"{each.step}: {winners} winners of {len(each.entries)} entries")
            for problem in each.problems:
                say(f"  {problem}")
        if not found:
            say("nothing was drawn in it")
        elif not any(each.problems for each in found):
            say("the draw is what was promised")
    raise typer.Exit(1 if any(each.problems for each in found) else 0)
