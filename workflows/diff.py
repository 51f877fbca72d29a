"""What changed between two versions of a journey, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from workflows.conditions import FieldRef
from workflows.describe import entry_words, summary
from workflows.plan import (
    Active,
    Decide,
    Path,
    Plan,
    Split,
    Step,
    Wait,
)
from workflows.values import Duration
from workflows.wording import Wording

_SAY = Wording("en")
_NAMES = {
    "template": "its template",
    "via": "the way it goes",
    "without_coupon": "what happens without a coupon",
    "campaign": "the campaign",
    "text": "its text",
    "assign": "whom it is assigned to",
    "condition": "what it waits for",
    "of": "the step it is about",
    "reason": "the reason",
    "within": "the time to wait",
    "expires": "its expiry",
    "due": "its due time",
    "keep": "how long it is kept",
}
_PLACES = frozenset({"path", "id", "next", "then", "otherwise", "verb"})


def diff(old: Plan, new: Plan, running: int = 0) -> list[str]:
    """A sentence for each change; none if the plans are the same. `running` customers keep the old version."""
    return [*_head(old, new), *_Steps(old, new, running).sentences()]


def _head(old: Plan, new: Plan) -> Iterator[str]:
    before, after = dict(_parts(old)), dict(_parts(new))
    for name in before:
        yield from _changed(name, before[name], after[name])
    exits = [[_SAY.event(each.event, each.where) for each in plan.exits] for plan in (old, new)]
    yield from (f"the exit {each} is removed" for each in exits[0] if each not in exits[1])
    yield from (f"the exit {each} is added" for each in exits[1] if each not in exits[0])


def _parts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "the name", plan.name
    yield "the trigger", _SAY.trigger(plan.trigger)
    yield "the audience", _SAY.condition(plan.audience) if plan.audience else ""
    yield "the active time", _active(plan.active) if plan.active else ""
    yield "the rule for entering again", entry_words(plan, _SAY)
    yield "the runs", "each customer in a run of their own" if plan.entry.cohort == 1 else ""
    goal = plan.goal
    yield "the goal", _SAY.event(goal.condition.event, goal.condition.where) if goal else ""
    yield "the time for the goal", _SAY.span(goal.within) if goal else ""


def _active(active: Active) -> str:
    return f"{active.start or '…'} to {active.until or '…'}"


def _changed(name: str, before: str, after: str) -> Iterator[str]:
    if before == after:
        return
    if before and after:
        yield f"{name} changes from {before} to {after}"
    else:
        yield f"{name} ({before or after}) is {'removed' if before else 'added'}"


class _Side:
    """One of the two plans: where each step stands, told without numbers, which an inserted step would change."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.branches: dict[str, list[Step]] = {}
        for step in plan.steps.values():
            self.branches.setdefault(self._parent(step.path), []).append(step)

    def home(self, step: Step) -> tuple[str, str]:
        """What identifies the branch that a step is in, on both sides: the step that it belongs to, and which it is."""
        parent = self._parent(step.path)
        if not parent:
            return "", ""
        path, _, label = parent.rpartition(".")
        return self.label(self.plan.steps[path]), label

    def siblings(self, step: Step) -> list[Step]:
        return self.branches[self._parent(step.path)]

    def label(self, step: Step) -> str:
        """`step offer`, `the wait before step offer`, `the tag after step offer`, `the wait at the beginning`."""
        if step.id:
            return f"step {step.id}"
        siblings = self.siblings(step)
        place = siblings.index(step)
        kind = f"the {_verb(step)}"
        following = next((each.id for each in siblings[place + 1 :] if each.id), None)
        before = next((each.id for each in reversed(siblings[:place]) if each.id), None)
        if following or before:
            return f"{kind} before step {following}" if following else f"{kind} after step {before}"
        home = self.home(step)
        return f"{kind} in {home[1]} of {home[0]}" if home[0] else f"{kind} at place {place + 1}"

    def place(self, step: Step) -> str:
        """Where a step stands, for one that came or moved."""
        siblings = self.siblings(step)
        position = siblings.index(step)
        home = self.home(step)
        branch = f" in {home[1]} of {home[0]}" if home[0] else ""
        if position:
            return f"after {self.label(siblings[position - 1])}{branch}"
        return f"at the beginning{' of' + branch[3:] if branch else ''}"

    @staticmethod
    def _parent(path: Path) -> str:
        return path.rpartition(".")[0]


class _Steps:
    def __init__(self, old: Plan, new: Plan, running: int) -> None:
        self.old, self.new = _Side(old), _Side(new)
        self.kept = f"; {running} running customer{'s' if running != 1 else ''} keep{'' if running != 1 else 's'} "
        self.running = running
        self.pairs = dict(self._matched())

    def sentences(self) -> Iterator[str]:
        """Steps removed, added and moved, then what changed in those that stay."""
        taken = set(self.pairs.values())
        for path, step in self.old.plan.steps.items():
            if path not in self.pairs:
                still = f"; {self._customers()} still do it" if self.running else ""
                yield f"{self.old.label(step)} is removed ({summary(step)}){still}"
        for path, step in self.new.plan.steps.items():
            if path not in taken:
                yield f"{self.new.label(step)} is added {self.new.place(step)} ({summary(step)})"
        moved = self._moved()
        for path, other in self.pairs.items():
            before, after = self.old.plan.steps[path], self.new.plan.steps[other]
            if path in moved:
                yield f"{self.old.label(before)} moves: it now stands {self.new.place(after)}"
            yield from self._change(before, after)

    def _matched(self) -> Iterator[tuple[Path, Path]]:
        """Steps that are the same: by id; without one, by what they say and, then, by what they do, near the same."""
        named = {step.id: path for path, step in self.new.plan.steps.items() if step.id}
        old = dict(self.old.plan.steps)
        new = dict(self.new.plan.steps)
        for path, step in list(old.items()):
            if step.id in named:
                yield path, named[step.id]
                del new[named[step.id]]
            if step.id:
                del old[path]
        new = {path: step for path, step in new.items() if not step.id}
        for key in (_by_place_and_words, _by_place, _by_branch_and_words, _by_branch):
            free: dict[Any, list[Path]] = {}
            for path, step in new.items():
                free.setdefault(key(self.new, step), []).append(path)
            for path, step in list(old.items()):
                found = free.get(key(self.old, step))
                if found:
                    yield path, found[0]
                    del old[path], new[found.pop(0)]

    def _moved(self) -> set[Path]:
        moved = set()
        for siblings in self.old.branches.values():
            stay = []
            for step in siblings:
                if step.path in self.pairs and step.id:
                    other = self.new.plan.steps[self.pairs[step.path]]
                    if self.old.home(step) == self.new.home(other):
                        stay.append((step.path, other))
                    else:
                        moved.add(step.path)
            if stay:
                order = [each.path for each in self.new.siblings(stay[0][1])]
                wanted = [other.path for _, other in stay]
                there = [path for path in order if path in wanted]
                blocks = SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
                fixed = {place for block in blocks for place in range(block.a, block.a + block.size)}
                moved |= {path for place, (path, _) in enumerate(stay) if place not in fixed}
        return moved

    def _change(self, old: Step, new: Step) -> Iterator[str]:
        label = self.old.label(old)
        if old.verb != new.verb:
            yield f"{label} was a {_verb(old)} and is a {_verb(new)} ({summary(new)})"
            return
        match old, new:
            case Wait(span=Duration() as before), Wait(span=Duration() as after) if before != after:
                yield self._span(label, before, after)
            case Wait(), Wait() if _own(old) != _own(new):
                keep = f"{self.kept}the old one" if self.running else ""
                yield f"{label} changes from “{summary(old)}” to “{summary(new)}”{keep}"
            case Decide(), Decide():
                yield from self._branches(label, old, new)
            case Split(), Split():
                weights = [", ".join(f"{arm.variant} {arm.weight}%" for arm in each.arms) for each in (old, new)]
                yield from _changed(f"{label}: the split", *weights)
            case _:
                for name, value in _own(old).items():
                    yield from self._field(label, name, value, _own(new)[name])

    def _field(self, label: str, name: str, old: Any, new: Any) -> Iterator[str]:
        if old == new:
            return
        what = f"{label}: {_NAMES.get(name, f'its {name}')}"
        if isinstance(old, Duration) and isinstance(new, Duration):
            yield self._span(what, old, new)
        else:
            yield from _changed(what, _shown(old), _shown(new))

    def _span(self, label: str, old: Duration, new: Duration) -> str:
        way = "grows" if new.nominal > old.nominal else "shrinks" if new.nominal < old.nominal else "changes"
        return f"{label} {way} from {old} to {new}" + (f"{self.kept}{old}" if self.running else "")

    def _branches(self, label: str, old: Decide, new: Decide) -> Iterator[str]:
        conditions: Sequence[Mapping[str, str]] = [
            {branch.label: _SAY.condition(branch.when) for branch in each.branches} for each in (old, new)
        ]
        before, after = conditions
        for branch in dict.fromkeys([*before, *after]):
            which = f"{label}: the condition" + ("" if branch == "then" else f" of branch {branch}")
            yield from _changed(which, before.get(branch, ""), after.get(branch, ""))

    def _customers(self) -> str:
        return f"{self.running} running customer{'s' if self.running != 1 else ''}"


def _by_place(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step), side.label(step)


def _by_place_and_words(side: _Side, step: Step) -> Any:
    return *_by_place(side, step), summary(step)


def _by_branch(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step)


def _by_branch_and_words(side: _Side, step: Step) -> Any:
    return *_by_branch(side, step), summary(step)


def _verb(step: Step) -> str:
    return {"decide": "decision", "wait_for": "wait for an event"}.get(step.verb, step.verb)


def _own(step: Step) -> dict[str, Any]:
    """What a step says of itself, without where it stands."""
    return {name: getattr(step, name) for name in type(step).model_fields if name not in _PLACES}


def _shown(value: Any) -> str:
    match value:
        case None | "" | {}:
            return ""
        case FieldRef():
            return f"`{value.field}`"
        case tuple():
            return ", else ".join(map(str, value))
        case Duration() | str() | bool() | int():
            return str(value)
    if hasattr(value, "event"):
        return _SAY.event(value.event, value.where)
    return str(value)
