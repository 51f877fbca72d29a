"""Whom a WeChat Official Account may write to: the windows that customers open, and the templates they subscribe to.

Messages of its own go only for a while after the customer did something; a subscription message goes once per consent.
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
https://developers.weixin.qq.com/doc/offiaccount/Subscription_Messages/api.html
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.channels.tables import WechatAllowance
from domain.texts.wechat import subscribed_template


@dataclass(frozen=True)
class Window:
    """How many messages an action of the customer allows, and for how long."""

    name: str
    lasts: timedelta
    messages: int


CONVERSATION = Window("conversation", timedelta(hours=48), 5)
"""The customer wrote. The rules of June 2023, as of WeChat's announcement 116853659399Heuo, like those of MOMENT."""

MOMENT = Window("moment", timedelta(minutes=1), 3)
"""The customer followed, scanned our code, or chose something of the menu."""

WINDOWS = (MOMENT, CONVERSATION)


@dataclass(frozen=True)
class Allowance:
    """A message's place in an allowance, which then has one less."""

    openid: str
    way: str
    until: datetime | None


def open_window(session: Session, openid: str, window: Window, at: datetime) -> None:
    """Open the window anew at `at`, with all its messages; an older action changes nothing."""
    values = {"left": window.messages, "until": at + window.lasts}
    row = insert(WechatAllowance).values(openid=openid, way=window.name, **values)
    newer = col(WechatAllowance.until) < row.excluded.until
    session.execute(row.on_conflict_do_update(index_elements=["openid", "way"], set_=values, where=newer))


def subscribe(session: Session, openid: str, template: str) -> None:
    """The customer agreed to one more message of the template."""
    row = insert(WechatAllowance).values(openid=openid, way=template, left=1)
    increment = {"left": WechatAllowance.left + 1}
    session.execute(row.on_conflict_do_update(index_elements=["openid", "way"], set_=increment))


def unsubscribe(session: Session, openid: str, template: str) -> None:
    """The customer refuses messages of the template, those agreed to before too."""
    _close(session, openid, col(WechatAllowance.way) == template)


def close_window(session: Session, openid: str) -> None:
    """Delete the windows of an openid, since WeChat says that none is open."""
    _close(session, openid, col(WechatAllowance.way).in_([window.name for window in WINDOWS]))


def forget(session: Session, openid: str) -> None:
    """Delete all allowances of a customer who doesn't follow the account or isn't known to WeChat."""
    _close(session, openid, col(WechatAllowance.openid) == openid)


def unreachable(session: Session, openids: Sequence[str], source: str, now: datetime) -> Set[str]:
    """To whom of these the text can't go now; `source` is the template's."""
    template = subscribed_template(source)
    query = select(WechatAllowance.openid).where(
        col(WechatAllowance.openid).in_(set(openids)),
        col(WechatAllowance.way).in_(_ways(template)),
        col(WechatAllowance.left) > 0,
        or_(col(WechatAllowance.until).is_(None), col(WechatAllowance.until) > now),
    )
    reachable = session.exec(query).all()
    return {openid for openid in openids if openid not in reachable}


def take_allowances(
    session: Session, messages: Sequence[tuple[str, str | None]], now: datetime
) -> list[Allowance | None]:
    """Take one allowance per message, by openid and subscribed template if it has one; None where there is none left.

    The window that closes first is used first. Locks the rows, in
    the order of their keys, until the transaction ends.
    """
    ways = {way for _, template in messages for way in _ways(template)}
    query = (
        select(WechatAllowance)
        .where(col(WechatAllowance.openid).in_({openid for openid, _ in messages}), col(WechatAllowance.way).in_(ways))
        .order_by(col(WechatAllowance.openid).collate("C"), col(WechatAllowance.way).collate("C"))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = {(row.openid, row.way): row for row in session.exec(query)}
    return [_take(rows, openid, _ways(template), now) for openid, template in messages]


def return_allowances(session: Session, allowance: Allowance) -> None:
    """Give back the allowance of a message that was not sent, unless its window was opened anew meanwhile."""
    same_window = col(WechatAllowance.until).is_not_distinct_from(allowance.until)
    same_key = (col(WechatAllowance.openid) == allowance.openid) & (col(WechatAllowance.way) == allowance.way)
    session.execute(update(WechatAllowance).where(same_key, same_window).values(left=WechatAllowance.left + 1))


def _take(
    rows: Mapping[tuple[str, str], WechatAllowance], openid: str, ways: Sequence[str], now: datetime
) -> Allowance | None:
    for way in ways:
        row = rows.get((openid, way))
        if row is not None and row.left > 0 and (row.until is None or now < row.until):
            row.left -= 1
            return Allowance(openid, way, row.until)
    return None


def _ways(template: str | None) -> tuple[str, ...]:
    return (template,) if template else tuple(window.name for window in WINDOWS)


def _close(session: Session, openid: str, which: ColumnElement[bool]) -> None:
    session.execute(delete(WechatAllowance).where(col(WechatAllowance.openid) == openid, which))
