"""What Jinja says of a text that is no template, in words for whoever writes texts, with what to write instead."""

import re
from collections.abc import Callable, Collection

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.lookalikes import half_of

_ENDS = {"if": "endif", "for": "endfor", "set": "endset", "macro": "endmacro", "call": "endcall", "filter": "endfilter",
         "with": "endwith", "block": "endblock", "raw": "endraw"}  # fmt: skip
_TAGS = ("if", "elif", "else", "for", "set", *_ENDS.values())

Told = Callable[[re.Match[str], Collection[str]], str]


def explained(message: str, filters: Collection[str]) -> str:
    """The message of a syntax error, or of one that came while a text was filled in, in our words."""
    for pattern, told in _MISTAKES:
        if match := pattern.fullmatch(message):
            return told(match, filters)
    return message


def _character(match: re.Match[str], _: Collection[str]) -> str:
    sign = match[1]
    if sign in ("'", '"'):
        return "a text in quotes is not closed"
    half = half_of(sign)
    return f"{quoted(sign)} means nothing here; write {quoted(half)}" if half else f"{quoted(sign)} means nothing here"


def _unclosed(match: re.Match[str], _: Collection[str]) -> str:
    return f"{{% {match[1]} %}} is not closed by {{% {_ENDS.get(match[1], 'end' + match[1])} %}}"


def _tag(match: re.Match[str], _: Collection[str]) -> str:
    name, inner = match[1], match[2]
    if name not in _TAGS:
        meant = '; did you mean "elif"?' if name in ("elseif", "elsif") else did_you_mean(name, _TAGS)
        return f"there is no tag {quoted(name)}{meant}"
    if inner:
        return f"{{% {name} %}} stands where {{% {inner} %}} is to be closed by {{% {_ENDS.get(inner, inner)} %}}"
    return f"{{% {name} %}} has nothing to close"


def _token(match: re.Match[str], _: Collection[str]) -> str:
    if match[2] == "=":
        return '"=" has no place here; compare with "=="'
    return f"{quoted(match[2])} has no place here"


def _words(words: str) -> Told:
    return lambda *_: words


_MISTAKES: tuple[tuple[re.Pattern[str], Told], ...] = tuple(
    (re.compile(pattern, re.DOTALL), told)
    for pattern, told in (
        (r"No filter named '(.*)'\.", lambda match, known: f"there is no filter {quoted(match[1])}"
            f"{did_you_mean(match[1], known)}"),
        (r"No test named '(.*)'\.", lambda match, _: f"there is no test {quoted(match[1])}"),
        (r"unexpected char (?:'(.+)'|\"(?:.+)\") at \d+", _character),
        (r"Unexpected end of template\..*block that needs to be closed is '(\w+)'\.", _unclosed),
        (r"Encountered unknown tag '(\w+)'\.(?:.*block that needs to be closed is '(\w+)'\.)?.*", _tag),
        (r"unexpected end of template, expected 'end of (print|block|statement).*'\.", _words(
            '"{{" is not closed by "}}", or "{%" by "%}"')),
        (r"expected token '(end of [\w ]+)', got '(.+)'", _token),
        (r"(?:Expected an expression, got|unexpected) 'end of print statement'", _words(
            'between "{{" and "}}" something is missing')),
        (r"(?:Expected an expression, got|unexpected) 'end of statement block'|tag name expected", _words(
            'between "{%" and "%}" something is missing')),
        (r"unexpected '.+', expected '(.+)'", lambda match, _: f"{quoted(match[1])} is missing"),
        (r"unexpected '(.+)'", lambda match, _: f"{quoted(match[1])} has no place here"),
        (r"Missing end of comment tag", _words('"{#" is not closed by "#}"')),
        (r"Missing end of raw directive", _words("{% raw %} is not closed by {% endraw %}")),
        (r"no loader for this environment specified", _words("other texts can't be included here")),
        (r"division by zero", _words("it divides by zero")),
        (r"'(?:int|float)' object is not iterable", _words("it takes a number for a list")),
    )
)  # fmt: skip
