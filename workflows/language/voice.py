"""The lexicon by which comments are read: `_voice.yaml`."""

from contextlib import suppress
from typing import Annotated, Literal, get_args

from pydantic import Field

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Source, TooManyError, read_source
from workflows.terms.values import Frozen
from workflows.terms.written import matching

Aspect = Literal[
    "taste", "freshness", "packaging", "price", "delivery", "portion", "quality", "service", "ingredients",
    "appearance", "overall",
]  # fmt: skip
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
Word = Annotated[str, matching(r"\S(?:.{0,38}\S)?", "a word of up to 40 characters, no space around it")]
Words = Annotated[tuple[Word, ...], Field(max_length=500)]


Department = Literal["product", "supply", "marketing", "live", "service"]
Employee = Annotated[str, matching(r"\S(?:.{0,98}\S)?", "an employee as in `customer.owner`")]


class AspectWords(Frozen):
    """Words that betray what is spoken of: its names, and those that praise or blame it."""

    names: Words = ()
    positive: Words = ()
    negative: Words = ()


class Topic(Frozen):
    """A topic of blame or wishes about an aspect, and the words that betray it."""

    aspect: Aspect
    words: Annotated[tuple[Word, ...], Field(min_length=1, max_length=500)]


class Voice(Frozen):
    """Words by aspect, and those that mark a comment as chatter; topics by name, beside those that are built in.

    `departments` says who answers for what a department is asked, `escalate_to` who is told of reviews that are late.
    """

    aspects: dict[Aspect, AspectWords] = Field(default_factory=dict)
    departments: dict[Department, Employee] = Field(default_factory=dict)
    escalate_to: Employee | None = None
    topics: Annotated[dict[Word, Topic], Field(max_length=200)] = Field(default_factory=dict)
    chatter: Words = ()

    def words(self) -> frozenset[str]:
        """All of them."""
        groups = (words for aspect in self.aspects.values() for words in aspect.model_dump().values())
        topics = (topic.words for topic in self.topics.values())
        return frozenset(word for words in (*groups, *topics, self.chatter) for word in words)


def read_voice(text: str, path: str) -> tuple[Voice | None, list[Diagnostic]]:
    """Read `_voice.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    voice = validate(Voice, source)
    with suppress(TooManyError):
        _check(source)
    return None if source.broken else voice, source.sorted()


def _check(source: Source) -> None:
    """A word stands once: in two places it would say two things."""
    if source.root is None:
        return
    places: dict[str, str] = {}
    aspects = source.root.get("aspects")
    groups = {"chatter": source.root.get("chatter")}
    for name, aspect in (aspects.entries if aspects is not None else {}).items():
        groups |= {f"{name}.{says}": words for says, words in aspect.entries.items()}
    for place, words in groups.items():
        for word in words.items if words is not None else ():
            if word.text and (before := places.setdefault(word.text, place)) != place:
                source.report(word, "E056", f"the word is in {before} already; it can say one thing only")
