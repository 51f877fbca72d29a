"""What changed between two versions of a journey, in plain words."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from workflows.language.needs import following
from workflows.plan.model import Plan
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.verbs.base import Path, Step
from workflows.verbs.changes import Changes
from workflows.words.describe import entry_words, summary, trigger_words


def diff(old: Plan, new: Plan, running: int = 0, lang: Language = "en") -> list[str]:
    """A sentence for each change; none if the plans are the same. `running` customers keep the old version."""
    changes = Changes(Wording(lang), running)
    return [*_head(old, new, changes), *_Steps(old, new, changes).sentences()]


def _head(old: Plan, new: Plan, changes: Changes) -> Iterator[str]:
    say = changes.say
    before, after = dict(_parts(old, say)), dict(_parts(new, say))
    for name in before:
        yield from changes.changed(name, before[name], after[name])
    exits = [[say.event(each.event, each.where) for each in plan.exits] for plan in (old, new)]
    gone = (each for each in exits[0] if each not in exits[1])
    come = (each for each in exits[1] if each not in exits[0])
    yield from (say.pick(f"去掉退出条件 {each}", f"the exit {each} is removed") for each in gone)
    yield from (say.pick(f"增加退出条件 {each}", f"the exit {each} is added") for each in come)


def _parts(plan: Plan, say: Wording) -> Iterator[tuple[str, str]]:
    goal, active = plan.goal, plan.active
    days = (active.start or "…", active.until or "…") if active else None
    yield say.pick("名称", "the name"), plan.name
    yield say.pick("触发条件", "the trigger"), trigger_words(plan.trigger, say)
    yield say.pick("对象", "the audience"), say.condition(plan.audience) if plan.audience else ""
    yield say.pick("有效期", "the active time"), say.pick("{} 至 {}", "{} to {}").format(*days) if days else ""
    yield say.pick("再次进入的规则", "the rule for entering again"), entry_words(plan, say)
    alone = say.pick("每位客户各自运行", "each customer in a run of their own") if plan.entry.cohort == 1 else ""
    yield say.pick("运行方式", "the runs"), alone
    yield say.pick("目标", "the goal"), say.event(goal.condition.event, goal.condition.where) if goal else ""
    yield say.pick("达成目标的时间", "the time for the goal"), say.span(goal.within) if goal else ""
    yield say.pick("发送限制", "its own limits"), say.limits(plan.policy) if plan.policy else ""


class _Side:
    """One of the two plans: where each step stands, told without numbers, which an inserted step would change."""

    def __init__(self, plan: Plan, say: Wording) -> None:
        self.say = say
        self.steps = {step.path: step for step in _in_order(plan, plan.first)}
        self.branches: dict[str, list[Step]] = {}
        for step in self.steps.values():
            self.branches.setdefault(self._parent(step.path), []).append(step)

    def home(self, step: Step) -> tuple[str, str]:
        """What identifies the branch that a step is in, on both sides: the step that it belongs to, and which it is."""
        parent = self._parent(step.path)
        if not parent:
            return "", ""
        path, _, label = parent.rpartition(".")
        if "#" in label:
            path, label = parent.rpartition("#")[0], self.say.pick("每次", "each time")
        return self.label(self.steps[path]), label

    def siblings(self, step: Step) -> list[Step]:
        return self.branches[self._parent(step.path)]

    def label(self, step: Step) -> str:
        """`step offer`, `the wait before step offer`, `the tag after step offer`, `the wait at the beginning`."""
        pick = self.say.pick
        if step.id:
            return pick(f"步骤 {step.id}", f"step {step.id}")
        siblings = self.siblings(step)
        place = siblings.index(step)
        kind = _verb(step, self.say)
        following = next((each.id for each in siblings[place + 1 :] if each.id), None)
        before = next((each.id for each in reversed(siblings[:place]) if each.id), None)
        if following:
            return pick(f"步骤 {following} 之前的{kind}", f"the {kind} before step {following}")
        if before:
            return pick(f"步骤 {before} 之后的{kind}", f"the {kind} after step {before}")
        home = self.home(step)
        if home[0]:
            return pick(f"{home[0]} 的分支 {home[1]} 中的{kind}", f"the {kind} in {home[1]} of {home[0]}")
        return pick(f"第 {place + 1} 步的{kind}", f"the {kind} at place {place + 1}")

    def place(self, step: Step) -> str:
        """Where a step stands, for one that came or moved."""
        siblings = self.siblings(step)
        position = siblings.index(step)
        home, before = self.home(step), self.label(siblings[position - 1]) if position else ""
        if self.say.lang == "zh":
            branch = f"{home[0]} 的分支 {home[1]} 中" if home[0] else ""
            return f"{branch}{before} 之后" if before else f"{branch or '旅程'}开头"
        branch = f" in {home[1]} of {home[0]}" if home[0] else ""
        return f"after {before}{branch}" if before else f"at the beginning{' of' + branch[3:] if branch else ''}"

    @staticmethod
    def _parent(path: Path) -> str:
        return path.rpartition(".")[0]


class _Steps:
    def __init__(self, old: Plan, new: Plan, changes: Changes) -> None:
        self.say = changes.say
        self.changes = changes
        self.old, self.new = _Side(old, self.say), _Side(new, self.say)
        self.pairs = dict(self._matched())

    def sentences(self) -> Iterator[str]:
        """Steps removed, added and moved, then what changed in those that stay."""
        pick, taken = self.say.pick, set(self.pairs.values())
        for path, step in self.old.steps.items():
            if path not in self.pairs:
                label, words = self.old.label(step), self._summary(step)
                yield pick(f"去掉{label}（{words}）", f"{label} is removed ({words})") + self._still()
        for path, step in self.new.steps.items():
            if path not in taken:
                label, place, words = self.new.label(step), self.new.place(step), self._summary(step)
                yield pick(f"在{place}增加{label}（{words}）", f"{label} is added {place} ({words})")
        moved = self._moved()
        for path, other in self.pairs.items():
            before, after = self.old.steps[path], self.new.steps[other]
            if path in moved:
                label, place = self.old.label(before), self.new.place(after)
                yield pick(f"{label}移到{place}", f"{label} moves: it now stands {place}")
            yield from self._change(before, after)

    def _matched(self) -> Iterator[tuple[Path, Path]]:
        """Steps that are the same: by id; without one, by what they say and, then, by what they do, near the same."""
        named = {step.id: path for path, step in self.new.steps.items() if step.id}
        old = dict(self.old.steps)
        new = dict(self.new.steps)
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
                candidates = free.get(key(self.old, step))
                if candidates:
                    yield path, candidates[0]
                    del old[path], new[candidates.pop(0)]

    def _moved(self) -> set[Path]:
        moved = set()
        for siblings in self.old.branches.values():
            stay = []
            for step in siblings:
                if step.path in self.pairs and step.id:
                    other = self.new.steps[self.pairs[step.path]]
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
        label, say = self.old.label(old), self.say
        if old.verb != new.verb:
            was, now, words = _verb(old, say), _verb(new, say), self._summary(new)
            yield say.pick(f"{label}由{was}变为{now}（{words}）", f"{label} was a {was} and is a {now} ({words})")
            return
        yield from old.changes(new, label, self.changes)

    def _still(self) -> str:
        running = self.changes.running
        words = self.say.pick(f"；{running} 位在途客户仍会执行", f"; {self.changes.customers()} still do it")
        return words if running else ""

    def _summary(self, step: Step) -> str:
        return summary(step, self.say)


def _in_order(plan: Plan, path: Path | None) -> Iterator[Step]:
    """The steps of a branch that begins at `path` as they were written; what is stored forgets the order."""
    branch = path.rpartition(".")[0] if path else None
    while path is not None and path.rpartition(".")[0] == branch:
        step = plan.steps[path]
        yield step
        for first in following(step):
            if first.startswith((f"{path}.", f"{path}#1.")):
                yield from _in_order(plan, first)
        path = step.next


def _by_place(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step), side.label(step)


def _by_place_and_words(side: _Side, step: Step) -> Any:
    return *_by_place(side, step), summary(step, side.say)


def _by_branch(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step)


def _by_branch_and_words(side: _Side, step: Step) -> Any:
    return *_by_branch(side, step), summary(step, side.say)


def _verb(step: Step, say: Wording) -> str:
    return say.pick(*step.noun)
