"""Who is friends with whom in WeCom (企业微信): only an employee's friends can be written to."""

from collections.abc import Sequence, Set
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.channels.tables import WecomFriend


def note_friends(session: Session, external_userid: str, userid: str, friends: bool, at: datetime) -> None:
    """Record that a customer and an employee are friends since `at`, or are no more; the latest `at` wins."""
    row = insert(WecomFriend).values(external_userid=external_userid, userid=userid, friends=friends, at=at)
    values = {"friends": friends, "at": at}
    session.execute(
        row.on_conflict_do_update(
            index_elements=["external_userid", "userid"], set_=values, where=col(WecomFriend.at) <= at
        )
    )


def unfriended(session: Session, external_userids: Sequence[str]) -> Set[str]:
    """Those who lost a friend and aren't known to have another. Friends from before we listened count as friends."""
    query = (
        select(WecomFriend.external_userid)
        .where(col(WecomFriend.external_userid).in_(external_userids))
        .group_by(col(WecomFriend.external_userid))
        .having(~func.bool_or(WecomFriend.friends))
    )
    return set(session.exec(query))
