"""A comment cut into clauses, and a clause into what the reader has learned weights for."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

from opencc import OpenCC

LONGEST = 2_000
"""Of a comment this many characters are read."""

NAMED = "这个"
"""Stands for a product's name, which says nothing of it."""

_HAN = r"[\u3400-\u9fff]"
_CUT = re.compile(
    r"(?<!\d)[,.](?=\S)|[,.](?!\d)|[，。！!？?；;～~…、\n\r\t]+"
    rf"|(?<={_HAN})\s+|\s+(?={_HAN})"
    r"|(?<=\w\w)(?=但是|可是|不过|就是(?!说)|只是)|(?<=\w\w)(?<!不)(?=但(?!是))"
)
_ASKED = re.compile(r"[?？]")
_LINK = re.compile(r"https?://\S+")
_DIGITS = re.compile(r"[0-9]+")
_AGAIN = re.compile(r"(.)\1{2,}")
_OR_NOT = re.compile(r"(\w)[不没]\1|(\w\w)不\2|是.{1,8}还是")


def clauses(text: str) -> list[str]:
    """The parts of a comment between punctuation, and before words like 但是, as they are written."""
    parts = (part.strip(" ,.，。:：") for part in _cut(text[:LONGEST]))
    return [part for part in parts if part]


def _cut(text: str) -> Iterator[str]:
    """A question mark stays with what it asks."""
    start = 0
    for found in _CUT.finditer(text):
        yield text[start : found.end() if _ASKED.search(found[0]) else found.start()]
        start = found.end()
    yield text[start:]


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


def plain(text: str) -> str:
    """One way of writing: simplified characters, half-width, small letters; numbers are 0, a run of one sign is two."""
    text = text.encode(errors="replace").decode()
    text = _simplified().convert(unicodedata.normalize("NFKC", text).lower().replace("\ufeff", ""))
    return _AGAIN.sub(r"\1\1", _DIGITS.sub("0", _LINK.sub("0", text)))


def nameless(plain_text: str, names: Iterable[str]) -> str:
    """The text without these names: what is called 贵妃芒 isn't dear for it. The longest go first."""
    for name in sorted((each for each in names if each in plain_text), key=len, reverse=True):
        plain_text = plain_text.replace(name, NAMED)
    return plain_text


def phrase_key(text: str) -> str:
    """What stands for a text however it is written; of any text the same number of characters."""
    return sha256(plain(text).encode()).hexdigest()


def grams(plain_text: str) -> set[str]:
    """All runs of one to three signs, its ends marked; and whether it asks "is it, or isn't it?"."""
    marked = f"^{plain_text}$"
    found = {marked[start : start + size] for size in (1, 2, 3) for start in range(len(marked) + 1 - size)}
    if _OR_NOT.search(plain_text):
        found.add("<or not>")
    return found
