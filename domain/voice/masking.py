"""What in a comment names or reaches a person, taken out."""

import re

_PRIVATE = re.compile(
    r"(?<![0-9A-Za-z])(?:\+?86[-\s]?)?1[3-9][0-9](?:[-\s.]?[0-9]){8}(?![0-9])"  # a mobile number
    r"|(?<![0-9])0[0-9]{2,3}[-\s][0-9]{7,8}(?![0-9])"  # a landline
    r"|(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])"  # an identity card
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an address of e-mail
    r"|(?<![0-9])[0-9](?:[-\s]?[0-9]){10,}(?![0-9])"  # a number as long as those
)
_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")


def masked(text: str) -> str:
    """The text with `***` in the place of telephone numbers, addresses of e-mail and numbers of identity cards."""
    return _PRIVATE.sub("***", text.translate(_WIDE))
