"""What WeChat lets us send, as far as it told us."""

from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Field

from domain.tables.columns import Row, instant


class WechatAllowance(Row, table=True):
    """So many messages may still go to an openid, one `way`, and until a time if there is one.

    The way is `conversation`, `moment` or the id of a template that was subscribed to.
    """

    __tablename__: ClassVar[Any] = "wechat_allowances"
    openid: str = Field(primary_key=True)
    way: str = Field(primary_key=True)
    left: int
    until: datetime | None = instant(nullable=True)
