"""Texts from templates: sandboxed, bounded in output and in work, strict about names."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 5_000
MAX_WORK = 20_000
"""Turns of loops and calls of macros in one rendering."""


class RenderError(ValueError):
    """A text could not be rendered; the message names the template and says why."""


class _Meter:
    """Counts the work of one rendering."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def __call__(self) -> str:
        self.left -= 1
        if self.left < 0:
            raise RenderError(f"it goes on for more than {MAX_WORK} turns")
        return ""


class _Environment(ImmutableSandboxedEnvironment):
    """Every turn of a loop and call of a macro is counted; what can blow up memory in one step is taken away."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
        for name in ("center", "format", "indent", "pprint", "wordwrap", "xmlattr", "batch", "slice", "random"):
            del self.filters[name]
        for name in ("lipsum", "range", "cycler", "joiner", "namespace"):
            del self.globals[name]
        self.filters.update(yuan=yuan, when=when)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock)):
            body: list[nodes.Node] = getattr(node, "body")  # noqa: B009
            meter = nodes.Name("_meter", "load", lineno=tree.lineno)
            count = nodes.Call(meter, [], [], None, None, lineno=tree.lineno)
            body.insert(0, nodes.Output([count], lineno=tree.lineno))
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping comes before its methods (`trigger.items`); one that is missing is empty, not an error."""
        if isinstance(obj, Mapping):
            return obj.get(attribute) if attribute in obj else Undefined(name=attribute)
        return super().getattr(obj, attribute)

    def call_binop(self, _: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) and abs(side) < 10**9 for side in (left, right)) or operator == "**":
            raise RenderError(f'"{operator}" works on plain numbers only')
        return left * right


def yuan(fen: int) -> str:
    """Fen as yuan: 5900 is `59`, 5990 is `59.90`."""
    whole, rest = divmod(int(fen), 100)
    return f"{whole}.{rest:02}" if rest else str(whole)


def when(instant: datetime) -> str:
    """An instant in its own timezone, as people say it: `3月2日 20:00`."""
    return f"{instant.month}月{instant.day}日 {instant:%H:%M}"


_environment = _Environment()


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return _environment.from_string(source)


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
    return "".join(parts).strip()
