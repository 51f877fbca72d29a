"""聚水潭's open platform: https://openweb.jushuitan.com/dev-doc. Signed by MD5 over the secret and what is sent."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from activities.adapters.sources.source import SourceError, Surroundings, answer_of
from activities.adapters.sources.windows import WindowedSource
from workflows.language.connectors import Connector, Jushuitan


def sign(secret: str, parameters: Mapping[str, str]) -> str:
    """MD5 over the secret and each parameter with its value, in the order of their names."""
    joined = "".join(f"{name}{value}" for name, value in sorted(parameters.items()) if name != "sign" and value)
    return hashlib.md5(f"{secret}{joined}".encode()).hexdigest()


class JushuitanSource(WindowedSource):
    """A query of the platform by `modified_begin` and `modified_end`."""

    span: ClassVar[timedelta] = timedelta(days=1)
    largest: ClassVar[int] = 50

    def __init__(self, connector: Connector, jushuitan: Jushuitan, surroundings: Surroundings) -> None:
        super().__init__(connector, jushuitan.rows, surroundings)
        self._url = f"{jushuitan.url.rstrip('/')}{jushuitan.path}"
        self._secret = surroundings.value(jushuitan.app_secret)
        self._who = {
            "app_key": surroundings.value(jushuitan.app_key),
            "access_token": surroundings.value(jushuitan.access_token),
        }

    def ask(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[dict[str, Any]], int]:
        asked = {
            "modified_begin": self.written(since),
            "modified_end": self.written(until),
            "page_index": page,
            "page_size": self._size,
        }
        form = {
            **self._who,
            "timestamp": str(int(self._surroundings.clock.now().timestamp())),
            "charset": "utf-8",
            "version": "2",
            "biz": json.dumps(asked, ensure_ascii=False, separators=(",", ":")),
        }
        form["sign"] = sign(self._secret, form)
        answer = answer_of(self._client, self._client.build_request("POST", self._url, data=form))
        if not isinstance(answer, dict) or answer.get("code") not in (0, "0"):
            code, words = (answer.get("code"), answer.get("msg")) if isinstance(answer, dict) else ("?", "")
            raise SourceError(f"聚水潭 answers {code}: {str(words)[:200]}")
        data = answer.get("data") or {}
        return self.rows_of(data), int(data.get("data_count") or 0)
