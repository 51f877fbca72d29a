"""`repeat`: steps that are done several times over. A plan holds each round's steps, known as `weekly#2.remind`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from workflows.source.diagnostics import quoted
from workflows.source.tree import Node
from workflows.terms.conditions import Condition
from workflows.terms.fields import check_condition
from workflows.terms.scope import Scope
from workflows.terms.wording import Wording
from workflows.terms.written import Name
from workflows.verbs.base import Decision, Path, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State
from workflows.verbs.wait import Clock, longest

if TYPE_CHECKING:
    from workflows.verbs.base import AnySpec

AGAIN, OVER = "again", "over"


def _round(decision: Decision, say: Wording) -> str:
    if decision.value == OVER:
        return say.pick(f"步骤 {decision.step} 不再重复", f"step {decision.step} isn't done again")
    return say.pick(f"步骤 {decision.step} 开始", f"step {decision.step} begins")


class Repeat(Step):
    """The beginning of a round; `until` is asked of all but the first. `rejoined` is where the round leads on to."""

    verb: Literal["repeat"] = "repeat"
    times: int
    until: Condition | None = None
    first: Path | None = None
    onward: Path | None = None

    noun = ("重复", "repeat")
    shape = '{{"{}"}}'
    field_names = {"times": ("次数", "how often"), "until": ("结束重复的条件", "when it ends")}
    trail = {"round": _round}

    @property
    def rejoined(self) -> Path | None:
        return self.onward

    def ways(self) -> Sequence[Path | None]:
        return self.first, self.next

    def after(self, result: str) -> Path | None:
        return self.next if result == OVER else self.first

    def words(self, say: Wording) -> str:
        until = (
            say.pick(f"，直到 {say.condition(self.until)}", f", until {say.condition(self.until)}")
            if self.until
            else ""
        )
        return say.pick(f"重复 {self.times} 次", f"repeat {self.times} times") + until

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        return [(say.pick("每次", "each time"), self.first), (say.pick("之后", "afterwards"), self.next)]


class RepeatStep(StepSpec):
    verb: ClassVar = "repeat"

    id: Name
    repeat: int = Field(ge=1, le=100)
    until: Condition | None = None
    steps: tuple["AnySpec", ...] = Field(min_length=1)

    @property
    def rounds(self) -> int:
        return self.repeat

    @property
    def asks_again(self) -> bool:
        return self.until is not None

    def compiled(self, position: Position) -> Repeat:
        return Repeat(
            **position.fields(self), times=self.repeat, until=self.until,
            first=position.firsts["do"], onward=position.firsts["again"],
        )  # fmt: skip

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {"do": self.steps}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return (step.get("steps"),)

    @classmethod
    def rounds_in(cls, step: Node) -> int:
        times = step.entries["repeat"].plain
        return times if isinstance(times, int) and 1 <= times <= 100 else 1

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        check_condition(step.get("until"), scope)
        if cls.rounds_in(step) > 1:
            _check_rounds(step, cls.rounds_in(step), flow)
        after = flow.sequence(step.get("steps"), state)
        if after is None:
            return None
        return State(after.elapsed, state.passed, after.coupon)


def _check_rounds(step: Node, rounds: int, flow: Flow) -> None:
    """Warn of rounds that are done at once, or come so fast that later ones get no coupon."""
    every = list(_steps_in(step.get("steps"), flow))
    waits = [(each, verb) for each, verb in every if verb.verb in ("wait", "wait_for")]
    texts = {each.entries[verb.verb].text for each, verb in waits}
    first = waits[0][0].entries[waits[0][1].verb] if waits else None
    if first is not None and len(texts) == 1 and Clock.PATTERN.fullmatch((first.text or "").strip()):
        words = "a round but the first begins when this time has come, and waits for nothing"
        flow.source.report(first, "W009", f"{words}; put a wait in front of it, like `wait: 1d`", "warning")
    elif first is None and any(verb.verb == "send" for _, verb in every):
        message = "nothing in it waits, so that all rounds are done at once; put a wait in it, like `wait: 7d`"
        flow.source.report(step.keys["repeat"], "W009", message, "warning")
    spans = [longest(each) for each, _ in waits]
    slowest = sum((span for span in spans if span is not None), timedelta()) if None not in spans else None
    for campaign in filter(None, (verb.campaign_in(each) for each, verb in every)):
        _check_limit(campaign, rounds, slowest, flow)


def _check_limit(campaign: Node, rounds: int, slowest: timedelta | None, flow: Flow) -> None:
    """Warn of a coupon that a customer gets in the first rounds only. A round takes no longer than `slowest`."""
    limits = flow.references.limits if flow.references else {}
    count, days = limits.get(campaign.text or "", (rounds, None))
    if count < rounds and (days is None or (slowest is not None and count * slowest < timedelta(days=days))):
        limit = str(count) if days is None else f"{count} per {days}d"
        message = (
            f"a customer gets {limit} of {quoted(campaign.text)}, and rounds come faster: from round {count + 1} on "
            "it is refused; loosen its `per_customer`, or give it before the `repeat`"
        )
        flow.source.report(campaign, "W012", message, "warning")


def _steps_in(steps: Node | None, flow: Flow) -> Iterator[tuple[Node, type[StepSpec]]]:
    """The steps, at any depth, each with its verb."""
    for step in steps.items if steps is not None else ():
        for verb in flow.verbs(step):
            yield step, verb
            for branch in verb.branches_in(step):
                yield from _steps_in(branch, flow)
