"""旺店通旗舰版's open platform: https://open.wangdian.cn/qjb/open/apidoc. Its seconds count from 2012, Beijing time."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from activities.adapters.sources.source import SourceError, Surroundings, answer_of
from activities.adapters.sources.windows import WindowedSource
from workflows.language.connectors import Connector, Wangdian

EPOCH = datetime(2011, 12, 31, 16, tzinfo=UTC)
"""2012-01-01 in Beijing."""


def sign(secret: str, parameters: Mapping[str, str], body: str) -> str:
    """MD5 over each parameter with its value, in the order of their names, the body among them, within the secret."""
    joined = "".join(f"{name}{value}" for name, value in sorted({**parameters, "body": body}.items()) if name != "sign")
    return hashlib.md5(f"{secret}{joined}{secret}".encode()).hexdigest()


class WangdianSource(WindowedSource):
    """A query of the platform by `start_time` and `end_time`; its pages count from 0."""

    span: ClassVar[timedelta] = timedelta(minutes=30)
    largest: ClassVar[int] = 100

    def __init__(self, connector: Connector, wangdian: Wangdian, surroundings: Surroundings) -> None:
        super().__init__(connector, wangdian.rows, surroundings)
        self._url = wangdian.url
        self._secret, _, salt = surroundings.value(wangdian.app_secret).partition(":")
        self._who = {
            "sid": surroundings.value(wangdian.sid),
            "key": surroundings.value(wangdian.app_key),
            "salt": salt,
            "method": wangdian.method,
            "v": "1.0",
        }

    def ask(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[dict[str, Any]], int]:
        asked = [{"start_time": self.written(since), "end_time": self.written(until)}]
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
        parameters = {
            **self._who,
            "timestamp": str(int((self._surroundings.clock.now() - EPOCH).total_seconds())),
            "page_size": str(self._size),
            "page_no": str(page - 1),
            "calc_total": "1" if page == 1 else "0",
        }
        parameters["sign"] = sign(self._secret, parameters, body)
        url = httpx.URL(self._url, params=parameters)
        headers = {"Content-Type": "application/json"}
        answer = answer_of(self._client, self._client.build_request("POST", url, content=body, headers=headers))
        if not isinstance(answer, dict) or answer.get("status") not in (0, "0"):
            code, words = (answer.get("status"), answer.get("message")) if isinstance(answer, dict) else ("?", "")
            raise SourceError(f"旺店通 answers {code}: {str(words)[:200]}")
        data = answer.get("data") or {}
        return self.rows_of(data), int(data.get("total_count") or 0)
