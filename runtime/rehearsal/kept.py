"""The tests that are kept with a journey, played against what is published, and simulations written down as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from domain.customers.tables import Consent, Customer, CustomerTag, Identifier
from domain.intake.tables import Event
from domain.published.library import Library
from domain.published.tables import Document
from domain.stock.tables import Lot, Stream
from runtime.rehearsal.cases import ONLY, VISIBLE, Case, CaseFile, read_cases_text
from runtime.rehearsal.engine import rehearse
from runtime.rehearsal.journey_tests import fits
from runtime.rehearsal.recorded import events_in
from runtime.rehearsal.world import CaseStock, Line, with_texts
from workflows.plan.model import Plan, ScheduleTrigger
from workflows.source.diagnostics import Diagnostic
from workflows.terms.channels import CHANNELS
from workflows.verbs.base import Decision

HISTORY = 40
"""Events that happened to a customer before, at most: the newest."""

_TOLD_OF = ("message.", "todo.", "coupon.", "consent.", "tag.", "segment.", "customer.")
"""Events that come of journeys, or of what a case says of its customer in other words."""

_INVENTED: Mapping[str, str] = {"phone": "+8613900000001", "email": "somebody@example.com"}
"""Identifiers that a written-down case gives its customer in place of their own; of other kinds `case-1`."""

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def read_kept(text: str, journey: str) -> tuple[CaseFile | None, list[Diagnostic]]:
    """Read the tests kept with a journey. They are about it alone, and have no file beside them."""
    file, diagnostics = read_cases_text(text, f"{journey}.yaml")
    if file is None:
        return None, diagnostics
    if file.journey != journey:
        wrong = f"these are tests of {file.journey or file.spec}, not of {journey}; write `journey: {journey}`"
        return None, [*diagnostics, Diagnostic(f"{journey}.yaml", 1, 1, "E040", wrong)]
    if named := next((case.name for case in file.cases if case.publish), None):
        wrong = f"{named}: tests kept with a journey can't publish another version; they have no file beside them"
        return None, [*diagnostics, Diagnostic(f"{journey}.yaml", 1, 1, "E040", wrong)]
    return file, diagnostics


def stock_of(session: Session, library: Library, plan: Plan, overrides: Mapping[str, Any]) -> CaseStock:
    """What is published for a case: a plan, and the policy, segments, tags, coupons and texts that are live.

    `overrides` change the policy. `holdout: 0` takes the plan's own away, too. Raises ValueError.
    """
    try:
        policy = library.policy.overridden(overrides)
    except ValidationError as problem:
        raise ValueError(f"policy: {problem.errors()[0]['msg']}") from problem
    if overrides.get("holdout") == 0 and plan.policy is not None:
        plan = plan.model_copy(update={"policy": plan.policy.model_copy(update={"holdout": None})})
    bodies = {row.name: row.body for row in session.exec(select(Document))}
    return CaseStock(
        plan=plan,
        policy=policy,
        segments=bodies.get("_segments", {}),
        tags=bodies.get("_tags", {}),
        campaigns=dict(library.campaigns),
        texts=with_texts(plan, dict(library.texts)),
    )


@dataclass(frozen=True)
class Person:
    """What is known of a customer before something happens, as a case has it; nothing in it names them."""

    case: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    zone: ZoneInfo


def person_of(session: Session, library: Library, plan: Plan, customer: int) -> Person:
    """Look up a customer, and what happened to them of which the plan speaks, or that changes what they bought."""
    row = session.get_one(Customer, customer)
    zone = library.zone(row)
    kinds = session.exec(select(Identifier.kind).where(Identifier.customer_id == customer).distinct()).all()
    said = session.exec(select(Consent).where(Consent.customer_id == customer).order_by(col(Consent.at))).all()
    given = {each.channel: each.given for each in said if each.purpose == "marketing"}
    tags = session.exec(select(CustomerTag.tag).where(CustomerTag.customer_id == customer)).all()
    spoken = {*events_in(plan.model_dump(mode="json")), "order.paid", "order.refunded"}
    happened = session.exec(
        select(Event)
        .where(Event.customer_id == customer, col(Event.type).in_(spoken), ~col(Event.forgotten))
        .order_by(col(Event.time).desc(), col(Event.id).desc())
        .limit(HISTORY)
    ).all()
    about = {
        "identifiers": {kind: _INVENTED.get(kind, "case-1") for kind in sorted(kinds) if kind != ONLY},
        "consent": [channel for channel in CHANNELS if given.get(channel)],
        "timezone": row.timezone,
        "fields": {key: value for key, value in row.fields.items() if key not in ("name", "owner")},
        "tags": sorted(tags),
    }
    events = [
        {"at": _written(each.time, zone), "event": each.type, "data": _plain(each.data)}
        for each in reversed(happened)
        if not each.type.startswith(_TOLD_OF)
    ]
    return Person({key: value for key, value in about.items() if value}, events, zone)


def around(session: Session, data: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The lot and the show that an event names, as a case has them."""
    found: dict[str, Any] = {}
    if (lot := session.get(Lot, str(data.get("lot_id")))) is not None:
        held: dict[str, Any] = {"sku": lot.sku, "name": lot.name, "category": lot.category, "city": lot.city}
        held |= {"expires": lot.expires_on.isoformat(), "available": float(lot.on_hand - lot.reserved)}
        found["lots"] = [{"id": lot.lot_id, **{key: value for key, value in held.items() if value is not None}}]
    if (show := session.get(Stream, str(data.get("stream_id")))) is not None:
        told = {"title": show.title, "city": show.city, "starts_at": _written(show.starts_at, zone)}
        found["streams"] = [{"id": show.stream_id, **{key: value for key, value in told.items() if value is not None}}]
    return found


def written_down(
    engine: Engine,
    stock: CaseStock,
    person: Person,
    beside: Mapping[str, Any],
    begun_by: tuple[str, Mapping[str, Any], datetime],
    decisions: Sequence[Decision],
) -> tuple[dict[str, Any], bool]:
    """A case without a name that plays like a simulation, and whether it does.

    An empty shop knows less than ours of the customer: the least of their history is told that makes it the same.
    What is expected is what the case itself comes to.
    """
    type, data, at = begun_by
    zone, stock_zone = person.zone, ZoneInfo(stock.policy.timezone)
    plan = stock.plan
    own = [
        each for each in decisions if each.journey == plan.journey and each.what in VISIBLE and each.value != "where"
    ]
    names = {step.path: step.written_id for step in plan.steps.values()}
    variants = {
        names.get(each.step or "") or each.step: each.value
        for each in decisions
        if each.what == "variant" and each.journey == plan.journey and each.step
    }
    scheduled = isinstance(plan.trigger, ScheduleTrigger)
    event = {"at": _written(at, zone), "event": type, "data": _plain(data)}
    # a schedule fires by itself, on the day on which it was let reach the customer
    begins = [] if scheduled else [event]
    first = own[0].at.astimezone(zone) if own else at
    guess = [{"at": first.date().isoformat() if scheduled else _written(first, zone), "ended": "finished"}]
    others = [each for each in person.events if each["event"] != type]
    common = {
        "customer": dict(person.case),
        **({"variants": variants} if variants else {}),
        **beside,
        "policy": {"holdout": 0},
    }
    best: tuple[dict[str, Any], bool] | None = None
    for history in ([], list(person.events), others):
        draft = {"name": "-", **common, "events": [*history, *begins], "expect": guess}
        lines = rehearse(engine, Case.model_validate(draft, context={"written": True}), stock)
        since = [line for line in lines if line.at >= at.replace(second=0, microsecond=0) or scheduled]
        same = [_what(line) for line in since] == [_what(each) for each in own]
        found = {**draft, "expect": [_line(line, zone) for line in lines]}
        if best is None or same:
            best = found, same
        if same:
            break
    assert best is not None
    case = {key: value for key, value in best[0].items() if key != "name" and (value or key == "expect")}
    played = Case.model_validate({"name": "-", **case})
    return case, best[1] and fits(played, rehearse(engine, played, stock), stock_zone)


def _what(line: Line | Decision) -> tuple[str, str, str | None, str | None]:
    return line.what, line.value, line.via, line.reason


def _line(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    told = {"at": _written(line.at, zone), line.what: line.value, "via": line.via, "reason": line.reason}
    told["until"] = _written(line.until, zone) if line.until and line.what == "held" else None
    return {key: value for key, value in told.items() if value is not None}


def _written(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says, without whom it happened to."""
    return {key: value for key, value in data.items() if key not in ("customer", "journey", "name", "phone")}
