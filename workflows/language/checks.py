"""What the grammar can't see: that names lead somewhere, that steps can be reached, that numbers add up.

The checks read the tree and pass over what isn't grammatical, so that all mistakes of a file are told at once.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from pathlib import PurePath
from typing import TypeVar

from pydantic import ValidationError

from workflows.language.spec import Schedule
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node, Source, TooManyError
from workflows.terms.calendar import FESTIVALS
from workflows.terms.fields import (
    check_condition,
    check_customer_event,
    check_event,
    check_event_type,
    check_field,
    check_segment_name,
)
from workflows.terms.limits import Cap, Limits, QuietHours, quiet_minutes
from workflows.terms.names.events import SCHEDULED_EVENTS, brought_by
from workflows.terms.scope import Named, References, Scope
from workflows.verbs.flow import Flow, State, span_of
from workflows.verbs.registry import SPECS, verbs_of

T = TypeVar("T", QuietHours, Cap)

__all__ = ["References", "check_journey", "check_segments"]

MAX_STEPS = 500


def check_journey(source: Source, references: References | None) -> None:
    """Report every semantic mistake of a journey to its source."""
    with suppress(TooManyError):
        _check_journey(source, references)


def _check_journey(source: Source, references: References | None) -> None:
    root = source.root
    if root is None:
        return
    _check_name(source, root)
    steps = root.get("steps") or Node(0, 0, [])
    every = list(islice(steps_in(steps), MAX_STEPS + 1))
    if references is not None:
        references = replace(references, given=given_by(every))
    scope = _check_trigger(source, root, references)
    check_condition(root.get("audience"), scope)
    if (active := root.get("active")) is not None:
        until = active.get("until")
        with suppress(ValueError):
            day = date.fromisoformat(until.text or "") if until is not None else None
            check_not_past(until, day, "nobody enters any more", source, references)
    enrolled = (
        scope.plus("coupon") if any(spec.campaign_in(step) for step in every for spec in SPECS.values()) else scope
    )
    for pattern in root.below("exit"):
        check_event(pattern, enrolled)
    goal = root.get("goal")
    if goal is not None:
        check_event(goal, enrolled)
        check_customer_event(goal.get("event"), enrolled)
    _check_entry(source, root, scope)
    if references and references.policy:
        _check_limits(source, root.get("policy") or Node(0, 0, {}), references.policy)
    if _count(steps) > MAX_STEPS:
        counted = ", those repeated counted each time" if len(every) <= MAX_STEPS else ""
        source.report(root.keys["steps"], "E002", f"more than {MAX_STEPS} steps in one journey{counted}")
        return
    _check_ids(source, every)
    for step in every:
        for verb in verbs_of(step.entries):
            SPECS[verb].check_alone(step, scope)
    _check_flow(steps, every, root, scope)


def check_segments(source: Source, references: References | None) -> None:
    """Report every semantic mistake of a file of segments to its source."""
    with suppress(TooManyError):
        _check_segments(source, references)


def _check_segments(source: Source, references: References | None) -> None:
    if source.root is None:
        return
    segments = source.root.entries
    known = replace(references or References(), segments=frozenset(segments))
    scope = Scope(source, known, frozenset({"customer"}))
    for node in segments.values():
        check_condition(node, scope)
    refers = {name: {str(used.text) for used in _segments_in(node)} for name, node in segments.items()}
    try:
        TopologicalSorter(refers).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        message = f"segments refer to each other in a circle: {' → '.join(circle)}"
        source.report(source.root.keys[circle[0]], "E042", message)


def _segments_in(node: Node) -> Iterator[Node]:
    for each in node.walk():
        named = each.get("segment")
        if named is not None and named.text is not None:
            yield named


def given_by(steps: Sequence[Node]) -> frozenset[Named]:
    """The tags and fields that steps give customers."""
    tags = (("tag", name) for step in steps if (name := _text(step, "tag")))
    fields = (("field", name) for step in steps if (own := step.get("set")) for name in own.entries)
    return frozenset([*tags, *fields])


def check_not_past(
    node: Node | None, day: date | None, then: str, source: Source, references: References | None
) -> None:
    """Warn of a day that is over, after which `then` holds."""
    today = references.today if references else None
    if day is not None and today is not None and day < today:
        source.report(node, "W011", f"{day} is over, and {then}", "warning")


def _text(node: Node, key: str) -> str | None:
    child = node.get(key)
    return child.text if child is not None else None


def _check_name(source: Source, root: Node) -> None:
    path, name = PurePath(source.path), root.get("journey")
    if name is not None and name.text is not None and path.suffix in (".yaml", ".yml") and name.text != path.stem:
        source.report(name, "E036", f"journey {quoted(name.text)} in a file named {quoted(path.name)}")


def _check_trigger(source: Source, root: Node, references: References | None) -> Scope:
    """Check the trigger; answers the scope of everything else in the journey."""
    trigger = root.get("trigger") or Node(0, 0, {})
    event, roots = _text(trigger, "event"), {"customer", "trigger"}
    for_each = trigger.get("for_each")
    if for_each is not None and for_each.text is not None:
        event = event or SCHEDULED_EVENTS.get(for_each.text.partition(" ")[0])
        roots |= brought_by(event or "")
    scope = Scope(source, references, frozenset(roots), trigger=event)
    if for_each is not None and for_each.text is not None and re.match(r"segment:\S", for_each.text):
        check_segment_name(for_each, for_each.text.removeprefix("segment:"), scope)
    check_event_type(trigger.get("event"), scope)
    _check_whom(source, trigger, references)
    check_condition(trigger.get("where"), scope.minus("trigger").looking_at(event))
    _check_festival(source, trigger.get("schedule"), references)
    return scope


def _check_whom(source: Source, trigger: Node, references: References | None) -> None:
    """An event about the business must say for whom it is, and one of a customer can't."""
    event, for_each = trigger.get("event"), trigger.get("for_each")
    if event is None or "schedule" in trigger.entries or references is None or event.text not in references.events:
        return
    if event.text in references.business and for_each is None:
        message = f"{event.text} is about the business, and happens to no customer; say who it is for"
        source.report(event, "E060", f"{message}: `for_each: segment:NAME`")
    elif event.text not in references.business and for_each is not None:
        message = f"{event.text} happens to a customer, who it is for; take `for_each` away"
        source.report(trigger.keys["for_each"], "E060", message)


def _check_festival(source: Source, schedule: Node | None, references: References | None) -> None:
    match = Schedule.PATTERN.fullmatch(schedule.text.strip()) if schedule and schedule.text else None
    if references is None:
        return
    known = [*FESTIVALS, *references.days]
    if schedule and match and match["festival"] and match["festival"] not in known:
        hint = did_you_mean(match["festival"], known) or f"; there are {', '.join(known)}"
        source.report(schedule, "E037", f"unknown festival {quoted(match['festival'])}{hint}")


def _check_entry(source: Source, root: Node, scope: Scope) -> None:
    per = root.get("entry") and root.entries["entry"].get("per")
    if not per or not isinstance(per.value, list):
        return
    if not per.items or per.items[0].text != "customer":
        source.report(per, "E035", "`per` must begin with customer; everybody enters for themselves")
    for item in per.items:
        if item.text != "customer":
            check_field(item, scope, sure=True)


def _check_limits(source: Source, own: Node, policy: Limits) -> None:
    """A journey may be stricter than the policy, never looser."""
    quiet = own.get("quiet_hours")
    none = quiet is not None and quiet.text is not None and quiet.text.strip() == "none"
    hours = [_limit(QuietHours, node) for node in (quiet.items or [quiet])] if quiet and not none else []
    if quiet and None not in hours and quiet_minutes(policy.quiet_hours) - quiet_minutes(filter(None, hours)):
        always = ", ".join(map(str, policy.quiet_hours))
        message = f"this loosens the policy, by which {always} is quiet; a journey may only be quiet for longer"
        source.report(quiet, "E047", message)
    caps = own.get("caps")
    for name, node in caps.entries.items() if caps else ():
        cap = _limit(Cap, node)
        for other, limit in policy.caps.items():
            if cap and other in (name, "all") and cap.looser_than(limit):
                message = f"this loosens the policy, which has {other}: {limit}; a journey may only allow less"
                source.report(node, "E047", message)
                break


def _limit(form: type[T], node: Node | None) -> T | None:
    with suppress(ValidationError):
        return form.model_validate(node.text) if node is not None and node.text is not None else None
    return None


def steps_in(steps: Node) -> Iterator[Node]:
    """All steps of a list, in the order of the text, branches included."""
    for step in steps.items:
        if not isinstance(step.value, dict):
            continue
        yield step
        branches = (branch for spec in SPECS.values() for branch in spec.branches_in(step))
        for branch in sorted({each for each in branches if each is not None}, key=lambda each: each.start):
            yield from steps_in(branch)


def _count(steps: Node) -> int:
    """How many steps a plan has, of which those repeated are there as often as that."""
    total = 0
    for step in steps.items:
        for verb in verbs_of(step.entries) if isinstance(step.value, dict) else ():
            inner = sum(_count(branch) for branch in SPECS[verb].branches_in(step) if branch is not None)
            total += 1 + inner * SPECS[verb].rounds_in(step)
    return total


def _check_ids(source: Source, steps: list[Node]) -> None:
    seen: dict[str, Node] = {}
    for step in steps:
        named = step.get("id")
        if named is None or named.text is None:
            continue
        first = seen.get(named.text)
        if first is None:
            seen[named.text] = named
        else:
            line, _ = source.position(first.start)
            source.report(
                step if named is first else named,
                "E021",
                f"id {quoted(named.text)} is used twice, first in line {line}",
            )


def _check_flow(steps: Node, every: list[Node], root: Node, scope: Scope) -> None:
    named = {step.entries["id"].text or "": step for step in every if "id" in step.entries}
    goal = root.get("goal")
    within = span_of(goal.get("within")) if goal else None
    Flow(scope, SPECS, named, within).sequence(steps, State())
