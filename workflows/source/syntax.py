"""What the YAML reader stumbles over, in plain words, and where it was really meant differently."""

import re
from typing import TYPE_CHECKING

from ruamel.yaml.error import MarkedYAMLError

from workflows.source.lookalikes import instead_of

if TYPE_CHECKING:
    from workflows.source.tree import Source


def report_syntax(source: "Source", error: MarkedYAMLError) -> None:
    """Say in plain words, at its place, what the reader could make nothing of."""
    mark = error.problem_mark or error.context_mark
    index = min(mark.index, len(source.text)) if mark else 0
    line, _ = source.position(index)
    previous = source.start_of(max(1, line - 1))
    ending = source.text.find("\n", index)
    if _point_out_full_width(source, previous, ending if ending >= 0 else len(source.text)):
        return
    problem, context = str(error.problem or "not valid YAML"), str(error.context or "")
    opened = error.context_mark
    if opened and "quoted" in context and "end of stream" in problem:
        source.report_at(opened.index, 1, "E001", "this quote is not closed")
        return
    if opened and "flow" in context and ("stream end" in problem or source.position(opened.index)[0] < line):
        behind = source.text[opened.index :].split("\n", 1)[0]
        hint = "; a `#` begins a comment, so a text with one needs quotes" if " #" in behind else ""
        source.report_at(opened.index, 1, "E001", f"this bracket is not closed{hint}")
        return
    if source.text[index : index + 1] == "\t":
        source.report_at(index, 1, "E001", "a tab cannot stand here; use spaces")
        return
    if _point_out_no_space(source, previous, index):
        return
    if source.text[index : index + 1] == ":":
        problem = "mapping values are not allowed here"
    for pattern, plain in _PLAIN_WORDS.items():
        if pattern in problem:
            source.report_at(index, 1, "E001", plain)
            return
    source.report_at(index, 1, "E001", f"{problem} {context}".strip())


_PLAIN_WORDS = {
    "mapping values are not allowed here": 'a second ":" in this value; put the value in quotes, or mend the indent',
    "cannot start any token": "this character cannot begin a value; indent with spaces, and put special text in quotes",
    "expected ',' or": 'a "," or a closing bracket is missing before this',
    "but found '<block mapping start>'": "the indent does not fit the lines above",
    "expected <block end>": "this does not fit what stands before it; look at the indent",
    "expected '<document start>'": "nothing more is expected here; look at the brackets before it",
}


def _outside_quotes(text: str) -> str:
    """The text, as long as it was, with what is quoted or a comment blotted out."""
    return re.sub(r"""(["'])(?:(?!\1)[^\n])*\1|(?<=\s)#[^\n]*""", lambda m: "_" * len(m[0]), text)


def _point_out_full_width(source: "Source", start: int, end: int) -> bool:
    """Report the first unquoted full-width sign of the stretch that stands where a half-width one is meant."""
    sign = "[\uff0c\u3001\uff1b]"
    match = re.search(
        rf"^[ \t\-{{]*[\w.]+(\uff1a)|[\w\]}}]({sign})\s*\w+\s*[:\uff1a]|\[[^\]]*({sign})"
        rf"|[:,\[]\s*([“‘【\uff5b\uff3b])|^\s*([\uff0d—–])\s|^ *([\u3000\xa0])|:([\u3000\xa0])",
        _outside_quotes(source.text[start:end]),
        re.MULTILINE,
    )
    if not match:
        return False
    index = start + match.start(match.lastindex or 0)
    source.report_at(index, 1, "E005", instead_of(source.text, index))
    return True


def _point_out_no_space(source: "Source", start: int, end: int) -> bool:
    """Report the first key or dash of the stretch that isn't followed by the space it needs."""
    match = re.search(
        r"^\s*(-)(?=[\w{])|(?:^[ \-]*|[{,]\s*)[A-Za-z_]\w*(:)(?=[^\s:/,\]}])",
        _outside_quotes(source.text[start:end]),
        re.MULTILINE,
    )
    if not match:
        return False
    index = start + match.start(match.lastindex or 0)
    source.report_at(index, 1, "E001", f'a space is missing after this "{source.text[index]}"')
    return True
