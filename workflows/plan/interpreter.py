"""Walks a plan. Knows nothing of Temporal: the cohort workflow and the rehearsal drive the same code."""

import hashlib
from datetime import datetime

from workflows.plan.commands import END, Answer, EnrollmentState, Member, Outcome
from workflows.plan.model import MOVED, Plan
from workflows.verbs.base import Path, Step
from workflows.verbs.wait import Wait


def bucket(*parts: object) -> float:
    """A stable number in [0, 100) for what is named: the same on every machine, spread evenly."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


class Runner:
    """One enrollment on its way through a plan: what it must do next, or until when it sleeps.

    `activity` names the command to give (None while it sleeps until `due`), `path` the step it is for.
    """

    def __init__(self, plan: Plan, state: EnrollmentState) -> None:
        self.plan = plan
        self.enrollment = state.enrollment
        self.customer = state.customer
        self.generation = state.generation
        self.over = False
        self.due: datetime | None = None
        self._woken = False
        self._asks_again = state.asks_again
        self._begin(state.last, state.last.at if state.last else None)
        self.due = state.due

    def _begin(self, last: Outcome | None, at: datetime | None) -> None:
        """Stand before the plan's first step, or behind `last`. Raises KeyError if that was of an unknown step."""
        self._last = last
        self.step: Step | None
        if last is not None:
            self.step = self.plan.after(last.path, last.result)
        else:
            self.step = self.plan.steps[self.plan.first] if self.plan.first is not None else None
        self.at = at
        self.due = None

    @property
    def path(self) -> Path:
        return self.step.path if self.step is not None else END

    @property
    def activity(self) -> str | None:
        """`arrive` for a wait, for one that was disturbed or is over, and for the end; else what the step commands."""
        if self.due is not None and not self._woken:
            return None
        return "arrive" if self.step is None else self.step.command

    def command(self) -> Member:
        """Give the command: how this enrollment stands in it. What wakes it from now on asks for another."""
        self._woken = False
        return Member(enrollment=self.enrollment, generation=self.generation, at=self.at)

    def state(self) -> EnrollmentState:
        """The state to restore this runner from. One that was woken looks at once, whatever it slept for."""
        return EnrollmentState(
            enrollment=self.enrollment,
            customer=self.customer,
            generation=self.generation,
            last=self._last,
            due=None if self._woken else self.due,
            asks_again=self._asks_again,
        )

    def wake(self) -> None:
        """Something happened to the enrollment: look before sleeping on."""
        self._woken = True

    def elapsed(self) -> None:
        """The sleep is over: a wait has passed; what is decided in the database is asked again."""
        due, step = self.due, self.step
        passes = isinstance(step, Wait) and not step.moves and not self._woken and not self._asks_again
        if due is not None and step is not None and passes:
            self._feed(Outcome(path=step.path, result="passed", at=due))
        else:
            self.due = None

    def answered(self, answer: Answer, moved_to: Plan | None = None) -> None:
        """Take what the database said of the last command; `moved_to` is the plan that the answer names."""
        self._asks_again = answer.kind == "later" and answer.result == "again"
        match answer.kind:
            case "over":
                self.over = True
            case "moved":
                self.generation = answer.generation
                self.plan = moved_to or self.plan
                stands = Outcome(path=MOVED, result=answer.result, at=answer.at) if moved_to and answer.result else None
                self._begin(stands, answer.at)
            case "later":
                self.due = answer.due
            case "done":
                self._feed(Outcome(path=self.path, result=answer.result, at=answer.at))
                self.due = answer.due

    def _feed(self, outcome: Outcome) -> None:
        self._begin(outcome, outcome.at)
