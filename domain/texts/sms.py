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
_POLITE = re.compile(
    r"^(?:please|pls|plz|kindly|thanks|thank|thx|you|u|ok|okay|hi|hello|now)$"
    r"|(?:请|請|麻烦|麻煩|你好|您好|好的|好|我|已经|已|回复|回覆|回復|回|[发發]送|[发發]|短信|谢|謝|多谢|多謝|感谢|您|你|了|吧|啊|哦)+"
)
"""What is said around a keyword and changes nothing."""

_ORDER = "[单單金货貨款票房机機餐酒座位商产產菜这這那]"
_REFUSING = re.compile(
    rf"退[订訂定](?!{_ORDER})|拒收(?!了?(?:{_ORDER}|快[递遞]|包裹))|拒[绝絕](?!了?(?:退|[换換]|付|[签簽]|{_ORDER}))"
    r"|取消[订訂][阅閱]|(不要|别|別|勿)再?(给我|給我)?[发發](短信|信息|消息|了)"
)
"""Refusals in a sentence. What is called off or sent back there may also be an order: 退订单, 退定金, 拒收快递."""

_SENDING = "(?:text|messag|send|contact|writ|call|email|spam|bother)"
_REFUSING_WORDS = re.compile(
    rf"(?<!t )(?<!dont )(?<!not )(?<!never )\b(?:stop|quit)(?: \w+)? {_SENDING}(?:e?s|ing|e)?\b"
    r"|(?<!t )(?<!dont )(?<!not )\bunsubscribe(?: me| us| my number| from\b.*)"
    r"|\bopt(?: me| us)? out\b|\bremove (?:me|my number)\b|\btake me off\b|\bno more (?:texts|messages|sms)\b"
    rf"|\b(?:do not|don t|dont|never) {_SENDING}e? (?:me|us|to)\b|\bstop (?:it|this|these|all)$|\bleave me alone\b"
)
_PARTS = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_BEGINNINGS = frozenset({"start", "unstop"})


def missing_of_marketing(text: str) -> str | None:
    """What a marketing text lacks that the rules demand of it, in plain words; None if it is in order."""
    if not SIGNATURE.match(text):
        return "no signature like 【shop】 in front"
    return None if OPT_OUT.search(text) else "no way to refuse, like 拒收请回复R"


def is_refusal(reply: str) -> bool:
    """Whether a reply says that no more messages are wanted. Where it is in doubt, they aren't."""
    word, parts = _word(reply), _parts(reply)
    words = [stripped for part in parts if (stripped := _POLITE.sub("", part))]
    return (
        word in _REFUSALS
        or (bool(words) and _REFUSALS.issuperset(words))
        or _REFUSING.search(word) is not None
        or _REFUSING_WORDS.search(" ".join(parts)) is not None
    )


def is_beginning(reply: str) -> bool:
    """Whether a reply is a keyword that only lifts the provider's own block."""
    return _word(reply) in _BEGINNINGS


def _word(reply: str) -> str:
    """The reply as a keyword, without blanks and punctuation."""
    return "".join(_parts(reply))


def _parts(reply: str) -> list[str]:
    """The words of a reply, those in Latin letters apart from the others; full-width letters are folded."""
    return _PARTS.findall(unicodedata.normalize("NFKC", reply).casefold())
