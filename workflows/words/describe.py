"""A plan in plain words: as Markdown for people, as one line per step, as a Mermaid graph."""

import re
from collections.abc import Iterator

from workflows.plan.model import EventTrigger, Plan, ScheduleTrigger
from workflows.terms.wording import Wording
from workflows.verbs.base import Path, Step

_LONGEST = 200


def describe(plan: Plan, say: Wording) -> str:
    """The plan as Markdown: what begins it, for whom, what ends it, and its steps, numbered and indented."""
    title = plan.name if plan.name == plan.journey else f"{plan.name} (`{plan.journey}`)"
    lines = [f"### {title}", ""]
    lines += [f"- **{label}** {words}" for label, words in head(plan, say)]
    return "\n".join([*lines, "", *_sequence(plan, plan.first, None, say, "")])


def summary(step: Step, say: Wording) -> str:
    """A step in one line of at most 200 characters, without any personal data."""
    words = " ".join(step.in_short(say).replace("`", "").split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def mermaid(plan: Plan, say: Wording) -> str:
    """The plan as a Mermaid flowchart."""
    shown = {path: step for path, step in plan.steps.items() if path == _shown(path)}
    ids = {path: f"s{number}" for number, path in enumerate(shown, 1)}
    lines = [
        "flowchart TD",
        f'  start(["{_label(trigger_words(plan.trigger, say))}"])',
        f"  over(({say.pick('结束', 'end')}))",
    ]
    lines += [f"  {ids[path]}{step.shape.format(_label(summary(step, say)))}" for path, step in shown.items()]
    lines.append(f"  start --> {ids[plan.first] if plan.first else 'over'}")
    for path, step in shown.items():
        for label, first in ways_in_words(step, say):
            arrow = f'-->|"{_label(label)}"|' if label else "-->"
            lines.append(f"  {ids[path]} {arrow} {ids[_shown(first)] if first else 'over'}")
    return "\n".join(lines)


def _shown(path: Path) -> Path:
    """Where a step of a later round is shown: where the rounds begin."""
    return re.split(r"#(?!1[.])", path)[0]


def head(plan: Plan, say: Wording) -> Iterator[tuple[str, str]]:
    """What begins the journey, for whom, and what ends it: labels and words."""
    yield say.pick("开始：", "Begins:"), trigger_words(plan.trigger, say)
    if plan.audience:
        yield say.pick("对象：", "Audience:"), say.condition(plan.audience)
    if plan.active:
        start, until = plan.active.start or "…", plan.active.until or "…"
        yield say.pick("有效期：", "Active:"), say.pick(f"{start} 至 {until}", f"{start} to {until}")
    yield say.pick("再次进入：", "Enters again:"), entry_words(plan, say)
    if plan.entry.cohort == 1:
        yield say.pick("运行：", "Runs:"), say.pick("每位客户单独运行", "each customer in a run of their own")
    if plan.goal:
        goal = say.event(plan.goal.condition.event, plan.goal.condition.where)
        span = say.span(plan.goal.within)
        yield say.pick("目标：", "Goal:"), say.pick(f"{span}内 {goal}", f"{goal} within {span}")
    if plan.policy:
        yield say.pick("发送限制：", "Limits:"), say.limits(plan.policy)
    for pattern in plan.exits:
        yield say.pick("退出：", "Exit:"), say.event(pattern.event, pattern.where)


def trigger_words(trigger: EventTrigger | ScheduleTrigger, say: Wording) -> str:
    """What begins the journey."""
    if isinstance(trigger, EventTrigger):
        event = say.event(trigger.event, trigger.where)
        each = f"{say.pick('，对每个', ', for each ')}{_for_each(trigger.for_each, say)}" if trigger.for_each else ""
        return event + each
    each = _for_each(trigger.for_each, say, trigger.birthday_offset)
    words = f"{_when(trigger, say)}{say.pick('，对每个', ', for each ')}{each}"
    if trigger.where:
        words += say.pick(f"（{say.condition(trigger.where)}）", f" where {say.condition(trigger.where)}")
    return words


def _when(trigger: ScheduleTrigger, say: Wording) -> str:
    if trigger.festival:
        days = abs(trigger.offset_days)
        zh = f"{trigger.festival}{'前' if trigger.offset_days < 0 else '后'} {days} 天" if days else trigger.festival
        side = "before" if trigger.offset_days < 0 else "after"
        en = f"{days} day{'s' if days != 1 else ''} {side} {trigger.festival}" if days else f"on {trigger.festival}"
    elif trigger.weekday is not None:
        zh, en = f"每{say.weekday(trigger.weekday)}", f"every {say.weekday(trigger.weekday)}"
    elif trigger.month_day is not None:
        day = say.month_day(trigger.month_day)
        zh, en = f"每月{day.removeprefix('当月')}", f"every month on {day.removesuffix(' of the month')}"
    elif trigger.year_day is not None:
        zh, en = f"每年 {trigger.year_day}", f"every year on {trigger.year_day}"
    else:
        zh, en = "每天", "every day"
    return say.pick(f"{zh} {trigger.at}", f"{en} at {trigger.at}")


def _for_each(what: str, say: Wording, offset: int | None = None) -> str:
    if what == "near_expiry_lot":
        return say.pick("临期批次", "lot near its expiry")
    if what == "birthday" and offset:
        days = abs(offset)
        zh = f"{days} 天后生日的客户" if offset < 0 else f"{days} 天前生日的客户"
        s = "s" if days != 1 else ""
        en = f"customer whose birthday {f'is in {days} day{s}' if offset < 0 else f'was {days} day{s} ago'}"
        return say.pick(zh, en)
    if what == "birthday":
        return say.pick("当天生日的客户", "customer whose birthday it is")
    name = what.removeprefix("segment:")
    return say.pick(f"属于人群「{name}」的客户", f"customer in segment “{name}”")


def entry_words(plan: Plan, say: Wording) -> str:
    """When a customer may enter again."""
    entry = plan.entry
    words = {
        "never": say.pick("从不", "never"),
        "always": say.pick("总是", "always"),
        "restart": say.pick("重新开始，直到发出第一条消息", "starts over, until the first message is sent"),
        "after": "",
    }[entry.again]
    if entry.after:
        span = say.span(entry.after)
        words = say.pick(f"距上次进入 {span}后", f"{span} after the last entry")
    others = [say.field(name) for name in entry.per if name != "customer"]
    if others:
        words += say.pick(f"（按客户与 {'、'.join(others)} 分别计）", f" (for each customer and {', '.join(others)})")
    return words


def _sequence(plan: Plan, first: Path | None, end: Path | None, say: Wording, indent: str) -> Iterator[str]:
    """The lines of the steps from `first` up to `end`, where the enclosing step goes on."""
    number, path = 1, first
    while path is not None and path != end:
        step = plan.steps[path]
        name = f" — `{step.id}`" if step.id else ""
        yield f"{indent}{number}. {step.words(say)}{name}"
        inner = indent + "   "
        for label, branch in step.branches_in_words(say):
            if branch in (step.next, step.rejoined):
                yield f"{inner}- {label}{say.pick('：继续', ': go on')}"
            else:
                yield f"{inner}- {label}{say.pick('：', ':')}"
                yield from _sequence(plan, branch, step.rejoined, say, inner + "  ")
        number, path = number + 1, step.next


def ways_in_words(step: Step, say: Wording) -> list[tuple[str, Path | None]]:
    """Where a step can lead, each way with its label."""
    branches = step.branches_in_words(say)
    return [(label.replace("`", ""), path) for label, path in branches] or [("", path) for path in step.ways()]


def _label(text: str) -> str:
    for character, code in {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": ""}.items():
        text = text.replace(character, code)
    return text
