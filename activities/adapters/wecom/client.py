"""Calls to WeCom (企业微信). https://developer.work.weixin.qq.com/document/path/90664"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from activities.adapters.tencent.client import TencentClient
from domain.store.clock import Clock
from domain.store.work import Database


class WecomClient(TencentClient):
    """Calls as the application of a corp."""

    token_path = "gettoken"
    busy: ClassVar[Mapping[int, float]] = {-1: 5, 45009: 60, 45033: 5}
    misconfigured = frozenset({40013, 40056, 40091, 41001, 41002, 41004, 48001, 48002, 60011, 60020, 301002})

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        corp_id: str,
        secret: str,
        agent_id: int,
        base_url: str,
        timeout: float,
    ) -> None:
        who = {"corpid": corp_id, "corpsecret": secret}
        super().__init__(db, clock, f"wecom/{corp_id}/{agent_id}", who, base_url=base_url, timeout=timeout)
        self.agent_id = agent_id

    async def pages(self, path: str, body: Mapping[str, Any], name: str) -> AsyncIterator[Mapping[str, Any]]:
        """The items called `name` of all pages of `POST /cgi-bin/{path}`."""
        cursor, seen = "", {""}
        while True:
            answer = await self.post(path, {**body, "cursor": cursor} if cursor else body)
            for item in items(answer, name):
                if isinstance(item, dict):
                    yield item
            cursor = answer.get("next_cursor") or ""
            if cursor in seen:
                return
            seen.add(cursor)


def items(answer: Mapping[str, Any], name: str) -> list[Any]:
    """A list of an answer; WeCom leaves out an empty one, or gives null."""
    value = answer.get(name)
    return value if isinstance(value, list) else []
