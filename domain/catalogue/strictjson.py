"""JSON read strictly: what can't be stored, or could be read in two ways, is pointed out at its place."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 64
BAD_CHARACTER = "bad_character"
"""The reason of a flaw that `replace_unstorable` mends."""

_MAX_DIGITS = 20
_INT64 = range(-(2**63), 2**63)
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:.-]{0,39}")


@dataclass(frozen=True)
class Flaw:
    """What is wrong, where (`data.items.0.price`), as a stable code and in words that don't repeat the value."""

    field: str
    reason: str
    detail: str


class MalformedError(ValueError):
    """Bytes that aren't JSON."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.flaw = Flaw("", reason, detail)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _Repeated(dict[str, Any]):
    """An object that had a name twice."""


def parse(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; `find_flaw` must still look at it. Raises MalformedError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError("bad_encoding", f"byte {error.start} isn't UTF-8") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedError("bad_json", f"{where}: {error.msg}") from None
    except RecursionError:
        raise MalformedError("too_deep", f"is nested deeper than {MAX_DEPTH} levels") from None


def replace_unstorable(value: Any) -> Any:
    """The value with U+FFFD in place of each NUL and each half of a surrogate pair, which no database holds."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [replace_unstorable(part) for part in value]
    if isinstance(value, dict):
        return type(value)((replace_unstorable(name), replace_unstorable(part)) for name, part in value.items())
    return value


def find_flaw(value: Any) -> Flaw | None:
    """The first thing in a parsed value that can't be taken.

    That is a number that isn't finite or an integer beyond 64 bits, a text with NUL or half a surrogate pair, a name
    given twice, or nesting deeper than MAX_DEPTH.
    """
    if _is_sound(value, 0):
        return None
    pending: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while pending:
        part, path = pending.pop()
        reason = _flaw_of(part, len(path))
        if reason is not None:
            return Flaw(".".join(path), *reason)
        if isinstance(part, dict):
            pending.extend((item, (*path, _shortened(name))) for name, item in part.items())
        elif isinstance(part, list):
            pending.extend((item, (*path, str(index))) for index, item in enumerate(part))
    return None


def _is_sound(part: Any, depth: int) -> bool:
    """Whether there is no flaw; tells that of nearly everything without keeping account of where it stands."""
    if type(part) is str:
        return (part.isascii() and "\x00" not in part) or _flaw_of_text(part) is None
    if type(part) is dict:
        names, parts = part.keys(), part.values()
        return depth <= MAX_DEPTH and all(_is_sound(name, 0) for name in names) and _are_sound(parts, depth + 1)
    if type(part) is list:
        return depth <= MAX_DEPTH and _are_sound(part, depth + 1)
    return _flaw_of(part, depth) is None


def _are_sound(parts: Iterable[Any], depth: int) -> bool:
    return all(_is_sound(part, depth) for part in parts)


def _flaw_of(part: Any, depth: int) -> tuple[str, str] | None:
    if isinstance(part, str):
        return _flaw_of_text(part)
    if isinstance(part, bool) or part is None:
        return None
    if isinstance(part, int):
        return None if part in _INT64 else ("bad_number", "must fit into 64 bits")
    if isinstance(part, float):
        return None if math.isfinite(part) else ("bad_number", "must be a finite number")
    if depth > MAX_DEPTH:
        return "too_deep", f"is nested deeper than {MAX_DEPTH} levels"
    if isinstance(part, _Repeated):
        return "repeated_name", "holds a name twice"
    if isinstance(part, dict):
        return next(filter(None, map(_flaw_of_text, part)), None)
    return None


def _flaw_of_text(text: str) -> tuple[str, str] | None:
    if "\x00" in text:
        return BAD_CHARACTER, "must not hold the character NUL"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return BAD_CHARACTER, "holds half of a surrogate pair"
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Repeated(members)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _shortened(name: str) -> str:
    return name if _SAFE_NAME.fullmatch(name) else "?"
