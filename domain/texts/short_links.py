"""The short links of messages in the database, apart from what makes them, so that checking a text needs none."""

from collections.abc import Mapping

from sqlmodel import Session, select

from domain.store.bulk import insert_all
from domain.texts.links import Site
from domain.texts.tables import Link


def keep(session: Session, links_by_message: Mapping[int, Mapping[str, str]]) -> None:
    """Store what the links of messages lead to, by the keys of the messages."""
    rows = [
        {"token": token, "message_id": message, "url": url} for message, links in links_by_message.items()
        for token, url in links.items()
    ]  # fmt: skip
    if rows:
        insert_all(session, Link, rows)


def target(session: Session, site: Site, token: str) -> Link | None:
    """What a link of ours leads to; None for one that isn't ours, which costs no look into the database."""
    if site.read("link", token) is None:
        return None
    return session.exec(select(Link).where(Link.token == token)).first()
