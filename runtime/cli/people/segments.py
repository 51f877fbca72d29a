"""Commands for tags and segments: who has which and why, who a condition would be, and a message to all of them."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import LANG, Data, Lang, database, on_shop_clock, record, say, table

if TYPE_CHECKING:
    from datetime import datetime

    from domain.membership.previewing import Preview
    from domain.published.library import Library
    from domain.store.work import Database
    from workflows.terms.conditions import Condition
    from workflows.terms.values import Language

app = typer.Typer()


@app.command()
def tags(
    name: Annotated[str | None, typer.Argument(help="A tag, to see who has it; else all tags are listed.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many customers.")] = 50,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """List the tags, or who has one, since when and why."""
    from domain.membership.listing import holders, standings
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of
    from workflows.terms.because import worded

    with database(data) as db, db() as session:
        library, now = read_library(session), clock_of(db).now()
        if name is None:
            listing = table("tag", "customers", "kept by", "asked so far")
            for each in standings(session, library, "tag", now):
                by = ("规则" if lang == "zh" else "rule") if each.ruled else ("旅程" if lang == "zh" else "journeys")
                listing.add_row(each.name, f"{each.size:,}", by, "" if each.asked is None else f"{each.asked:,}")
            CONSOLE.print(listing)
            return
        local = on_shop_clock(session)
        listing = table("customer", "name", "since", "until", "why")
        for row in holders(session, "tag", name, now, limit=last):
            times, why = map(local, (row.since, row.until)), worded(row.because or "", lang)
            listing.add_row(str(row.id), row.name or "", *times, why)
        CONSOLE.print(listing)


@app.command()
def segment(
    names: Annotated[list[str] | None, typer.Argument(help="One, or two to see how they overlap; else all.")] = None,
    when: Annotated[str | None, typer.Option(help="A condition instead, like '{tag: 老客}'.")] = None,
    to: Annotated[Path | None, typer.Option("--csv", help="Write its customers to this file.")] = None,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell exactly how many customers a segment or a condition has, some of them and why, or write all to a file."""
    from domain.membership import exporting, previewing
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        with db() as session:
            library, now = read_library(session), clock_of(db).now()
            conditions = [_named(library, name) for name in names or ()]
            if when is not None:
                conditions.append(_written(library, when, now, lang))
            try:
                if not conditions:
                    _list(db)
                elif to is not None:
                    with to.open("w", encoding="utf-8-sig", newline="") as file:
                        writer = csv.writer(file)
                        number = -1
                        for row in exporting.rows(session, library, conditions[0], now):
                            writer.writerow(row)
                            number += 1
                    say(f"{number} customers written to {to}")
                elif len(conditions) == 2:
                    one, other, both = previewing.overlap(session, library, conditions[0], conditions[1], now)
                    say(f"{one} in the first, {other} in the second, {both} in both")
                else:
                    _print(previewing.preview(session, library, conditions[0], now), lang)
            except previewing.TooSlowError as problem:
                raise StartError(str(problem)) from None
        if to is not None and conditions:
            with db.begin() as work:
                record(work, "segment.export", f"segment:{(names or ['--when'])[0]}", after={})


def _list(db: "Database") -> None:
    from domain.membership.listing import sizes_by_day, standings
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with db() as session:
        library, now = read_library(session), clock_of(db).now()
        found = [each for each in standings(session, library, "segment", now) if each.ruled]
        today = now.astimezone(library.policy_zone).date()
        by_day = sizes_by_day(session, [each.name for each in found], today, 8)
    listing = table("segment", "customers", "asked so far", "by day")
    for each in found:
        days = "  ".join(f"{day:%m-%d} {size:,}" for day, size in by_day.get(each.name, {}).items())
        listing.add_row(each.name, f"{each.size:,}", "" if each.asked is None else f"{each.asked:,}", days)
    CONSOLE.print(listing)


def _print(found: "Preview", lang: "Language") -> None:
    from workflows.terms.because import worded

    say(f"{found.size} of {found.of} customers, {found.ms} ms")
    if found.by_tag:
        say("  ".join(f"{tag} {size}" for tag, size in found.by_tag.items()))
    listing = table("customer", "name", "why")
    for each in found.sample:
        listing.add_row(str(each.id), each.name or "", worded(each.because, lang))
    CONSOLE.print(listing)


def _named(library: "Library", name: str) -> "Condition":
    from workflows.source.diagnostics import did_you_mean

    if name not in library.segments:
        raise StartError(f"there is no segment {name}{did_you_mean(name, library.segments)}")
    return library.segments[name]


def _written(library: "Library", when: str, now: "datetime", lang: "Language") -> "Condition":
    from domain.published.fitting import published_references
    from workflows.language.policy import read_condition
    from workflows.source.diagnostics import render

    text = f"when: {when}"
    condition, diagnostics = read_condition(text, "--when", published_references(library, (), now))
    if condition is None:
        errors = [render(each, text, lang) for each in diagnostics if each.severity == "error"]
        raise StartError("\n".join(errors))
    return condition


@app.command("rank")
def rank_customers(data: Data = None) -> None:
    """Work out anew where customers stand among all who ordered: `customer.r`, `.f` and `.m`."""
    from domain.insight.ranking import PAGE, rank, write_page
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        now = clock_of(db).now()
        with db() as session:
            ranked = rank(session, now)
        for start in range(0, len(ranked), PAGE):
            with db.begin() as work:
                write_page(work, read_library(work), ranked[start : start + PAGE], now)
        with db.begin() as work:
            record(work, "customer.rank", "customers", after={"changed": len(ranked)})
        say(f"{len(ranked)} customers stand elsewhere than before")


@app.command("send-once")
def send_once(
    template: Annotated[str, typer.Argument(help="A template of templates/messages.")],
    to: Annotated[str, typer.Option(help="segment:NAME.")],
    via: Annotated[str, typer.Option(help="Channels in their order, like wecom,sms.")],
    data: Data = None,
) -> None:
    """Send one message to everybody in a segment: with consent, caps and quiet hours, as a journey sends it."""
    from domain.intake.once import PAGE, OnceError, addressees, begin, send_page
    from runtime.platform.stored_clock import clock_of

    kind, _, name = to.partition(":")
    if kind != "segment" or not name:
        raise StartError("--to is a segment; write it like segment:老客")
    with database(data) as db:
        now = clock_of(db).now()
        try:
            with db.begin() as work:
                once = begin(work, template, name, [each.strip() for each in via.split(",")], now)
                record(work, "message.send_once", f"segment:{name}", after={"journey": once.journey})
            with db() as session:
                customers = addressees(session, once, now)
            total = 0
            for start in range(0, len(customers), PAGE):
                with db.begin() as work:
                    total += send_page(work, once, customers[start : start + PAGE], now)
        except OnceError as problem:
            raise StartError(str(problem)) from None
        say(f"{total} customers enter {once.journey}; see aftershow results {once.journey}")
