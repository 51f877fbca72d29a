"""What carries a verb out: the module of its name in `verbs`. It defines one or both of

- `carry_out(context, step)`: does the step for one member and answers, within the group's transaction;
- `arrive(context, step, at)`: puts a member before a step in which it may rest, and returns its due time, or None where
  it ended at once.

A module that has to call the outside, between two transactions, has functions of its own for its activity.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from domain.journeys import verbs
from workflows.plan.commands import Answer

if TYPE_CHECKING:
    from domain.journeys.steps import StepContext

Executor = Callable[["StepContext", Any], Answer]
Arrival = Callable[["StepContext", Any, datetime], datetime | None]


@cache
def executor_of(verb: str) -> Executor | None:
    """The `carry_out` of a verb, if it has one. Raises ModuleNotFoundError for a verb that has no module."""
    return getattr(import_module(f"{verbs.__name__}.{verb}"), "carry_out", None)


@cache
def arrival_of(verb: str) -> Arrival | None:
    """The `arrive` of a verb, if it has one. Raises ModuleNotFoundError for a verb that has no module."""
    return getattr(import_module(f"{verbs.__name__}.{verb}"), "arrive", None)
