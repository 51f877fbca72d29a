"""What a process counts of messages: each answer and each receipt of a provider, once it is written down."""

import re

from prometheus_client import Counter

from workflows.terms.channels import Channel

MESSAGES = Counter(
    "aftershow_messages",
    "What providers said of messages, by channel, by what became of them and by the reason, if there is one.",
    ["channel", "status", "reason"],
)
_CODE = re.compile(r"(?<![\w+.-])-?\d{3,6}(?![\w.-])")
_OURS = re.compile(r"[A-Za-z_ ,']{1,60}(?=:|$)")


def count_message(channel: Channel, status: str, reason: str | None = None) -> None:
    """Count what was said of a message."""
    MESSAGES.labels(channel, status, _code_of(reason) if reason else "").inc()


def _code_of(reason: str) -> str:
    """The provider's code, or what we call it: never its words, which are many and may name somebody."""
    found = _CODE.search(reason) or _OURS.match(reason)
    return found.group() if found else "other"
