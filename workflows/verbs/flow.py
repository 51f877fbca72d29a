"""Checks along the ways through a journey: what is reached, what has happened before, how much time has passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import ValidationError

from workflows.source.tree import Node
from workflows.terms.fields import check_campaign
from workflows.terms.scope import Scope
from workflows.terms.values import Duration
from workflows.verbs.base import StepSpec, verbs_among


@dataclass(frozen=True)
class State:
    """What holds when a step begins: the least time since the entry, and the ids of steps that may have been passed."""

    elapsed: timedelta = timedelta()
    passed: frozenset[str] = frozenset()
    coupon: bool = False


def span_of(node: Node | None) -> timedelta | None:
    """How long the written duration is; None if there is none."""
    try:
        return Duration.of(node.text).nominal if node is not None and node.text is not None else None
    except ValidationError:
        return None


def joined(states: Sequence[State | None]) -> State | None:
    """What holds after branches that lead on, None if none does."""
    alive = [state for state in states if state is not None]
    if not alive:
        return None
    return State(
        min(state.elapsed for state in alive),
        frozenset().union(*(state.passed for state in alive)),
        any(state.coupon for state in alive),
    )


class Flow:
    """Goes through a journey's steps. `named` are its steps by id; `within` is the goal's."""

    def __init__(
        self, scope: Scope, specs: Mapping[str, type[StepSpec]], named: Mapping[str, Node], within: timedelta | None
    ) -> None:
        self.scope = scope
        self.source = scope.source
        self.references = scope.references
        self.named = named
        self.specs = specs
        self._within = within

    def verbs(self, step: Node) -> list[type[StepSpec]]:
        """The verbs that a step is written with; one, if it is right."""
        return [self.specs[verb] for verb in verbs_among(step.entries, self.specs)]

    def sequence(self, steps: Node | None, state: State) -> State | None:
        """Check the steps of a branch; answers what holds after it, None if nothing follows it."""
        now: State | None = state
        for step in steps.items if steps is not None else ():
            if now is None:
                self.source.report(step, "E034", "this step is never reached: the journey has stopped before it")
                return None
            now = self._step(step, now)
        return now

    def branches(self, branches: Sequence[Node | None], state: State) -> State | None:
        """Check branches that all begin alike; answers what holds after them."""
        return joined([self.sequence(branch, state) for branch in branches])

    def passing(self, node: Node, state: State, elapsed: timedelta) -> State:
        """Time passes; warn at the wait with which it passes the goal's `within`."""
        if self._within is not None and state.elapsed <= self._within < elapsed:
            days = elapsed / timedelta(days=1)
            message = f"this wait ends {days:.3g} days after the entry or later, when the goal no longer counts"
            self.source.report(node, "W001", message, "warning")
        return replace(state, elapsed=elapsed)

    def _step(self, step: Node, state: State) -> State | None:
        verbs = self.verbs(step)
        if len(verbs) != 1:
            return state
        verb = verbs[0]
        after = state
        named = step.get("id")
        if named is not None and named.text is not None:
            after = replace(after, passed=state.passed | {named.text})
        campaign = verb.campaign_in(step)
        if campaign is not None:
            check_campaign(campaign, self.scope)
            after = replace(after, coupon=True)
        scope = self.scope.plus("coupon") if state.coupon else self.scope
        return verb.check(step, scope, after, self)
