"""The Jinja sandbox for texts: every operation is metered, by units of work and by processor time."""

import html
import inspect
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from math import isfinite
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context, pass_environment

from domain.texts.named import Named
from domain.texts.samples import Sample
from domain.texts.wechat import on_one_line

MAX_CHARACTERS = 5_000
MAX_WORK = 200_000
"""Units of work in one rendering: an item of a list is one, as are 16 characters of a text; a turn of a loop is ten."""
MAX_SECONDS = 0.25
"""Time of the processor for one rendering, however little work it admits to. A machine that is busy is no fault."""

_TURN = 10
_CHARACTERS = 16
_CHECK_INTERVAL = 500
"""Units of work from one look at the time to the next."""


class RenderError(ValueError):
    """A text could not be rendered; the message names the template and says why.

    `reason` says so without the template, and without what a customer's data may have put into it.
    """

    reason: str = "it can't be filled in"


class _Meter:
    """What one rendering may still spend. The time is looked at now and then, for that costs as much as it measures."""

    def __init__(self) -> None:
        self._left = MAX_WORK
        self._next = MAX_WORK - _CHECK_INTERVAL
        self._until = time.thread_time() + MAX_SECONDS

    def spend(self, work: int) -> None:
        self._left -= work
        if self._left > self._next:
            return
        self._next = self._left - _CHECK_INTERVAL
        if self._left < 0:
            raise RenderError(f"it goes on for more than {MAX_WORK} units of work")
        if time.thread_time() > self._until:
            raise RenderError(f"it goes on for more than {MAX_SECONDS} seconds")


_METER: ContextVar[_Meter] = ContextVar("meter")


@contextmanager
def metered() -> Iterator[None]:
    """What is rendered within shares one allowance of work and time."""
    token = _METER.set(_Meter())
    try:
        yield
    finally:
        _METER.reset(token)


_LONGEST = 20 * MAX_CHARACTERS
"""Characters of a text on the way to the message: a variable, a macro's answer, a join."""

_BIG = 10**18

_METHODS = frozenset(
    {"count", "endswith", "find", "lower", "lstrip", "partition", "rstrip", "split", "startswith", "strip", "upper"}
)
"""What a text may be asked to do by `text.method()`; the rest, like `ljust`, could make it any length."""

_OF_TEXTS = (
    "capitalize", "e", "escape", "forceescape", "lower", "replace", "safe", "string", "striptags", "title", "trim",
    "truncate", "upper", "urlencode", "wordcount",
)  # fmt: skip
_REMOVED = (
    "batch", "center", "format", "indent", "pprint", "random", "slice", "tojson", "urlize", "wordwrap", "xmlattr",
)  # fmt: skip

_TAG = re.compile("<[^<>]*>")


def spend_on(value: Any) -> Any:
    """The value, paid for by all that is in it; what is in it twice is paid for twice."""
    meter = _METER.get()
    if isinstance(value, str):
        meter.spend(1 + len(value) // _CHARACTERS)
    elif isinstance(value, _CONTAINERS):
        remaining = [value]
        while remaining:
            container = remaining.pop()
            meter.spend(1 + len(container))
            for part in (*container.keys(), *container.values()) if isinstance(container, dict) else container:
                if isinstance(part, str):
                    meter.spend(len(part) // _CHARACTERS)
                elif isinstance(part, _CONTAINERS):
                    remaining.append(part)
    else:
        meter.spend(1)
    return value


_CONTAINERS = (dict, list, tuple, set, frozenset)


def _turn_by_turn(values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        _METER.get().spend(_TURN)
        yield value


def _paid(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or a test whose operands and result are paid for. Of a sample, it tells whether it may be called."""
    inner = inspect.unwrap(function)
    shape = inspect.signature(inner)
    skipped = 1 if hasattr(function, "jinja_pass_arg") else 0
    unknown = skipped - (1 if hasattr(inner, "jinja_pass_arg") else 0)  # to the inner one

    @wraps(function)
    def paying(*args: Any, **kwargs: Any) -> Any:
        for operand in (*args[skipped:], *kwargs.values()):
            spend_on(operand)
            if isinstance(operand, Sample):
                shape.bind(*args[unknown:], **kwargs)
                return operand
        result = function(*args, **kwargs)
        return _turn_by_turn(result) if isinstance(result, Iterator) else spend_on(result)

    return paying


def _bounded(parts: Iterable[str]) -> str:
    pieces = list(parts)
    if sum(map(len, pieces)) > _LONGEST:
        raise RenderError(f"it makes a text of more than {_LONGEST} characters")
    return str(spend_on("".join(pieces)))


def _printable(value: Any) -> Any:
    """What is written into a text for a value: nothing for None, a number without an exponent.

    Raises RenderError for what is no value: a list or a mapping, however deep it is, and what must be called.
    """
    if isinstance(value, Sample) or value is None:
        return ""
    if isinstance(value, float | Decimal | Named):
        return _bounded([str(value)]) if isinstance(value, Named) else _plain(value)
    if isinstance(value, list | tuple | Mapping | Iterator | set | frozenset):
        raise RenderError("it writes a list or a mapping; write its items")
    if isinstance(value, str | int | date | timedelta | Undefined):
        return value
    if callable(value):
        raise RenderError("it writes what must be called, like preferences()")
    raise RenderError("it writes what is no text, number or time")


def _plain(number: float | Decimal) -> str:
    if not isfinite(number):
        raise RenderError("it writes what is no number")
    exact = Decimal(f"{number:.15g}" if isinstance(number, float) else number)  # 0.1 + 0.2 is 0.3
    digits = format(exact, "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if digits == "-0" else digits


@pass_context
def _finalize(_: Context, value: Any) -> Any:
    """Every expression that is written; it takes a context so that none is worked out while a text is compiled."""
    _METER.get().spend(1)
    return _printable(value)


@pass_context
def _finalize_on_one_line(context: Context, value: Any) -> Any:
    value = _finalize(context, value)
    return on_one_line(value) if isinstance(value, str) else value


class _Code(CodeGenerator):
    """What makes something of any size without a filter is paid for: `~`, literals, slices; and comparisons."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.concat(str(environment.finalize(context, part)) for part in (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        self._paid(super().visit_Compare, node, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802
        self._paid(super().visit_List, node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        self._paid(super().visit_Dict, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802
        if node.ctx == "load":
            self._paid(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        if isinstance(node.arg, nodes.Slice):
            self._paid(super().visit_Getitem, node, frame)
        else:
            super().visit_Getitem(node, frame)

    def _paid(self, visitor: Callable[[Any, Frame], None], node: nodes.Node, frame: Frame) -> None:
        self.write("environment.spend_on(")
        visitor(node, frame)
        self.write(")")


class TextEnvironment(ImmutableSandboxedEnvironment):
    """Everything that a text does is paid for; what can blow up memory in one step is taken away."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})
    code_generator_class = _Code
    concat = staticmethod(_bounded)
    spend_on = staticmethod(spend_on)

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, finalize=_finalize,
            optimized=False,
        )  # fmt: skip
        for name in _REMOVED:
            del self.filters[name]
        for name in ("lipsum", "range", "dict", "cycler", "joiner", "namespace"):
            del self.globals[name]
        self.filters.update(
            yuan=yuan, when=when, join=_join, replace=_replace, round=_round, sum=_sum, striptags=_without_tags
        )
        self.filters.update({name: _of_texts(self.filters[name]) for name in _OF_TEXTS})
        self.filters.update({name: _paid(work) for name, work in self.filters.items()})
        tests: dict[str, Any] = self.tests
        self.tests.update({name: _paid(work) for name, work in tests.items()})

    def turn(self) -> str:
        """A turn of a loop, or a call of a macro, is paid for."""
        _METER.get().spend(_TURN)
        return ""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)):
            body: list[nodes.Node] = getattr(node, "body")  # noqa: B009
            turn = nodes.EnvironmentAttribute("turn", lineno=tree.lineno)  # no name, so that none can replace it
            body.insert(0, nodes.ExprStmt(nodes.Call(turn, [], [], None, None, lineno=tree.lineno), lineno=tree.lineno))
        return tree

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What is called is paid for by what it gives."""
        for argument in (called, *args, *kwargs.values()):
            if isinstance(argument, Sample):
                return argument
        return spend_on(super().call(context, called, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | bytes | int | float):
            return isinstance(obj, str) and attr in _METHODS
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, _: Any) -> None:
        """`text.format` is no exception."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping comes before its methods (`trigger.items`); what isn't there is empty, not an error."""
        if isinstance(obj, Sample):
            return obj
        if obj is None or type(obj) is Undefined:
            return Undefined(name=attribute)
        if isinstance(obj, Mapping):
            return _empty_if_none(obj.get(attribute), attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        for operand in (obj, argument):
            if isinstance(operand, Sample):
                return operand
        if obj is None or type(obj) is Undefined:
            return Undefined(name=str(argument))
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument not in obj:
            return Undefined(name=argument)
        if isinstance(obj, list | tuple) and isinstance(argument, int) and not -len(obj) <= argument < len(obj):
            return Undefined(name=str(argument))
        return _empty_if_none(super().getitem(obj, argument), str(argument))

    def call_binop(self, _: Any, operator: str, left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, Sample):
                return side
            if isinstance(side, Undefined):
                side + 0  # raises UndefinedError
        if not all(isinstance(side, int | float) and abs(side) < _BIG for side in (left, right)) or operator == "**":
            raise RenderError(f'"{operator}" works on plain numbers only; texts are joined by "~"')
        return self.binop_table[operator](left, right)


def _empty_if_none(value: Any, name: str) -> Any:
    return Undefined(name=name) if value is None else value


def _of_texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes texts only, and gives one within bounds."""

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        result = function(*(arg if isinstance(arg, TextEnvironment) else _text(arg) for arg in args), **kwargs)
        return type(result)(_bounded([result])) if isinstance(result, str) else result

    return checked


def _text(value: Any) -> Any:
    """An operand of a filter of texts; a setting of it, like a length, stays as it is."""
    return value if isinstance(value, bool | int) else _printable(value)


@pass_environment
def _join(environment: TextEnvironment, values: Iterable[Any], by: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    parts = [part for value in values for part in (by, str(_printable(value)))]
    return _bounded(parts[1:])


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    text, old, new = str(text), str(old), str(new)
    times = text.count(old)
    if len(text) + times * len(new) > _LONGEST:
        raise RenderError(f"it makes a text of more than {_LONGEST} characters")
    return text.replace(old, new, count)


def _round(number: float, precision: int = 0) -> float:
    return round(number, max(-9, min(9, precision)))


@pass_environment
def _sum(environment: TextEnvironment, values: Iterable[Any], attribute: str | None = None, start: float = 0) -> Any:
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    for value in values:
        start = environment.call_binop(None, "+", start, value)
    return start


def _without_tags(text: str) -> str:
    return html.unescape(" ".join(_TAG.sub("", str(text)).split()))


def yuan(fen: int | Undefined | None) -> str:
    """Fen as yuan: 5900 is `59`, 5990 is `59.90`, -550 is `-5.50`; without an amount, nothing."""
    if fen is None or isinstance(fen, Undefined):
        return ""
    yuan_part, cents = divmod(abs(int(fen)), 100)
    sign = "-" if int(fen) < 0 else ""
    return f"{sign}{yuan_part}.{cents:02}" if cents else f"{sign}{yuan_part}"


def when(instant: datetime | Undefined | None) -> str:
    """An instant in its own timezone, as people say it: `3月2日 20:00`; without one, nothing."""
    if instant is None or isinstance(instant, Undefined):
        return ""
    if not isinstance(instant, datetime):
        raise RenderError('"when" takes an instant, like stream.starts_at')
    return f"{instant.month}月{instant.day}日 {instant:%H:%M}"


environment = TextEnvironment()
with_head = environment.overlay(trim_blocks=False, finalize=_finalize_on_one_line)
"""For texts that say by their first lines what they are: those lines are as many as were written."""
