"""A play in plain words: when, who, how often, and what happens then; and as a graph."""

from collections.abc import Iterator, Sequence

from workflows.plays.base import Part
from workflows.plays.model import DuringStream, Play
from workflows.terms.wording import Wording


def describe_play(play: Play, say: Wording) -> str:
    """A paragraph on who may enter, then the parts, numbered, branches indented."""
    lines = [f"**{play.title}**", "", *(f"- {line}" for line in _about(play, say)), ""]
    return "\n".join([*lines, *_parts(play.steps, say, "")])


def during_words(play: Play, say: Wording) -> str | None:
    """When it is played, in words."""
    if play.during is None:
        return None
    if isinstance(play.during, DuringStream):
        named = play.during.stream
        show = (
            say.pick("任意一场直播", "any livestream")
            if named == "any"
            else say.pick(f"直播 {named}", f"the show {named}")
        )
        return say.pick(f"在{show}进行时", f"during {show}")
    start, until = play.during.start or "", play.during.until or ""
    return say.pick(f"{start} 到 {until}", f"from {start} until {until}")


def _about(play: Play, say: Wording) -> Iterator[str]:
    if during := during_words(play, say):
        yield during
    if play.who is not None:
        yield say.pick(f"谁能参加：{say.condition(play.who)}", f"who may enter: {say.condition(play.who)}")
    if play.minors == "out":
        yield say.pick("已知未满 18 岁的不能参加", "who is known to be under 18 may not enter")
    times = play.entry.times
    each = say.pick("每天" if play.entry.every else "每轮", "a day" if play.entry.every else "a round")
    yield say.pick(f"每人{each}至多 {times} 次，不收任何费用", f"each customer {times} time(s) {each}, free of charge")
    if play.entry.after is not None:
        event = say.event(play.entry.after.event, play.entry.after.where)
        yield say.pick(f"{event}也算参加", f"{event} enters, too")


def _parts(parts: Sequence[Part], say: Wording, indent: str) -> Iterator[str]:
    labels = {"then": say.pick("是：", "then:"), "else": say.pick("否：", "else:")}
    for number, part in enumerate(parts, 1):
        yield f"{indent}{number}. {part.words(say)}"
        for label, inner in part.branches().items():
            if inner:
                yield f"{indent}   - {labels[label]}"
                yield from _parts(inner, say, f"{indent}     ")


def play_graph(play: Play, say: Wording) -> str:
    """The parts and the ways between them, as a Mermaid flowchart."""
    names = {path: f"p{number}" for number, path in enumerate(play.placed)}
    lines = ["flowchart TD"]
    for path, placed in play.placed.items():
        words = placed.part.words(say).replace('"', "'")
        is_asked = bool(placed.part.branches())
        lines.append(f'  {names[path]}{"{" if is_asked else "["}"{words}"{"}" if is_asked else "]"}')
    for path, placed in play.placed.items():
        if placed.firsts:
            for label, first in placed.firsts.items():
                way = say.pick("是" if label == "then" else "否", label)
                lines.append(f"  {names[path]} -->|{way}| {names[first] if first else 'over'}")
        else:
            lines.append(f"  {names[path]} --> {names[placed.next] if placed.next else 'over'}")
    lines.append(f"  over(({say.pick('结束', 'over')}))")
    return "\n".join(lines)
