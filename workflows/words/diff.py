"""What changed between two versions of a journey, in plain words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from workflows.language.needs import following
from workflows.plan.model import Decide, Path, Plan, Split, Step, Wait
from workflows.terms.conditions import EventCondition, FieldRef
from workflows.terms.values import Duration, Language
from workflows.terms.wording import Wording
from workflows.words.describe import entry_words, summary, trigger_words

_NAMES: dict[Language, dict[str, str]] = {
    "zh": {
        "template": "模板",
        "via": "发送渠道",
        "without_coupon": "发不出券时的做法",
        "campaign": "优惠券活动",
        "text": "内容",
        "assign": "负责人",
        "condition": "等待的事件",
        "of": "所指的步骤",
        "reason": "原因",
        "within": "等待时间",
        "expires": "时效",
        "due": "完成期限",
        "keep": "保留时间",
        "coupon": "优惠券",
        "kind": "类别",
        "data": "数据",
        "tag": "标签",
        "remove": "是打上还是去掉",
        "webhook": "外部系统",
    },
    "en": {
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
    },
}
_VERBS = {
    "send": "发送",
    "wait": "等待",
    "wait_for": "等待事件",
    "decide": "判断",
    "split": "分流",
    "coupon": "发券",
    "todo": "任务",
    "tag": "标签",
    "webhook": "通知外部系统",
    "stop": "结束",
}
_PLACES = frozenset({"path", "id", "next", "then", "otherwise", "verb"})


def diff(old: Plan, new: Plan, running: int = 0, lang: Language = "en") -> list[str]:
    """A sentence for each change; none if the plans are the same. `running` customers keep the old version."""
    say = Wording(lang)
    return [*_head(old, new, say), *_Steps(old, new, running, say).sentences()]


def _head(old: Plan, new: Plan, say: Wording) -> Iterator[str]:
    before, after = dict(_parts(old, say)), dict(_parts(new, say))
    for name in before:
        yield from _changed(name, before[name], after[name], say)
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


def _changed(name: str, before: str, after: str, say: Wording) -> Iterator[str]:
    if before == after:
        return
    if before and after:
        yield say.pick(f"{name}由 {before} 改为 {after}", f"{name} changes from {before} to {after}")
    elif before:
        yield say.pick(f"去掉{name}（{before}）", f"{name} ({before}) is removed")
    else:
        yield say.pick(f"增加{name}（{after}）", f"{name} ({after}) is added")


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
    def __init__(self, old: Plan, new: Plan, running: int, say: Wording) -> None:
        self.old, self.new = _Side(old, say), _Side(new, say)
        self.running = running
        self.say = say
        self.pairs = dict(self._matched())

    def sentences(self) -> Iterator[str]:
        """Steps removed, added and moved, then what changed in those that stay."""
        pick, taken = self.say.pick, set(self.pairs.values())
        for path, step in self.old.steps.items():
            if path not in self.pairs:
                label, words = self.old.label(step), self._summary(step)
                still = pick(f"；{self.running} 位在途客户仍会执行", f"; {self._customers()} still do it")
                yield pick(f"去掉{label}（{words}）", f"{label} is removed ({words})") + (still if self.running else "")
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
        match old, new:
            case Wait(span=Duration() as before), Wait(span=Duration() as after) if before != after:
                yield self._span(label, before, after)
            case Wait(), Wait() if _own(old) != _own(new):
                was, now = self._summary(old), self._summary(new)
                words = say.pick(f"{label}由「{was}」改为「{now}」", f"{label} changes from “{was}” to “{now}”")
                yield words + self._kept(say.pick("原来的", "the old one"))
            case Decide(), Decide():
                yield from self._branches(label, old, new)
            case Split(), Split():
                was, now = (", ".join(f"{arm.variant} {arm.weight}%" for arm in each.arms) for each in (old, new))
                yield from _changed(say.pick(f"{label}：分流", f"{label}: the split"), was, now, say)
            case _:
                for name, value in _own(old).items():
                    yield from self._field(label, name, value, _own(new)[name])

    def _field(self, label: str, name: str, old: Any, new: Any) -> Iterator[str]:
        if old == new:
            return
        known = _NAMES[self.say.lang].get(name)
        what = self.say.pick(f"{label}：{known or name}", f"{label}: {known or f'its {name}'}")
        if isinstance(old, Duration) and isinstance(new, Duration):
            yield self._span(what, old, new)
        else:
            yield from _changed(what, _shown(old, self.say), _shown(new, self.say), self.say)

    def _span(self, label: str, old: Duration, new: Duration) -> str:
        way = "grows" if new.nominal > old.nominal else "shrinks" if new.nominal < old.nominal else "changes"
        verb = {"grows": "延长", "shrinks": "缩短", "changes": "改"}[way]
        words = self.say.pick(f"{label}由 {old} {verb}为 {new}", f"{label} {way} from {old} to {new}")
        return words + self._kept(str(old))

    def _branches(self, label: str, old: Decide, new: Decide) -> Iterator[str]:
        say = self.say
        conditions: Sequence[Mapping[str, str]] = [
            {branch.label: say.condition(branch.when) for branch in each.branches} for each in (old, new)
        ]
        before, after = conditions
        for branch in dict.fromkeys([*before, *after]):
            which = say.pick(f"{label}：条件", f"{label}: the condition")
            if branch != "then":
                which = say.pick(f"{label}：分支 {branch} 的条件", f"{which} of branch {branch}")
            yield from _changed(which, before.get(branch, ""), after.get(branch, ""), say)

    def _kept(self, what: str) -> str:
        if not self.running:
            return ""
        s = "s" if self.running == 1 else ""
        return self.say.pick(f"；{self.running} 位在途客户仍用 {what}", f"; {self._customers()} keep{s} {what}")

    def _customers(self) -> str:
        return f"{self.running} running customer{'s' if self.running != 1 else ''}"

    def _summary(self, step: Step) -> str:
        return summary(step, self.say.lang)


def _in_order(plan: Plan, path: Path | None) -> Iterator[Step]:
    """The steps of a branch that begins at `path` as they were written; what is stored forgets the order."""
    branch = path.rpartition(".")[0] if path else None
    while path is not None and path.rpartition(".")[0] == branch:
        step = plan.steps[path]
        yield step
        for first in following(step):
            if first.startswith(f"{path}."):
                yield from _in_order(plan, first)
        path = step.next


def _by_place(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step), side.label(step)


def _by_place_and_words(side: _Side, step: Step) -> Any:
    return *_by_place(side, step), summary(step, side.say.lang)


def _by_branch(side: _Side, step: Step) -> Any:
    return step.verb, side.home(step)


def _by_branch_and_words(side: _Side, step: Step) -> Any:
    return *_by_branch(side, step), summary(step, side.say.lang)


def _verb(step: Step, say: Wording) -> str:
    en = {"decide": "decision", "wait_for": "wait for an event"}.get(step.verb, step.verb)
    return say.pick(_VERBS.get(step.verb, step.verb), en)


def _own(step: Step) -> dict[str, Any]:
    """What a step says of itself, without where it stands."""
    return {name: getattr(step, name) for name in type(step).model_fields if name not in _PLACES}


def _shown(value: Any, say: Wording) -> str:
    match value:
        case None | "":
            return ""
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str) if value else ""
        case FieldRef():
            return f"`{value.field}`"
        case tuple():
            return say.pick("，否则 ", ", else ").join(map(str, value))
        case EventCondition():
            return say.event(value.event, value.where)
    return str(value)
