"""What holds for messages in China: who signs a text, how it is refused, and how people say that they refuse."""

import re
import unicodedata

SIGNATURE = re.compile(r"\s*【[^【】\s]{1,20}】")
"""Who writes, in front of the text, as the operators demand of every commercial message."""

OPT_OUT = re.compile(r"退订|拒收|取消订阅|(?<![A-Za-z])STOP(?![A-Za-z])|(?i:unsubscribe)")
"""How to refuse further messages: 拒收请回复R, 回T退订, 退订回TD, Reply STOP to unsubscribe."""

_REFUSALS = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "停止", "取消"),
        *("td", "tdtd", "t", "qx", "r", "n", "0000"),
    }
)
_REFUSING = re.compile(r"退[订訂]|拒[收绝絕]|取消[订訂][阅閱]|(不要|别|別|勿)再?(给我|給我)?[发發](短信|信息|消息|了)")
_BEGINNINGS = frozenset({"start", "unstop"})


def missing_of_marketing(text: str) -> str | None:
    """What a marketing text lacks that the rules demand of it, in plain words; None if it is in order."""
    if not SIGNATURE.match(text):
        return "no signature like 【shop】 in front"
    return None if OPT_OUT.search(text) else "no way to refuse, like 拒收请回复R"


def is_refusal(reply: str) -> bool:
    """Whether a reply says that no more messages are wanted. Where it is in doubt, they aren't."""
    word = _word(reply)
    return word in _REFUSALS or _REFUSING.search(word) is not None


def is_beginning(reply: str) -> bool:
    """Whether a reply is a keyword that only lifts the provider's own block."""
    return _word(reply) in _BEGINNINGS


def _word(reply: str) -> str:
    """The reply as a keyword: full-width letters folded, without blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", reply).casefold()
    return "".join(each for each in folded if each.isalnum())
