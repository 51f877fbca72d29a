"""How the differences between two versions of a step are told."""

import json
from collections.abc import Iterator
from typing import Any

from workflows.terms.conditions import EventCondition
from workflows.terms.operands import FieldRef
from workflows.terms.values import Duration
from workflows.terms.wording import Wording
from workflows.verbs.base import Step

_PLACES = frozenset({"path", "id", "next", "then", "otherwise", "on", "first", "onward", "verb"})


class Changes:
    """Tells what changed to people; `running` customers keep the old version."""

    def __init__(self, say: Wording, running: int) -> None:
        self.say = say
        self.running = running

    def changed(self, name: str, before: str, after: str) -> Iterator[str]:
        """What was called `before` is now `after`; nothing if they are the same, empty if there is none."""
        pick = self.say.pick
        if before == after:
            return
        if before and after:
            yield pick(f"{name}由 {before} 改为 {after}", f"{name} changes from {before} to {after}")
        elif before:
            yield pick(f"去掉{name}（{before}）", f"{name} ({before}) is removed")
        else:
            yield pick(f"增加{name}（{after}）", f"{name} ({after}) is added")

    def fields(self, label: str, old: Step, new: Step) -> Iterator[str]:
        """The fields that changed, each by its name."""
        for name, value in own_fields(old).items():
            other = getattr(new, name)
            if value == other:
                continue
            zh, en = old.field_names.get(name, (name, f"its {name}"))
            what = self.say.pick(f"{label}：{zh}", f"{label}: {en}")
            if isinstance(value, Duration) and isinstance(other, Duration):
                yield self.span(what, value, other)
            else:
                yield from self.changed(what, self._shown(value), self._shown(other))

    def span(self, label: str, old: Duration, new: Duration) -> str:
        """A duration that changed."""
        way = "grows" if new.nominal > old.nominal else "shrinks" if new.nominal < old.nominal else "changes"
        verb = {"grows": "延长", "shrinks": "缩短", "changes": "改"}[way]
        words = self.say.pick(f"{label}由 {old} {verb}为 {new}", f"{label} {way} from {old} to {new}")
        return words + self.kept(str(old))

    def kept(self, what: str) -> str:
        """Who goes on by what was there before; nothing if there is nobody."""
        if not self.running:
            return ""
        s = "s" if self.running == 1 else ""
        return self.say.pick(f"；{self.running} 位在途客户仍用 {what}", f"; {self.customers()} keep{s} {what}")

    def customers(self) -> str:
        """How many run by the old version, in English."""
        return f"{self.running} running customer{'s' if self.running != 1 else ''}"

    def _shown(self, value: Any) -> str:
        match value:
            case None | "":
                return ""
            case dict():
                return json.dumps(value, ensure_ascii=False, default=str) if value else ""
            case FieldRef():
                return self.say.field(value.field)
            case tuple():
                return self.say.pick("，否则 ", ", else ").join(map(str, value))
            case EventCondition():
                return self.say.event(value.event, value.where)
        return str(value)


def own_fields(step: Step) -> dict[str, Any]:
    """What a step says of itself, without where it stands."""
    return {name: getattr(step, name) for name in type(step).model_fields if name not in _PLACES}
