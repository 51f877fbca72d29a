"""From a journey's text to its plan: read, check, give every step a path and say what follows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.language import spec
from workflows.language.checks import References, check_journey
from workflows.language.reading import validate
from workflows.plan import model
from workflows.plan.model import Path, Plan
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source
from workflows.terms.conditions import EventCondition


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
    source = read_source(text, path)
    journey = validate(spec.Journey, source)
    check_journey(source, references)
    compiled = compile_plan(journey) if journey and not source.broken else None
    return Compiled(compiled, source.sorted())


def compile_plan(journey: spec.Journey) -> Plan:
    """The plan of a journey in which there are no mistakes."""
    steps = {step.path: step for step in _sequence(journey.steps, "", None)}
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
        exits=tuple(_pattern(each) for each in journey.exit),
        goal=model.Goal(condition=_pattern(journey.goal), within=journey.goal.within) if journey.goal else None,
        policy=journey.policy,
        first=next(iter(steps)),
        steps=steps,
    )


def _trigger(trigger: spec.EventPattern | spec.ScheduleTrigger) -> model.EventTrigger | model.ScheduleTrigger:
    if isinstance(trigger, spec.EventPattern):
        return model.EventTrigger(event=trigger.event, where=trigger.where)
    schedule = trigger.schedule
    return model.ScheduleTrigger(
        at=schedule.at.zfill(5),
        weekday=spec.WEEKDAYS.index(schedule.weekday) if schedule.weekday else None,
        festival=schedule.festival,
        offset_days=schedule.offset,
        for_each=trigger.for_each,
        where=trigger.where,
    )


def _pattern(pattern: spec.EventPattern) -> EventCondition:
    return EventCondition(event=pattern.event, where=pattern.where)


def _paths(steps: Sequence[spec.Step], prefix: str) -> list[Path]:
    return [f"{prefix}{step.id or place}" for place, step in enumerate(steps, 1)]


def _sequence(steps: Sequence[spec.Step], prefix: str, following: Path | None) -> Iterator[model.Step]:
    """The steps of one branch, which leads on to `following`, each with those of its own branches behind it."""
    paths = _paths(steps, prefix)
    for step, path, after in zip(steps, paths, [*paths, following][1:], strict=True):
        branches = _branches(step)
        firsts = {label: next(iter(_paths(inner, f"{path}.{label}.")), after) for label, inner in branches.items()}
        yield _step(step, path, after, firsts)
        for label, inner in branches.items():
            yield from _sequence(inner, f"{path}.{label}.", after)


def _branches(step: spec.Step) -> dict[str, Sequence[spec.Step]]:
    match step:
        case spec.WaitForStep() | spec.IfStep():
            return {"then": step.then, "else": step.otherwise}
        case spec.ChooseStep():
            cases = {str(number): case.steps for number, case in enumerate(step.choose, 1)}
            return {**cases, "else": step.otherwise}
        case spec.SplitStep():
            return {arm.variant: arm.steps for arm in step.split}
    return {}


def _step(step: spec.Step, path: Path, after: Path | None, firsts: Mapping[str, Path | None]) -> model.Step:
    common: dict[str, Any] = {"path": path, "id": step.id, "next": after}
    match step:
        case spec.SendStep():
            return model.Send(
                **common,
                template=step.send,
                via=step.via,
                coupon=step.coupon,
                without_coupon=step.without_coupon or "skip",
                expires=step.expires,
                kind=step.kind,
                data=step.data,
            )
        case spec.WaitStep():
            return _wait(step, common)
        case spec.WaitForStep():
            awaited = _awaited(step.wait_for)
            return model.WaitFor(**common, **awaited, within=step.within, then=firsts["then"], otherwise=firsts["else"])
        case spec.IfStep():
            then = model.Branch(label="then", when=step.condition, first=firsts["then"])
            return model.Decide(**common, branches=(then,), otherwise=firsts["else"])
        case spec.ChooseStep():
            cases = tuple(
                model.Branch(label=str(number), when=case.when, first=firsts[str(number)])
                for number, case in enumerate(step.choose, 1)
            )
            return model.Decide(**common, branches=cases, otherwise=firsts["else"])
        case spec.SplitStep():
            arms = tuple(
                model.Arm(variant=arm.variant, weight=arm.weight, first=firsts[arm.variant]) for arm in step.split
            )
            return model.Split(**common, arms=arms)
        case spec.CouponStep():
            return model.IssueCoupon(**common, campaign=step.coupon)
        case spec.TodoStep():
            return model.AssignTodo(**common, text=step.todo, assign=step.assign, due=step.due)
        case spec.TagStep():
            return model.SetTag(**common, tag=step.tag, keep=step.keep)
        case spec.UntagStep():
            return model.SetTag(**common, tag=step.untag, remove=True)
        case spec.WebhookStep():
            return model.CallWebhook(**common, webhook=step.webhook, data=step.data)
        case spec.StopStep():
            return model.Stop(path=path, id=step.id, next=None, reason=step.stop)
    raise TypeError(f"a step that no plan can hold: {step!r}")


def _wait(step: spec.WaitStep, common: dict[str, Any]) -> model.Wait:
    match step.wait:
        case spec.Clock(clock=clock, day=day):
            return model.Wait(**common, clock=clock.zfill(5), day=day)
        case spec.Until(until=moment):
            return model.Wait(**common, field=moment.field, minus=moment.minus, plus=moment.plus)
        case span:
            return model.Wait(**common, span=span)


def _awaited(awaited: spec.EventPattern | spec.Receipt) -> dict[str, Any]:
    if isinstance(awaited, spec.EventPattern):
        return {"condition": _pattern(awaited)}
    receipt, step = awaited.about
    return {"condition": EventCondition(event=spec.RECEIPTS[receipt]), "of": step}
