"""What many parts of a journey are written with: names, texts and patterns of events."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from workflows.terms.conditions import Condition, EventCondition
from workflows.terms.values import Frozen

CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
"""A time of day, as part of a regular expression."""


def matching(pattern: str, hint: str) -> BeforeValidator:
    """Refuses text that doesn't match, as `not {hint}`."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise PydanticCustomError("E015", "not {hint}", {"hint": hint})
        return value

    return BeforeValidator(check)


NAME = r"[^\W\d][\w-]{0,63}"
"""A name, as a regular expression."""

Name = Annotated[str, matching(NAME, "a name: a letter first, then letters, digits, `_` and `-`")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class EventPattern(Frozen):
    """An event of the customer, and what must hold of it."""

    event: Text
    where: Condition | None = None

    def compiled(self) -> EventCondition:
        """The condition that a plan holds."""
        return EventCondition(event=self.event, where=self.where)
