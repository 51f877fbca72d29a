"""Commands that tell what was, would be or would have been decided. None of them sends or changes anything."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import LANG, TEMPLATES, Data, Lang, Templates, database, existing, instant, is_path, say

if TYPE_CHECKING:
    from sqlmodel import Session

    from domain.customers.tables import Customer
    from runtime.rehearsal.shelf import Draft
    from workflows.terms.wording import Wording
    from workflows.verbs.base import Decision

app = typer.Typer()

Who = Annotated[str, typer.Option("--customer", help="An id, or an identifier like phone:13800000001.")]


@app.command()
def why(
    customer: Who,
    journey: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell every decision about a customer, with its reason."""
    from domain.intake.timeline import TimelineCursor, timeline
    from domain.published.library import read_library

    with database(data) as db, db() as session:
        who = find(session, customer)
        if journey is not None:
            _check_published(session, journey)
        say(_named(session, who))
        library = read_library(session)
        zone, wording = library.zone(who), library.wording(lang)
        after: TimelineCursor | None = None
        while page := timeline(session, who, journey=journey, after=after, limit=200):
            for after, decision in page:  # noqa: B007 the last one is where the next page begins
                say(_line(decision, wording, zone))
        if after is None:
            say("还没有任何决定" if lang == "zh" else "nothing was decided yet")


@app.command()
def simulate(
    journey: Annotated[str, typer.Argument(help="Its name, or the path of a draft.")],
    customer: Who,
    event: Annotated[str | None, typer.Option(help="The type of the event to begin with.")] = None,
    event_data: Annotated[str | None, typer.Option(help="The event's data, as JSON.")] = None,
    at: Annotated[str | None, typer.Option(help="When, like 2026-03-02T19:40; now, if it isn't given.")] = None,
    lang: Lang = LANG,
    data: Data = None,
    templates: Templates = TEMPLATES,
) -> None:
    """Tell what would happen to a customer, if nothing but this event came in. Without one, the newest that fits."""
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of
    from runtime.rehearsal.simulate import GivenEvent
    from runtime.rehearsal.simulate import simulate as play

    if event_data is not None and event is None:
        raise StartError("--event-data needs the type of the event; name it with --event")
    given_event = GivenEvent(event, _object(event_data)) if event else None
    with database(data) as db:
        with db() as session:
            who = find(session, customer)
            library = read_library(session)
            zone, wording = library.zone(who), library.wording(lang)
        start = instant(at, zone) if at else clock_of(db).now()
        try:
            outcome = play(db.bind.engine, _wanted(journey, templates), who.id, given_event=given_event, at=start)
        except LookupError as problem:
            raise StartError(str(problem)) from None
    begins = f"{outcome.at.astimezone(zone):%Y-%m-%d %H:%M}  {wording.happening(outcome.begun_by.type)}"
    say(begins + ("，此后没有别的事情发生：" if lang == "zh" else ", and nothing else comes in:"))
    for decision, text in outcome.decisions:
        say(_line(decision, wording, zone))
        for line in (text or "").splitlines():
            say(f"                  │ {line}")


@app.command()
def backtest(
    journeys: Annotated[list[str], typer.Argument(help="Names, or paths of drafts.")],
    since: Annotated[str, typer.Option("--from", help="The first day, or an instant.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, or an instant.")],
    every: Annotated[bool, typer.Option("--all", help="Beside all the other journeys that are live.")] = False,
    lang: Lang = LANG,
    data: Data = None,
    templates: Templates = TEMPLATES,
) -> None:
    """Tell what journeys would have done over the recorded events."""
    from rich.progress import Progress

    from domain.published.library import read_library
    from runtime.rehearsal.backtest import Range
    from runtime.rehearsal.backtest import backtest as play
    from runtime.rehearsal.outcome import table_of

    wanted = [_wanted(name, templates) for name in journeys]
    with database(data) as db:
        with db() as session:
            zone = read_library(session).policy_zone
        span = Range(instant(since, zone), instant(until, zone))
        if span.since >= span.until:
            raise StartError("--from must be before --to")
        with Progress(console=CONSOLE, transient=True) as progress:
            task = progress.add_task("复制" if lang == "zh" else "copying", total=None)

            def watch(played: int, total: int, at: datetime) -> None:
                progress.update(task, completed=played, total=total, description=f"{at.astimezone(zone):%Y-%m-%d}")

            try:
                results = play(db.bind.engine, wanted, span, every=every, watch=watch)
            except LookupError as problem:
                raise StartError(str(problem)) from None
    CONSOLE.print(table_of(results, lang))
    say(
        "此前的消息、进入和发券计入发送上限、再次进入的规则和预算；开始时在途的客户不再继续，此前打上的标签不计。"
        if lang == "zh"
        else "Messages, entries and coupons from before count for caps, for entering again and for budgets; whoever "
        "was inside when the range begins doesn't go on, and tags given before it aren't known."
    )


def find(session: "Session", name: str) -> "Customer":
    """The customer of an id or an identifier. Raises StartError."""
    from domain.customers.identifiers import IdentifierError
    from domain.customers.resolution import find_customer

    try:
        customer = find_customer(session, name)
    except IdentifierError as problem:
        raise StartError(f"the identifier {name} {problem}") from None
    if customer is None:
        raise StartError("there is no such customer")
    return customer


def _named(session: "Session", customer: "Customer") -> str:
    """The customer's id, and all that names them."""
    from sqlmodel import col, select

    from domain.customers.tables import Identifier

    query = select(Identifier.kind, Identifier.value).where(Identifier.customer_id == customer.id)
    names = session.exec(query.order_by(col(Identifier.kind), col(Identifier.value))).all()
    return "  ".join([str(customer.id), *(f"{kind}:{value}" for kind, value in names)])


def _check_published(session: "Session", journey: str) -> None:
    """Raises StartError for a journey that was never published."""
    from sqlmodel import select

    from domain.published.tables import Journey
    from workflows.source.diagnostics import did_you_mean

    names = session.exec(select(Journey.name)).all()
    if journey not in names:
        raise StartError(f"there is no journey {journey}{did_you_mean(journey, names)}")


def _wanted(journey: str, templates: Path) -> "str | Draft":
    from runtime.rehearsal.shelf import read_draft

    return read_draft(existing(Path(journey))[0], templates) if is_path(journey) else journey


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError as problem:
        raise StartError(f"--event-data is no JSON: {problem}") from None
    if not isinstance(value, dict):
        raise StartError('--event-data must be a JSON object, like {"total": 8900}')
    return value


def _line(decision: "Decision", wording: "Wording", zone: ZoneInfo) -> str:
    from workflows.words.telling import render

    return f"{decision.at.astimezone(zone):%Y-%m-%d %H:%M}  {decision.journey}  {render(decision, wording, zone)}"
