"""金蝶云星空: https://openapi.open.kingdee.com. Rows come as lists, in the order of the fields that were asked for."""

from datetime import datetime
from typing import Any

from activities.adapters.sources.source import BadRangeError, Position, SourceError, Surroundings, answer_of, part_of
from domain.connectors.mapping import plain, zone_of
from domain.connectors.pulls import Page
from workflows.language.connectors import Connector, Kingdee
from workflows.language.mapping import instant_of

_SERVICES = "Kingdee.BOS.WebApi.ServicesStub"
_LOGIN = f"{_SERVICES}.AuthService.LoginByAppSecret.common.kdsvc"
_QUERY = f"{_SERVICES}.DynamicFormService.ExecuteBillQuery.common.kdsvc"
_CHINESE = 2052


class KingdeeSource:
    """Bills of a form in the order of their change and their id; times are of the connector's zone."""

    def __init__(self, connector: Connector, kingdee: Kingdee, surroundings: Surroundings) -> None:
        self._connector = connector
        self._kingdee = kingdee
        self._zone = zone_of(connector)
        self._url = kingdee.url.rstrip("/")
        self._login = {
            "acctID": surroundings.value(kingdee.account),
            "username": surroundings.value(kingdee.user),
            "appId": surroundings.value(kingdee.app_id),
            "appSecret": surroundings.value(kingdee.app_secret),
            "lcid": _CHINESE,
        }
        self._client = surroundings.client()
        self._signed_in = False

    def close(self) -> None:
        self._client.close()

    def begin(self, last: Position | None) -> Position:
        top = last.get("top") if last else None
        if top is None:
            return {"at": None, "key": None, "top": None}
        back = datetime.fromisoformat(top) - self._connector.overlap.nominal
        return {"at": back.isoformat(), "key": None, "top": top}

    def range(self, since: str, until: str) -> Position:
        try:
            begin, end = (self._local(each) for each in (since, until))
        except SourceError:
            raise BadRangeError("a range is of times, like 2026-03-02 or 2026-03-02T08:00") from None
        return {"at": begin, "key": None, "top": None, "first": begin, "until": end}

    def read(self, position: Position) -> Page:
        cursor, key = str(self._connector.cursor), str(self._connector.key)
        rows = self._ask(self._filter(position, cursor, key), f"{cursor} ASC, {key} ASC")
        position = {**position}
        if rows:
            at = self._local(rows[-1][cursor])
            position |= {"at": at, "key": rows[-1][key], "top": max(at, position["top"] or at)}
        more = len(rows) == self._connector.page
        return Page([plain(row, self._zone) for row in rows], position, more, self._part(position) if more else 1.0)

    def _filter(self, position: Position, cursor: str, key: str) -> str:
        parts = [f"({self._kingdee.filter})"] if self._kingdee.filter else []
        if position["at"] is not None:
            at = position["at"]
            behind = f" OR ({cursor} = '{at}' AND {key} > {self._literal(position['key'])})"
            parts.append(f"{cursor} >= '{at}'" if position["key"] is None else f"({cursor} > '{at}'{behind})")
        if position.get("until"):
            parts.append(f"{cursor} < '{position['until']}'")
        return " AND ".join(parts)

    def _literal(self, value: Any) -> str:
        if isinstance(value, int):
            return str(value)
        text = str(value).replace("'", "''")
        return f"'{text}'"

    def _ask(self, condition: str, order: str) -> list[dict[str, Any]]:
        fields = self._kingdee.fields
        asked = {
            "FormId": self._kingdee.form,
            "FieldKeys": ",".join(fields),
            "FilterString": condition,
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": self._connector.page,
        }
        if not self._signed_in:
            self._sign_in()
        answer = self._post(_QUERY, {"data": asked})
        if self._refused(answer):  # the session may have run out: once more
            self._sign_in()
            answer = self._post(_QUERY, {"data": asked})
        if words := self._refused(answer):
            raise SourceError(f"金蝶 answers: {words}")
        if not isinstance(answer, list) or not all(isinstance(row, list) and len(row) == len(fields) for row in answer):
            raise SourceError("金蝶 answers with something else than rows of the fields that were asked for")
        return [dict(zip(fields, row, strict=True)) for row in answer]

    def _sign_in(self) -> None:
        answer = self._post(_LOGIN, self._login)
        if not isinstance(answer, dict) or answer.get("LoginResultType") != 1:
            words = answer.get("Message") if isinstance(answer, dict) else ""
            raise SourceError(f"金蝶 lets nobody in: {str(words)[:200]}")
        self._signed_in = True

    def _post(self, path: str, body: Any) -> Any:
        return answer_of(self._client, self._client.build_request("POST", f"{self._url}/{path}", json=body))

    @staticmethod
    def _refused(answer: Any) -> str | None:
        """What it says instead of rows: `[[{"Result": {"ResponseStatus": {"IsSuccess": false, …}}}]]`."""
        while isinstance(answer, list) and answer:
            answer = answer[0]
        status = ((answer.get("Result") or {}).get("ResponseStatus") or {}) if isinstance(answer, dict) else {}
        if not status or status.get("IsSuccess"):
            return None
        errors = status.get("Errors") or [{}]
        return str(errors[0].get("Message") or status.get("MsgCode"))[:200]

    def _local(self, written: Any) -> str:
        instant = instant_of(written, self._zone)
        if instant is None:
            raise SourceError(f"{self._connector.cursor} is no time")
        return instant.astimezone(self._zone).replace(tzinfo=None).isoformat()

    def _part(self, position: Position) -> float | None:
        if not position.get("until"):
            return None
        return part_of(*(datetime.fromisoformat(position[name]) for name in ("first", "until", "at")))
