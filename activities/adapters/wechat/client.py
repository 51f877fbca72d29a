"""Calls to a WeChat Official Account.

https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from collections.abc import Mapping
from typing import ClassVar

from activities.adapters.tencent.client import TencentClient
from domain.store.clock import Clock
from domain.store.work import Database


class WechatClient(TencentClient):
    """Calls as an Official Account. 45011 is too many within a minute, 45009 within a day."""

    token_path = "token"
    busy: ClassVar[Mapping[int, float]] = {-1: 5, 45011: 60, 45009: 3600}
    misconfigured = frozenset({40002, 40013, 40125, 40164, 40243, 41001, 48001, 48004, 50001, 61024})

    def __init__(self, db: Database, clock: Clock, *, app_id: str, secret: str, base_url: str, timeout: float) -> None:
        who = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        super().__init__(db, clock, f"wechat/{app_id}", who, base_url=base_url, timeout=timeout)
