"""Journey tests as they are written: the format of `tests/journeys/*.yaml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)

from domain.journeys.lifecycle import Running
from runtime.authoring.files import read_text
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source
from workflows.terms.channels import Channel
from workflows.terms.quantities import Quantity
from workflows.verbs.registry import STEPS

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?")
Line = TypeVar("Line", bound="AnyLine")

ONLY = "customer"
"""The name of a case's customer where there is but one."""


@dataclass(frozen=True)
class Written:
    """A time as a case writes it; what it leaves out (seconds, the time of day) is not compared."""

    text: str

    def at(self, zone: ZoneInfo) -> datetime:
        """The instant; without an offset, in `zone`."""
        value = datetime.fromisoformat(re.sub(r"\s+([Z+-])", r"\1", self.text.strip()))
        return value if value.tzinfo else value.replace(tzinfo=zone)

    def shows(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Whether the instant reads like this, at the precision it is written with."""
        start = self.at(zone)
        match = _TIME.fullmatch(self.text.strip())
        if match and match[2] is None:
            return instant.astimezone(start.tzinfo).date() == start.date()
        span = timedelta(seconds=1) if match and match[3] else timedelta(minutes=1)
        return start <= instant < start + span


def _written(value: Any) -> Any:
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        return Written(value)
    raise ValueError("not a time; write it like 2026-03-02 19:00")


Time = Annotated[Written, BeforeValidator(_written)]


class CasePart(BaseModel):
    """The base of all that a case is written with."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, coerce_numbers_to_str=True)


class CaseCustomer(CasePart):
    """Somebody a case is about, as they are before it begins."""

    identifiers: dict[str, str] = {}
    consent: tuple[Channel, ...] = ()
    timezone: str | None = None
    fields: dict[str, Any] = {}
    tags: tuple[str, ...] = ()


class CaseEvent(CasePart):
    """Something that happens in a case, told when it `arrives`; without a customer it happens to the only one."""

    at: Time
    arrives: Time | None = None
    event: str
    data: dict[str, Any] = {}
    customer: str | None = None


class CaseVersion(CasePart):
    """A new version of the journey that is published while customers are in it: a spec beside the file."""

    at: Time
    spec: str
    running: Running = "finish"


class CaseLot(CasePart):
    """A lot that is in stock when the case begins."""

    id: str = Field(validation_alias=AliasChoices("id", "lot_id"))
    sku: str
    name: str | None = None
    category: str | None = None
    city: str | None = None
    expires: Time = Field(validation_alias=AliasChoices("expires", "expires_on", "expires_at", "expiry"))
    available: Quantity = Field(validation_alias=AliasChoices("available", "quantity", "on_hand", "units"))


class CaseStream(CasePart):
    """A show that is planned when the case begins."""

    id: str = Field(validation_alias=AliasChoices("id", "stream_id"))
    title: str | None = None
    city: str | None = None
    starts_at: Time


VISIBLE = (
    *(what for step in STEPS.values() for what in step.visible), "suppressed", "not_entered", "ended", "converted",
)  # fmt: skip
"""What a timeline shows of the trail."""


class CaseText(CasePart):
    """What is asked of the text of a message."""

    contains: str | None = None
    is_: str | None = Field(None, alias="is")

    def fits(self, text: str | None) -> bool:
        """Whether a text is like this."""
        return text is not None and (self.contains or "") in text and self.is_ in (None, text)

    def __str__(self) -> str:
        return " ".join(f"{name}: {value}" for name, value in (("contains", self.contains), ("is", self.is_)) if value)


class AnyLine(CasePart):
    """The base of lines: one says exactly one of what is `visible`."""

    visible: ClassVar[Sequence[str]] = VISIBLE

    at: Time | None = None
    via: str | None = None
    reason: str | None = None
    until: Time | None = None
    customer: str | None = None
    text: CaseText | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, what) is not None for what in self.visible) != 1:
            raise ValueError(f"a line says exactly one of {', '.join(self.visible)}")
        return self

    @property
    def what(self) -> tuple[str, str]:
        """What happened and its value."""
        return next((what, getattr(self, what)) for what in self.visible if getattr(self, what) is not None)


if TYPE_CHECKING:
    Expected = AnyLine
else:
    Expected = create_model("Expected", __base__=AnyLine, **dict.fromkeys(VISIBLE, (str | None, None)))
    Expected.__doc__ = "One line of a timeline: when, what, and to whom."


def _by_id(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [{"id": name, **fields} if isinstance(fields, Mapping) else fields for name, fields in value.items()]
    return value


def has_time(line: Line) -> Line:
    """The line, which says when. Raises ValueError for one that doesn't."""
    if line.at is None:
        raise ValueError("a line says when, with `at`; only under `never` it may be left out")
    return line


Dated = Annotated[Expected, AfterValidator(has_time)]


class Parts(CasePart):
    """Of a timeline: lines that are there, in their order, and lines that are not."""

    includes: tuple[Dated, ...] = ()
    never: tuple[Expected, ...] = ()


class Case(CasePart):
    """One story: who, what happens, and the timeline that is expected, complete or in parts."""

    name: str
    customer: CaseCustomer | None = None
    customers: dict[str, CaseCustomer] = {}
    variants: dict[str, str] = {}
    lots: Annotated[tuple[CaseLot, ...], BeforeValidator(_by_id)] = ()
    streams: Annotated[tuple[CaseStream, ...], BeforeValidator(_by_id)] = ()
    events: tuple[CaseEvent, ...] = ()
    publish: tuple[CaseVersion, ...] = ()
    until: Time | None = None
    expect: Annotated[
        Annotated[tuple[Dated, ...], Tag("<all>")] | Annotated[Parts, Tag("<parts>")],
        Discriminator(lambda value: "<parts>" if isinstance(value, Parts | Mapping) else "<all>"),
    ]
    policy: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known_customers(self) -> Self:
        never = self.expect.never if isinstance(self.expect, Parts) else ()
        named = [event.customer for event in self.events] + [line.customer for line in (*self.expected, *never)]
        for name in named:
            if name is not None and self.people and name not in self.people:
                raise ValueError(f"there is no customer {name} in this case; there are {', '.join(self.people)}")
        return self

    @property
    def expected(self) -> Sequence[Expected]:
        """The lines that must be there."""
        return self.expect.includes if isinstance(self.expect, Parts) else self.expect

    @property
    def people(self) -> Mapping[str, CaseCustomer]:
        """The customers by name."""
        return self.customers or ({ONLY: self.customer} if self.customer else {})

    def who(self, named: str | None) -> str | None:
        """The name meant by an event or a line: the one it names, or the only one there is."""
        if named is not None or len(self.people) != 1:
            return named
        return next(iter(self.people))


class CaseFile(CasePart):
    """A file of cases about one journey: one of ours by name, or a spec beside the file."""

    journey: str | None = None
    spec: str | None = None
    policy: dict[str, Any] = {}
    cases: tuple[Case, ...]

    @model_validator(mode="after")
    def _named(self) -> "CaseFile":
        if (self.journey is None) == (self.spec is None):
            raise ValueError("say which journey is tested: `journey: NAME` or `spec: PATH`")
        return self


def read_cases(path: Path) -> tuple[CaseFile | None, list[Diagnostic]]:
    """Read a file of cases; None where there are mistakes."""
    text = read_text(path)
    if isinstance(text, Diagnostic):
        return None, [text]
    return read_cases_text(text, str(path))


def read_cases_text(text: str, path: str) -> tuple[CaseFile | None, list[Diagnostic]]:
    """Read the text of a file of cases; None where there are mistakes."""
    source = read_source(text, path)
    return validate(CaseFile, source, nullable=("data", "fields")), source.diagnostics


def case_files(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those of the directories named (but for their `specs/`, which cases refer to)."""
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.yaml"))
            yield from (file for file in found if "specs" not in file.relative_to(path).parts[:-1])
        else:
            yield path
