"""Texts from templates: strict about names, bounded in output, in work and in time."""

import re
import traceback
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from domain.texts.mistakes import explained
from domain.texts.samples import Sample
from domain.texts.sandbox import MAX_CHARACTERS, RenderError, environment, metered, when, with_head, yuan
from domain.texts.wechat import has_head, without_head

__all__ = ["MAX_CHARACTERS", "MAX_SOURCE", "Fault", "RenderError", "faults", "render", "variables", "when", "yuan"]

MAX_SOURCE = 4 * MAX_CHARACTERS
"""Characters of a template."""

FUNCTIONS = frozenset({"link", "preferences", "companions"})
"""What every text may call."""

_STORABLE = re.compile("[^\0\ud800-\udfff]*")
_NAMED = re.compile(r"'(\w+)' is undefined|'[\w ]+' has no attribute '(\w+)'")

Fault = tuple[int, str]
"""A line of a template, and what is wrong there."""


@lru_cache(maxsize=1024)
def variables(source: str) -> frozenset[str]:
    """The names that a text uses besides what every text has. Raises RenderError if it is no template."""
    try:
        return frozenset(find_undeclared_variables(environment.parse(_within_bounds(source)))) - FUNCTIONS
    except Exception as error:
        raise RenderError(f"not a template: {error}") from error


def _within_bounds(source: str) -> str:
    if len(source) > MAX_SOURCE:
        raise RenderError(f"it is a template of more than {MAX_SOURCE} characters")
    return source


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return (with_head if has_head(source) else environment).from_string(_within_bounds(source))


def render(name: str, source: str, context: Mapping[str, Any]) -> str:
    """The text of a template. Raises RenderError, naming the template, for anything that goes wrong in it."""
    try:
        return _rendered(source, context)
    except Exception as error:
        problem = RenderError(f"template {name}: {error}")
        problem.reason = _reason(error, source)
        raise problem from error


def _rendered(source: str, context: Mapping[str, Any]) -> str:
    parts: list[str] = []
    length = 0
    template = _compiled(source)
    with metered():
        for part in template.generate(context):
            parts.append(part)
            length += len(part)
            if length > MAX_CHARACTERS:
                raise RenderError(f"it is longer than {MAX_CHARACTERS} characters")
    text = "".join(parts).strip()
    if not _STORABLE.fullmatch(text):
        raise RenderError("it makes a character that no text can have")
    return text if has_head(source) else without_head(text)


def _reason(error: Exception, source: str) -> str:
    """What went wrong, as far as it is said by us, or by the template's own words."""
    if isinstance(error, RenderError):
        return str(error)
    undefined = _NAMED.fullmatch(str(error))
    if undefined and (name := undefined[1] or undefined[2]) in source:
        return f"'{name}' is undefined"
    return f"line {line}: {type(error).__name__}" if (line := _line(error)) else type(error).__name__


def faults(source: str, context: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a template, found by filling it in with what is `known` and samples of the rest.

    Each name, but for those known, is tried as one that is there and as one that isn't, all at once: what stands in
    a branch that neither leads to isn't looked at.
    """
    try:
        names = variables(source) | FUNCTIONS
    except RenderError as error:
        syntax_error = error.__cause__
        if isinstance(syntax_error, TemplateSyntaxError):
            yield syntax_error.lineno, explained(syntax_error.message or "not a template", environment.filters)
        else:
            yield 1, str(error)
        return
    problems: list[Fault] = []
    for is_present in (True, False):
        samples = {name: Sample(there=is_present) for name in names - context.keys()}
        try:
            _rendered(source, {**samples, **context})
        except Exception as error:
            if not (isinstance(error, ValueError) and "unpack" in str(error)):  # how many there are isn't known
                problems.append((_line(error) or 1, _problem_text(error)))
    yield from dict.fromkeys(problems)


def _problem_text(error: Exception) -> str:
    if isinstance(error, RenderError):
        return str(error)
    return f"it can't be filled in: {explained(str(error), environment.filters)}"


def _line(error: Exception) -> int | None:
    """The line of the template where an error was raised."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == "<template>"), None)
