"""What an email is known by outside, signed, so that nobody can speak of one that we didn't send."""

from domain.texts.links import Site

UNSUBSCRIBE = "/unsubscribe"


def name_of(key: int, site: Site | None) -> str:
    """The first part of the Message-ID of a message of the ledger."""
    return site.sign("email", f"{key}.") if site else f"{key}."


def key_of(name: str, site: Site) -> int | None:
    """The ledger's key of a Message-ID of ours, with or without its brackets; None for any other."""
    value = site.read("email", name.strip().strip("<>").rpartition("@")[0])
    return _number(value.removesuffix(".") if value else None)


def unsubscribe_url(key: int, site: Site) -> str:
    """Where whoever got the message unsubscribes by one click. It holds for as long as the message is kept."""
    return f"{site.url}{UNSUBSCRIBE}/{site.sign('unsubscribe', str(key))}"


def unsubscribed_key(token: str, site: Site) -> int | None:
    """The ledger's key that a token of ours names; None for any other."""
    return _number(site.read("unsubscribe", token))


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 19 else None
