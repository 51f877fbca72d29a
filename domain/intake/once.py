"""A message that is sent once to everybody in a segment: a journey of one step that has no file."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.catalogue.sources import SCHEDULE
from domain.intake.ingest import Incoming, ingest
from domain.membership.previewing import TooSlowError, members
from domain.published.fitting import published_references
from domain.published.library import read_library
from domain.published.publishing import publish_journey
from domain.store.work import UnitOfWork
from workflows.language.compile import read_journey
from workflows.terms.values import local_day

PAGE = 500
TYPE = "send.once"


class OnceError(ValueError):
    """What can't be sent: there is no such segment, template or channel, or its condition takes too long."""


@dataclass(frozen=True)
class Once:
    """The journey, and whose message it sends."""

    journey: str
    segment: str


def begin(work: UnitOfWork, template: str, segment: str, via: Sequence[str], now: datetime) -> Once:
    """Publish the journey of one step. The same on the same day is one, which nobody enters twice. Raises OnceError."""
    library = read_library(work)
    if segment not in library.segments:
        raise OnceError(f"there is no segment {segment}")
    day = local_day(now, library.policy_zone)
    same = hashlib.sha256(json.dumps([template, segment, list(via)]).encode()).hexdigest()[:6]
    name = f"once-{day:%m%d}-{same}"
    spec = {
        "journey": name,
        "name": f"{template} → {segment} {day}",
        "trigger": {"event": TYPE, "where": {"field": "event.send", "is": name}},
        "entry": {"again": "never"},
        "steps": [{"id": "send", "send": template, "via": list(via)}],
    }
    text = json.dumps(spec, ensure_ascii=False)
    compiled = read_journey(text, f"{name}.yaml", published_references(library, (), now))
    if compiled.plan is None:
        raise OnceError("; ".join(each.message for each in compiled.diagnostics if each.severity == "error"))
    publish_journey(work, compiled.plan, text, now)
    return Once(name, segment)


def addressees(session: Session, once: Once, now: datetime) -> Sequence[int]:
    """Who is in the segment now. Raises OnceError."""
    library = read_library(session)
    try:
        return members(session, library, library.segments[once.segment], now)
    except TooSlowError as error:
        raise OnceError(str(error)) from None


def send_page(work: UnitOfWork, once: Once, customers: Sequence[int], now: datetime) -> int:
    """Let these enter, `PAGE` or fewer. Returns how many hadn't yet."""
    events = [
        Incoming(SCHEDULE, f"{once.journey}/{id}", TYPE, now, {"send": once.journey}, customer=id) for id in customers
    ]
    return sum(ingest(work, events, now=now))
