"""What the text of an email is: a subject in the head between lines of `---`, and below it what is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from domain.texts.wechat import has_head
from workflows.source.diagnostics import Diagnostic, split_lines

LONGEST_SUBJECT = 200
_HEAD = re.compile(r"\A\s*---[ \t]*\r?\n(?P<head>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_SUBJECT = re.compile(r"^[ \t]*subject[ \t]*:[ \t]*(?P<subject>.*?)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[ \t]*([A-Za-z_]+)[ \t]*:")
_SETTING = re.compile(r"[ \t]*(?:\{%\s*set\b.*%\}|\{#.*#\})?[ \t]*")
_URL = re.compile(r"https?://[^\s<>\"'（）【】，。；]+")


class MailError(ValueError):
    """A text that is no email; the message says why."""


@dataclass(frozen=True)
class Mail:
    """An email: its subject, and its text, whose paragraphs stand apart by empty lines."""

    subject: str
    text: str

    @property
    def html(self) -> str:
        """The text as HTML in which nothing runs: what is written is text, and addresses of the web are links."""
        paragraphs = (part for part in re.split(r"\n\s*\n", self.text) if part.strip())
        body = "".join(f"<p>{_linked(part.strip())}</p>" for part in paragraphs)
        return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'


def read(body: str) -> Mail:
    """A rendered text as what it is sent as. Raises MailError."""
    head = _HEAD.match(body) if has_head(body) else None
    subject = _SUBJECT.search(head["head"]) if head else None
    if head is None or subject is None or not subject["subject"]:
        raise MailError("the email has no subject")
    text = body[head.end() :].strip()
    if not text:
        raise MailError("the email is empty")
    if len(subject["subject"]) > LONGEST_SUBJECT:
        raise MailError(f"the subject has more than {LONGEST_SUBJECT} characters")
    return Mail(subject["subject"], text)


def check(path: str, source: str) -> Iterator[Diagnostic]:
    """What is wrong with a template's head."""
    text = source.replace("\r\n", "\n")
    head = _HEAD.match(text)
    if head is None:
        yield Diagnostic(path, 1, 1, "E091", "an email begins with its subject, between lines of ---", width=1)
        return
    first = text.count("\n", 0, head.start("head")) + 1
    subject = _SUBJECT.search(head["head"])
    if subject is None or not subject["subject"]:
        yield Diagnostic(path, max(1, first - 1), 1, "E091", "the head has no subject: …", width=3)
    for number, line in enumerate(split_lines(head["head"]), start=first):
        key = _KEY.match(line)
        if not _SETTING.fullmatch(line) and (key is None or key[1] != "subject"):
            yield Diagnostic(
                path, number, 1, "E091", "the head of an email is its subject: … alone", width=len(line) or 1
            )
    if not text[head.end() :].strip():
        yield Diagnostic(path, max(1, first - 1), 1, "E091", "below the head nothing is written", width=3)


def _linked(text: str) -> str:
    parts: list[str] = []
    at = 0
    for url in _URL.finditer(text):
        parts.append(escape(text[at : url.start()]))
        parts.append(f'<a href="{escape(url[0])}">{escape(url[0])}</a>')
        at = url.end()
    parts.append(escape(text[at:]))
    return "".join(parts).replace("\n", "<br>")
