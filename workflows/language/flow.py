"""Checks along the ways through a journey: what is reached, what has happened before, how much time has passed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import ValidationError

from workflows.language.spec import RECEIPTS, Clock, verbs_of
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.fields import Scope, check_condition, check_event, check_field
from workflows.terms.values import Duration, parse_time

_GIVEN = frozenset({"customer", "trigger", "data", "shop", "lot", "stream"})


@dataclass(frozen=True)
class _State:
    """What holds when a step begins: the least time since the entry, and the ids of steps that may have been passed."""

    elapsed: timedelta = timedelta()
    passed: frozenset[str] = frozenset()
    coupon: bool = False


def check_flow(steps: Node, every: Sequence[Node], root: Node, scope: Scope) -> None:
    """Check each step where it stands. `every` is all steps, branches included."""
    named = {step.entries["id"].text or "": step for step in every if "id" in step.entries}
    goal = root.get("goal")
    within = _span(goal.get("within")) if goal else None
    _Flow(scope, named, within).sequence(steps, _State())


def _span(node: Node | None) -> timedelta | None:
    try:
        return Duration.of(node.text).nominal if node is not None and node.text is not None else None
    except ValidationError:
        return None


def _joined(states: Sequence[_State | None]) -> _State | None:
    """What holds after branches that lead on, None if none does."""
    alive = [state for state in states if state is not None]
    if not alive:
        return None
    return _State(
        min(state.elapsed for state in alive),
        frozenset().union(*(state.passed for state in alive)),
        any(state.coupon for state in alive),
    )


class _Flow:
    def __init__(self, scope: Scope, named: dict[str, Node], within: timedelta | None) -> None:
        self.scope = scope
        self.source = scope.source
        self.references = scope.references
        self.named = named
        self.within = within

    def sequence(self, steps: Node | None, state: _State) -> _State | None:
        """Check the steps of a branch; answers what holds after it, None if nothing follows it."""
        now: _State | None = state
        for step in steps.items if steps is not None else ():
            if now is None:
                self.source.report(step, "E034", "this step is never reached: the journey has stopped before it")
                return None
            now = self.step(step, now)
        return now

    def step(self, step: Node, state: _State) -> _State | None:
        verbs = verbs_of(step.entries)
        if len(verbs) != 1:
            return state
        verb = verbs[0]
        after = state
        named = step.get("id")
        if named is not None and named.text is not None:
            after = replace(after, passed=state.passed | {named.text})
        if "coupon" in step.entries:
            self.campaign(step.entries["coupon"])
            after = replace(after, coupon=True)
        scope = self.scope.plus("coupon") if state.coupon else self.scope
        match verb:
            case "send":
                self.send(step, scope, after)
            case "webhook":
                self.webhook(step.entries["webhook"])
            case "wait":
                return self.wait(step.entries["wait"], scope, after)
            case "wait_for":
                return self.wait_for(step, scope, after)
            case "if":
                check_condition(step.get("if"), scope)
                return self.branches([step.get("then"), step.get("else")], after)
            case "choose":
                cases = step.entries["choose"].items
                for case in cases:
                    check_condition(case.get("when"), scope)
                return self.branches([*(case.get("steps") for case in cases), step.get("else")], after)
            case "split":
                return self.branches([arm.get("steps") for arm in step.entries["split"].items], after)
            case "stop":
                return None
        return after

    def branches(self, branches: Sequence[Node | None], state: _State) -> _State | None:
        return _joined([self.sequence(branch, state) for branch in branches]) if branches else state

    def campaign(self, node: Node) -> None:
        if node.text is None or self.references is None or node.text in self.references.campaigns:
            return
        hint = did_you_mean(node.text, self.references.campaigns)
        self.source.report(node, "E025", f"unknown coupon campaign {quoted(node.text)}{hint}")

    def webhook(self, node: Node) -> None:
        if node.text is None or self.references is None or node.text in self.references.webhooks:
            return
        known = self.references.webhooks
        hint = did_you_mean(node.text, known) or "; its address and secret go into AFTERSHOW_WEBHOOKS"
        self.source.report(node, "E040", f"unknown webhook {quoted(node.text)}{hint}")

    def send(self, step: Node, scope: Scope, state: _State) -> None:
        expires = step.get("expires")
        if expires is not None:
            check_field(expires.get("field"), scope)
        template = step.entries["send"]
        if self.references is None or template.text is None:
            return
        channels = self.references.templates.get(template.text)
        if channels is None:
            hint = did_you_mean(template.text, self.references.templates)
            self.source.report(template, "E023", f"unknown template {quoted(template.text)}{hint}")
            return
        given = _GIVEN & ({"data", "shop"} | scope.roots) | ({"coupon"} if state.coupon else set())
        for via in step.entries["via"].items if "via" in step.entries else ():
            if via.text in ("sms", "wecom", "wechat") and via.text not in channels:
                message = f"template {quoted(template.text)} has no text for {via.text}"
                self.source.report(via, "E024", f"{message}; it has {', '.join(sorted(channels)) or 'none at all'}")
            used = self.references.variables.get((template.text, via.text or ""), frozenset())
            for name in sorted(used - given):
                message = f"nothing provides {quoted(name)}, which the {via.text} text of {quoted(template.text)} uses"
                self.source.report(template, "E039", message)

    def wait(self, node: Node, scope: Scope, state: _State) -> _State:
        until = node.get("until")
        if until is not None:
            check_field(until.get("field"), scope)
        span = _span(node)
        if span is not None:
            return self.passing(node, state, state.elapsed + span)
        found = Clock.PATTERN.fullmatch(node.text.strip()) if node.text else None
        if found and found["day"]:
            clock = parse_time(found["clock"])
            least = timedelta(days=int(found["day"]) - 1, hours=clock.hour, minutes=clock.minute)
            return self.passing(node, state, max(state.elapsed, least))
        return state

    def passing(self, node: Node, state: _State, elapsed: timedelta) -> _State:
        """Time passes; warn at the wait with which it passes the goal's `within`."""
        if self.within is not None and state.elapsed <= self.within < elapsed:
            days = elapsed / timedelta(days=1)
            message = f"this wait ends {days:.3g} days after the entry or later, when the goal no longer counts"
            self.source.report(node, "W001", message, "warning")
        return replace(state, elapsed=elapsed)

    def wait_for(self, step: Node, scope: Scope, state: _State) -> _State | None:
        awaited = step.entries["wait_for"]
        if "event" in awaited.entries:
            check_event(awaited, scope)
        for receipt in RECEIPTS:
            about = awaited.get(receipt)
            if about is not None and about.text is not None:
                self.receipt(receipt, about, about.text, state.passed)
        span = _span(step.get("within"))
        timed_out = self.passing(step.entries["within"], state, state.elapsed + span) if span is not None else state
        return _joined([self.sequence(step.get("then"), state), self.sequence(step.get("else"), timed_out)])

    def receipt(self, receipt: str, node: Node, about: str, passed: frozenset[str]) -> None:
        step = self.named.get(about)
        if step is None:
            self.source.report(node, "E030", f"unknown step {quoted(about)}{did_you_mean(about, self.named)}")
            return
        verbs = verbs_of(step.entries)
        wanted, gives = {
            "done": ("a todo", "todo" in verbs),
            "redeemed": ("a step with a coupon", "coupon" in step.entries),
        }.get(receipt, ("a send", "send" in verbs))
        if not gives:
            self.source.report(node, "E031", f"step {quoted(about)} can never be {receipt}: it is not {wanted}")
        elif about not in passed:
            self.source.report(node, "E031", f"step {quoted(about)} is not before this one, on any way to it")
