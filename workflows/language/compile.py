"""From a journey's text to its plan: read, check, give every step a path and say what follows it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.language import spec
from workflows.language.checks import References, check_journey, steps_in
from workflows.language.reading import validate
from workflows.plan import model
from workflows.plan.model import Plan
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Node, Source, read_source
from workflows.terms.calendar import WEEKDAYS, month_day_of
from workflows.verbs.base import Path, Position, Step, StepSpec
from workflows.verbs.registry import AnySpec


@dataclass(frozen=True)
class Compiled:
    """A plan, or None where there are errors; and every diagnostic, in the order of the text."""

    plan: Plan | None
    diagnostics: list[Diagnostic]


def read_journey(text: str, path: str, references: References | None) -> Compiled:
    """Compile a journey. Never raises: mistakes are diagnostics.

    `path` is the name shown in diagnostics; if it ends in `.yaml`, the journey must be named like the file. Without
    `references`, templates, campaigns, segments and the fields of events are taken on trust.
    """
    return compile_source(read_source(text, path), references)


def compile_source(source: Source, references: References | None) -> Compiled:
    """Compile a journey that was read; what is wrong is reported to the source, too."""
    journey = validate(spec.Journey, source)
    check_journey(source, references)
    compiled = compile_plan(journey) if journey and not source.broken else None
    return Compiled(compiled, source.sorted())


def sketch(source: Source) -> tuple[Plan | None, bool]:
    """What can be read of a journey that has errors, to check the texts that it sends; and whether that is all of it.

    If not, it is the trigger and, one after the other, the steps of any branch that can be read on their own.
    """
    root = source.root
    if root is None or any(each.code == "E002" for each in source.diagnostics):
        return None, False
    if journey := _as_far_as_read(spec.Journey, root):
        return compile_plan(journey), True
    trigger = _as_far_as_read(spec.Trigger, root.get("trigger"))
    alone = [_as_far_as_read(AnySpec, node) for node in steps_in(root.get("steps") or Node(0, 0, []))]
    steps = tuple(
        step.model_copy(update={"id": f"step{number}"})
        for number, step in enumerate(alone)
        if step is not None and not step.branches() and _ON in step.compiled(Position("", _ON, {})).ways()
    )
    if trigger is None or not steps:
        return None, False
    entry = spec.Entry.model_validate({"again": "never"})
    return compile_plan(spec.Journey.model_construct(journey="", trigger=trigger, entry=entry, steps=steps)), False


def read_trigger(node: Node | None) -> model.EventTrigger | model.ScheduleTrigger | None:
    """What begins a journey, by what is written beside `trigger`; None if it can't be read."""
    try:
        return _trigger(_TRIGGER.validate_python(node.plain, context={"written": True})) if node is not None else None
    except ValidationError:
        return None


_TRIGGER: TypeAdapter[spec.EventTrigger | spec.ScheduleTrigger] = TypeAdapter(spec.Trigger)

_ON = "on"
"""Stands for whatever follows a step."""


def _as_far_as_read(form: Any, node: Node | None) -> Any:
    try:
        return TypeAdapter(form).validate_python(node.plain, context={"written": True}) if node is not None else None
    except ValidationError:
        return None


def compile_plan(journey: spec.Journey) -> Plan:
    """The plan of a journey in which there are no mistakes."""
    steps = {step.path: step for step in _sequence(journey.steps, "", None, {})}
    return Plan(
        journey=journey.journey,
        name=journey.name or journey.journey,
        trigger=_trigger(journey.trigger),
        audience=journey.audience,
        active=journey.active,
        entry=model.Entry(
            again=journey.entry.again.kind,
            after=journey.entry.again.after,
            per=journey.entry.per,
            cohort=journey.entry.cohort,
        ),
        exits=tuple(each.compiled() for each in journey.exit),
        goal=model.Goal(condition=journey.goal.compiled(), within=journey.goal.within) if journey.goal else None,
        policy=journey.policy,
        first=next(iter(steps)),
        steps=steps,
    )


def _trigger(trigger: spec.EventTrigger | spec.ScheduleTrigger) -> model.EventTrigger | model.ScheduleTrigger:
    if isinstance(trigger, spec.EventTrigger):
        return model.EventTrigger(event=trigger.event, for_each=trigger.for_each, where=trigger.where)
    schedule = trigger.schedule
    birthday = re.fullmatch(r"birthday\s+([+-]\d+)d", trigger.for_each)
    return model.ScheduleTrigger(
        at=schedule.at.zfill(5),
        weekday=WEEKDAYS.index(schedule.weekday) if schedule.weekday else None,
        month_day=month_day_of(schedule.month_day) if schedule.month_day else None,
        year_day=schedule.year_day,
        festival=schedule.festival,
        offset_days=schedule.offset,
        for_each="birthday" if birthday else trigger.for_each,
        birthday_offset=int(birthday[1]) if birthday else None,
        where=trigger.where,
    )


def _paths(steps: Sequence[StepSpec], prefix: str) -> list[Path]:
    return [f"{prefix}{step.id or place}" for place, step in enumerate(steps, 1)]


def _sequence(
    steps: Sequence[StepSpec], prefix: str, following: Path | None, names: Mapping[str, str]
) -> Iterator[Step]:
    """The steps of one branch, which leads on to `following`, each with those of its own branches behind it."""
    paths = _paths(steps, prefix)
    for step, path, after in zip(steps, paths, [*paths, following][1:], strict=True):
        if step.rounds:
            yield from _rounds(step, path, after, names)
            continue
        branches = step.branches()
        firsts = {label: next(iter(_paths(inner, f"{path}.{label}.")), after) for label, inner in branches.items()}
        yield step.compiled(Position(path, after, firsts, names))
        for label, inner in branches.items():
            yield from _sequence(inner, f"{path}.{label}.", after, names)


def _rounds(spec: StepSpec, path: Path, after: Path | None, names: Mapping[str, str]) -> Iterator[Step]:
    """The steps of a `repeat`, as often as they are done; what is asked before a round stands before its steps."""
    inner = spec.branches()["do"]
    name = names.get(spec.id or "", spec.id or "")
    firsts = [_paths(inner, f"{path}#{number}.")[0] for number in range(1, spec.rounds + 1)]
    begins = [
        path,
        *(f"{path}#{number}" if spec.asks_again else firsts[number - 1] for number in range(2, spec.rounds + 1)),
    ]
    for number, (begin, first, onward) in enumerate(zip(begins, firsts, [*begins[1:], after], strict=True), 1):
        if begin != first:
            step = spec.compiled(Position(begin, after, {"do": first, "again": onward}, names))
            yield step if number == 1 else step.model_copy(update={"id": f"{name}#{number}"})
        own = {id: f"{name}#{number}.{id}" for id in _ids(inner)}
        yield from _sequence(inner, f"{path}#{number}.", onward, {**names, **own})


def _ids(steps: Sequence[StepSpec]) -> Iterator[str]:
    """The ids of steps and of all in their branches."""
    for step in steps:
        if step.id:
            yield step.id
        for inner in step.branches().values():
            yield from _ids(inner)
