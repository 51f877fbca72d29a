"""What a WeChat text says it is: a head between lines of `---` makes it a subscription message or an article's link.

The head comes from the template alone. In a text that has one, whatever is filled in stays on its line, and no text
gets one by what is filled in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from workflows.source.diagnostics import Diagnostic, did_you_mean, quoted, split_lines

_HEAD = re.compile(r"\A\s*---[ \t]*\r?\n")
_HEADS = re.compile(r"\A(?:\s*---[ \t]*\r?\n)+")
_RULE = re.compile(r"---[ \t]*")
_ENTRY = re.compile(r"(?P<indent>[ \t]*)(?P<key>[A-Za-z_]+[0-9]*)[ \t]*:[ \t]*(?P<value>.*?)[ \t]*")
_SETTING = re.compile(r"[ \t]*\{%\s*set\b.*%\}[ \t]*|[ \t]*\{#.*#\}[ \t]*|[ \t]*")
_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_TRIMMING = re.compile(r"\{[{%#]-|-[}%#]\}")
_MISPLACED = re.compile(r"^---[ \t]*\n(?:subscribe|article)[ \t]*:", re.MULTILINE)

_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_HOUR = r"\d{1,2}:\d{2}(?::\d{2})?"
_TIME, _DATE = rf"(?:{_DAY} ?)?{_HOUR}", rf"{_DAY}(?: ?{_HOUR})?"
_HAN = "\u4e00-\u9fff"


@dataclass(frozen=True)
class _Kind:
    pattern: re.Pattern[str]
    rule: str
    longest: int


def _kind(pattern: str, rule: str, longest: int) -> _Kind:
    return _Kind(re.compile(pattern), rule, longest)


KINDS: Mapping[str, _Kind] = {
    "thing": _kind(r".{1,20}", "1 to 20 characters", 20),
    "number": _kind(r"-?(?=[\d.]{1,32}$)\d+(?:\.\d+)?", "a number of up to 32 digits", 33),
    "letter": _kind(r"[A-Za-z]{1,32}", "1 to 32 letters", 32),
    "symbol": _kind(rf"[^\w\s{_HAN}]{{1,5}}", "1 to 5 symbols", 5),
    "character_string": _kind(rf"[^{_HAN}]{{1,32}}", "1 to 32 digits, letters or symbols", 32),
    "time": _kind(rf"{_TIME}(?: ?~ ?{_TIME})?", "a time like 15:01 or 2019年10月1日 15:01", 60),
    "date": _kind(rf"{_DATE}(?: ?~ ?{_DATE})?", "a day like 2019年10月1日, also with a time", 60),
    "amount": _kind(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?", "an amount of up to 10 digits, like 59元", 20),
    "phone_number": _kind(r"[\d+() -]{1,17}", "a phone number of up to 17 digits", 17),
    "car_number": _kind(rf"[{_HAN}A-Za-z0-9]{{1,8}}", "a plate of up to 8 characters", 8),
    "name": _kind(r"[ -~]{1,20}|.{1,10}", "a name of up to 10 characters, or 20 letters", 20),
    "phrase": _kind(rf"[{_HAN}]{{1,5}}", "1 to 5 Chinese characters", 5),
    "const": _kind(r".{0,20}", "a value that WeChat has approved, of up to 20 characters", 20),
}
"""The kinds of a template's arguments, which their names begin with.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
"""

_OF_SUBSCRIPTION = ("subscribe", "page", "miniprogram")
_OF_ARTICLE = ("article", "url", "picture")


class TextError(ValueError):
    """A text that WeChat would not take; the message begins with the error code that it would give."""


@dataclass(frozen=True)
class Plain:
    """A text message."""

    text: str


@dataclass(frozen=True)
class Article:
    """A link with a title, a picture and some words."""

    title: str
    url: str
    picture: str
    description: str


@dataclass(frozen=True)
class Subscription:
    """A message made of a template that the customer subscribed to. `miniprogram` is an appid and a path."""

    template: str
    arguments: Mapping[str, str]
    page: str | None = None
    miniprogram: tuple[str, str] | None = None


def has_head(text: str) -> bool:
    """Whether a template or a text begins with a head."""
    return _HEAD.match(text) is not None


def without_head(text: str) -> str:
    """A text that can't be taken for one with a head."""
    return _HEADS.sub("", text)


def on_one_line(value: str) -> str:
    """What is filled in, without line breaks."""
    return _BREAKS.sub(" ", value)


def subscribed_template(source: str) -> str | None:
    """The id of the template that a text is sent by, if it is a subscription message."""
    return next((entry.value for entry in _entries(source) if entry.key == "subscribe"), None)


def read(body: str) -> Plain | Article | Subscription:
    """A rendered text as what it is sent as. Raises TextError."""
    if not has_head(body):
        if not body.strip():
            raise TextError("44004 the text is empty")
        return Plain(body)
    entries = {entry.key: entry.value for entry in _entries(body)}
    if "subscribe" in entries:
        return _subscription(entries)
    if "article" in entries:
        for name in ("article", "url"):
            if not entries.get(name):
                raise TextError(f"44003 the article has no {'title' if name == 'article' else name}")
        return Article(entries["article"], entries["url"], entries.get("picture", ""), _below_head(body))
    raise TextError("40037 the head names neither a template nor an article")


def check(path: str, source: str, *, mini: bool = False) -> Iterator[Diagnostic]:
    """What is wrong with a template's head, as far as it can be told before it is filled in.

    A text of a `mini` program is a subscription message, and opens a page of that program.
    """
    text = source.replace("\r\n", "\n")
    if mini and not (has_head(text) and "subscribe" in {entry.key for entry in _entries(text)}):
        yield Diagnostic(path, 1, 1, "E050", "a mini program sends subscription messages alone; write subscribe: …")
        return
    if mini and (other := next((entry for entry in _entries(text) if entry.key == "miniprogram"), None)):
        yield other.flaw(path, "E050", "page: names the page that opens; a mini program opens no other")
    if not has_head(text):
        if misplaced := _MISPLACED.search(text):
            line_number = text.count("\n", 0, misplaced.start()) + 1
            yield Diagnostic(path, line_number, 1, "E050", "the head must be the first thing in the text", width=3)
        return
    first, lines = _head_lines(text)
    if not any(_RULE.fullmatch(line) for line in lines):
        yield Diagnostic(path, first - 1, 1, "E050", "the head isn't closed by a line of ---", width=3)
        return
    seen: dict[str, _Entry] = {}
    for number, line in enumerate(lines, start=first):
        if _RULE.fullmatch(line):
            break
        if trim := _TRIMMING.search(line):
            words = "takes the line's end away; write it without the -"
            yield Diagnostic(path, number, trim.start() + 1, "E050", f"{quoted(trim[0])} {words}", width=3)
        elif _SETTING.fullmatch(line):
            continue
        elif (entry := _entry(line, number)) is None:
            yield Diagnostic(path, number, 1, "E050", "not a line like thing1: …", width=max(1, len(line)))
        elif entry.key in seen:
            yield entry.flaw(path, "E050", f"{quoted(entry.key)} is written twice")
        else:
            seen[entry.key] = entry
    yield from _check_entries(path, first - 1, seen)


@dataclass(frozen=True)
class _Entry:
    key: str
    value: str
    line: int
    column: int
    value_column: int

    @property
    def is_fixed(self) -> bool:
        return "{{" not in self.value and "{%" not in self.value

    def flaw(self, path: str, code: str, message: str, *, of_value: bool = False) -> Diagnostic:
        column, width = (self.value_column, len(self.value)) if of_value else (self.column, len(self.key))
        return Diagnostic(path, self.line, column, code, message, width=max(1, width))


def as_html(article: Article) -> str:
    """An article as HTML in which nothing runs: what is written is text, and links lead to the web alone."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in article.description.splitlines())
    picture = f'<img src="{escape(article.picture)}" alt="">' if _leads_to_the_web(article.picture) else ""
    more = ""
    if _leads_to_the_web(article.url):
        more = f'<p><a href="{escape(article.url)}" rel="noopener noreferrer nofollow" target="_blank">阅读全文</a></p>'
    return f"<article><h1>{escape(article.title)}</h1>{picture}{lines}{more}</article>"


def _leads_to_the_web(url: str) -> bool:
    return re.match(r"https?://[^\s/]", url, re.IGNORECASE) is not None


def _check_entries(path: str, line: int, entries: Mapping[str, _Entry]) -> Iterator[Diagnostic]:
    subscribe, article = entries.get("subscribe"), entries.get("article")
    if subscribe is None and article is None:
        yield Diagnostic(path, line, 1, "E050", "the head says neither subscribe: nor article:", width=3)
        return
    keys = _OF_SUBSCRIPTION if subscribe else _OF_ARTICLE
    for entry in entries.values():
        if entry.key in keys:
            continue
        kind = _kind_of(entry.key)
        if subscribe is None or kind is None:
            names = [*keys, *(f"{name}1" for name in KINDS)] if subscribe else keys
            yield entry.flaw(path, "E050", f"unknown key {quoted(entry.key)}{did_you_mean(entry.key, names)}")
        elif entry.is_fixed and _fitted(kind, entry.value) != entry.value:
            yield entry.flaw(path, "E051", f"{entry.key} must be {kind.rule}", of_value=True)
    if subscribe and not (subscribe.value and subscribe.is_fixed):
        yield subscribe.flaw(path, "E050", "subscribe: names the template by its id, as WeChat shows it")
    if subscribe and not any(_kind_of(key) for key in entries):
        yield subscribe.flaw(path, "E050", "a subscription message has arguments, like thing1: …")
    if (program := entries.get("miniprogram")) and program.is_fixed and not all(program.value.partition("/")[::2]):
        yield program.flaw(path, "E050", "miniprogram: is an appid, a / and the page in it", of_value=True)
    if article:
        url = entries.get("url")
        if not (article.value and url and url.value):
            yield article.flaw(path, "E050", "an article has a title and a url:")


def _subscription(entries: Mapping[str, str]) -> Subscription:
    arguments = {}
    for key, value in entries.items():
        if key in _OF_SUBSCRIPTION:
            continue
        kind = _kind_of(key)
        if kind is None:
            raise TextError(f"47003 {key} is no argument")
        fitted = _fitted(kind, value)
        if fitted is None:
            raise TextError(f"47003 {key} must be {kind.rule}")
        arguments[key] = fitted
    if not entries["subscribe"]:
        raise TextError("40037 the head names no template")
    if not arguments:
        raise TextError("47003 there are no arguments")
    appid, slash, page = entries.get("miniprogram", "").partition("/")
    program = (appid, page) if slash and appid and page else None
    return Subscription(entries["subscribe"], arguments, entries.get("page") or None, program)


def _kind_of(key: str) -> _Kind | None:
    name = key.rstrip("0123456789")
    return KINDS.get(name) if name != key else None


def _fitted(kind: _Kind, value: str) -> str | None:
    """The value as WeChat takes it: a thing that is too long is cut. None if it doesn't."""
    if kind is KINDS["thing"] and len(value) > kind.longest:
        value = value[: kind.longest - 1] + "…"
    return value if kind.pattern.fullmatch(value) else None


def _head_lines(text: str) -> tuple[int, list[str]]:
    """The number of the line after the opening rule, and the lines from there on."""
    match = _HEAD.match(text)
    opening = text[: match.end()] if match else ""
    return opening.count("\n") + 1, split_lines(text[len(opening) :])


def _entries(text: str) -> Iterator[_Entry]:
    """The entries of a head; lines that are none are passed over."""
    if not has_head(text):
        return
    first, lines = _head_lines(text)
    for number, line in enumerate(lines, start=first):
        if _RULE.fullmatch(line):
            return
        if entry := _entry(line, number):
            yield entry


def _entry(line: str, number: int) -> _Entry | None:
    match = _ENTRY.fullmatch(line)
    return match and _Entry(match["key"], match["value"], number, match.start("key") + 1, match.start("value") + 1)


def _below_head(text: str) -> str:
    """What stands under the head, without empty lines."""
    _, lines = _head_lines(text)
    end = next((index for index, line in enumerate(lines) if _RULE.fullmatch(line)), len(lines))
    return "\n".join(line.strip() for line in lines[end + 1 :] if line.strip())
