"""Texts from templates: sandboxed, bounded in output and in work, strict about names."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import make_attrgetter
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_environment

from domain.wechat_texts import has_head, on_one_line, without_head

MAX_CHARACTERS = 5_000
MAX_WORK = 20_000
"""Turns of loops and calls of macros in one rendering."""


class RenderError(ValueError):
    """A text could not be rendered; the message names the template and says why."""


_LONGEST = 20 * MAX_CHARACTERS
"""Characters of a text on the way to the message: a variable, a macro's answer, a join."""

_STORABLE = re.compile("[^\0\ud800-\udfff]*")

_BIG = 10**18

_METHODS = frozenset(
    {"count", "endswith", "find", "lower", "lstrip", "partition", "rstrip", "split", "startswith", "strip", "upper"}
)
"""What a text may be asked to do by `text.method()`; the rest, like `ljust`, could make it any length."""

_OF_TEXTS = (
    "capitalize", "e", "escape", "forceescape", "lower", "replace", "safe", "string", "striptags", "title", "trim",
    "truncate", "upper", "urlencode", "urlize", "wordcount",
)  # fmt: skip
_REMOVED = (
    "batch", "center", "format", "indent", "pprint", "random", "slice", "tojson", "wordwrap", "xmlattr",
)  # fmt: skip


class _Meter:
    """Counts the work of one rendering."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def __call__(self) -> str:
        self.left -= 1
        if self.left < 0:
            raise RenderError(f"it goes on for more than {MAX_WORK} turns")
        return ""


def _bounded(parts: Iterable[str]) -> str:
    found = list(parts)
    if sum(map(len, found)) > _LONGEST:
        raise RenderError(f"it makes a text of more than {_LONGEST} characters")
    return "".join(found)


def _printable(value: Any) -> Any:
    """What can be written into a text; a list or a mapping can't, however deep it is."""
    if isinstance(value, list | tuple | Mapping | Iterator):
        raise RenderError("it writes a list or a mapping; write its items")
    return value


class _Code(CodeGenerator):
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        """`a ~ b`, within bounds."""
        self.write("concat(str(environment.finalize(part)) for part in (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(ImmutableSandboxedEnvironment):
    """Every turn of a loop and call of a macro is counted; what can blow up memory in one step is taken away."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})
    code_generator_class = _Code
    concat = staticmethod(_bounded)

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, finalize=_printable
        )
        for name in _REMOVED:
            del self.filters[name]
        for name in ("lipsum", "range", "dict", "cycler", "joiner", "namespace"):
            del self.globals[name]
        self.filters.update(yuan=yuan, when=when, join=_join, replace=_replace, round=_round)
        self.filters.update({name: _of_texts(self.filters[name]) for name in _OF_TEXTS})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)):
            body: list[nodes.Node] = getattr(node, "body")  # noqa: B009
            meter = nodes.Name("_meter", "load", lineno=tree.lineno)
            count = nodes.Call(meter, [], [], None, None, lineno=tree.lineno)
            body.insert(0, nodes.Output([count], lineno=tree.lineno))
        return tree

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | bytes | int | float):
            return isinstance(obj, str) and attr in _METHODS
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, _: Any) -> None:
        """`text.format` is no exception."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping comes before its methods (`trigger.items`); one that is missing is empty, not an error."""
        if isinstance(obj, Mapping):
            return obj.get(attribute) if attribute in obj else Undefined(name=attribute)
        return super().getattr(obj, attribute)

    def call_binop(self, _: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) and abs(side) < _BIG for side in (left, right)) or operator == "**":
            raise RenderError(f'"{operator}" works on plain numbers only; texts are joined by "~"')
        return self.binop_table[operator](left, right)


def _of_texts(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes texts only, and gives one within bounds."""

    @wraps(work)
    def checked(*args: Any, **more: Any) -> Any:
        result = work(*map(_printable, args), **more)
        return type(result)(_bounded([result])) if isinstance(result, str) else result

    return checked


@pass_environment
def _join(environment: _Environment, values: Iterable[Any], by: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    parts = [part for value in values for part in (by, str(_printable(value)))]
    return _bounded(parts[1:])


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    times = text.count(old)
    if len(text) + times * len(new) > _LONGEST:
        raise RenderError(f"it makes a text of more than {_LONGEST} characters")
    return text.replace(old, new, count)


def _round(number: float, precision: int = 0) -> float:
    return round(number, max(-9, min(9, precision)))


def yuan(fen: int) -> str:
    """Fen as yuan: 5900 is `59`, 5990 is `59.90`."""
    whole, rest = divmod(int(fen), 100)
    return f"{whole}.{rest:02}" if rest else str(whole)


def when(instant: datetime) -> str:
    """An instant in its own timezone, as people say it: `3月2日 20:00`."""
    return f"{instant.month}月{instant.day}日 {instant:%H:%M}"


def _on_one_line(value: Any) -> Any:
    value = _printable(value)
    return on_one_line(value) if isinstance(value, str) else value


_environment = _Environment()
_with_head = _environment.overlay(trim_blocks=False, finalize=_on_one_line)
"""For texts that say by their first lines what they are: those lines are as many as were written."""


@lru_cache(maxsize=1024)
def variables(source: str) -> frozenset[str]:
    """The names that a text uses besides what every text has. Raises jinja2.TemplateError if it is no template."""
    return frozenset(find_undeclared_variables(_environment.parse(source))) - {"_meter", "link", "preferences"}


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return (_with_head if has_head(source) else _environment).from_string(source)


def render(name: str, source: str, context: Mapping[str, Any]) -> str:
    """The text of a template. Raises RenderError, naming the template, for anything that goes wrong in it."""
    parts: list[str] = []
    length = 0
    try:
        for part in _compiled(source).generate({**context, "_meter": _Meter()}):
            parts.append(part)
            length += len(part)
            if length > MAX_CHARACTERS:
                raise RenderError(f"it is longer than {MAX_CHARACTERS} characters")
    except (TemplateError, RenderError, RecursionError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise RenderError(f"template {name}: {error}") from error
    text = "".join(parts).strip()
    if not _STORABLE.fullmatch(text):
        raise RenderError(f"template {name}: it makes a character that no text can have")
    return text if has_head(source) else without_head(text)
