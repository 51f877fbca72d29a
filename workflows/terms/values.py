"""The small values that specs are written in: durations, times of day, money, local days."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

Language = Literal["zh", "en"]
"""What people are told things in."""

_UNITS: Mapping[Language, Mapping[str, str]] = {
    "zh": {"m": "分钟", "h": "小时", "d": "天", "w": "周"},
    "en": {"m": "minute", "h": "hour", "d": "day", "w": "week"},
}
_MONEY = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?\s*元")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


LONGEST = timedelta(days=36_500)
"""Beyond it, calendars and databases come to their ends."""


class Frozen(BaseModel):
    """The base of everything that is read from a spec or travels in a plan: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    @model_serializer(mode="wrap")
    def _serialize(self, handler: SerializerFunctionWrapHandler) -> Any:
        return {name: value for name, value in handler(self).items() if value is not None}


def parts_of(whole: Any) -> Iterator[Any]:
    """The whole and everything in it: what is in the fields of models, in lists and in mappings, to any depth."""
    yield whole
    if isinstance(whole, BaseModel):
        inner: Iterable[Any] = (getattr(whole, name) for name in type(whole).model_fields)
    elif isinstance(whole, Mapping):
        inner = whole.values()
    else:
        inner = whole if isinstance(whole, list | tuple) else ()
    for part in inner:
        yield from parts_of(part)


class TextForm(Frozen):
    """A value that a person writes as one line of text, and code may also build from its fields.

    `PATTERN` names the fields as groups; `HINT` ends the sentence "… is not " for a text that doesn't match. A group
    that didn't take part leaves its field at the default.
    """

    PATTERN: ClassVar[re.Pattern[str]]
    HINT: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any, info: ValidationInfo) -> Any:
        from_person = bool(info.context and info.context.get("written"))
        if isinstance(value, cls) or (isinstance(value, dict) and not from_person):
            return value
        match = cls.PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
        if not match:
            raise PydanticCustomError("E015", "not {hint}", {"hint": cls.HINT})
        return {name: group for name, group in match.groupdict().items() if group is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pattern = re.sub(r"\(\?P<\w+>", "(?:", cls.PATTERN.pattern)
        return {"type": "string", "pattern": f"^\\s*(?:{pattern})\\s*$", "description": cls.HINT}


class Duration(TextForm):
    """A span as a marketer writes it: `30m`, `1h`, `3d`, `2w`.

    `m` and `h` are exact; `d` and `w` keep the local wall-clock time across a change of daylight saving.
    """

    PATTERN = re.compile(r"(?P<amount>[1-9]\d{0,5})\s*(?P<unit>[mhdw])")
    HINT = "a duration; write it like 30m, 1h, 3d or 2w"

    amount: int
    unit: Literal["m", "h", "d", "w"]

    @model_validator(mode="after")
    def _within_a_lifetime(self) -> Self:
        if self.nominal > LONGEST:
            raise PydanticCustomError("E015", "longer than {years} years", {"years": LONGEST // timedelta(days=365)})
        return self

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a duration. Raises pydantic.ValidationError."""
        return cls.model_validate(text)

    @property
    def days(self) -> int | None:
        """The number of calendar days, or None for an exact span."""
        return {"d": self.amount, "w": 7 * self.amount}.get(self.unit)

    @property
    def nominal(self) -> timedelta:
        """The span with a day taken as 24 hours: for comparing and for windows that look back."""
        unit = {
            "m": timedelta(minutes=1),
            "h": timedelta(hours=1),
            "d": timedelta(days=1),
            "w": timedelta(weeks=1),
        }[self.unit]
        return self.amount * unit

    def ago(self, now: datetime) -> datetime:
        """The instant at which a window begins that looks this far back from `now`."""
        return now - self.nominal

    def after(self, start: datetime, zone: ZoneInfo) -> datetime:
        """The instant this long after `start`, counted on the wall clock of `zone` where the unit is days or weeks."""
        if self.days is None:
            return start + self.nominal
        return _days_on(start, self.days, zone)

    def before(self, end: datetime, zone: ZoneInfo) -> datetime:
        """The instant this long before `end`, counted likewise."""
        return end - self.nominal if self.days is None else _days_on(end, -self.days, zone)


def span_words(span: Duration, lang: Language) -> str:
    """`3 天`, `3 days`."""
    plural = "s" if lang == "en" and span.amount != 1 else ""
    return f"{span.amount} {_UNITS[lang][span.unit]}{plural}"


class Shows(TextForm):
    """A window that looks back to the beginning of the so-and-so-many-th last show that has started: `3 shows`."""

    PATTERN = re.compile(r"(?P<number>[1-9]\d{0,2})\s*shows?")
    HINT = "a number of shows; write it like 3 shows"

    number: int

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.number} show{'s' if self.number > 1 else ''}"


def _window_form(value: Any) -> str:
    is_shows = re.search(r"(?:shows?|场)\s*$", value) if isinstance(value, str) else isinstance(value, Shows)
    return "<shows>" if is_shows else "<span>"


Window = Annotated[
    Annotated[Duration, Tag("<span>")] | Annotated[Shows, Tag("<shows>")],
    Discriminator(_window_form),
]
"""How far back events are looked at: a span, or a number of shows."""


def _days_on(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    return at_local(local.date() + timedelta(days=days), local.time(), zone, instant)


def _day(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date):
        return value
    raise PydanticCustomError("E015", "not a day; write it like 2026-09-01")


Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day, written `2026-09-01`."""


def at_local(day: date, clock: time, zone: ZoneInfo, like: datetime) -> datetime:
    """The instant at which the wall clock of `zone` shows `clock` on `day`, in the time zone object of `like`.

    A time that daylight saving skips moves on by the gap (02:30 becomes 03:30); of a doubled one the first is taken.
    """
    wall = datetime.combine(day, clock.replace(tzinfo=None, fold=0), zone)
    return wall.astimezone(like.tzinfo)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `instant` in `zone`."""
    return instant.astimezone(zone).date()


def local_words(instant: datetime, timezone: str) -> str:
    """An instant on the clock of a time zone, as people read it; one of UTC, which is nobody's own, says so."""
    return f"{instant.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}{' UTC' if timezone == 'UTC' else ''}"


def parse_time(text: str) -> time:
    """`10:00` as a time of day. Raises ValueError."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a time of day; write it like 10:00')
    return time(int(match[1]), int(match[2]))


def parse_money(text: str) -> int | None:
    """`59元` or `59.90元` in fen, or None if the text is not an amount of money."""
    match = _MONEY.fullmatch(text.strip())
    if not match:
        return None
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def money_words(fen: int) -> str:
    """Fen as people write it: 5900 is `59元`, 5990 is `59.90元`."""
    whole, cents = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{whole}.{cents:02}元" if cents else f"{sign}{whole}元"


MONEY_FUNCTIONS = ("sum", "average", "min", "max", "latest", "first")
"""The measures of money that are money."""

_MONEY_FIELD = re.compile(r"customer\.(?:spent|value|expected_value)|(?:event|trigger|item)\..*\b(?:total|price)")


def is_money(path: str) -> bool:
    """Whether a field holds fen."""
    return _MONEY_FIELD.fullmatch(path) is not None


def amount_words(value: float) -> str:
    """Fen that were compared or worked out, to the nearest one."""
    return money_words(round(value))
