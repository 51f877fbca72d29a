"""What a plan needs of the texts: which templates on which channels, and the names that each may use."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from workflows.plan.model import EventTrigger, Plan, ScheduleTrigger
from workflows.terms.calendar import FESTIVALS
from workflows.terms.channels import Channel
from workflows.terms.conditions import FieldCondition, SegmentCondition
from workflows.terms.names.events import brought_by
from workflows.terms.operands import FieldRef
from workflows.terms.values import parts_of
from workflows.verbs.base import Path, Step


@dataclass(frozen=True)
class Need:
    """A text that a step sends, and the names that the step provides."""

    path: Path
    step: str
    template: str
    channel: Channel
    given: frozenset[str]

    @property
    def text(self) -> tuple[str, str]:
        """Template and channel."""
        return self.template, self.channel


def text_needs(plan: Plan) -> Iterator[Need]:
    """The texts that a plan may send."""
    given = {"customer", "trigger", "data", "shop", "measure"}
    if plan.trigger.for_each:
        given |= brought_by(plan.trigger.event)
    with_coupon = _with_coupon(plan)
    for path, step in plan.steps.items():
        names = frozenset(given | ({"coupon"} if step.campaign_given or path in with_coupon else set()))
        for template, channel in step.texts:
            yield Need(path, step.name, template, channel, names)


def _with_coupon(plan: Plan) -> set[Path]:
    """The steps before which a coupon may have been given."""
    paths: set[Path] = set()
    ahead = [path for step in plan.steps.values() if step.campaign_given for path in following(step)]
    while ahead:
        path = ahead.pop()
        if path not in paths:
            paths.add(path)
            ahead += following(plan.steps[path])
    return paths


def names_asked(plan: Any) -> Iterator[tuple[Literal["_segments", "_coupons", "_tags", "_calendar"], str]]:
    """The segments, measures, campaigns and own days that a plan, or a part of it, refers to, each with its file."""
    for part in parts_of(plan):
        match part:
            case SegmentCondition(segment=name):
                yield "_segments", name
            case FieldCondition(field=path) | FieldRef(field=path) if path.startswith("measure."):
                yield "_tags", path.split(".")[1]
            case ScheduleTrigger(for_each=str(name)) | EventTrigger(for_each=str(name)) if name.startswith("segment:"):
                yield "_segments", name.removeprefix("segment:")
            case Step(campaign_given=str(name)):
                yield "_coupons", name
        if isinstance(part, ScheduleTrigger) and part.festival is not None and part.festival not in FESTIVALS:
            yield "_calendar", part.festival


def following(step: Step) -> list[Path]:
    """Where a step can lead, in the order of its branches."""
    return [path for path in step.ways() if path is not None]
