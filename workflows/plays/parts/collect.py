"""`collect`: entries are taken for a while: entries of a lottery, votes, answers of a quiz or guesses."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.plays.base import Part, PlayScope
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.values import Duration
from workflows.terms.wording import Wording
from workflows.terms.written import Text, matching

Kind = Literal["entries", "votes", "answers", "guesses"]
MOST = 1_000_000

Option = Annotated[str, matching(r"[\w-]{1,32}", "a short name of an option: letters, digits, `_` and `-`")]

_KINDS = {
    "entries": ("报名", "entries"), "votes": ("投票", "votes"), "answers": ("答题", "answers"),
    "guesses": ("竞猜", "guesses"),
}  # fmt: skip
_NUMBER = re.compile(r"\d{1,8}(?:\.\d{1,2})?")


class Collect(Part):
    """Takes entries until its time is over, it is full, somebody closes it or the show ends.

    Votes and answers choose one of the `options`, by its short name; `correct` is the right one. A guess is a number
    (of money in 元).
    """

    part: ClassVar = "collect"

    collect: Kind
    for_: Duration = Field(alias="for")
    at_most: Annotated[int, Field(ge=1, le=MOST)] = 100_000
    question: Text | None = None
    options: dict[Option, Text] | None = Field(None, max_length=50)
    correct: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        chooses = self.collect in ("votes", "answers")
        if chooses and len(self.options or {}) < 2:
            raise PydanticCustomError(
                "E041", "{kind} choose one of several `options`: a mapping of short names and texts",
                {"kind": self.collect},
            )  # fmt: skip
        if not chooses and self.options is not None:
            raise PydanticCustomError("E041", "`options` go with votes and answers only")
        if (self.collect == "answers") != (self.correct is not None):
            raise PydanticCustomError("E041", "`correct` names the right option of answers, which need it")
        return self

    def choice_of(self, said: object) -> tuple[str | None, float | None] | None:
        """What an entry chooses or guesses, of what was sent; None if that can't be taken."""
        if self.options is not None:
            return (said, None) if isinstance(said, str) and said in self.options else None
        if self.collect == "guesses":
            if isinstance(said, str) and _NUMBER.fullmatch(said.strip()):
                said = float(said)
            is_number = isinstance(said, int | float) and not isinstance(said, bool)
            return (None, round(float(said), 2)) if is_number and 0 <= said < 10**8 else None  # type: ignore[arg-type, operator]
        return (None, None) if said is None else None

    def choice_in(self, comment: str) -> tuple[str | None, float | None] | None:
        """What a comment chooses: the option that it names, if it is but one, or the number in it."""
        if self.options is not None:
            text = comment.strip().casefold()
            named = [name for name, label in self.options.items() if text in (name.casefold(), label.casefold())]
            named = named or [name for name, label in self.options.items() if label.casefold() in text]
            return (named[0], None) if len(named) == 1 else None
        if self.collect == "guesses":
            numbers = _NUMBER.findall(comment)
            return self.choice_of(numbers[0]) if len(numbers) == 1 else None
        return None, None

    def words(self, say: Wording) -> str:
        kind = say.pick(*_KINDS[self.collect])
        words = say.pick(
            f"收集{kind} {say.span(self.for_)}，至多 {self.at_most:,} 份",
            f"collect {kind} for {say.span(self.for_)}, {self.at_most:,} at most",
        )
        if self.question:
            words += say.pick(f"：{self.question}", f": {self.question}")
        if self.options:
            words += say.pick("（", " (") + say.pick("、", ", ").join(self.options.values()) + say.pick("）", ")")
        return words

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        options, correct = node.get("options"), node.get("correct")
        if options is not None and correct is not None and correct.text not in options.entries:
            hint = did_you_mean(correct.text or "", options.entries) or f"; there are {', '.join(options.entries)}"
            scope.report(correct, "E070", f"there is no option {quoted(correct.plain)}{hint}")
        scope.collected.append(node)
