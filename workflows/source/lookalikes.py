"""Signs that look like those that YAML needs: full-width ones, curly quotes, spaces that aren't, nothing at all."""

import re

_HALF = {
    **{chr(0xFF01 + place): chr(0x21 + place) for place in range(94)},
    **dict(zip("、“”‘’【】–—", ",\"\"''[]--", strict=True)),
    **dict.fromkeys("\u3000\xa0", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
}

SIGNS = re.compile(f"[{''.join(_HALF)}]")
MARKS = re.compile("[“”‘’\u3000\xa0\u200b-\u200d\u2060\ufeff]")
"""Those that no name holds."""


def half_of(sign: str) -> str | None:
    """The half-width sign that this one looks like; None if it looks like none."""
    return _HALF.get(sign) or None


def instead_of(text: str, index: int) -> str:
    """What is wrong with the sign that stands there, and what to write instead."""
    sign = text[index]
    match _HALF[sign]:
        case "":
            return f"an invisible character (U+{ord(sign):04X}); delete it"
        case " ":
            return f"a space that YAML takes for text (U+{ord(sign):04X}); write an ordinary space"
        case ":" | "," as half if not text[index + 1 : index + 2].isdigit():
            return f'full-width "{sign}" where YAML needs "{half} " (a half-width sign and a space)'
        case "'" | '"':
            return f"a curly quote, {sign}; write straight ones"
        case half:
            return f'full-width "{sign}" where a half-width "{half}" is needed'
