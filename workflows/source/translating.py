"""How sentences are put into Chinese by a catalogue of English ones with their places in braces."""

import re
from collections.abc import Callable, Mapping
from functools import cache

_HINTS = (
    (re.compile(r'(.+); did you mean "([^"]*)"\?'), "{0}；是不是“{1}”？"),
    (re.compile(r"(.+); it begins with one of (.+)"), "{0}；开头是其中之一：{1}"),
    (re.compile(r"(.+); known here are (.+)"), "{0}；这里有 {1}"),
    (re.compile(r"(.+); there are (.+)"), "{0}；有 {1}"),
    (re.compile(r"(.+); it has (.+)"), "{0}；有 {1}"),
)
_PLACE = re.compile(r"\{([a-z]+)\}")


def _regex(english: str) -> str:
    parts = _PLACE.split(english)
    return "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))


def translator(sentences: Mapping[str, str]) -> Callable[[str], str]:
    """What puts the sentences of a catalogue into Chinese; one that isn't in it stays as it is.

    A form without words of its own, as `{name}: {problem}`, is one only if something that stands in it is.
    """

    @cache
    def patterns() -> list[tuple[re.Pattern[str], str, bool]]:
        """The sentences, those with the most of their own words first; and whether they have any."""
        by_words = sorted(sentences.items(), key=lambda pair: -len(_PLACE.sub("", pair[0])))
        return [
            (re.compile(_regex(english), re.DOTALL), chinese, re.search(r"\w", _PLACE.sub("", english)) is not None)
            for english, chinese in by_words
        ]

    def told(message: str) -> str:
        for hint, form in _HINTS:
            if (match := hint.fullmatch(message)) and (head := told(match[1])) != match[1]:
                return form.format(head, match[2])
        for pattern, chinese, has_words in patterns():
            if match := pattern.fullmatch(message):
                values = {name: told(value) for name, value in match.groupdict().items()}
                if not has_words and values == match.groupdict():
                    continue
                if "{{" not in values.get("example", "{{"):
                    values["example"] = values["example"].replace(" or ", " 或 ")
                parts = _PLACE.split(chinese)
                return "".join(values[part] if place % 2 else part for place, part in enumerate(parts))
        return message

    return told
