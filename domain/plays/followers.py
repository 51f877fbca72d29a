"""People are told what came of a play: each by an event, `play.told`, with which a journey begins that writes to them.

An `announce` with a text is published with a journey of one step; `start` names one that the shop has written.
"""

import json
from collections.abc import Iterator

from sqlmodel import col, select

from domain.customers.resolution import lock_customers
from domain.plays.entrants import people
from domain.plays.running import Run
from domain.plays.tables import PlayWinner
from domain.plays.winning import told_of, winning_of
from domain.store.bulk import is_among
from workflows.plays.base import Path
from workflows.plays.model import Play
from workflows.plays.parts.announce import Announce
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank
from workflows.plays.people import Whom

PAGE = 500


def tell_people(run: Run, whom: Whom, key: str, journey: str | None = None) -> bool:
    """Tell a page of them; `key` keeps how far it is. Returns whether all are told."""
    before = run.play.before(run.path, (Draw, Rank))
    row = run.round()
    told = people(run.work, run.instance.id, row, before.path if before else None, whom)
    done: int = run.instance.progress.get(key, 0)
    page = told[done : done + PAGE]
    persons = lock_customers(run.work, {customer for _, customer in page})
    winners = {
        winner.entry_id: winner
        for winner in run.work.exec(
            select(PlayWinner).where(
                PlayWinner.instance_id == run.instance.id,
                PlayWinner.step == (before.path if before else ""),
                is_among(PlayWinner.entry_id, [entry for entry, _ in page]),
                col(PlayWinner.place).is_not(None),
            )
        )
    }
    known = {customer for _, customer in told[:done]}
    for entry, customer in page:
        if customer in known:  # became one with somebody who is told already
            continue
        known.add(customer)
        data: dict[str, object] = {"entry": entry}
        if before is not None and entry in winners:
            data |= told_of(run, winning_of(run.play, before.path), winners[entry])
        data |= {"step": run.path, "title": run.play.title, "whom": whom, "journey": journey}
        run.tell("play.told", f"told/{run.path}/{whom}/{entry}", persons[customer].id, **data)
    run.note(**{key: done + len(page)})
    return done + len(page) >= len(told)


def journey_name(play: str, path: Path) -> str:
    """The journey that writes what an `announce` says."""
    return f"play-{play}-{path.replace('.', '-')}"


def letters_of(play: Play) -> Iterator[tuple[str, str]]:
    """The journeys that are published with a play, by name: each writes to whom an `announce` names."""
    for path, part in play.letters:
        name = journey_name(play.play, path)
        yield name, letter_text(play, name, path, part)


def letter_text(play: Play, name: str, path: Path, part: Announce) -> str:
    """The journey's text: JSON, which is YAML too."""
    about = [{"field": "event.play", "is": play.play}, {"field": "event.step", "is": path}]
    spec = {
        "journey": name,
        "name": f"{play.title} · {path}",
        "trigger": {"event": "play.told", "where": {"all": about}},
        "entry": {"again": "always"},
        "steps": [{"id": "tell", "send": part.send, "via": list(part.via or ()), "kind": part.kind}],
    }
    return json.dumps(spec, ensure_ascii=False)
