"""What is wrong with a file, where, and how it is shown: like a compiler does, one stable code per kind of mistake."""

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workflows.source.chinese import in_chinese

Severity = Literal["error", "warning"]

CODES: dict[str, str] = {
    "E001": "not valid YAML",
    "E002": "too big, too deep or too long",
    "E003": "not text",
    "E004": "key written twice",
    "E005": "full-width punctuation",
    "E006": "not a mapping",
    "E007": "YAML feature that is not used here",
    "E008": "file cannot be read",
    "E009": "nothing written",
    "E010": "unknown key",
    "E011": "missing key",
    "E012": "unknown channel",
    "E013": "wrong kind of value",
    "E014": "not one of the possible values",
    "E015": "value cannot be read",
    "E016": "step without a verb",
    "E017": "step with two verbs",
    "E018": "condition without exactly one subject",
    "E019": "comparison that compares nothing",
    "E020": "empty list",
    "E021": "id used twice",
    "E022": "step without an id",
    "E023": "unknown template",
    "E024": "template has no text for the channel",
    "E025": "unknown coupon campaign",
    "E026": "unknown segment",
    "E027": "unknown field",
    "E028": "unknown event",
    "E029": "field not known here",
    "E030": "unknown step",
    "E031": "step that cannot give this",
    "E032": "weights that do not sum to 100",
    "E033": "variant named twice",
    "E034": "step that cannot be reached",
    "E035": "per does not start with customer",
    "E036": "journey not named like its file",
    "E037": "unknown festival",
    "E038": "unknown timezone",
    "E039": "template variable that nothing provides",
    "E040": "unknown webhook",
    "E041": "keys that exclude each other",
    "E042": "segments, measures or tags that refer to each other in a circle",
    "E043": "broken template",
    "E044": "period that ends before it begins",
    "E045": "too many mistakes",
    "E046": "text, segment or campaign that what customers are in still needs",
    "E047": "policy loosened",
    "E050": "head of a WeChat text that cannot be read",
    "E051": "argument that WeChat does not take",
    "E052": "value that doesn't fit its use in a text",
    "E055": "rules of identity that do not fit together",
    "E056": "word that a lexicon has twice",
    "E057": "rule of tracking that cannot be read",
    "E060": "event about the business in a customer's place, or without a customer",
    "E061": "published elsewhere, and not in this file",
    "E062": "tag that a rule keeps, set by a step",
    "E063": "comparison that nothing fulfils",
    "E070": "part of a play that lacks what it works on",
    "E071": "prize that can't be given",
    "E072": "journey that a play can't start",
    "E080": "terms of a supplier that don't fit each other",
    "E081": "connector or output that can't work as it is written",
    "E090": "text that its SMS provider has not approved so",
    "E091": "email without a subject or a text",
    "W001": "wait that outlasts the goal",
    "W002": "event that nobody has described",
    "W003": "field that nobody has described",
    "W004": "marketing sms without a signature or a way to refuse",
    "W005": "text that looks like a field",
    "W006": "text that would read badly",
    "W007": "discount as high as its threshold",
    "W008": "amount of money without its unit",
    "W009": "rounds that are done at once",
    "W010": "tag that nobody gives",
    "W011": "day that is over",
    "W012": "coupon that later rounds don't get",
}

_SHOWN_CELLS = 200


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake. `line` and `column` are 1-based and count characters; `width` is in characters too."""

    path: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = "error"
    width: int = 1

    @property
    def place(self) -> tuple[str, int, int, str]:
        """Sorts diagnostics by file and position."""
        return self.path, self.line, self.column, self.code


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or nothing where no known word comes close."""
    near = _nearest(word, known, 0.6)
    return f'; did you mean "{near}"?' if near else ""


def slip_of(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is surely a slip of: nearly the same, or its letters in another order."""
    known = list(known)
    swapped = (candidate for candidate in known if len(word) > 3 and sorted(candidate) == sorted(word.casefold()))
    return next(swapped, None) or _nearest(word, known, 0.8)


def _nearest(word: str, known: Iterable[str], likeness: float) -> str | None:
    """By letters alone, whether large or small."""
    if len(word) > 60:
        return None
    small = {candidate.casefold(): candidate for candidate in known if len(candidate) <= 60}
    matches = difflib.get_close_matches(word.casefold(), small, n=1, cutoff=likeness)
    return small[matches[0]] if matches else None


def quoted(value: object) -> str:
    """A value as it is named in a message: in quotes, on one line, cut short."""
    text = " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
    return f'"{text[:57]}…"' if len(text) > 60 else f'"{text}"'


def render(diagnostic: Diagnostic, source: str | None = None, lang: Literal["zh", "en"] = "en") -> str:
    """The diagnostic in one line, with the line of `source` it is about and carets beneath, if a source is given."""
    message = in_chinese(diagnostic.message) if lang == "zh" else diagnostic.message
    warning = "注意：" if lang == "zh" else "warning: "
    head = (
        f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column} {diagnostic.code} "
        f"{warning if diagnostic.severity == 'warning' else ''}{message}"
    )
    lines = split_lines(source) if source is not None else []
    if not 1 <= diagnostic.line <= len(lines):
        return head
    line = lines[diagnostic.line - 1]
    start = min(diagnostic.column - 1, len(line))
    before, marked, after = line[:start], line[start : start + diagnostic.width], line[start + diagnostic.width :]
    if len(line) > _SHOWN_CELLS:
        before, after = _tail(before, _SHOWN_CELLS // 2), _head(after, _SHOWN_CELLS // 4)
        marked = _head(marked, _SHOWN_CELLS // 4)
    before, marked, after = _plain(before), _plain(marked), _plain(after)
    gutter = " " * len(str(diagnostic.line))
    carets = "^" * max(1, _cells(marked))
    return f"{head}\n  {diagnostic.line} | {before}{marked}{after}\n  {gutter} | {' ' * _cells(before)}{carets}"


def split_lines(text: str) -> list[str]:
    """The lines of a text as YAML counts them: ended by a line feed, a carriage return or both."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cells(text: str) -> int:
    """How many terminal cells a text fills: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _plain(text: str) -> str:
    text = text.replace("\t", "    ")
    shown = (
        character if character.isprintable() or character == "\u3000" or unicodedata.combining(character) else "\ufffd"
        for character in text
    )
    return "".join(shown)


def _head(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _tail(text: str, length: int) -> str:
    return text if len(text) <= length else "…" + text[-length:]
