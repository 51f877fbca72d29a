"""Tests of plays as they are written: journey tests, in which people also enter a play that is opened and closed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, create_model, model_validator

from runtime.authoring.files import read_text
from runtime.rehearsal.cases import VISIBLE, AnyLine, Case, CasePart, Parts, Time, has_time
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source

PLAYED = ("entered", "not_taken", "closed", "top", "won", "passed", "rewarded", "over")
"""What a timeline shows of a play, beside what messages and journeys do.

Who `entered`, with the option, the number or the step; why an entry was `not_taken`; how many entries counted when they
`closed`, and what was on `top`; what was `won`, why somebody was `passed` over, how many a part has `rewarded`, and how
it was `over`.
"""


class CaseEntry(CasePart):
    """Somebody enters; the same `id` is a retry."""

    at: Time
    customer: str
    choice: Any = None
    id: str | None = None


class _PlayLine(AnyLine):
    visible: ClassVar[Sequence[str]] = (*VISIBLE, *PLAYED)


if TYPE_CHECKING:
    PlayExpected = _PlayLine
else:
    PlayExpected = create_model(
        "PlayExpected", __base__=_PlayLine, **dict.fromkeys(_PlayLine.visible, (str | None, None))
    )
    PlayExpected.__doc__ = "One line of the timeline of a play."

Dated = Annotated[PlayExpected, AfterValidator(has_time)]


class PlayParts(Parts):
    """Of a timeline: lines that are there, in their order, and lines that are not."""

    includes: tuple[Dated, ...] = ()
    never: tuple[PlayExpected, ...] = ()


class PlayCase(Case):
    """One story of a play: when it is opened, who enters, and the timeline that is expected.

    It is closed by somebody at `close`, or by itself. With `stream`, a show of this id runs from the opening on.
    """

    open: Time
    close: Time | None = None
    stop: Time | None = None
    stream: str | None = None
    entries: tuple[CaseEntry, ...] = ()
    expect: Annotated[
        Annotated[tuple[Dated, ...], Tag("<all>")] | Annotated[PlayParts, Tag("<parts>")],
        Discriminator(lambda value: "<parts>" if isinstance(value, PlayParts | Mapping) else "<all>"),
    ]

    @model_validator(mode="after")
    def _known_entrants(self) -> Self:
        for entry in self.entries:
            if entry.customer not in self.people:
                raise ValueError(
                    f"there is no customer {entry.customer} in this case; there are {', '.join(self.people)}"
                )
        return self


class PlayCaseFile(CasePart):
    """A file of cases about one play: one of ours by name, or a file beside it."""

    play: str | None = None
    spec: str | None = None
    policy: dict[str, Any] = Field(default_factory=dict)
    cases: tuple[PlayCase, ...]

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.play is None) == (self.spec is None):
            raise ValueError("say which play is tested: `play: NAME` or `spec: PATH`")
        return self


def is_about_a_play(path: Path) -> bool:
    """Whether a file of cases names a play."""
    text = read_text(path)
    root = read_source(text, str(path)).root if isinstance(text, str) else None
    if root is None:
        return False
    spec = root.get("spec")
    return "play" in root.entries or (spec is not None and "plays/" in (spec.text or ""))


def read_play_cases(path: Path) -> tuple[PlayCaseFile | None, list[Diagnostic]]:
    """Read a file of cases; None where there are mistakes."""
    text = read_text(path)
    if isinstance(text, Diagnostic):
        return None, [text]
    source = read_source(text, str(path))
    return validate(PlayCaseFile, source, nullable=("data", "fields")), source.diagnostics
