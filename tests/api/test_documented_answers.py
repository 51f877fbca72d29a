"""Whatever is sent to a route, its answer is one that its description speaks of, and no other method is answered."""

from collections.abc import Callable, Iterator

import pytest
from calling import Caller

VALUES = {"{name}": "welcome", "{id}": "1", "{code}": "ABCD2345", "{number}": "1", "{step}": "offer"}
VALUES |= {"{version}": "1", "{revision}": "1", "{type}": "order.paid"}
ODD = {"{name}": "\ufffd", "{id}": "0", "{code}": "%00", "{number}": "x", "{step}": "%ff"}
ODD |= {"{version}": "0", "{revision}": "-1", "{type}": "%00"}
QUERIES = (
    "",
    "?limit=x&after=-1&since=never&lang=xx&by=hour&version=0&days=0&from=x&customer=0&q=%00",
    "?q=li&lang=en",
)
BODIES = (b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b'{"id": 1e999}', b"[" * 100_000)
STREAMS = ("/v1/clock", "/v1/desk/feed")


def operations(caller: Caller) -> Iterator[tuple[str, str, set[str]]]:
    for path, methods in caller.app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, set(operation["responses"])


def filled(path: str, values: dict[str, str]) -> str:
    for part, value in values.items():
        path = path.replace(part, value)
    return path


def test_every_answer_is_documented(call_with: Callable[..., Caller]) -> None:
    caller = call_with(scopes=("ingest", "read", "admin"))
    undocumented = set()
    for method, path, known in operations(caller):
        bodies = (None, *BODIES) if method in ("POST", "PUT", "PATCH") else (None,)
        for address in {filled(path, VALUES), filled(path, ODD)}:
            for query in QUERIES:
                for body in bodies if not query else (None,):
                    headers = {"content-type": "application/json"} if body is not None else {}
                    answer = caller.request(method, address + query, content=body, headers=headers)
                    if str(answer.status_code) not in known:
                        undocumented.add((method, path, answer.status_code))
    assert undocumented == set()


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "POST", "GET", "PUT"])
def test_another_method_is_told_which_there_are(caller: Caller, method: str) -> None:
    for path, methods in caller.app.openapi()["paths"].items():
        if method.lower() in methods or "{path}" in path:
            continue
        answer = caller.request(method, filled(path, VALUES))
        if answer.status_code != 405:
            continue
        allowed = set(answer.headers["allow"].split(", "))
        assert {each.upper() for each in methods} <= allowed, path
        assert method not in allowed
